use expect_test::{Expect, expect};
use nines_release::Decision;

use super::{Explain, render};

const DECISION: &str = r#"{"id":"dec_01jwdfbr5vztk00000000000a7","at":"2026-06-10T15:02:11Z",
    "verdict":"closed","cause":"policy",
    "change":{"service":"checkout","env":"prod","version":"v2.33","sha":null,"kind":"code"},
    "policy":{"name":"tier1","digest":"sha256:3b0c","level":"frozen","since":"2026-06-10T14:31:00Z",
        "mode":"enforce","origin":{"file":"policy.yaml","line":3}},
    "checks":[
        {"name":"error budget","result":"fail","cause":null,"need":"budget.remaining > 10% for 24h",
         "have":{"slo":"checkout/availability","remaining":"-4.10%","window":"28d","bad":63000,
            "allowed":"60519.5"},"why":null,"next_possible":"2026-06-12T09:00:00Z"},
        {"name":"burn rate","result":"pass","cause":null,"need":"not burn.page",
         "have":{"state":"no page fires"},"why":null,"next_possible":null},
        {"name":"drill","result":"unknown","cause":"no_data","need":"drill.age <= 90d",
         "have":{"state":"no drill is known"},"why":null,"next_possible":null}],
    "limits":{"max_step":"5%","min_bake":"30m","batch":null,"approvals":1},
    "next_possible":"2026-06-12T09:00:00Z","applied_default":null,"waiver":null,"exemption":null,
    "shadow":null,"revision":412}"#;

fn check(explain: Option<Explain>, expect: &Expect) {
    let decision: Decision = serde_json::from_str(DECISION).unwrap();
    let text = render(&decision, explain);
    let plain = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"]
        .iter()
        .fold(text, |it, code| it.replace(code, ""));
    expect.assert_eq(&format!("{plain}\n"));
}

#[test]
fn a_closed_gate_says_what_it_has_and_what_it_needs() {
    check(
        None,
        &expect![[r#"
        closed  checkout v2.33 → prod                             policy tier1, level frozen since 2026-06-10T14:31:00Z
          ✗ error budget   checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining > 10% for 24h
          ✓ burn rate      no page fires
          ? drill          no drill is known, needs drill.age <= 90d
        limits         steps of at most 5%, each at least 30m, 1 approvals
        next possible  2026-06-12T09:00:00Z, if nothing comes between
    "#]],
    );
}

#[test]
fn explaining_names_the_policys_line() {
    check(
        Some(Explain),
        &expect![[r#"
        closed  checkout v2.33 → prod                             policy tier1, level frozen since 2026-06-10T14:31:00Z
          ✗ error budget   checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining > 10% for 24h
          ✓ burn rate      no page fires, needs not burn.page
          ? drill          no drill is known, needs drill.age <= 90d
        because        policy
        limits         steps of at most 5%, each at least 30m, 1 approvals
        next possible  2026-06-12T09:00:00Z, if nothing comes between
        policy         policy.yaml:3 (sha256:3b0c)
        decision       dec_01jwdfbr5vztk00000000000a7
    "#]],
    );
}
