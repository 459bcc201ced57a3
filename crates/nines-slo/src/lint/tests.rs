use expect_test::{Expect, expect};

use super::*;
use crate::Window;
use crate::testing::{days, slo};
use crate::{AlertOn, Alerting, BurnFactor, Grouping, Preset};

const INTERVAL: SignedDuration = SignedDuration::from_secs(15);

fn check(objective: &str, change: impl Fn(&mut BurnPair), expect: &Expect) {
    let mut slo = slo(objective, days(28));
    slo.goals[0].alerting.pairs.iter_mut().for_each(change);
    let line = |it: &Lint| format!("{:?} {it:?}\n", it.severity());
    expect.assert_eq(&lint(&slo, INTERVAL).iter().map(line).collect::<String>());
}

#[test]
fn presets_have_no_findings_at_usual_objectives() {
    for (preset, window) in [(Preset::Scaled, days(7)), (Preset::Workbook, days(30))] {
        let mut slo = slo("99.5%", window);
        slo.goals[0].alerting = Alerting::preset(preset, &Window::Rolling(window), None);
        assert_eq!(lint(&slo, INTERVAL), [], "{preset:?}");
    }
}

#[test]
fn a_factor_beyond_a_total_outage_never_fires() {
    check(
        "92%",
        |_| {},
        &expect![[r#"
            Error NeverFires { goal_index: 0, pair_index: 0, pair: BurnPair { severity: Page, long: 1h, short: 5m, factor: BurnFactor(13440000000), hold: 0s }, worst_thousandths: 12500 }
        "#]],
    );
}

#[test]
fn each_mistake_of_a_pair_is_found() {
    let change = |pair: &mut BurnPair| {
        if pair.severity == Severity::Ticket {
            pair.factor = BurnFactor(999_000_000);
            pair.long = days(29);
            pair.short = days(30);
        } else {
            pair.short = SignedDuration::from_secs(29);
        }
    };
    check(
        "99.5%",
        change,
        &expect![[r#"
            Error ShortWindowTooShort { goal_index: 0, pair_index: 0, pair: BurnPair { severity: Page, long: 1h, short: 29s, factor: BurnFactor(13440000000), hold: 0s }, short_min: 30s }
            Error ShortWindowTooShort { goal_index: 0, pair_index: 1, pair: BurnPair { severity: Page, long: 6h, short: 29s, factor: BurnFactor(5600000000), hold: 0s }, short_min: 30s }
            Error FactorBelowOne { goal_index: 0, pair_index: 2, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s } }
            Error ShortWindowNotShorter { goal_index: 0, pair_index: 2, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s } }
            Error LongWindowTooLong { goal_index: 0, pair_index: 2, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s }, window: 672h }
            Error FactorBelowOne { goal_index: 0, pair_index: 3, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s } }
            Error ShortWindowNotShorter { goal_index: 0, pair_index: 3, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s } }
            Error LongWindowTooLong { goal_index: 0, pair_index: 3, pair: BurnPair { severity: Ticket, long: 696h, short: 720h, factor: BurnFactor(999000000), hold: 0s }, window: 672h }
        "#]],
    );
}

