//! Summaries of runs of samples, and how two that follow each other become one.
//!
//! It must not know chunks.

use nines_base::{Sample, is_stale};
use nines_promql::WindowSummary;

/// What the numbers come to; `None` if there are only staleness markers. Times rise.
pub(crate) fn summarize(samples: &[Sample]) -> Option<WindowSummary> {
    let mut numbers = samples.iter().filter(|it| !is_stale(it.value));
    let first = *numbers.next()?;
    let Sample { value, .. } = first;
    let mut sum = WindowSummary {
        count: 1,
        first,
        last: first,
        min: value,
        max: value,
        sum: value,
        drops: 0.0,
    };
    for sample in numbers {
        let value = sample.value;
        sum.count += 1;
        sum.min = sum.min.min(value); // `min` and `max` prefer anything to NaN
        sum.max = sum.max.max(value);
        sum.sum += value;
        if value < sum.last.value {
            sum.drops += sum.last.value;
        }
        sum.last = *sample;
    }
    Some(sum)
}

/// One summary of both; everything in `later` is after everything in `earlier`.
pub(crate) fn join(
    earlier: Option<WindowSummary>,
    later: Option<WindowSummary>,
) -> Option<WindowSummary> {
    let (Some(a), Some(b)) = (earlier, later) else { return earlier.or(later) };
    let drop = if b.first.value < a.last.value { a.last.value } else { 0.0 };
    Some(WindowSummary {
        count: a.count + b.count,
        first: a.first,
        last: b.last,
        min: a.min.min(b.min),
        max: a.max.max(b.max),
        sum: a.sum + b.sum,
        drops: a.drops + drop + b.drops,
    })
}

#[cfg(test)]
mod tests {
    use nines_base::stale_marker;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_summary_of_parts_is_the_summary_of_the_whole(
            values in vec(prop_oneof![4 => (0..9_i32).prop_map(f64::from), 1 => Just(stale_marker()), 1 => Just(f64::NAN)], 0..40),
            cut in 0..40_usize,
        ) {
            let samples: Vec<Sample> =
                (0..).zip(&values).map(|(at_ms, value)| Sample { at_ms, value: *value }).collect();
            let (a, b) = samples.split_at(cut.min(samples.len()));
            let joined = join(summarize(a), summarize(b));
            prop_assert_eq!(format!("{joined:?}"), format!("{:?}", summarize(&samples)));
        }
    }
}
