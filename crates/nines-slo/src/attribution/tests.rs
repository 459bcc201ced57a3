use proptest::prelude::*;

use super::*;
use crate::meter::Meter;
use crate::testing::{Events, HOUR_MS, MINUTE_MS, at};

fn cause(name: &str, severity: u8, from: i64, to: i64) -> Cause {
    let minute = |it: i64| at(it * MINUTE_MS);
    Cause { name: name.to_owned(), severity, from: minute(from), to: minute(to) }
}

/// One bad event each minute of two hours.
fn attributed(causes: &[Cause]) -> (Vec<u64>, u64) {
    let events = Events::default().add(0, 2 * HOUR_MS, 10, 1);
    let to_ms = 2 * HOUR_MS;
    let bad_since = |it: Timestamp| events.between(it.as_millisecond(), to_ms).counts.bad;
    let attribution = attribute(causes, at(0), at(to_ms), bad_since);
    (attribution.causes.iter().map(|it| it.bad).collect(), attribution.unattributed)
}

#[test]
fn bad_events_belong_to_the_incident_in_whose_time_they_are() {
    assert_eq!(attributed(&[]), (vec![], 120));
    assert_eq!(attributed(&[cause("INC-1", 2, 10, 30)]), (vec![20], 100));
    // The end belongs to it, the beginning does not.
    assert_eq!(
        attributed(&[cause("INC-1", 2, 10, 11), cause("INC-2", 2, 11, 12)]),
        (vec![1, 1], 118)
    );
    // What lies outside of the window is not there.
    assert_eq!(
        attributed(&[cause("INC-1", 2, -60, 10), cause("INC-2", 2, 110, 999)]),
        (vec![10, 10], 100)
    );
    assert_eq!(
        attributed(&[cause("INC-1", 2, 120, 130), cause("INC-2", 2, -5, 0)]),
        (vec![0, 0], 120)
    );
    assert_eq!(attributed(&[cause("INC-1", 2, 20, 10)]), (vec![0], 120));
}

#[test]
fn of_several_the_gravest_has_them_then_the_earliest_then_the_first() {
    let (grave, minor) = (cause("INC-1", 1, 20, 40), cause("INC-2", 3, 10, 60));
    assert_eq!(attributed(&[minor, grave.clone()]), (vec![30, 20], 70));
    let (early, late) = (cause("INC-3", 2, 10, 30), cause("INC-4", 2, 20, 40));
    assert_eq!(attributed(&[late, early]), (vec![10, 20], 90));
    assert_eq!(attributed(&[grave.clone(), grave]), (vec![20, 0], 100));
}

#[test]
fn what_was_usual_is_no_fault_of_an_incident() {
    let hours = [9, 1, 3, 7]; // the lower median is 3
    let length = SignedDuration::from_mins(50);
    assert_eq!(above_baseline(10, length, &hours), 8); // 2.5 were usual
    assert_eq!(above_baseline(1, length, &hours), 0);
    assert_eq!(above_baseline(10, length, &[]), 10);
    assert_eq!(above_baseline(10, length, &[6, 6, 600]), 5);
}

fn any_cause() -> impl Strategy<Value = Cause> {
    let ms = -30 * MINUTE_MS..150 * MINUTE_MS;
    (1..4_u8, ms.clone(), ms).prop_map(|(severity, from_ms, to_ms)| Cause {
        name: "INC".to_owned(),
        severity,
        from: at(from_ms),
        to: at(to_ms),
    })
}

proptest! {
    #[test]
    fn all_bad_events_are_attributed_once(
        causes in prop::collection::vec(any_cause(), 0..12),
        events in prop::collection::vec((0..120_i64, 0..50_u64), 0..40),
    ) {
        let event = |(minute, bad): (i64, u64)| (minute * MINUTE_MS, 100, bad);
        let events = Events::new(events.into_iter().map(event).collect());
        let (from_ms, to_ms) = (5 * MINUTE_MS, 110 * MINUTE_MS);
        let bad_since = |it: Timestamp| events.between(it.as_millisecond(), to_ms).counts.bad;
        let attribution = attribute(&causes, at(from_ms), at(to_ms), bad_since);
        let parts = attribution.causes.iter().map(|it| it.bad).sum::<u64>();
        let all = events.between(from_ms, to_ms).counts.bad;
        prop_assert_eq!(parts + attribution.unattributed, all);
        // No time is given twice.
        let lengths = attribution.causes.iter().map(|it| millis(it.length)).sum::<i64>();
        prop_assert!(lengths <= to_ms - from_ms);
    }

    #[test]
    fn each_minute_belongs_to_the_gravest_that_covers_it(
        causes in prop::collection::vec((1..4_u8, 0..120_i64, 0..60_i64), 0..8),
    ) {
        let causes: Vec<Cause> =
            causes.into_iter().map(|(it, from, length)| cause("INC", it, from, from + length)).collect();
        let mut naive = vec![0; causes.len()];
        for minute in 1..=120 {
            let now = at(minute * MINUTE_MS);
            let covers = |it: &(usize, &Cause)| it.1.from < now && now <= it.1.to;
            let first = causes.iter().enumerate().filter(covers).min_by_key(|(_, it)| (it.severity, it.from));
            if let Some((index, _)) = first {
                naive[index] += 1;
            }
        }
        prop_assert_eq!(attributed(&causes).0, naive);
    }
}
