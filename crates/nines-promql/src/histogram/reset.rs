//! Whether a counter began anew between two histograms.

use nines_base::{CounterReset, Histogram};

use super::bucket::{Buckets, Side, exponential_bound, reduced};
use super::has_custom_buckets;
use super::sum::{at_bounds, common_bounds, zero_count_up_to};

/// Whether `current` cannot be `previous` with more observations; what the histogram itself says comes first.
pub(crate) fn detect_reset(current: &Histogram, previous: &Histogram) -> bool {
    match current.counter_reset {
        CounterReset::Reset => return true,
        CounterReset::NotReset => return false,
        CounterReset::Unknown | CounterReset::Gauge => {}
    }
    if current.count < previous.count {
        return true;
    }
    match [has_custom_buckets(current), has_custom_buckets(previous)] {
        [true, true] => return has_custom_fallen(current, previous),
        [false, false] => {}
        _ => return true,
    }
    // A higher resolution or a narrower zero bucket cannot come from adding.
    if current.schema > previous.schema || current.zero_threshold < previous.zero_threshold {
        return true;
    }
    let (zero_count, threshold) = zero_count_up_to(previous, current.zero_threshold);
    threshold > current.zero_threshold
        || current.zero_count < zero_count
        || has_fallen(current, previous, Side::Positive)
        || has_fallen(current, previous, Side::Negative)
}

/// Whether any bucket lost observations, between the borders that both have.
fn has_custom_fallen(current: &Histogram, previous: &Histogram) -> bool {
    let common = common_bounds(&current.custom_values, &previous.custom_values);
    let counts = |it: &Histogram| {
        let mut counts = vec![0.0; common.len() + 1];
        for (index, count) in it.indexed(Side::Positive) {
            let at = at_bounds(index, &it.custom_values, &common);
            if let Some(slot) = usize::try_from(at).ok().and_then(|it| counts.get_mut(it)) {
                *slot += count;
            }
        }
        counts
    };
    counts(current).into_iter().zip(counts(previous)).any(|(now, before)| now < before)
}

/// Whether any exponential bucket lost observations.
fn has_fallen(current: &Histogram, previous: &Histogram, side: Side) -> bool {
    let mut now = current.indexed(side).peekable();
    let before = reduced(previous.indexed(side), previous.schema, current.schema);
    let is_outside = |index: i32| exponential_bound(index, current.schema) > current.zero_threshold;
    for (index, count) in before.into_iter().filter(|(index, _)| is_outside(*index)) {
        while now.next_if(|it| it.0 < index).is_some() {}
        let found = now.peek().filter(|it| it.0 == index).map_or(0.0, |it| it.1);
        if found < count {
            return true;
        }
    }
    false
}
