//! The tracker against the oracle, and the laws of counting.

use super::oracle::{Raw, recount};
use super::*;
use crate::testing::requests;
use crate::{CounterSli, SavedSlo, Sli, SliKind};

/// What happens to one counter between two scrapes.
#[derive(Debug, Clone, Copy)]
enum Event {
    Grow(u16),
    Reset(u16),
    Nan,
    Stale,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..500_u16).prop_map(Event::Grow),
        1 => (0..50_u16).prop_map(Event::Reset),
        1 => Just(Event::Nan),
        1 => Just(Event::Stale),
    ]
}

fn interval_ms() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => Just(15_000),
        3 => 1..400_000_i64,
        2 => Just(5 * MINUTE_MS),
        1 => Just(5 * MINUTE_MS + 1),
        1 => Just(2 * HOUR_MS),
        1 => Just(DAY_MS + 1),
    ]
}

/// The samples of one series: each `(interval, event)` adds one.
fn samples(interval_ms: impl Strategy<Value = i64>) -> impl Strategy<Value = Vec<(i64, f64)>> {
    let steps = prop::collection::vec((interval_ms, event()), 0..25);
    (0..20_i64, 0..1_000_u32, steps).prop_map(|(offset, first, steps)| {
        let (mut at_ms, mut value) = (START_MS + offset * 15_000, f64::from(first));
        let mut samples = vec![(at_ms, value)];
        for (interval_ms, event) in steps {
            at_ms += interval_ms;
            let shown = match event {
                Event::Grow(by) => {
                    value += f64::from(by);
                    value
                }
                Event::Reset(to) => {
                    value = f64::from(to);
                    value
                }
                Event::Nan => f64::NAN,
                Event::Stale => stale_marker(),
            };
            samples.push((at_ms, shown));
        }
        samples
    })
}

pub(super) fn raw() -> impl Strategy<Value = Vec<Raw>> {
    raw_of(interval_ms)
}

/// Without days of silence.
pub(super) fn short_raw() -> impl Strategy<Value = Vec<Raw>> {
    raw_of(|| {
        prop_oneof![
            12 => Just(15_000),
            6 => 1..400_000_i64,
            4 => Just(5 * MINUTE_MS),
            1 => Just(HOUR_MS),
        ]
    })
}

fn raw_of<I: Strategy<Value = i64>>(
    interval_ms: impl Fn() -> I,
) -> impl Strategy<Value = Vec<Raw>> {
    let labels = [series("a", "200"), series("a", "500"), series("b", "200"), series("b", "503")];
    prop::collection::vec(samples(interval_ms()), 4)
        .prop_map(move |it| labels.clone().into_iter().zip(it).collect())
}

/// How the samples reach the tracker.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arrival {
    /// Scrape by scrape, as they happened.
    Live,
    /// Each series as a whole, one batch each.
    Replayed,
    /// All series in one batch.
    AtOnce,
    /// The second half live, then the first half in pieces, oldest first, twice.
    LiveThenPast,
    /// Newest sample first.
    Backwards,
    /// Each scrape up to two minutes late, so that they overtake each other; some come twice.
    Jittered,
}

pub(super) const ARRIVALS: [Arrival; 6] = [
    Arrival::Live,
    Arrival::Replayed,
    Arrival::AtOnce,
    Arrival::LiveThenPast,
    Arrival::Backwards,
    Arrival::Jittered,
];

/// All samples as single scrapes, in time order.
pub(super) fn scrapes(raw: &[Raw]) -> Vec<Vec<SampleBatch>> {
    let mut scrapes = BTreeMap::<i64, Vec<SampleBatch>>::new();
    for (labels, samples) in raw {
        for sample in samples {
            scrapes.entry(sample.0).or_default().push(batch(labels.clone(), &[*sample]));
        }
    }
    scrapes.into_values().collect()
}

pub(super) fn deliver(tracker: &mut Tracker, raw: &[Raw], arrival: Arrival) {
    let all: Vec<SampleBatch> =
        raw.iter().map(|(it, samples)| batch(it.clone(), samples)).collect();
    let scrapes = scrapes(raw);
    let (past, live) = scrapes.split_at(scrapes.len() / 2);
    match arrival {
        Arrival::Live => scrapes.iter().for_each(|it| tracker.observe(it)),
        Arrival::Replayed => all.iter().for_each(|it| tracker.observe(std::slice::from_ref(it))),
        Arrival::AtOnce => tracker.observe(&all),
        Arrival::Backwards => scrapes.iter().rev().for_each(|it| tracker.observe(it)),
        Arrival::Jittered => {
            let late_ms = |it: &[SampleBatch]| {
                let at_ms = it[0].samples[0].at_ms;
                at_ms + (at_ms / 7).rem_euclid(8) * MINUTE_MS / 4
            };
            let mut late = scrapes.clone();
            late.extend(scrapes.iter().step_by(3).cloned());
            late.sort_by_key(|it| late_ms(it));
            for it in &late {
                tracker.observe(it);
            }
        }
        Arrival::LiveThenPast => {
            for it in live.iter().chain(past).chain(past) {
                tracker.observe(it);
            }
        }
    }
}

