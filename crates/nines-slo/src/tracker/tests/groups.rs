//! Counts by labels, and whose burn is judged.

use Severity::{Page, Ticket};

use super::*;
use crate::groups::OTHER;
use crate::{AlertOn, Grouping};

fn grouped(limit: usize, alert_on: AlertOn) -> Slo {
    let grouping = Some(Grouping { by: vec!["instance".to_owned()], limit, alert_on });
    Slo { grouping, ..slo("99.5%", days(28)) }
}

fn group(value: &str) -> Labels {
    Labels::new([("instance", value)]).unwrap()
}

/// A scrape each minute for so many hours; each instance has 100 requests a minute, and so many bad ones.
fn play(tracker: &mut Tracker, hours: i64, instances: &[(&str, u64)]) -> Timestamp {
    for minute in 0..=60 * hours {
        let at_ms = START_MS + minute * MINUTE_MS;
        let passed = minute.unsigned_abs();
        let scrape = instances.iter().flat_map(|(instance, bad)| {
            let counter =
                |code, by: u64| batch(series(instance, code), &[(at_ms, (by * passed) as f64)]);
            [counter("200", 100 - bad), counter("500", *bad)]
        });
        tracker.observe(&scrape.collect::<Vec<_>>());
    }
    at(START_MS + hours * HOUR_MS)
}

fn counts(tracker: &Tracker, now: Timestamp) -> Vec<(Labels, Counts)> {
    let groups = tracker.groups(&availability(), now);
    groups.into_iter().map(|it| (it.labels, it.goals[0].budget.counts)).collect()
}

/// sloth#277: groups with a total.
#[test]
fn groups_count_by_themselves_and_the_total_counts_all_the_least_budget_first() {
    let mut tracker = tracker(vec![grouped(10, AlertOn::Total)]);
    let now = play(&mut tracker, 1, &[("a", 0), ("b", 50), ("c", 1)]);
    let of = |bad| Counts { total: 6_000, bad };
    let expected = [(group("b"), of(3_000)), (group("c"), of(60)), (group("a"), of(0))];
    assert_eq!(counts(&tracker, now), expected);
    let total = tracker.status(&availability(), now).unwrap().primary().budget.counts;
    assert_eq!(total, Counts { total: 18_000, bad: 3_060 });
    assert_eq!(tracker.groups_refused(&availability()), 0);
}

#[test]
fn groups_beyond_the_limit_share_one_and_are_counted() {
    let mut tracker = tracker(vec![grouped(2, AlertOn::Total)]);
    let now = play(&mut tracker, 1, &[("a", 0), ("b", 0), ("c", 3), ("d", 4)]);
    let of = |total, bad| Counts { total, bad };
    let expected =
        [(group(OTHER), of(12_000, 420)), (group("a"), of(6_000, 0)), (group("b"), of(6_000, 0))];
    assert_eq!(counts(&tracker, now), expected);
    assert_eq!(tracker.groups_refused(&availability()), 2);
    let total = tracker.status(&availability(), now).unwrap().primary().budget.counts;
    assert_eq!(total, of(24_000, 420));
}

#[test]
fn a_series_without_the_labels_counts_in_the_total_alone() {
    let grouping = Grouping { by: vec!["region".to_owned()], limit: 9, alert_on: AlertOn::Group };
    let mut tracker = tracker(vec![Slo { grouping: Some(grouping), ..slo("99.5%", days(28)) }]);
    let now = play(&mut tracker, 1, &[("a", 0)]);
    assert_eq!(tracker.groups(&availability(), now), []);
    let total = tracker.status(&availability(), now).unwrap().primary().budget.counts.total;
    assert_eq!(total, 6_000);
}

