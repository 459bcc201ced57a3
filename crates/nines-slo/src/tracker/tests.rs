use expect_test::{Expect, expect};
use nines_base::{Sample, stale_marker};
use proptest::prelude::*;

use super::*;
use crate::testing::{DAY_MS, HOUR_MS, MINUTE_MS, at, batch, days, name, series, slo};
use crate::{Counts, Severity, SloState};

mod composites;
mod groups;
mod kinds;
mod laws;
mod missing;
mod oracle;
mod outside;
mod overlaid;
mod restart;
mod simulate;
mod slices;

fn tracker(slos: Vec<Slo>) -> Tracker {
    Tracker::new(slos, TrackerConfig::default())
}

fn availability() -> SloName {
    name("checkout/availability")
}

const START_MS: i64 = 20_000 * DAY_MS;

/// Both series of one target at one instant.
fn scrape(at_ms: i64, total: u64, bad: u64) -> [SampleBatch; 2] {
    [
        batch(series("a", "200"), &[(at_ms, (total - bad) as f64)]),
        batch(series("a", "500"), &[(at_ms, bad as f64)]),
    ]
}

/// A scrape each minute for `minutes`; the counters grow by these numbers.
fn steady(tracker: &mut Tracker, minutes: i64, total: u64, bad: u64) {
    for minute in 0..=minutes {
        let passed = minute.unsigned_abs();
        tracker.observe(&scrape(START_MS + minute * MINUTE_MS, total * passed, bad * passed));
    }
}

#[test]
fn a_standing_is_a_status_without_an_outlook() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 120, 1_000, 6);
    let now = at(START_MS + 2 * HOUR_MS);
    let mut statuses = tracker.statuses(now);
    assert!(statuses[0].goals[0].exhausts_in.is_some(), "{statuses:?}");
    for goal in statuses.iter_mut().flat_map(|it| &mut it.goals) {
        (goal.exhausts_in, goal.exhausts_earliest, goal.exhausts_latest) = (None, None, None);
        goal.rate_window = SignedDuration::ZERO;
    }
    assert_eq!(tracker.standings(now), statuses);
}

#[test]
fn a_status_names_every_number_it_was_made_from() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 120, 1_000, 4);
    let now = at(START_MS + 2 * HOUR_MS);
    assert_eq!(tracker.evaluate(now), []);
    let status = tracker.status(&availability(), now).unwrap();
    let goal = status.primary();
    assert_eq!(goal.budget.counts, Counts { total: 120_000, bad: 480 });
    assert_eq!(goal.budget.known, SignedDuration::from_hours(2));
    assert_eq!(goal.allowed.whole_events(), 600);
    assert_eq!(goal.remaining_billionths, Some(200_000_000));
    assert_eq!(status.state, SloState::Fine);
    assert_eq!(status.last_sample, Some(now));
    assert_eq!(status.now_ratio, Some(0.996));
    assert_eq!(goal.burns.len(), 4);
    assert_eq!(format!("{:.2}", goal.burns[0].burn_long), "0.80");
    assert_eq!(tracker.statuses(now), [status]);
    assert_eq!(tracker.status(&name("no/such"), now), None);
}

#[test]
fn silence_is_no_data_and_idleness_is_no_events() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let state = |it: &Tracker, at_ms| it.status(&availability(), at(at_ms)).unwrap();
    let never = state(&tracker, START_MS);
    assert_eq!((never.state, never.primary().remaining_billionths), (SloState::NoData, None));
    steady(&mut tracker, 60, 0, 0);
    let end_ms = START_MS + HOUR_MS;
    let idle = state(&tracker, end_ms + 5 * MINUTE_MS);
    assert_eq!(
        (idle.state, idle.primary().remaining_billionths),
        (SloState::NoEvents, Some(1_000_000_000))
    );
    assert_eq!(state(&tracker, end_ms + 5 * MINUTE_MS + 1).state, SloState::NoData);
}

#[test]
fn a_gap_is_unknown_time_and_its_events_count_when_they_are_seen() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    tracker.observe(&scrape(START_MS, 100, 0));
    tracker.observe(&scrape(START_MS + HOUR_MS, 700, 6));
    tracker.observe(&scrape(START_MS + HOUR_MS + MINUTE_MS, 800, 6));
    let now = at(START_MS + HOUR_MS + MINUTE_MS);
    let window = tracker.window(&availability(), SignedDuration::from_hours(2), now).unwrap();
    assert_eq!(window.counts, Counts { total: 700, bad: 6 });
    assert_eq!(window.known, SignedDuration::from_mins(1));
    assert_eq!(format!("{:.4}", window.coverage_ratio()), "0.0083");
}

