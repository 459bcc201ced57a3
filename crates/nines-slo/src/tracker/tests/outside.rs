//! What somebody else reads: PromQL by slices, and events that are recorded beside series.

use super::kinds::of;
use super::*;
use crate::{Method, Outcome, PromqlQueries, PromqlSli, Sli, SliKind, Suspect, Target, TargetOp};

const WIDTH: SignedDuration = SignedDuration::from_mins(1);

fn promql(queries: PromqlQueries) -> Slo {
    of(SliKind::Promql(PromqlSli { queries, width: WIDTH }))
}

fn events() -> Slo {
    promql(PromqlQueries::Events { good: "good".to_owned(), total: "total".to_owned() })
}

fn ratio() -> Slo {
    promql(PromqlQueries::Ratio("ratio".to_owned()))
}

fn minute(number: i64) -> Timestamp {
    at(START_MS + number * MINUTE_MS)
}

fn record(tracker: &mut Tracker, number: i64, outcome: Outcome) -> bool {
    tracker.record(&availability(), &Labels::empty(), minute(number), outcome)
}

fn hour(tracker: &Tracker, until: i64) -> WindowCounts {
    tracker.window(&availability(), SignedDuration::from_hours(1), minute(until)).unwrap()
}

#[test]
fn slices_are_due_until_they_are_read_the_latest_first() {
    let mut tracker = tracker(vec![events()]);
    let due = |it: &Tracker, seconds: i64| -> Vec<i64> {
        let due = it.unread(at(START_MS + 10 * MINUTE_MS + seconds * 1_000));
        assert!(due.iter().all(|it| it.slo == availability() && it.width == WIDTH));
        due.iter().take(3).map(|it| (it.end.as_millisecond() - START_MS) / MINUTE_MS).collect()
    };
    // A slice is waited for as long as targets may be late.
    assert_eq!(due(&tracker, 29), [9, 8, 7]);
    assert_eq!(due(&tracker, 30), [10, 9, 8]);
    assert_eq!(tracker.unread(minute(10)).len(), UNREAD_MAX);
    record(&mut tracker, 9, Outcome::Events { good: 1, total: 2 });
    record(&mut tracker, 8, Outcome::NoData);
    record(&mut tracker, 10, Outcome::Unread);
    assert_eq!(due(&tracker, 30), [10, 7, 6]);
}

#[test]
fn slices_of_all_slos_that_are_due_are_limited() {
    let slo = |it: i64| Slo { name: name(&format!("shop/{it}")), ..events() };
    let tracker = tracker((0..20).map(slo).collect());
    assert_eq!(tracker.unread(minute(0)).len(), UNREAD_ALL_MAX);
}

#[test]
fn events_of_a_slice_are_replaced_and_only_read_time_is_known() {
    let mut tracker = tracker(vec![events()]);
    record(&mut tracker, 1, Outcome::Events { good: 90, total: 100 });
    record(&mut tracker, 2, Outcome::Events { good: 50, total: 50 });
    record(&mut tracker, 1, Outcome::Events { good: 70, total: 80 });
    record(&mut tracker, 3, Outcome::Unread);
    record(&mut tracker, 4, Outcome::NoData);
    let window = hour(&tracker, 4);
    assert_eq!(window.counts, Counts { total: 130, bad: 10 });
    assert_eq!(window.known, SignedDuration::from_mins(2));
    assert!(!tracker.is_exact(&availability()));
}

