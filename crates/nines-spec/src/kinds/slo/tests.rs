use expect_test::{Expect, expect};
use nines_slo::Slo;

use crate::{SourceFile, read_files};

/// What a `spec` is understood as; it must be without findings.
fn slo(spec: &str) -> Slo {
    let text = format!("apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: a/b}}\nspec:\n{spec}\n");
    let reading = read_files(vec![SourceFile { path: "a.yaml".to_owned(), text }]);
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    reading.spec.slos.into_iter().next().unwrap()
}

fn check_sli(sli: &str, expect: &Expect) {
    let slo = slo(&format!("  sli: {sli}\n  objective: 99%\n  alerting: none"));
    expect.assert_eq(&format!("{:?}", slo.sli.kind));
}

/// Each goal with its versions, window and pairs.
fn check_goals(rest: &str, expect: &Expect) {
    let slo = slo(&format!("  sli: {{counter: {{bad: bad_total, total: all_total}}}}\n{rest}"));
    let goals = slo.goals.iter().map(|it| {
        let versions: Vec<String> =
            it.versions.iter().map(|it| format!("{} from {}", it.target, it.effective)).collect();
        let pairs = it.alerting.pairs.iter().map(|it| {
            format!(" {} {}/{} {}", it.severity, it.long.as_secs(), it.short.as_secs(), it.factor)
        });
        let pairs: String = pairs.collect();
        format!("{} over {}: {};{pairs}\n", it.objective, it.window, versions.join(", "))
    });
    expect.assert_eq(&goals.collect::<String>());
}

#[test]
fn a_histogram_s_name_stands_for_its_sum_and_its_count() {
    let short = slo(
        "  sli: {slices: {average: 'x_seconds{job=\"x\"}', target: '< 300ms'}}\n  objective: 99%\n  alerting: none",
    );
    let long = slo(
        "  sli: {slices: {average: {sum: 'x_seconds_sum{job=\"x\"}', count: 'x_seconds_count{job=\"x\"}'}, target: '< 0.3'}}\n  objective: 99%\n  alerting: none",
    );
    assert_eq!(short.sli, long.sli);
}

#[test]
fn targets_are_exact_in_seconds_and_per_second() {
    check_sli(
        "{slices: {throughput: all_total, target: '>= 90/min'}}",
        &expect![[
            r#"Slices(SlicesSli { value: Throughput([Selector { text: "all_total", matchers: [Matcher { name: "__name__", op: Equal, value: "all_total", regex: None }] }]), target: Target { op: AtLeast, value: Decimal { billionths: 1500000000 } }, width: 1m })"#
        ]],
    );
    check_sli(
        "{slices: {freshness: built, target: '< 1h30m', width: 15s}}",
        &expect![[
            r#"Slices(SlicesSli { value: Freshness(Selector { text: "built", matchers: [Matcher { name: "__name__", op: Equal, value: "built", regex: None }] }), target: Target { op: Below, value: Decimal { billionths: 5400000000000 } }, width: 15s })"#
        ]],
    );
}

#[test]
fn a_quorum_says_how_many_of_how_many() {
    check_sli(
        "{boolean: {selector: up, per_slice: 2 of 3}}",
        &expect![[
            r#"Boolean(BooleanSli { selector: Selector { text: "up", matchers: [Matcher { name: "__name__", op: Equal, value: "up", regex: None }] }, rule: Quorum { needed: 2, of: 3, width: 1m } })"#
        ]],
    );
}

#[test]
fn each_objective_has_a_budget_over_each_window() {
    check_goals(
        "  objectives: [{target: 99.9%}, {name: sla, target: 99%, window: {calendar: month}, alerts: none}]
  windows: [28d, 7d]
  alerting: {pairs: [{severity: ticket, long: 1h, share: 10%}]}",
        &expect![[r#"
            slo over 28d: 99.9% from -009999-01-02T01:59:59Z; ticket 3600/300 67.2×
            slo over 7d: 99.9% from -009999-01-02T01:59:59Z; ticket 3600/300 16.8×
            sla over month: 99% from -009999-01-02T01:59:59Z;
        "#]],
    );
}

#[test]
fn earlier_objectives_stand_before_those_in_force() {
    check_goals(
        "  objective: {target: 99.9%, effective: 2026-07-01}
  history: [{target: 99.5%, effective: 2026-01-01T09:00:00+01:00}, {target: 99%}]
  alerting: none",
        &expect![[r#"
            slo over 28d: 99% from -009999-01-02T01:59:59Z, 99.5% from 2026-01-01T08:00:00Z, 99.9% from 2026-07-01T00:00:00Z;
        "#]],
    );
}