#[test]
fn the_first_error_of_a_new_series_counts() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let fine = |at_ms, value| batch(series("a", "200"), &[(at_ms, value)]);
    tracker.observe(&[fine(START_MS, 100.0)]);
    let later_ms = START_MS + MINUTE_MS;
    tracker.observe(&[batch(series("a", "503"), &[(later_ms, 3.0)]), fine(later_ms, 110.0)]);
    // A new target brings a past that nobody has seen.
    tracker.observe(&[batch(series("b", "500"), &[(later_ms, 50.0)])]);
    let window =
        tracker.window(&availability(), SignedDuration::from_hours(1), at(later_ms)).unwrap();
    assert_eq!(window.counts, Counts { total: 13, bad: 3 });
}

#[test]
fn low_traffic_does_not_page_on_three_failures_but_on_six() {
    let pages = |bad: u64| {
        let mut tracker = tracker(vec![slo("99.5%", days(28))]);
        // A day of good requests, 40 an hour; the last hour has the failures, all in its last minutes.
        for quarter in 0..=96_i64 {
            let total = 10 * quarter.unsigned_abs();
            let failed = if quarter == 96 { bad } else { 0 };
            let at_ms = START_MS + quarter * 15 * MINUTE_MS;
            for minute in -14..0 {
                tracker.observe(&scrape(at_ms + minute * MINUTE_MS, total.saturating_sub(10), 0));
            }
            tracker.observe(&scrape(at_ms, total, failed));
        }
        let now = at(START_MS + DAY_MS);
        let fires = tracker.evaluate(now).iter().any(|it| it.key.severity == Severity::Page);
        let status = tracker.status(&availability(), now).unwrap();
        let pair = &status.primary().burns[0];
        (pair.long.counts.total, pair.is_held_back, fires)
    };
    assert_eq!(pages(2), (40, false, false));
    assert_eq!(pages(3), (40, true, false));
    assert_eq!(pages(5), (40, true, false));
    assert_eq!(pages(6), (40, false, true));
}

#[test]
fn a_young_slo_fires_when_its_share_of_the_budget_is_gone_and_not_earlier() {
    // 5 % errors burn at 10×. The 6-hour pair wants 5.6 × 6 h = 33.6 h of budget: 3.36 h at 10×.
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let first = (0..400_i64).find(|minute| {
        let passed = minute.unsigned_abs();
        let now_ms = START_MS + minute * MINUTE_MS;
        tracker.observe(&scrape(now_ms, 10_000 * passed, 500 * passed));
        !tracker.evaluate(at(now_ms)).is_empty()
    });
    assert_eq!(first, Some(202));
}

#[test]
fn an_alert_carries_its_evidence() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 600, 300, 0);
    let mut alerts = Vec::new();
    for minute in 1..=10_u64 {
        let at_ms = START_MS + (600 + i64::try_from(minute).unwrap()) * MINUTE_MS;
        tracker.observe(&scrape(at_ms, 300 * (600 + minute), 300 * minute));
        alerts = tracker.evaluate(at(at_ms));
    }
    let [page] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!((page.key.severity, page.since), (Severity::Page, at(START_MS + 605 * MINUTE_MS)));
    let [pair] = page.evidence.pairs.as_slice() else { panic!("{page:?}") };
    assert_eq!(pair.long.counts, Counts { total: 18_000, bad: 3_000 });
    assert_eq!(pair.short.counts, Counts { total: 1_500, bad: 1_500 });
    expect!["the 28-day budget is gone"].assert_eq(&page.evidence.sentence());
}

#[test]
fn the_forecast_goes_on_with_the_longest_window_that_holds() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let rate_window = |it: &Tracker, minutes| {
        it.status(&availability(), at(START_MS + minutes * MINUTE_MS))
            .unwrap()
            .primary()
            .rate_window
    };
    steady(&mut tracker, 60, 10_000, 0);
    assert_eq!(rate_window(&tracker, 60), SignedDuration::from_hours(6)); // none holds
    steady(&mut tracker, 24 * 60, 10_000, 5_000);
    assert_eq!(rate_window(&tracker, 24 * 60), SignedDuration::from_hours(72)); // all hold
}

#[test]
fn a_resumed_alert_keeps_its_beginning() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 60, 300, 300);
    let key = BurnKey {
        slo: availability(),
        objective: "slo".to_owned(),
        window: "28d".to_owned(),
        group: Labels::empty(),
        severity: Severity::Page,
    };
    tracker.resume(&key, at(START_MS));
    let alerts = tracker.evaluate(at(START_MS + HOUR_MS));
    assert_eq!(alerts[0].since, at(START_MS));
}

#[test]
fn unchanged_slis_keep_their_counts_when_the_configuration_changes() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 60, 100, 1);
    let now = at(START_MS + HOUR_MS);
    let total =
        |it: &Tracker, name: &SloName| it.status(name, now).unwrap().primary().budget.counts.total;

    let other = Slo { name: name("aaa/new"), ..slo("99%", days(7)) };
    assert_eq!(tracker.reconfigure(vec![slo("99.9%", days(7)), other.clone()]), [name("aaa/new")]);
    assert_eq!(total(&tracker, &availability()), 6_000);
    assert_eq!(total(&tracker, &name("aaa/new")), 0);

    // The past comes again for the new one; those who know it are not disturbed.
    steady(&mut tracker, 60, 100, 1);
    assert_eq!(total(&tracker, &availability()), 6_000);
    assert_eq!(total(&tracker, &name("aaa/new")), 6_000);

    // A longer window needs more of the past than is kept.
    assert_eq!(tracker.reconfigure(vec![slo("99.9%", days(90)), other]), [availability()]);
    assert_eq!(tracker.selectors(&availability()).len(), 2);
    assert_eq!(tracker.selectors(&name("no/such")).len(), 0);
}