/// slo-generator: a failed or an empty query is not a number.
#[test]
fn a_query_that_failed_is_no_slice_even_when_no_data_are_bad() {
    let slo = ratio();
    let data = crate::DataRules { no_data: crate::NoData::Bad, ..slo.sli.data };
    let method = Method::Timeslices { slice_target: Some("99%".parse().unwrap()), width: WIDTH };
    let mut tracker = tracker(vec![Slo { sli: Sli { data, ..slo.sli.clone() }, method, ..slo }]);
    record(&mut tracker, 1, Outcome::Ratio(0.99));
    record(&mut tracker, 2, Outcome::Unread);
    record(&mut tracker, 3, Outcome::NoData);
    record(&mut tracker, 4, Outcome::Ratio(0.989_999_999));
    // A slice that is read late takes its place.
    assert_eq!(hour(&tracker, 4).counts, Counts { total: 3, bad: 2 });
    record(&mut tracker, 2, Outcome::Ratio(f64::NAN));
    assert_eq!(hour(&tracker, 4).counts, Counts { total: 4, bad: 2 });
}

#[test]
fn a_ratio_is_a_share_of_its_slice() {
    let mut tracker = tracker(vec![ratio()]);
    record(&mut tracker, 1, Outcome::Ratio(1.0));
    record(&mut tracker, 2, Outcome::Ratio(0.75));
    record(&mut tracker, 3, Outcome::Ratio(1.0 / 3.0));
    let window = hour(&tracker, 3);
    assert_eq!(
        window.counts,
        Counts { total: 3_000_000_000_000, bad: 250_000_000_000 + 666_666_666_667 }
    );
    assert_eq!(window.known, SignedDuration::from_mins(3));
}

/// Elastic: a negative SLI is an error. pyrra#1255: a share is between 0 and 1.
#[test]
fn a_ratio_that_is_none_is_suspect_and_stays_to_be_read() {
    let mut tracker = tracker(vec![ratio()]);
    let suspect = |it: &Tracker| it.status(&availability(), minute(2)).unwrap().suspect;
    assert!(!record(&mut tracker, 1, Outcome::Ratio(-0.25)));
    assert_eq!(suspect(&tracker), Some(Suspect::NoRatio { ratio: -0.25 }));
    assert!(!record(&mut tracker, 1, Outcome::Ratio(99.5)));
    assert_eq!(tracker.unread(minute(2)).first().map(|it| it.end), Some(minute(1)));
    assert!(record(&mut tracker, 1, Outcome::Ratio(0.995)));
    assert_eq!(suspect(&tracker), None);
}

#[test]
fn a_value_is_compared_with_its_target() {
    let target = Target { op: TargetOp::Below, value: "0.3".parse().unwrap() };
    let mut tracker = tracker(vec![promql(PromqlQueries::Value { query: String::new(), target })]);
    for (number, value) in [(1, 0.299_999), (2, 0.3), (3, f64::NAN)] {
        record(&mut tracker, number, Outcome::Value(value));
    }
    assert_eq!(hour(&tracker, 3).counts, Counts { total: 3, bad: 1 });
    assert!(!record(&mut tracker, 4, Outcome::Events { good: 1, total: 1 }));
}

#[test]
fn slices_that_are_no_longer_read_are_no_data() {
    let mut tracker = tracker(vec![events()]);
    record(&mut tracker, 1, Outcome::Events { good: 9, total: 10 });
    let state = |it: &Tracker, number| it.status(&availability(), minute(number)).unwrap().state;
    assert_ne!(state(&tracker, 6), SloState::NoData);
    assert_eq!(state(&tracker, 7), SloState::NoData);
}

#[test]
fn recorded_events_count_as_if_series_had_shown_them() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    for hours in 0..=672_i64 {
        let outcome = Outcome::Events { good: 17_990, total: 18_000 };
        assert!(record(&mut tracker, 60 * hours, outcome));
    }
    let now = minute(672 * 60);
    let status = tracker.status(&availability(), now).unwrap();
    assert_eq!(status.primary().budget.counts, Counts { total: 672 * 18_000, bad: 6_720 });
    assert_eq!(status.primary().budget.known, days(28));
    assert_eq!(status.suspect, None);
    assert!(!tracker.record(&name("no/such"), &Labels::empty(), now, Outcome::NoData));
    assert!(!record(&mut tracker, 0, Outcome::Ratio(0.5)));
}
