//! The order of samples: by time, and of equal times the last write wins.
//!
//! It must not know where the samples come from.

use nines_base::{HistogramSample, Sample};

/// Something at an instant.
pub(crate) trait Timed {
    fn at_ms(&self) -> i64;
}

impl Timed for Sample {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

impl Timed for HistogramSample {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

/// Sorts what was written in this order by time; of equal times the last one stays.
pub(crate) fn settle<T: Timed>(samples: &mut Vec<T>) {
    if samples.is_sorted_by(|a, b| a.at_ms() < b.at_ms()) {
        return;
    }
    samples.sort_by_key(T::at_ms); // stable: later writes stay later
    samples.dedup_by(|later, kept| {
        let same = later.at_ms() == kept.at_ms();
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
}

/// Where a number and a histogram have one time, the histogram stays. Both are settled.
pub(crate) fn prefer_histograms(samples: &mut Vec<Sample>, histograms: &[HistogramSample]) {
    if !histograms.is_empty() {
        samples.retain(|it| histograms.binary_search_by_key(&it.at_ms, |it| it.at_ms).is_err());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_times_the_last_write_wins() {
        let sample = |at_ms, value| Sample { at_ms, value };
        let mut samples = vec![sample(5, 1.0), sample(3, 2.0), sample(5, 3.0), sample(5, 4.0)];
        settle(&mut samples);
        assert_eq!(samples, [sample(3, 2.0), sample(5, 4.0)]);
    }
}
