use expect_test::expect;

use super::*;
use crate::testing::days;
use crate::{Alerting, Preset, Severity, Window};

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

fn pairs() -> Vec<BurnPair> {
    Alerting::preset(Preset::Scaled, &Window::Rolling(days(28)), None).pairs
}

/// The first of a severity, in seconds, rounded up.
fn first(severity: Severity, of: impl Fn(&BurnPair) -> Option<SignedDuration>) -> Option<i64> {
    let pairs = pairs();
    let all = pairs.iter().filter(|it| it.severity == severity).filter_map(of);
    all.min().map(|it| (millis(it) + 999) / 1_000)
}

/// The example of the design: 99.5 % over 28 days.
#[test]
fn the_table_of_the_design_is_right() {
    let objective = objective("99.5%");
    let fault = SignedDuration::from_mins(30);
    let mut table = String::new();
    for permille in [1_000, 400, 50, 8] {
        let errors = permille * 1_000_000;
        let detects = |it: &BurnPair| detection(it, objective, errors);
        let (page, ticket) = (first(Severity::Page, detects), first(Severity::Ticket, detects));
        let short = SignedDuration::from_mins(5);
        let recovering = recovery(short, objective, errors, fault).map(|it| it.as_secs_f64());
        let pages = pairs().into_iter().filter(|it| it.severity == Severity::Page);
        let ok = pages.filter_map(|it| reset(&it, objective, errors, fault)).max();
        let ok = ok.map(|it| it.as_secs_f64());
        table += &format!("{permille} ‰: {page:?} {ticket:?}, {recovering:?} {ok:?}\n");
    }
    expect![[r#"
        1000 ‰: Some(242) Some(1210), Some(298.5) Some(1749.6)
        400 ‰: Some(605) Some(3025), Some(296.25) Some(1674.0)
        50 ‰: Some(12097) Some(24193), Some(270.0) None
        8 ‰: None Some(162001), Some(112.5) None
    "#]]
    .assert_eq(&table);
}

#[test]
fn what_never_burns_faster_is_never_detected() {
    let [pair, ..] = pairs()[..] else { panic!() };
    // 13.44 × 0.5 % are 6.72 %.
    assert_eq!(detection(&pair, objective("99.5%"), 67_200_000), None);
    assert!(detection(&pair, objective("99.5%"), 67_200_001).is_some());
    assert_eq!(detection(&pair, objective("92%"), 1_000_000_000), None);
    assert_eq!(detection(&pair, objective("99.5%"), 0), None);
    // Where nothing is permitted, the first error is enough.
    assert_eq!(detection(&pair, objective("100%"), 1), Some(SignedDuration::from_millis(1)));
}

#[test]
fn a_fault_that_is_too_short_leaves_nothing_to_reset() {
    let [pair, ..] = pairs()[..] else { panic!() };
    let errors = 1_000_000_000;
    let needed = SignedDuration::from_millis(3_600 * 672 / 10); // 6.72 % of an hour
    assert_eq!(reset(&pair, objective("99.5%"), errors, needed), None);
    let longer = needed + SignedDuration::from_millis(1);
    // The short window needs 6.72 % of five minutes, and lets go of the rest first.
    let rest = SignedDuration::from_millis(300 * 9_328 / 10);
    assert_eq!(reset(&pair, objective("99.5%"), errors, longer), Some(rest));
}

#[test]
fn a_pair_costs_its_share_of_the_budget() {
    let shares: Vec<u64> = pairs().iter().map(|it| budget_share(it, days(28))).collect();
    assert_eq!(shares, [20_000_000, 50_000_000, 100_000_000, 107_142_857]);
}

#[test]
fn the_worst_burn_is_that_of_a_total_outage() {
    assert_eq!(worst_burn(objective("99.5%")), Some(BurnFactor(200_000_000_000)));
    assert_eq!(worst_burn(objective("92%")), Some(BurnFactor(12_500_000_000)));
    assert_eq!(worst_burn(objective("100%")), None);
}
