//! A slow evaluator: recounts everything from all raw samples with plain loops. Shares no code with the
//! tracker, and knows only this crate's written rules.

use nines_base::Labels;

use crate::Counts;
use crate::testing::{DAY_MS, MINUTE_MS};

const STALE_AFTER_MS: i64 = 5 * MINUTE_MS;
const FORGET_AFTER_MS: i64 = DAY_MS;

/// All samples of a series, in time order, each instant once.
pub(super) type Raw = (Labels, Vec<(i64, f64)>);

/// Counts and known time in (`from_ms`, `to_ms`]; `to_ms` is not before any sample.
pub(super) fn recount(raw: &[Raw], from_ms: i64, to_ms: i64) -> (Counts, i64) {
    let mut counts = Counts::default();
    for (labels, samples) in raw {
        for (at_ms, events) in increases(raw, labels, samples) {
            if from_ms < at_ms && at_ms <= to_ms {
                counts.total += events;
                counts.bad += if labels.value("code").starts_with('5') { events } else { 0 };
            }
        }
    }
    (counts, known_ms(raw, from_ms, to_ms))
}

fn usable(samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    let is_usable = |it: &&(i64, f64)| it.1.is_finite() && 0.0 <= it.1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    let whole = |it: &(i64, f64)| (it.0, it.1 as u64);
    samples.iter().filter(is_usable).map(whole).collect()
}

fn increases(raw: &[Raw], labels: &Labels, samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    let samples = usable(samples);
    let mut increases = Vec::new();
    for (index, &(at_ms, value)) in samples.iter().enumerate() {
        let previous = index.checked_sub(1).map(|it| samples[it]);
        let events = match previous {
            Some((earlier_ms, earlier)) if at_ms - earlier_ms <= FORGET_AFTER_MS => {
                if value < earlier { value } else { value - earlier }
            }
            _ if was_sampled_before(raw, labels, at_ms) => value,
            _ => 0,
        };
        increases.push((at_ms, events));
    }
    increases
}

/// Whether a series of the same target has a sample shortly before.
fn was_sampled_before(raw: &[Raw], labels: &Labels, at_ms: i64) -> bool {
    raw.iter().any(|(other, samples)| {
        let is_same = other.value("instance") == labels.value("instance");
        let is_shortly_before = |it: &(i64, u64)| it.0 < at_ms && at_ms - it.0 <= STALE_AFTER_MS;
        is_same && usable(samples).iter().any(is_shortly_before)
    })
}

fn known_ms(raw: &[Raw], from_ms: i64, to_ms: i64) -> i64 {
    let mut instants: Vec<i64> = raw.iter().flat_map(|it| usable(&it.1)).map(|it| it.0).collect();
    if instants.is_empty() {
        return 0;
    }
    instants.push(to_ms);
    instants.sort_unstable();
    let mut known_ms = 0;
    for pair in instants.windows(2) {
        if pair[1] - pair[0] <= STALE_AFTER_MS {
            known_ms += (pair[1].min(to_ms) - pair[0].max(from_ms)).max(0);
        }
    }
    known_ms
}

/// What a slice is judged by, apart from its samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct SliceRules {
    pub(super) width_ms: i64,
    pub(super) no_traffic: crate::NoTraffic,
    pub(super) no_data: crate::NoData,
}

/// The share of bad events of each slice in (`from_ms`, `to_ms`], as bad and total; both 1 where all of it is bad by a
/// rule. Slices that do not count are left out. Both ends are ends of slices.
pub(super) fn slices(raw: &[Raw], rules: SliceRules, from_ms: i64, to_ms: i64) -> Vec<(u64, u64)> {
    let known = Known::new(raw);
    let Some(first_ms) = known.instants.first().copied() else { return Vec::new() };
    let first = from_ms.max(first_ms - rules.width_ms) / rules.width_ms + 1;
    let ends = (first..=to_ms / rules.width_ms).map(|it| it * rules.width_ms);
    ends.filter_map(|it| slice(&known, rules, first_ms, it)).collect()
}

