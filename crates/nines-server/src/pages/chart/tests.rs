use expect_test::expect;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn slices(bad: &[u64]) -> Vec<Slice> {
    let slice = |(index, bad): (usize, &u64)| {
        let to = at(10 * (i64::try_from(index).unwrap() + 1));
        Slice { to, bad: *bad, total: if *bad == 99 { 0 } else { 100 } }
    };
    bad.iter().enumerate().map(slice).collect()
}

fn print(points: &[Point]) -> String {
    let point = |it: &Point| match it.value {
        Some(value) => format!("{}={value:.2}", it.at.as_second()),
        None => format!("{}=?", it.at.as_second()),
    };
    points.iter().map(point).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_burn_down_ends_at_what_is_left_now() {
    let points = burn_down(&slices(&[0, 5, 1, 0]), 0.4, 10.0);
    expect!["10=1.00 20=0.50 30=0.40 40=0.40"].assert_eq(&print(&points));
}

#[test]
fn a_budget_without_events_has_no_line() {
    let points = burn_down(&slices(&[0, 0]), 1.0, 0.0);
    expect!["10=? 20=?"].assert_eq(&print(&points));
}

#[test]
fn burn_is_the_bad_share_in_multiples_of_the_allowed_one() {
    let points = burn(&slices(&[0, 1, 99, 10]), 0.01);
    expect!["10=0.00 20=1.00 30=? 40=10.00"].assert_eq(&print(&points));
}

#[test]
fn a_line_is_interrupted_where_nothing_is_known() {
    let points = burn(&slices(&[0, 1, 99, 10]), 0.01);
    let axes = Axes { from: at(0), to: at(40), low: 0.0, high: 10.0, scale: Scale::Linear };
    expect!["M250.0 100.0L500.0 90.0M1000.0 0.0"].assert_eq(&axes.path(&points));
}

#[test]
fn what_lies_beyond_the_axes_is_drawn_on_their_ends() {
    let axes = Axes { from: at(0), to: at(10), low: -1.0, high: 1.0, scale: Scale::Linear };
    let place = |second, value| format!("{} {}", axes.x(at(second)), axes.y(value));
    expect!["0 100"].assert_eq(&place(-5, -7.0));
    expect!["1000 0"].assert_eq(&place(50, 2.0));
    let flat = Axes { from: at(0), to: at(0), low: 1.0, high: 1.0, scale: Scale::Linear };
    expect!["0 100"].assert_eq(&format!("{} {}", flat.x(at(3)), flat.y(1.0)));
}

#[test]
fn a_spike_does_not_flatten_the_limit_on_a_logarithmic_axis() {
    let axes = |scale| Axes { from: at(0), to: at(10), low: 0.0, high: 1_000.0, scale };
    let limit = |scale| HEIGHT - axes(scale).y(14.4);
    expect!["1.4 39.6"].assert_eq(&format!("{:.1} {:.1}", limit(Scale::Linear), limit(Scale::Log)));
    assert!((axes(Scale::Log).y(0.0) - HEIGHT).abs() < 1e-9, "nothing is at the bottom");
}

#[test]
fn ticks_have_room_and_the_first_ones_get_it() {
    let axes = Axes { from: at(0), to: at(10), low: 0.0, high: 100.0, scale: Scale::Log };
    let ticks = axes.ticks(&[14.4, 1.0, 10.0, 1_000.0]);
    let print: Vec<String> = ticks.iter().map(|it| format!("{}@{:.0}", it.value, it.y)).collect();
    expect!["0@100 100@0 14.4@41 1@85"].assert_eq(&print.join(" "));
}

#[test]
fn merging_keeps_every_event_and_the_last_instant() {
    let merged = merged(&slices(&[1, 2, 3, 4, 5]), 2);
    let print: Vec<String> =
        merged.iter().map(|it| format!("{} {}/{}", it.to.as_second(), it.bad, it.total)).collect();
    expect!["30 6/300, 50 9/200"].assert_eq(&print.join(", "));
}

#[test]
fn the_extent_knows_only_what_is_known() {
    assert_eq!(extent(&burn(&slices(&[99]), 0.01)), None);
    let extent = extent(&burn(&slices(&[2, 99, 5]), 0.01)).unwrap();
    expect!["2.0 5.0"].assert_eq(&format!("{:.1} {:.1}", extent.0, extent.1));
}
