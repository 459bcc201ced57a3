use expect_test::{Expect, expect};
use nines_base::format_duration;

use super::*;
use crate::testing::days;

fn check(preset: Preset, window: SignedDuration, expect: &Expect) {
    let line = |it: &BurnPair| {
        let (long, short) = (format_duration(it.long), format_duration(it.short));
        let hold = match it.hold {
            SignedDuration::ZERO => String::new(),
            hold => format!(" for {}", format_duration(hold)),
        };
        format!("{} {} in {long} and {short}{hold}\n", it.severity, it.factor)
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

/// Evidence: kibana#170830, kibana#180801.
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
fn pyrra_stretches_its_own_catalogue() {
    check(
        Preset::Pyrra,
        days(28),
        &expect![[r#"
            page 14× in 1h and 5m for 2m
            page 7× in 6h and 30m for 15m
            ticket 2× in 1d and 2h for 1h
            ticket 1× in 4d and 6h for 3h
        "#]],
    );
    check(
        Preset::Pyrra,
        days(30),
        &expect![[r#"
            page 14× in 1h4m and 5m for 2m
            page 7× in 6h26m and 32m for 16m
            ticket 2× in 1d1h43m and 2h9m for 1h4m
            ticket 1× in 4d6h51m and 6h26m for 3h13m
        "#]],
    );
}

#[test]
fn a_short_window_holds_at_least_four_samples() {
    let shorts = |seconds| {
        let window = Window::Rolling(days(7));
        let interval = SignedDuration::from_secs(seconds);
        let alerting = Alerting::preset_at(Preset::Scaled, &window, interval, None);
        alerting.pairs.iter().map(|it| it.short.as_mins()).collect::<Vec<_>>()
    };
    assert_eq!(shorts(30), [2, 7, 28, 84]);
    assert_eq!(shorts(31), [3, 7, 28, 84]); // 2 m 4 s, up to a minute
    assert_eq!(shorts(300), [20, 20, 28, 84]);
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