#[test]
fn a_new_sli_takes_no_old_total_for_an_increase() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 60, 1_000_000, 0);
    let other = Slo { name: name("aaa/new"), ..slo("99%", days(7)) };
    assert_eq!(tracker.reconfigure(vec![slo("99.5%", days(28)), other]), [name("aaa/new")]);
    tracker.observe(&scrape(START_MS + 61 * MINUTE_MS, 61_000_000, 0));
    let status = tracker.status(&name("aaa/new"), at(START_MS + 61 * MINUTE_MS)).unwrap();
    assert_eq!(status.primary().budget.counts.total, 0);
}

#[test]
fn charts_have_whole_steps_and_a_limit() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 120, 10, 1);
    let slices = |from_ms, to_ms, step, points| {
        let step = SignedDuration::from_secs(step);
        tracker.slices(&availability(), at(from_ms), at(to_ms), step, points)
    };
    let end_ms = START_MS + 2 * HOUR_MS;
    let hourly = slices(START_MS, end_ms, 3_600, 100);
    assert_eq!(hourly.iter().map(|it| it.counts.total).collect::<Vec<_>>(), [600, 600]);
    for (step, points) in [(1, 7), (0, 1), (20, 1_000), (7_000, 3), (-5, 0)] {
        let slices = slices(START_MS + 1_234, end_ms, step, points);
        assert!(slices.len() <= points.max(2), "{step} {points}: {}", slices.len());
        assert!(slices.windows(2).all(|it| it[0].to == it[1].from));
        let covered = slices.first().is_some_and(|it| it.from <= at(START_MS + 1_234))
            && slices.last().is_some_and(|it| at(end_ms) <= it.to);
        assert!(covered, "{step} {points}: {slices:?}");
    }
    assert_eq!(slices(end_ms, START_MS, 60, 10), []);
}

#[test]
fn a_sample_from_the_future_is_not_taken() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 60, 100, 0);
    let now = at(START_MS + HOUR_MS);
    assert_eq!(tracker.evaluate(now), []);
    tracker.observe(&scrape(START_MS + 1_000 * DAY_MS, 1_000_000, 1_000_000));
    tracker.observe(&scrape(START_MS + HOUR_MS + MINUTE_MS, 6_100, 0));
    let status = tracker.status(&availability(), at(START_MS + HOUR_MS + MINUTE_MS)).unwrap();
    assert_eq!(status.primary().budget.counts, Counts { total: 6_100, bad: 0 });
}

#[test]
fn absurd_instants_and_windows_are_survived() {
    for window in [SignedDuration::ZERO, SignedDuration::MIN, SignedDuration::MAX, days(28)] {
        let mut tracker = tracker(vec![slo("99.5%", window)]);
        let times = [i64::MIN, i64::MIN + 1, -1, 0, 1, START_MS, i64::MAX];
        let samples: Vec<_> = times.iter().map(|it| (*it, 1.0)).collect();
        tracker.observe(&[batch(series("a", "200"), &samples)]);
        for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert!(tracker.status(&availability(), now).is_some());
            assert_eq!(tracker.evaluate(now), []);
            let chart = tracker.slices(&availability(), Timestamp::MIN, now, window, 10);
            assert!(chart.len() <= 10);
        }
    }
}

#[test]
fn series_that_have_ended_are_forgotten_when_there_are_many_and_their_counts_stay() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    let many: Vec<_> = (0..=crate::tally::SERIES_MAX)
        .map(|it| batch(series(&it.to_string(), "200"), &[(START_MS, 0.0), (START_MS + 1, 1.0)]))
        .collect();
    tracker.observe(&many);
    let status =
        |it: &Tracker, days: i64| it.status(&availability(), at(START_MS + days * DAY_MS)).unwrap();
    let limit = crate::tally::SERIES_MAX;
    assert_eq!(status(&tracker, 1).suspect, Some(crate::Suspect::TooManySeries { limit }));
    assert_eq!(status(&tracker, 1).primary().budget.counts.total, u64::try_from(limit).unwrap());
    let feeds = |it: &mut Tracker| it.routes.all().count();
    drop(tracker.evaluate(at(START_MS + 28 * DAY_MS)));
    assert_eq!(feeds(&mut tracker), limit);
    drop(tracker.evaluate(at(START_MS + 30 * DAY_MS)));
    assert_eq!(feeds(&mut tracker), 0);
}