pub(super) fn end_ms(raw: &[Raw]) -> i64 {
    raw.iter().flat_map(|it| &it.1).map(|it| it.0).max().unwrap_or(START_MS)
}

const LENGTHS_MS: [i64; 6] =
    [5 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 3 * DAY_MS, 10 * DAY_MS, 28 * DAY_MS];

fn windows(tracker: &Tracker, now_ms: i64) -> Vec<WindowCounts> {
    let window = |it: &i64| {
        tracker.window(&availability(), SignedDuration::from_millis(*it), at(now_ms)).unwrap()
    };
    LENGTHS_MS.iter().map(window).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restart_from_a_checkpoint_at_any_point_changes_nothing(
        raw in raw(), saved in 0..100_usize, stop in 0..100_usize, overlap in 0..10_usize,
    ) {
        let of_instance = |instance: &str, target: &str| {
            let total = crate::testing::selector(vec![Matcher::equal("instance", instance)]);
            let mut slo = slo(target, days(28));
            slo.name = name(&format!("checkout/{instance}"));
            let counter = CounterSli { good: vec![], bad: vec![requests(Some("5.."))], total: vec![total], scale: 0 };
            slo.sli = Sli::from(SliKind::Counter(counter));
            slo
        };
        let slos = |of_b| vec![slo("99.5%", days(28)), of_instance("a", "99%"), of_instance(of_b, "99%")];
        let scrapes = scrapes(&raw);
        let stop = stop.min(scrapes.len());
        let saved = saved.min(stop);
        let mut steady = tracker(slos("b"));
        for it in &scrapes[..saved] {
            steady.observe(it);
        }
        let names: Vec<SloName> = steady.slos().map(|it| it.name.clone()).collect();
        let bytes = rmp_serde::to_vec(&steady.save(&names)).unwrap();
        for it in &scrapes[saved..] {
            steady.observe(it);
        }
        // Of one SLO the definition is another one now, so it counts everything again.
        let mut restarted = tracker(slos("c"));
        prop_assert_eq!(restarted.restore(rmp_serde::from_slice::<Vec<SavedSlo>>(&bytes).unwrap()).len(), 2);
        let mut restarted = tracker(slos("b"));
        let restored = restarted.restore(rmp_serde::from_slice::<Vec<SavedSlo>>(&bytes).unwrap());
        prop_assert_eq!(restored, names);
        // What was stored since then, and some of what was stored before, is replayed series by series.
        let at_of = |index: usize, otherwise| scrapes.get(index).map_or(otherwise, |it| it[0].samples[0].at_ms);
        let (from_ms, until_ms) = (at_of(saved.saturating_sub(overlap), i64::MAX), at_of(stop, i64::MAX));
        for (labels, samples) in &raw {
            let stored: Vec<_> = samples.iter().filter(|it| from_ms <= it.0 && it.0 < until_ms).copied().collect();
            restarted.observe(&[batch(labels.clone(), &stored)]);
        }
        for it in &scrapes[stop..] {
            restarted.observe(it);
        }
        let now = at(end_ms(&raw) + 1);
        prop_assert_eq!(steady.evaluate(now), restarted.evaluate(now));
        prop_assert_eq!(steady.statuses(now), restarted.statuses(now));
    }
}