/// Everything that slices are judged by.
struct Known {
    /// Sorted.
    instants: Vec<i64>,
    /// When, how many, and how many of them are bad.
    events: Vec<(i64, u64, u64)>,
}

impl Known {
    fn new(raw: &[Raw]) -> Self {
        let mut instants: Vec<i64> =
            raw.iter().flat_map(|it| usable(&it.1)).map(|it| it.0).collect();
        instants.sort_unstable();
        let mut events = Vec::new();
        for (labels, samples) in raw {
            let is_bad = labels.value("code").starts_with('5');
            let all = increases(raw, labels, samples).into_iter();
            events.extend(all.map(|(at_ms, it)| (at_ms, it, if is_bad { it } else { 0 })));
        }
        Self { instants, events }
    }
}

fn slice(known: &Known, rules: SliceRules, first_ms: i64, end_ms: i64) -> Option<(u64, u64)> {
    use crate::{NoData, NoTraffic};
    match data(known, rules, first_ms, end_ms) {
        Data::Events(counts) => Some((counts.bad, counts.total)),
        Data::Before => None,
        Data::Idle => match rules.no_traffic {
            NoTraffic::Good => Some((0, 1)),
            NoTraffic::Bad => Some((1, 1)),
            NoTraffic::Ignore => None,
        },
        Data::None => match rules.no_data {
            NoData::Ignore => None,
            NoData::Good => Some((0, 1)),
            NoData::Bad => Some((1, 1)),
            NoData::Carry { at_most } => {
                let mut earlier_ms = end_ms - rules.width_ms;
                while end_ms - earlier_ms <= i64::try_from(at_most.as_millis()).unwrap() {
                    match data(known, rules, first_ms, earlier_ms) {
                        Data::None => earlier_ms -= rules.width_ms,
                        _ => return slice(known, rules, first_ms, earlier_ms),
                    }
                }
                None
            }
        },
    }
}

enum Data {
    Events(Counts),
    Idle,
    None,
    /// It is not a whole slice since the first sample.
    Before,
}

fn data(known: &Known, rules: SliceRules, first_ms: i64, end_ms: i64) -> Data {
    let begin_ms = end_ms - rules.width_ms;
    let inside = known.events.iter().filter(|it| begin_ms < it.0 && it.0 <= end_ms);
    let counts = inside.fold(Counts::default(), |sum, (_, total, bad)| Counts {
        total: sum.total + total,
        bad: sum.bad + bad,
    });
    let is_known = known
        .instants
        .windows(2)
        .any(|it| it[1] - it[0] <= STALE_AFTER_MS && it[0].max(begin_ms) < it[1].min(end_ms));
    match counts.total {
        0 if begin_ms < first_ms => Data::Before,
        0 if is_known => Data::Idle,
        0 => Data::None,
        _ => Data::Events(counts),
    }
}

/// The worst, the best, or the mean of what a gauge shows in each slice; values are whole numbers.
pub(super) fn gauges(raw: &[Raw], width_ms: i64, from_ms: i64, to_ms: i64) -> Vec<Vec<i64>> {
    let first_ms = raw.iter().flat_map(|it| &it.1).map(|it| it.0).min().unwrap_or(to_ms);
    let first = from_ms.max(first_ms - width_ms) / width_ms + 1;
    let ends = (first..=to_ms / width_ms).map(|it| it * width_ms);
    let inside = |end_ms: i64| -> Vec<i64> {
        let samples = raw.iter().flat_map(|it| &it.1);
        let samples = samples.filter(|it| end_ms - width_ms < it.0 && it.0 <= end_ms);
        #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
        samples.filter(|it| it.1.is_finite()).map(|it| it.1 as i64).collect()
    };
    ends.map(inside).filter(|it| !it.is_empty()).collect()
}