#[test]
fn low_traffic_is_a_warning() {
    // 13.44 × 0.5 % of 14 events of an hour are less than one.
    let slo = slo("99.5%", days(28));
    let lints = lint_traffic(&slo, 14 * 24);
    let pairs: Vec<_> = lints
        .iter()
        .map(|it| match it {
            Lint::OneFailureTrips { pair_index, events, events_min, .. } => {
                (it.severity(), *pair_index, *events, *events_min)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pairs, [(LintSeverity::Warning, 0, 14, 15)]);
    assert_eq!(lint_traffic(&slo, 15 * 24), []);
}

#[test]
fn each_bound_of_a_pair_is_allowed_and_what_is_beyond_it_is_not() {
    // The first pair alone, at its bounds.
    let lints = |objective, change: fn(&mut BurnPair)| {
        let mut slo = slo(objective, days(28));
        slo.goals[0].alerting.pairs.truncate(1);
        change(&mut slo.goals[0].alerting.pairs[0]);
        lint(&slo, INTERVAL).len()
    };
    assert_eq!(lints("99.5%", |it| it.factor = BurnFactor::ONE), 0);
    assert_eq!(lints("99.5%", |it| it.factor = BurnFactor(999_999_999)), 1);
    // A total outage burns at 10 exactly, which is not more than 10.
    assert_eq!(lints("90%", |it| it.factor = BurnFactor(9_999_999_999)), 0);
    assert_eq!(lints("90%", |it| it.factor = BurnFactor(10_000_000_000)), 1);
    assert_eq!(lints("99.5%", |it| it.short = INTERVAL * 2), 0);
    assert_eq!(lints("99.5%", |it| it.short = INTERVAL * 2 - SignedDuration::from_millis(1)), 1);
    assert_eq!(lints("99.5%", |it| it.short = it.long - SignedDuration::from_secs(1)), 0);
    assert_eq!(lints("99.5%", |it| it.short = it.long), 1);
    assert_eq!(lints("99.5%", |it| it.long = days(28)), 0);
    assert_eq!(lints("99.5%", |it| it.long = days(28) + SignedDuration::from_secs(1)), 1);
}

#[test]
fn where_everything_must_be_good_there_are_no_burn_alerts() {
    let mut slo = slo("100%", days(28));
    assert_eq!(lint(&slo, INTERVAL), [Lint::NothingToBurn { goal_index: 0 }]);
    slo.goals[0].alerting.pairs.clear();
    assert_eq!(lint(&slo, INTERVAL), []);
}

#[test]
fn a_factor_below_one_works_as_it_did_where_it_comes_from() {
    let mut slo = slo("99.5%", days(28));
    slo.goals[0].alerting.pairs.truncate(1);
    slo.goals[0].alerting.pairs[0].factor = BurnFactor(500_000_000);
    let [found] = lint(&slo, INTERVAL).try_into().unwrap();
    assert_eq!(found.severity(), LintSeverity::Error);
    assert_eq!(found.severity_when_imported(), LintSeverity::Warning);
}

#[test]
fn what_looks_further_back_than_samples_are_kept_is_found() {
    let slo = slo("99.5%", days(28));
    assert_eq!(lint_retention(&slo, days(28)), []);
    let (window, retention) = (days(28), days(28) - SignedDuration::from_secs(1));
    let beyond = Lint::WindowBeyondRetention { goal_index: 0, window, retention };
    assert_eq!(lint_retention(&slo, retention), [beyond]);
    assert_eq!(lint_retention(&slo, days(3)).len(), 1);
    let found = lint_retention(&slo, days(3) - SignedDuration::from_secs(1));
    assert!(matches!(found[1], Lint::PairBeyondRetention { pair_index: 3, .. }), "{found:?}");
}

#[test]
fn alerts_with_equal_labels_are_found() {
    let slo = slo("99.5%", days(28));
    let other = Slo { name: crate::testing::name("cart/availability"), ..slo.clone() };
    assert_eq!(lint_labels(&[slo.clone(), other]), []);
    let severities = |slos: &[Slo]| {
        let found = lint_labels(slos);
        found.iter().map(|it| (it.first, it.second, it.severity)).collect::<Vec<_>>()
    };
    let twice = [((0, 0), (1, 0), Severity::Page), ((0, 0), (1, 0), Severity::Ticket)];
    assert_eq!(severities(&[slo.clone(), slo.clone()]), twice);
    // Two months in different zones are both called `month`.
    let mut months = slo.clone();
    months.goals.push(slo.goals[0].clone());
    let within = [((0, 0), (0, 1), Severity::Page), ((0, 0), (0, 1), Severity::Ticket)];
    assert_eq!(severities(&[months.clone()]), within);
    months.goals[1].objective = "sla".to_owned();
    assert_eq!(severities(&[months]), []);
}

#[test]
fn groups_need_labels_of_their_own() {
    let taken = |by: &[&str], goals: usize| {
        let mut slo = slo("99.5%", days(28));
        slo.goals = vec![slo.goals[0].clone(); goals];
        let by = by.iter().map(|it| (*it).to_owned()).collect();
        slo.grouping = Some(Grouping { by, limit: 100, alert_on: AlertOn::Group });
        lint(&slo, INTERVAL).len()
    };
    assert_eq!(taken(&["region", "tier"], 1), 0);
    assert_eq!(taken(&["slo", "severity", "service", "alertname"], 1), 4);
    assert_eq!(taken(&["objective", "window"], 1), 0);
    assert_eq!(taken(&["objective", "window"], 2), 2);
}
