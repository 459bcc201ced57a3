use expect_test::{Expect, expect};

use super::*;
use crate::Window;
use crate::testing::{days, slo};
use crate::{Alerting, BurnFactor, Preset, Severity};

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
