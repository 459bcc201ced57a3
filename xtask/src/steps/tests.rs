use std::time::Duration;

use expect_test::expect;

use super::{Outcome, Report};
use crate::programs::Demand;

fn report(demand: Demand) -> Report {
    let mut report = Report::new(demand);
    report.add("fmt", Duration::from_millis(250), Outcome::Passed);
    report.add(
        "browser",
        Duration::ZERO,
        Outcome::Skipped("no node; install the package nodejs".to_owned()),
    );
    report
}

#[test]
fn skipped_steps_are_named_with_what_to_install() {
    let mut report = report(Demand::WhatIsThere);
    report.missing("the tests against promtool: no promtool".to_owned());
    assert!(
        report.failed().is_empty() && report.has_passed("fmt") && !report.has_passed("browser")
    );
    expect![[r#"
        fmt              0.2 s  ok
        browser          0.0 s  skipped
        together         0.2 s
        skipped: browser: no node; install the package nodejs
        skipped: the tests against promtool: no promtool
    "#]]
    .assert_eq(&report.table());
}

#[test]
fn nothing_may_be_skipped_when_all_is_required() {
    let mut report = report(Demand::All);
    report.missing("the tests against promtool: no promtool".to_owned());
    assert_eq!(report.failed(), ["browser", "peers"]);
    expect![[r#"
        fmt              0.2 s  ok
        browser          0.0 s  FAILED: NINES_REQUIRE=all, but no node; install the package nodejs
        peers            0.0 s  FAILED: NINES_REQUIRE=all, but the tests against promtool: no promtool
        together         0.2 s
        nothing was skipped
    "#]]
    .assert_eq(&report.table());
}

#[test]
fn an_error_in_a_step_is_its_failure() {
    let mut report = Report::new(Demand::WhatIsThere);
    report.step("clippy", || anyhow::bail!("no such program"));
    assert!(report.table().contains("FAILED: no such program"));
}