proptest! {
    #[test]
    fn every_arrival_gives_what_the_oracle_counts(raw in raw(), lag_ms in 0..400_000_i64) {
        // Slices count as wholes, so the end is put on one.
        let now_ms = floor_to(end_ms(&raw) + lag_ms, 15_000) + 15_000;
        for arrival in ARRIVALS {
            let mut tracker = tracker(vec![slo("99.5%", days(28))]);
            deliver(&mut tracker, &raw, arrival);
            for (length_ms, window) in LENGTHS_MS.iter().zip(windows(&tracker, now_ms)) {
                let grain_ms = if *length_ms <= 4 * DAY_MS { 15_000 } else { 60_000 };
                let from_ms = floor_to(now_ms - length_ms, grain_ms);
                prop_assert_eq!(window.from.as_millisecond(), from_ms);
                let counted = (window.counts, millis(window.known));
                prop_assert_eq!(counted, recount(&raw, from_ms, now_ms), "{:?}", arrival);
            }
        }
    }

    #[test]
    fn a_restart_at_any_point_changes_nothing(raw in raw(), stop in 0..100_usize) {
        let scrapes = scrapes(&raw);
        let stop = stop.min(scrapes.len());
        let (mut steady, mut restarted) =
            (tracker(vec![slo("99.5%", days(28))]), tracker(vec![slo("99.5%", days(28))]));
        for it in &scrapes {
            steady.observe(it);
        }
        // What was stored is replayed series by series, then life goes on.
        let until_ms = scrapes.get(stop).map_or(i64::MAX, |it| it[0].samples[0].at_ms);
        for (labels, samples) in &raw {
            let stored: Vec<_> = samples.iter().filter(|it| it.0 < until_ms).copied().collect();
            restarted.observe(&[batch(labels.clone(), &stored)]);
        }
        for it in &scrapes[stop..] {
            restarted.observe(it);
        }
        let now_ms = end_ms(&raw) + 1;
        prop_assert_eq!(windows(&steady, now_ms), windows(&restarted, now_ms));
        let now = at(now_ms);
        prop_assert_eq!(steady.evaluate(now), restarted.evaluate(now));
        prop_assert_eq!(steady.statuses(now), restarted.statuses(now));
    }

    #[test]
    fn shifting_time_by_whole_slices_changes_nothing(raw in raw(), minutes in 0..10_000_i64) {
        let shift_ms = minutes * MINUTE_MS;
        let later = |samples: &Vec<(i64, f64)>| -> Vec<_> {
            samples.iter().map(|it| (it.0 + shift_ms, it.1)).collect()
        };
        let shifted: Vec<Raw> = raw.iter().map(|it| (it.0.clone(), later(&it.1))).collect();
        let (mut a, mut b) = (tracker(vec![slo("99.5%", days(28))]), tracker(vec![slo("99.5%", days(28))]));
        deliver(&mut a, &raw, Arrival::Live);
        deliver(&mut b, &shifted, Arrival::Live);
        let now_ms = end_ms(&raw);
        let counted = |it: Vec<WindowCounts>| it.iter().map(|it| (it.counts, it.known)).collect::<Vec<_>>();
        prop_assert_eq!(counted(windows(&a, now_ms)), counted(windows(&b, now_ms + shift_ms)));
    }

    #[test]
    fn evaluating_more_often_changes_no_budget(raw in raw()) {
        let (mut often, mut once) =
            (tracker(vec![slo("99.5%", days(28))]), tracker(vec![slo("99.5%", days(28))]));
        for it in scrapes(&raw) {
            once.observe(&it);
            drop(often.evaluate(at(it[0].samples[0].at_ms)));
            often.observe(&it);
            drop(often.evaluate(at(it[0].samples[0].at_ms)));
        }
        let now_ms = end_ms(&raw);
        prop_assert_eq!(windows(&often, now_ms), windows(&once, now_ms));
    }

    #[test]
    fn splitting_a_series_into_many_changes_no_counts(growth in prop::collection::vec(0..100_u32, 1..40)) {
        let (mut one, mut many) =
            (tracker(vec![slo("99.5%", days(28))]), tracker(vec![slo("99.5%", days(28))]));
        let mut parts = [0.0, 0.0, 0.0];
        let codes = ["500", "501", "502"];
        for (index, by) in growth.iter().enumerate() {
            let at_ms = START_MS + i64::try_from(index).unwrap() * 15_000;
            parts[index % 3] += f64::from(*by);
            one.observe(&[batch(series("a", "500"), &[(at_ms, parts.iter().sum())])]);
            let part = |(code, value): (&&str, &f64)| batch(series("a", code), &[(at_ms, *value)]);
            many.observe(&codes.iter().zip(&parts).map(part).collect::<Vec<_>>());
        }
        prop_assert_eq!(windows(&one, START_MS + HOUR_MS), windows(&many, START_MS + HOUR_MS));
    }
}

#[test]
fn a_sample_batch_of_nothing_is_nothing() {
    let mut tracker = tracker(vec![slo("99.5%", days(28))]);
    tracker.observe(&[]);
    tracker.observe(&[SampleBatch {
        labels: series("a", "200"),
        samples: Vec::<Sample>::new(),
        histograms: Vec::new(),
    }]);
    assert_eq!(tracker.status(&availability(), at(START_MS)).unwrap().state, SloState::NoData);
}
