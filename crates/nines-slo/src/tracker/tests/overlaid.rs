//! The tracker under overlays and versions, against the oracle: what is excluded is what the oracle counts there.

use super::laws::{end_ms, feed, raw};
use super::oracle::{Raw, recount};
use super::*;
use crate::testing::{exclusion, once};
use crate::{Basis, Cause, ObjectiveVersion, OverlayEffect};

fn minutes_out(from_ms: i64, to_ms: i64) -> (i64, i64) {
    (floor_to(from_ms, MINUTE_MS), floor_to(to_ms + MINUTE_MS - 1, MINUTE_MS))
}

/// Stretches in milliseconds after the start, apart from each other.
fn stretches() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((1..3_000_000_i64, 1..3_000_000_i64), 0..5).prop_map(|steps| {
        let mut at_ms = START_MS;
        let stretch = |(gap_ms, length_ms): (i64, i64)| {
            let from_ms = at_ms + MINUTE_MS + gap_ms;
            at_ms = from_ms + length_ms;
            (from_ms, at_ms)
        };
        steps.into_iter().map(stretch).collect()
    })
}

/// Counts and known time of the budget by the oracle.
fn expected(raw: &[Raw], excluded: &[(i64, i64)], from_ms: i64, now_ms: i64) -> (Counts, i64) {
    let (mut counts, mut known_ms) = recount(raw, from_ms, now_ms);
    for &(start_ms, end_ms) in excluded {
        let (start_ms, end_ms) = minutes_out(start_ms, end_ms);
        let (start_ms, end_ms) = (start_ms.max(from_ms), end_ms.min(now_ms));
        if start_ms < end_ms {
            // Known time is that of all samples, also of those after the stretch.
            let ((all, all_ms), (later, later_ms)) =
                (recount(raw, start_ms, now_ms), recount(raw, end_ms, now_ms));
            counts.total -= all.total - later.total;
            counts.bad -= all.bad - later.bad;
            known_ms -= all_ms - later_ms;
        }
    }
    (counts, known_ms)
}

proptest! {
    #[test]
    fn what_is_excluded_is_what_the_oracle_counts_there(
        raw in raw(), excluded in stretches(), hours in 1..700_i64,
    ) {
        let now_ms = floor_to(end_ms(&raw), 15_000) + 15_000;
        let mut tracker = tracker(vec![slo("99.5%", SignedDuration::from_hours(hours))]);
        feed(&mut tracker, &raw);
        let overlay = |it: &(i64, i64)| exclusion("checkout/*", once(it.0, it.1));
        tracker.set_overlays(excluded.iter().map(overlay).collect());
        let status = tracker.status(&availability(), at(now_ms)).unwrap();
        let goal = status.primary();
        let from_ms = goal.budget.from.as_millisecond();
        let counted = (goal.budget.counts, millis(goal.budget.known));
        prop_assert_eq!(counted, expected(&raw, &excluded, from_ms, now_ms));
        prop_assert_eq!(goal.raw.counts, recount(&raw, from_ms, now_ms).0);

        // Without them everything is as if they had never been.
        tracker.set_overlays(Vec::new());
        let status = tracker.status(&availability(), at(now_ms)).unwrap();
        prop_assert_eq!(status.primary().budget, status.primary().raw);
    }

    #[test]
    fn each_version_has_the_events_that_the_oracle_counts_after_its_beginning(
        raw in raw(), changes in prop::collection::btree_set(0..4_000_000_i64, 1..4),
    ) {
        let now_ms = floor_to(end_ms(&raw), 15_000) + 15_000;
        let mut slo = slo("99.5%", days(28));
        let version = |(index, offset_ms): (usize, &i64)| ObjectiveVersion {
            effective: at(START_MS + offset_ms),
            target: ["99%", "98%", "97%"][index].parse().unwrap(),
        };
        slo.goals[0].versions = changes.iter().enumerate().map(version).collect();
        let versions = slo.goals[0].versions.clone();
        let mut tracker = tracker(vec![slo]);
        feed(&mut tracker, &raw);
        let status = tracker.status(&availability(), at(now_ms)).unwrap();
        let goal = status.primary();
        let mut later = goal.budget.counts.total;
        for (part, next) in goal.permitted.iter().zip(versions.iter().skip(1)) {
            // A change holds from the slice on in which it lies.
            let grain_ms = 60_000;
            let begins_ms = floor_to(next.effective.as_millisecond(), grain_ms);
            let fine_ms = floor_to(next.effective.as_millisecond(), 15_000);
            let after = [begins_ms, fine_ms].map(|it| recount(&raw, it, now_ms).0.total);
            later -= part.total;
            prop_assert!(after.contains(&later), "{later} of {after:?}");
        }
        let all = goal.permitted.iter().map(|it| it.total).sum::<u64>();
        prop_assert_eq!(all, goal.budget.counts.total);
    }
}

#[test]
fn a_correction_and_a_forecast_reach_the_budget() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    steady(&mut tracker, 120, 1_000, 4);
    let now = at(START_MS + 2 * HOUR_MS);
    let half = once(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS);
    let effect = OverlayEffect::Correct { good: 60_000, total: 60_000 };
    tracker.set_overlays(vec![Overlay { effect, ..exclusion("*", half) }]);
    let status = tracker.status(&availability(), now).unwrap();
    assert_eq!(status.primary().budget.counts, Counts { total: 120_000, bad: 240 });
    assert_eq!(status.primary().raw.counts, Counts { total: 120_000, bad: 480 });
    assert_eq!(status.primary().overlays, ["db-maintenance"]);
    // Two hours of 28 days are known.
    assert_eq!(status.primary().on(Basis::Whole).total, 40_320_000);
    let incident = Cause {
        name: "INC-42".to_owned(),
        severity: 1,
        from: at(START_MS + HOUR_MS / 2),
        to: at(START_MS + 3 * HOUR_MS / 2),
    };
    let attribution = tracker.attribute(&availability(), 0, &[incident], now).unwrap();
    assert_eq!((attribution.causes[0].bad, attribution.unattributed), (120, 120));
    assert_eq!(tracker.attribute(&availability(), 1, &[], now), None);
    assert_eq!(tracker.expect_total(&availability(), 0, now), Some(120_000));
    // New overlays are for new SLOs too.
    drop(tracker.reconfigure(vec![slo("99.9%", days(28))]));
    let status = tracker.status(&availability(), now).unwrap();
    assert_eq!(status.primary().budget.counts.bad, 240);
}
