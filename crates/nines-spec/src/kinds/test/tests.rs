//! Times and percentages as tests write them.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::expect::read_percent;
use super::{Clock, instant};
use crate::test_case::{Percent, Rate, TestClock};

fn clock(start: &str) -> Clock {
    let (start, offset) = instant(start).unwrap();
    let (step, run) = (SignedDuration::from_mins(1), SignedDuration::from_hours(1));
    Clock { clock: TestClock { start, step, run }, offset }
}

fn time(start: &str, text: &str) -> String {
    clock(start).read(text).map_or("none".to_owned(), |it| it.to_string())
}

#[test]
fn a_time_of_the_day_is_the_next_one_from_the_start() {
    let start = "2026-06-10T14:00:00Z";
    assert_eq!(time(start, "14:00"), "2026-06-10T14:00:00Z");
    assert_eq!(time(start, "14:10:30"), "2026-06-10T14:10:30Z");
    assert_eq!(time(start, "13:59"), "2026-06-11T13:59:00Z");
}

#[test]
fn a_time_of_the_day_is_read_in_the_offset_of_the_start() {
    assert_eq!(time("2026-06-10T01:00:00+02:00", "01:30"), "2026-06-09T23:30:00Z");
}

#[test]
fn a_time_may_count_from_the_start_or_stand_for_itself() {
    let start = "2026-06-10T14:00:00Z";
    assert_eq!(time(start, "+1h30m"), "2026-06-10T15:30:00Z");
    assert_eq!(time(start, "-28d"), "2026-05-13T14:00:00Z");
    assert_eq!(time(start, "2026-06-01T00:00:00+01:00"), "2026-05-31T23:00:00Z");
    for text in ["", "soon", "25:00", "14", "+", "-", "+1", "2026-06-01", "2026-06-01T00:00"] {
        assert_eq!(time(start, text), "none", "{text}");
    }
}

#[test]
fn a_percentage_keeps_the_digits_that_were_given() {
    let percent = |value, digits| Some(Percent { value, digits });
    assert_eq!(read_percent("96.03%"), percent(9603, 2));
    assert_eq!(read_percent("-4.10 %"), percent(-410, 2));
    assert_eq!(read_percent("100%"), percent(100, 0));
    for text in
        ["96.03", "%", ".5%", "1.2.3%", "1.00000001%", "--1%", "1e2%", "99999999999999999999%"]
    {
        assert_eq!(read_percent(text), None, "{text}");
    }
}

#[test]
fn a_rate_is_whole_events_and_a_unit() {
    let rate = |text: &str| text.parse::<Rate>().ok().map(|it| (it.events, it.per.as_secs()));
    assert_eq!(rate("300/min"), Some((300, 60)));
    assert_eq!(rate("5 / s"), Some((5, 1)));
    assert_eq!(rate("20/d"), Some((20, 86_400)));
    for text in ["300", "300/", "/min", "1.5/s", "-1/s", "300/fortnight"] {
        assert_eq!(rate(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,24}") {
        let time = clock("2026-06-10T14:00:00Z").read(&text);
        let (percent, rate) = (read_percent(&text), text.parse::<Rate>());
        prop_assert!(time.is_none() || percent.is_none() || rate.is_err(), "one text, one meaning");
    }
}
