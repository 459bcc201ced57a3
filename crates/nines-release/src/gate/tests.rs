use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn budget(slo: &str, remaining_billionths: Option<i128>) -> BudgetInput {
    BudgetInput {
        slo: slo.to_owned(),
        remaining_billionths,
        bad: 63_000,
        allowed_billionths: 60_519_500_000_000,
        coverage_billionths: 900_000_000,
        state: "ok".to_owned(),
        burn_page: false,
    }
}

fn input(budgets: Vec<BudgetInput>) -> GateInput {
    let change = Change {
        service: "checkout".to_owned(),
        version: Some("v2.33".to_owned()),
        env: "prod".to_owned(),
        kind: "code".to_owned(),
    };
    GateInput { change, budgets, open_incidents: Vec::new(), at: Timestamp::UNIX_EPOCH }
}

fn incident() -> OpenIncident {
    OpenIncident { number: 42, severity: "SEV2".to_owned(), title: "checkout fails".to_owned() }
}

#[track_caller]
fn check(policy: &GatePolicy, input: &GateInput, expect: &Expect) {
    let decision = decide(policy, input);
    let mut out = format!("{} ({})\n", decision.verdict, decision.cause);
    for Check { name, result, need, have } in &decision.checks {
        out.push_str(&format!("{result}: {name}: need {need}; have {have}\n"));
    }
    expect.assert_eq(&out);
}

