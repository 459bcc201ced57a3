use expect_test::expect;
use jiff::{SignedDuration, Timestamp};

use super::shape;

fn hour(hour: i64) -> f64 {
    shape(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour))
}

#[test]
fn the_afternoon_is_busy_and_the_night_is_quiet() {
    let day: Vec<String> = (0..24).step_by(3).map(|it| format!("{:.2}", hour(it))).collect();
    expect!["0.45 0.35 0.45 0.68 0.90 1.00 0.90 0.68"].assert_eq(&day.join(" "));
}

#[test]
fn every_day_is_alike_and_never_leaves_the_range() {
    for minute in 0..3 * 24 * 60 {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        let tomorrow = at + SignedDuration::from_hours(24);
        let before_the_epoch = at - SignedDuration::from_hours(24 * 400);
        assert!((0.35..=1.0).contains(&shape(at)), "{at}");
        assert!((shape(at) - shape(tomorrow)).abs() < 1e-9, "{at}");
        assert!((shape(at) - shape(before_the_epoch)).abs() < 1e-9, "{at}");
    }
}
