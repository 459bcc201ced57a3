use expect_test::{Expect, expect};

use super::*;

/// The impact starts a day after the epoch.
fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24) + SignedDuration::from_mins(minutes)
}

/// A change that began, and perhaps ended, so many minutes relative to the start of the impact.
fn change(service: &str, kind: ChangeKind, started: i64, finished: Option<i64>) -> Recorded {
    let mut change = Change {
        id: String::new(),
        service: service.to_owned(),
        env: "prod".to_owned(),
        version: Some("v2".to_owned()),
        sha: None,
        kind,
        author: None,
        started: at(started),
        finished: finished.map(at),
        summary: String::new(),
        source: "cli".to_owned(),
        url: None,
    };
    change.id = crate::changes::change_id(&change, None);
    Recorded { change, known_since: at(0), evidence: 7 }
}

fn shop() -> BTreeMap<String, Vec<String>> {
    let needs = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    BTreeMap::from([
        ("checkout".to_owned(), needs(&["payments", "orders"])),
        ("payments".to_owned(), needs(&["bank", "checkout"])),
    ])
}

#[track_caller]
fn check(changes: &[Recorded], change_point: Option<ChangePointOf<'_>>, expect: &Expect) {
    let past = PastSuspects { confirmed: 2, appeared: 4 };
    let past = BTreeMap::from([(ChangeKind::Flag, past)]);
    let mut out = String::new();
    for it in rank(changes, "checkout", at(0), &shop(), &past, change_point) {
        out.push_str(&format!("{:.4} {} {}\n", it.score, it.change.service, it.change.kind));
        for Factor { name, value, text } in it.factors {
            out.push_str(&format!("  {name} {value:.3}: {text}\n"));
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn the_nearer_change_in_time_and_topology_is_first() {
    check(
        &[
            change("search", ChangeKind::Deploy, -6, Some(-5)),
            change("bank", ChangeKind::Infra, -60, Some(-30)),
            change("checkout", ChangeKind::Deploy, -32, Some(-30)),
            change("payments", ChangeKind::Flag, -5, None),
            change("orders", ChangeKind::Config, -5, Some(3)),
            change("checkout", ChangeKind::Traffic, 5, None),
        ],
        None,
        &expect![[r#"
            0.0940 payments flag
              recency 0.717: began (its end is unknown) 5m before the impact started
              topology 0.700: checkout depends on payments
              change point 0.500: no data about the indicator around it
              prior 0.375: 2 of 4 suspect flag changes were confirmed
            0.0875 orders config
              recency 1.000: was going on when the impact started, ended 3m later
              topology 0.700: checkout depends on orders
              change point 0.500: no data about the indicator around it
              prior 0.250: no config change was a suspect before
            0.0460 checkout deploy
              recency 0.368: ended 30m before the impact started
              topology 1.000: changed checkout itself
              change point 0.500: no data about the indicator around it
              prior 0.250: no deploy change was a suspect before
            0.0375 checkout traffic
              recency 0.300: began 5m after the impact started
              topology 1.000: changed checkout itself
              change point 0.500: no data about the indicator around it
              prior 0.250: no traffic change was a suspect before
            0.0372 bank infra
              recency 0.607: ended 30m before the impact started
              topology 0.490: checkout depends on bank, 2 hops away
              change point 0.500: no data about the indicator around it
              prior 0.250: no infra change was a suspect before
            0.0053 search deploy
              recency 0.846: ended 5m before the impact started
              topology 0.050: checkout is not known to depend on search
              change point 0.500: no data about the indicator around it
              prior 0.250: no deploy change was a suspect before
        "#]],
    );
}

#[test]
fn only_changes_around_the_start_are_candidates() {
    let changes = [
        change("checkout", ChangeKind::Deploy, -24 * 60 - 1, None),
        change("checkout", ChangeKind::Deploy, -24 * 60, None),
        change("checkout", ChangeKind::Deploy, -30 * 60, Some(-60)),
        change("checkout", ChangeKind::Deploy, 10, None),
        change("checkout", ChangeKind::Deploy, 11, None),
    ];
    let found = rank(&changes, "checkout", at(0), &BTreeMap::new(), &BTreeMap::new(), None);
    let mut started: Vec<i64> =
        found.iter().map(|it| it.change.started.duration_since(at(0)).as_mins()).collect();
    started.sort_unstable();
    assert_eq!(started, [-30 * 60, -24 * 60, 10]);
}

#[test]
fn the_indicator_decides_between_two_deploys() {
    check(
        &[
            change("checkout", ChangeKind::Deploy, -10, Some(-9)),
            change("checkout", ChangeKind::Deploy, -5, Some(-4)),
        ],
        Some(&|it: &Change| Some(if it.started == at(-10) { 0.98 } else { 0.01 })),
        &expect![[r#"
            0.1815 checkout deploy
              recency 0.741: ended 9m before the impact started
              topology 1.000: changed checkout itself
              change point 0.980: the indicator changed within 5m of it with probability 0.980
              prior 0.250: no deploy change was a suspect before
            0.0022 checkout deploy
              recency 0.875: ended 4m before the impact started
              topology 1.000: changed checkout itself
              change point 0.010: the indicator changed within 5m of it with probability 0.010
              prior 0.250: no deploy change was a suspect before
        "#]],
    );
}

#[test]
fn an_answer_has_a_limit_and_an_order() {
    let changes: Vec<Recorded> =
        (0..100).map(|it| change(&format!("s{it:02}"), ChangeKind::Infra, -it, None)).collect();
    let ask = |changes: &[Recorded]| {
        rank(changes, "checkout", at(0), &BTreeMap::new(), &BTreeMap::new(), None)
    };
    let found = ask(&changes);
    assert_eq!(found.len(), SUSPECTS_MAX);
    let backwards: Vec<Recorded> = changes.into_iter().rev().collect();
    assert_eq!(ask(&backwards), found);
}