#[test]
fn a_full_budget_without_incidents_is_open() {
    check(
        &GatePolicy::default_policy(),
        &input(vec![budget("latency", Some(500_000_000))]),
        &expect![[r#"
            open (policy)
            pass: error budget latency: need more than 0 % left; have 50.00 % left (63 000 bad, 60 519.5 allowed)
            pass: burn rate: need no page for burn; have no page fires
            pass: open incident: need no open incident; have none
        "#]],
    );
}

#[test]
fn a_spent_budget_closes_and_shows_its_counts() {
    check(
        &GatePolicy::default_policy(),
        &input(vec![budget("errors", Some(-41_000_000)), budget("latency", None)]),
        &expect![[r#"
            closed (policy)
            fail: error budget errors: need more than 0 % left; have -4.10 % left (63 000 bad, 60 519.5 allowed)
            unknown: error budget latency: need more than 0 % left; have no data (ok)
            pass: burn rate: need no page for burn; have no page fires
            pass: open incident: need no open incident; have none
        "#]],
    );
}

#[test]
fn exactly_the_minimum_is_not_more_than_the_minimum() {
    let policy = GatePolicy { min_remaining: 100_000_000, ..GatePolicy::default_policy() };
    let verdict =
        |remaining| decide(&policy, &input(vec![budget("errors", Some(remaining))])).verdict;
    assert_eq!(verdict(100_000_000), Verdict::Closed);
    assert_eq!(verdict(100_000_001), Verdict::Open);
}

#[test]
fn a_service_without_objectives_is_unknown_and_an_incident_still_closes() {
    check(
        &GatePolicy::default_policy(),
        &input(Vec::new()),
        &expect![[r#"
        unknown (no_data)
        unknown: error budget: need at least one objective; have no objective watches checkout
        pass: open incident: need no open incident; have none
    "#]],
    );
    let with_incident = GateInput { open_incidents: vec![incident()], ..input(Vec::new()) };
    check(
        &GatePolicy::default_policy(),
        &with_incident,
        &expect![[r#"
        closed (policy)
        unknown: error budget: need at least one objective; have no objective watches checkout
        fail: open incident: need no open incident; have INC-42 SEV2 checkout fails
    "#]],
    );
}

#[test]
fn little_data_is_unknown_unless_the_budget_is_spent_already() {
    let young = |remaining| BudgetInput {
        coverage_billionths: 249_999_999,
        state: "young".to_owned(),
        ..budget("errors", Some(remaining))
    };
    check(
        &GatePolicy::default_policy(),
        &input(vec![young(900_000_000)]),
        &expect![[r#"
        unknown (young)
        unknown: error budget errors: need more than 0 % left, 25 % of the window known; have 90.00 % left (63 000 bad, 60 519.5 allowed), 24.99 % of the window known (young)
        pass: burn rate: need no page for burn; have no page fires
        pass: open incident: need no open incident; have none
    "#]],
    );
    check(
        &GatePolicy::default_policy(),
        &input(vec![young(-1)]),
        &expect![[r#"
        closed (policy)
        fail: error budget errors: need more than 0 % left; have -0.01 % left (63 000 bad, 60 519.5 allowed)
        pass: burn rate: need no page for burn; have no page fires
        pass: open incident: need no open incident; have none
    "#]],
    );
}

#[test]
fn a_burn_page_and_an_incident_close_or_are_noted() {
    let burning = BudgetInput { burn_page: true, ..budget("errors", Some(700_000_000)) };
    let input = GateInput { open_incidents: vec![incident()], ..input(vec![burning]) };
    check(
        &GatePolicy::default_policy(),
        &input,
        &expect![[r#"
        closed (policy)
        pass: error budget errors: need more than 0 % left; have 70.00 % left (63 000 bad, 60 519.5 allowed)
        fail: burn rate: need no page for burn; have a page fires for errors
        fail: open incident: need no open incident; have INC-42 SEV2 checkout fails
    "#]],
    );
    let lenient = GatePolicy {
        open_incident: OnOpenIncident::Note,
        burn_page: OnBurnPage::Note,
        ..GatePolicy::default_policy()
    };
    check(
        &lenient,
        &input,
        &expect![[r#"
        open (policy)
        pass: error budget errors: need more than 0 % left; have 70.00 % left (63 000 bad, 60 519.5 allowed)
        pass: burn rate: need nothing (noted only); have a page fires for errors
        pass: open incident: need nothing (noted only); have INC-42 SEV2 checkout fails
    "#]],
    );
}

/// A decision crosses the API and the journal: this text may gain fields and never change one.
#[test]
fn a_decision_reads_as_it_was_written() {
    let decision = decide(&GatePolicy::default_policy(), &input(vec![budget("errors", Some(1))]));
    let text = serde_json::to_string_pretty(&decision).unwrap();
    expect![[r#"
        {
          "at": "1970-01-01T00:00:00Z",
          "verdict": "open",
          "cause": "policy",
          "change": {
            "service": "checkout",
            "version": "v2.33",
            "env": "prod",
            "kind": "code"
          },
          "policy": {
            "name": "default",
            "origin": {
              "file": "",
              "line": 0
            }
          },
          "checks": [
            {
              "name": "error budget errors",
              "result": "pass",
              "need": "more than 0 % left",
              "have": "0.00 % left (63 000 bad, 60 519.5 allowed)"
            },
            {
              "name": "burn rate",
              "result": "pass",
              "need": "no page for burn",
              "have": "no page fires"
            },
            {
              "name": "open incident",
              "result": "pass",
              "need": "no open incident",
              "have": "none"
            }
          ]
        }"#]]
    .assert_eq(&text);
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
}

fn budgets() -> impl Strategy<Value = Vec<BudgetInput>> {
    let one = (
        proptest::option::of(-2_000_000_000_i128..=1_000_000_000),
        0..=1_000_000_000_u64,
        any::<bool>(),
    );
    proptest::collection::vec(one, 0..4).prop_map(|all| {
        let make = |(remaining, coverage_billionths, burn_page)| BudgetInput {
            coverage_billionths,
            burn_page,
            ..budget("slo", remaining)
        };
        all.into_iter().map(make).collect()
    })
}

proptest! {
    #[test]
    fn an_open_gate_has_no_check_that_did_not_pass(budgets in budgets()) {
        let decision = decide(&GatePolicy::default_policy(), &input(budgets));
        let passed = decision.checks.iter().all(|it| it.result == CheckResult::Pass);
        prop_assert_eq!(passed, decision.verdict == Verdict::Open);
    }

    #[test]
    fn one_more_budget_never_opens_a_closed_gate(budgets in budgets(), more in budgets()) {
        let policy = GatePolicy::default_policy();
        let before = decide(&policy, &input(budgets.clone())).verdict;
        let after = decide(&policy, &input([budgets, more].concat())).verdict;
        prop_assert!(before != Verdict::Closed || after == Verdict::Closed);
    }
}
