use expect_test::{Expect, expect};

use super::{Explain, render};
use crate::api::Decision;

const DECISION: &str = r#"{"verdict":"closed","cause":"policy",
    "change":{"service":"checkout","version":"v2.33","env":"prod","kind":"code"},
    "policy":{"name":"tier1","origin":{"file":"gate.yaml","line":3}},
    "checks":[
        {"name":"error budget checkout/availability","result":"fail","need":"more than 40 % left",
         "have":"31.00 % left (646 bad, 936 allowed)"},
        {"name":"burn rate","result":"pass","need":"no page for burn","have":"no page fires"},
        {"name":"error budget checkout/latency","result":"unknown","need":"more than 40 % left",
         "have":"no data (no data)"}]}"#;

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
            closed  checkout v2.33 → prod                             policy tier1
              ✗ error budget checkout/availability  31.00 % left (646 bad, 936 allowed), needs more than 40 % left
              ✓ burn rate  no page fires
              ? error budget checkout/latency  no data (no data), needs more than 40 % left
        "#]],
    );
}

#[test]
fn explaining_names_the_policys_line() {
    check(
        Some(Explain),
        &expect![[r#"
            closed  checkout v2.33 → prod                             policy tier1
              ✗ error budget checkout/availability  31.00 % left (646 bad, 936 allowed), needs more than 40 % left
              ✓ burn rate  no page fires, needs no page for burn
              ? error budget checkout/latency  no data (no data), needs more than 40 % left
            because   policy, gate.yaml:3
        "#]],
    );
}
