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
