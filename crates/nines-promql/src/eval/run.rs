//! What is counted and noted while a query runs.

use crate::limits::Meter;
use crate::notes::Notes;
use crate::{Answer, QueryError, QueryLimits, SelectorRead, SeriesView, Value, WindowSummary};

/// Limits, notes and statistics of one run.
pub(super) struct Run<'a> {
    pub(super) meter: Meter<'a>,
    pub(super) notes: Notes,
    reads: Vec<SelectorRead>,
}

impl<'a> Run<'a> {
    pub(super) fn new(limits: &'a QueryLimits<'a>) -> Self {
        Self { meter: Meter::new(limits), notes: Notes::default(), reads: Vec::new() }
    }

    /// A selector begins to read.
    pub(super) fn begin_read(&mut self, selector: String) {
        self.reads.push(SelectorRead { selector, series: 0, samples: 0, histograms: 0 });
    }

    /// The newest selector has read a series.
    pub(super) fn read_samples(&mut self, it: &SeriesView<'_>) -> Result<(), QueryError> {
        /// What a histogram without buckets costs, in samples.
        const HISTOGRAM_SAMPLES: usize = 8;
        let buckets = |it: &nines_base::HistogramSample| {
            it.histogram.positive_buckets.len() + it.histogram.negative_buckets.len()
        };
        let weight = it.histograms.iter().map(|it| HISTOGRAM_SAMPLES + buckets(it) / 2);
        let weight = weight.sum::<usize>();
        self.note_read(it.samples.len() + it.histograms.len(), it.histograms.len());
        self.meter.charge(it.samples.len().saturating_add(weight))
    }

    /// The newest selector has read a series as summaries.
    pub(super) fn read_summaries(
        &mut self,
        windows: &[Option<WindowSummary>],
    ) -> Result<(), QueryError> {
        let samples = windows.iter().flatten().map(|it| it.count).sum::<u64>();
        self.note_read(usize::try_from(samples).unwrap_or(usize::MAX), 0);
        self.meter.charge(windows.len())
    }

    /// Whether the newest selector has read any.
    pub(super) fn has_read_histograms(&self) -> bool {
        self.reads.last().is_some_and(|it| it.histograms > 0)
    }

    fn note_read(&mut self, samples: usize, histograms: usize) {
        if let Some(read) = self.reads.last_mut() {
            read.series += 1;
            read.samples += samples as u64;
            read.histograms += histograms as u64;
        }
    }

    /// The value with everything that was counted and noted.
    pub(super) fn answer(self, value: Value) -> Answer {
        let (warnings, infos) = self.notes.into_parts();
        let series_read = self.reads.iter().map(|it| it.series).sum();
        let samples_read = self.reads.iter().map(|it| it.samples).sum();
        Answer { value, warnings, infos, series_read, samples_read, reads: self.reads }
    }
}