#[test]
fn an_alert_is_that_of_the_total_of_each_group_or_of_the_worst() {
    let fired = |alert_on| {
        let mut tracker = tracker(vec![grouped(10, alert_on)]);
        let now = play(&mut tracker, 24, &[("a", 9), ("b", 0), ("c", 90), ("d", 0)]);
        let mut keys: Vec<_> =
            tracker.evaluate(now).into_iter().map(|it| (it.key.severity, it.key.group)).collect();
        keys.sort();
        let status = tracker.status(&availability(), now).unwrap();
        (keys, status.firing)
    };
    let (keys, firing) = fired(AlertOn::Total);
    assert_eq!(
        (keys, firing),
        (vec![(Page, Labels::empty()), (Ticket, Labels::empty())], Some(Page))
    );
    let (keys, firing) = fired(AlertOn::Group);
    let each = [(Page, "a"), (Page, "c"), (Ticket, "a"), (Ticket, "c")];
    assert_eq!(keys, each.map(|(severity, it)| (severity, group(it))));
    assert_eq!(firing, Some(Page));
    let (keys, _) = fired(AlertOn::Worst);
    assert_eq!(keys, [(Page, group("c")), (Ticket, group("c"))]);
}

#[test]
fn the_worst_group_stays_the_worst_while_it_fires() {
    let mut tracker = tracker(vec![grouped(10, AlertOn::Worst)]);
    let now = play(&mut tracker, 24, &[("a", 20), ("b", 0)]);
    let page = |it: Vec<BurnAlert>| it.into_iter().find(|it| it.key.severity == Page);
    assert_eq!(page(tracker.evaluate(now)).unwrap().key.group, group("a"));
    // Group b gets worse than a.
    let mut bad = 0;
    for minute in 1..=30_u64 {
        bad += 90;
        let at_ms = now.as_millisecond() + i64::try_from(minute).unwrap() * MINUTE_MS;
        let passed = 24 * 60 + minute;
        tracker.observe(&[
            batch(series("a", "200"), &[(at_ms, (80 * passed) as f64)]),
            batch(series("a", "500"), &[(at_ms, (20 * passed) as f64)]),
            batch(series("b", "200"), &[(at_ms, (100 * 24 * 60 + 10 * minute) as f64)]),
            batch(series("b", "500"), &[(at_ms, f64::from(bad))]),
        ]);
        assert_eq!(page(tracker.evaluate(at(at_ms))).unwrap().key.group, group("a"));
    }
}

#[test]
fn a_group_that_was_not_seen_in_a_whole_window_is_dropped_and_another_takes_its_place() {
    let mut tracker = tracker(vec![Slo {
        goals: vec![crate::testing::goal("99.5%", days(1))],
        ..grouped(1, AlertOn::Total)
    }]);
    let now = play(&mut tracker, 1, &[("a", 0)]);
    let names = |it: &Tracker, now| {
        it.groups(&availability(), now).into_iter().map(|it| it.labels).collect::<Vec<_>>()
    };
    let later = |hours: i64| at(now.as_millisecond() + hours * HOUR_MS);
    drop(tracker.evaluate(later(24)));
    assert_eq!(names(&tracker, later(24)), [group("a")]);
    drop(tracker.evaluate(later(26)));
    assert_eq!(names(&tracker, later(26)), [] as [Labels; 0]);
    for step in 0..3_i64 {
        let at_ms = later(26).as_millisecond() + step * MINUTE_MS;
        tracker.observe(&[batch(series("b", "200"), &[(at_ms, step as f64)])]);
    }
    assert_eq!(names(&tracker, later(27)), [group("b")]);
    // The first one comes back and finds no place of its own.
    tracker.observe(&[batch(series("a", "200"), &[(later(27).as_millisecond(), 1e6)])]);
    assert_eq!(names(&tracker, later(27)), [group("b"), group(OTHER)]);
}

#[test]
fn what_is_recorded_for_a_group_counts_in_the_total_too() {
    let mut tracker = tracker(vec![grouped(10, AlertOn::Total)]);
    let outcome = Outcome::Events { good: 8, total: 10 };
    for instance in ["a", "b"] {
        assert!(tracker.record(&availability(), &group(instance), at(START_MS), outcome));
    }
    assert!(!tracker.record(
        &availability(),
        &series("x", "y").filtered(|it| it == "code"),
        at(START_MS),
        outcome
    ));
    let of = |total, bad| Counts { total, bad };
    assert_eq!(counts(&tracker, at(START_MS)), [(group("a"), of(10, 2)), (group("b"), of(10, 2))]);
    let total = tracker.status(&availability(), at(START_MS)).unwrap().primary().budget.counts;
    assert_eq!(total, of(20, 4));
}
