use nines_base::Sample;
use proptest::prelude::*;

use super::{Ends, Growth, growth_of_series, growth_of_summaries};
use crate::function::RateKind;
use crate::{WindowSummary, Windows};

const ABSENT: f64 = -12_345.0;

fn samples_of(windows: &Windows, index: usize, samples: &[Sample]) -> (i64, Vec<Sample>) {
    let end_ms = windows.first_end_ms + windows.step_ms * i64::try_from(index).unwrap();
    let start_ms = end_ms - windows.range_ms;
    let inside = samples.iter().filter(|it| it.at_ms > start_ms && it.at_ms <= end_ms);
    (end_ms, inside.copied().collect())
}

fn drops(samples: &[Sample]) -> f64 {
    samples.windows(2).filter(|it| it[1].value < it[0].value).map(|it| it[0].value).sum()
}

/// Growth computed window by window, without what neighbours have in common.
fn one_by_one(kind: RateKind, samples: &[Sample], windows: &Windows) -> Vec<f64> {
    let value = |index: usize| {
        let (end_ms, inside) = samples_of(windows, index, samples);
        let (first, last) = (*inside.first()?, *inside.last()?);
        let drops = if kind.is_counter() { drops(&inside) } else { 0.0 };
        Growth::new(kind, windows.range_ms).of(&Ends {
            first,
            last,
            count: inside.len(),
            drops,
            end_ms,
        })
    };
    (0..windows.count).map(|index| value(index).unwrap_or(ABSENT)).collect()
}

fn is_near(one: f64, two: f64) -> bool {
    (one - two).abs() <= 1e-9 * one.abs().max(1.0) || (one.is_nan() && two.is_nan())
}

#[derive(Debug, Clone)]
struct Case {
    samples: Vec<Sample>,
    windows: Windows,
    kind: RateKind,
}

/// Mostly regular samples, with restarts, gaps and values near zero.
fn case() -> impl Strategy<Value = Case> {
    let steps = proptest::collection::vec(
        (
            prop_oneof![20 => 0.0..9.0, 1 => -500.0..0.0, 1 => Just(f64::NAN)],
            proptest::bool::weighted(0.02),
        ),
        2..400,
    );
    let kinds = proptest::sample::select(vec![RateKind::Rate, RateKind::Increase, RateKind::Delta]);
    (steps, kinds, 0_i64..60, 1_i64..40, 0_i64..12, 1_usize..300, proptest::bool::weighted(0.5))
        .prop_map(|(steps, kind, shift, range, step, count, has_gaps)| {
            let mut value = 0.0;
            let mut samples = Vec::new();
            for ((grown, is_gap), index) in steps.into_iter().zip(0..) {
                let next = if f64::is_nan(grown) { grown } else { f64::max(value + grown, 0.0) };
                value = if next.is_nan() { value } else { next };
                if !(is_gap && has_gaps) {
                    samples.push(Sample { at_ms: 300_000 + index * 10_000, value: next });
                }
            }
            let windows = Windows {
                first_end_ms: shift * 10_000 - shift % 3 * 2_500,
                step_ms: step * 5_000,
                count,
                range_ms: range * 5_000,
            };
            Case { samples, windows, kind }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn windows_computed_together_equal_windows_computed_alone(Case { samples, windows, kind } in case()) {
        let mut found = vec![ABSENT; windows.count];
        growth_of_series(kind, &samples, &windows, &mut found);
        let expected = one_by_one(kind, &samples, &windows);
        for (index, (one, two)) in found.iter().zip(&expected).enumerate() {
            prop_assert!(is_near(*one, *two), "window {index}: {one} instead of {two}");
        }
    }

    #[test]
    fn summaries_say_as_much_as_samples(Case { samples, windows, kind } in case()) {
        let summaries = (0..windows.count).map(|index| {
            let (_, inside) = samples_of(&windows, index, &samples);
            let (first, last) = (*inside.first()?, *inside.last()?);
            let values = || inside.iter().map(|it| it.value);
            Some(WindowSummary {
                first,
                last,
                count: inside.len() as u64,
                sum: values().sum(),
                min: values().fold(f64::NAN, f64::min),
                max: values().fold(f64::NAN, f64::max),
                drops: drops(&inside),
            })
        });
        let mut found = vec![ABSENT; windows.count];
        growth_of_summaries(kind, &windows, &summaries.collect::<Vec<_>>(), &mut found);
        let mut expected = vec![ABSENT; windows.count];
        growth_of_series(kind, &samples, &windows, &mut expected);
        for (index, (one, two)) in found.iter().zip(&expected).enumerate() {
            prop_assert!(is_near(*one, *two), "window {index}: {one} instead of {two}");
        }
    }
}
