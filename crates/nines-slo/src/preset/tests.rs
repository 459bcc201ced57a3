use expect_test::{Expect, expect};
use nines_base::format_duration;

use super::*;
use crate::testing::days;

fn check(preset: Preset, window: SignedDuration, expect: &Expect) {
    let line = |it: &BurnPair| {
        let (long, short) = (format_duration(it.long), format_duration(it.short));
        format!("{} {} in {long} and {short}\n", it.severity, it.factor)
    };
    let alerting = Alerting::preset(preset, &Window::Rolling(window), None);
    expect.assert_eq(&alerting.pairs.iter().map(line).collect::<String>());
}

#[test]
fn months_keep_round_windows() {
    check(
        Preset::Scaled,
        days(28),
        &expect![[r#"
        page 13.44× in 1h and 5m
        page 5.6× in 6h and 30m
        ticket 2.8× in 1d and 2h
        ticket 1× in 3d and 6h
    "#]],
    );
    check(
        Preset::Scaled,
        days(30),
        &expect![[r#"
        page 14.4× in 1h and 5m
        page 6× in 6h and 30m
        ticket 3× in 1d and 2h
        ticket 1× in 3d and 6h
    "#]],
    );
}

#[test]
fn other_periods_stretch_the_windows() {
    check(
        Preset::Scaled,
        days(7),
        &expect![[r#"
        page 14.4× in 14m and 2m
        page 6× in 1h24m and 7m
        ticket 3× in 5h36m and 28m
        ticket 1× in 16h48m and 1h24m
    "#]],
    );
    check(
        Preset::Scaled,
        days(90),
        &expect![[r#"
        page 14.4× in 3h and 15m
        page 6× in 18h and 1h30m
        ticket 3× in 3d and 6h
        ticket 1× in 9d and 18h
    "#]],
    );
}

#[test]
fn the_workbook_ignores_the_period() {
    check(
        Preset::Workbook,
        days(7),
        &expect![[r#"
        page 14.4× in 1h and 5m
        page 6× in 6h and 30m
        ticket 3× in 1d and 2h
        ticket 1× in 3d and 6h
    "#]],
    );
}

#[test]
fn none_is_none() {
    check(Preset::None, days(28), &expect![[r#""#]]);
}

#[test]
fn absurd_periods_give_windows_nonetheless() {
    for window in [SignedDuration::ZERO, SignedDuration::MIN, SignedDuration::MAX] {
        assert_eq!(Alerting::preset(Preset::Scaled, &Window::Rolling(window), None).pairs.len(), 4);
    }
}
