use expect_test::expect;
use nines_spec::FieldChange;

use super::*;

fn planned(action: Action, kind: &str, name: &str, fields: &[(&str, &str, &str)]) -> Planned {
    let field = |(path, before, after): &(&str, &str, &str)| FieldChange {
        path: (*path).to_owned(),
        before: Some((*before).to_owned()),
        after: Some((*after).to_owned()),
    };
    Planned {
        change: DocumentChange {
            kind: kind.to_owned(),
            name: name.to_owned(),
            file: "slo/checkout.yaml".to_owned(),
            line: 1,
            action,
            fields: fields.iter().map(field).collect(),
        },
        effects: Vec::new(),
        duty: Vec::new(),
    }
}

fn plan(changes: Vec<Planned>, summary: Summary) -> Plan {
    let base = Base { revision: "abc".to_owned(), number: Some(412) };
    let (rendered, findings) = (String::new(), Vec::new());
    let id = "p-81f3".to_owned();
    let gaps = Vec::new();
    Plan { id, base, changes, rendered, findings, summary, gaps, not_applicable: None }
}

fn example() -> Plan {
    let mut slo = planned(
        Action::Changed,
        "SLO",
        "checkout/availability",
        &[("objective", "99.9%", "99.95%")],
    );
    slo.effects = vec!["on the last 28 days: budget left 65 % → 31 %".to_owned()];
    let mut schedule = planned(
        Action::Changed,
        "Schedule",
        "shop-primary",
        &[("members", "ana, ben, cyd", "ana, cyd"), ("weeks", "1", "2")],
    );
    schedule.duty = vec![Duty {
        from: "2026-11-25T08:00:00Z".parse().unwrap(),
        until: "2026-11-25T16:00:00Z".parse().unwrap(),
        before: Some("ben".to_owned()),
        after: None,
        zone: "Europe/Warsaw".to_owned(),
        is_soon: true,
    }];
    let flag = planned(Action::Deleted, "Person", "old", &[]);
    let summary = Summary { add: 0, change: 2, delete: 1, warnings: 1 };
    plan(vec![slo, schedule, flag], summary)
}

#[test]
fn a_plan_shows_documents_effects_people_and_the_summary_last() {
    expect![[r#"
        slo/checkout.yaml
          ~ SLO checkout/availability   objective  99.9% → 99.95%
              on the last 28 days: budget left 65 % → 31 %
          ~ Schedule shop-primary
              members  ana, ben, cyd → ana, cyd
              weeks  1 → 2
              on call (Europe/Warsaw), before → after
              Wed 25 Nov 09:00 – Wed 25 Nov 17:00   ben → nobody   ← within 48 h
          - Person old
        ────────────────────────────────────────────────────────────────────────────
        Plan p-81f3 on revision 412:   0 to add · 2 to change · 1 TO DELETE · 1 warning
    "#]]
    .assert_eq(&anstream::adapter::strip_str(&shown(&example())).to_string());
}

#[test]
fn a_plan_of_nothing_says_so() {
    let nothing = plan(Vec::new(), Summary { add: 0, change: 0, delete: 0, warnings: 0 });
    expect![[r#"
        nothing would change: the files say what revision 412 says
    "#]]
    .assert_eq(&shown(&nothing));
}

#[test]
fn a_comment_for_a_pull_request_begins_with_the_summary() {
    let text = markdown(&example());
    assert!(text.starts_with(
        "### nines plan `p-81f3` on revision 412\n\n0 to add, 2 to change, **1 to delete**"
    ));
    assert!(!text.contains('\u{1b}'));
}
