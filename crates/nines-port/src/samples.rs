//! The sample port: where ingest puts samples.

use std::error::Error;
use std::fmt;

use nines_base::{Exemplar, HistogramSample, Labels, Sample, SampleBatch};

/// What became of an append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// Samples that are stored now.
    pub samples: u64,
    /// Series that were not taken, at most a few of each reason; the rest of the batch is stored.
    pub refused: Vec<RefusedSeries>,
}

/// One series that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSeries {
    /// Which.
    pub labels: Labels,
    /// Which limit or rule, by its name.
    pub reason: String,
}

/// Takes samples. When it returns, what it took survives the death of the process.
pub trait SampleSink: fmt::Debug + Send + Sync {
    /// Stores one scrape or one request as a whole.
    ///
    /// # Errors
    /// Nothing was stored; trying again later may help.
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError>;

    /// As [`Self::append`], for writers who send the same series again and again.
    ///
    /// `labels` makes the labels of the row with this index. A sink that remembers keys asks only for those that it
    /// has not met; an error refuses the row, with the error as the reason.
    ///
    /// # Errors
    /// As [`Self::append`].
    fn append_rows(
        &self,
        rows: &[Row<'_>],
        labels: &dyn Fn(usize) -> Result<Labels, String>,
    ) -> Result<Appended, SinkError> {
        let (mut batch, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            let (samples, histograms) = (row.samples.to_vec(), row.histograms.to_vec());
            match labels(index) {
                Ok(labels) => batch.push(SampleBatch { labels, samples, histograms }),
                Err(reason) => refused.push(RefusedSeries { labels: Labels::empty(), reason }),
            }
        }
        let mut appended = self.append(&batch)?;
        appended.refused.append(&mut refused);
        Ok(appended)
    }

    /// Remembers exemplars, as many as there is room for. A sink without a place for them takes none.
    fn append_exemplars(&self, _: &[(Labels, Exemplar)]) {}

    /// Remembers what metrics mean. A sink without a place for it forgets it.
    fn describe(&self, _: &[MetricMetadata]) {}
}

/// What identifies a series for one writer: 128 bits of a strong hash over its labels as they came.
///
/// Equal keys mean equal labels. One series may have several keys: senders spell labels in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey(pub u128);

/// Samples of one series that arrived together, each kind sorted by time.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Which series.
    pub key: SeriesKey,
    /// Oldest first.
    pub samples: &'a [Sample],
    /// Oldest first; none for most series.
    pub histograms: &'a [HistogramSample],
}

/// What a metric means, in the words of who exposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricMetadata {
    /// The metric family, such as `http_requests_total`.
    pub metric: String,
    /// `counter`, `gauge`, `histogram`, `gaugehistogram`, `summary`, `info`, `stateset` or `unknown`.
    pub kind: String,
    /// A sentence for people; may be empty.
    pub help: String,
    /// `seconds`, `bytes`; may be empty.
    pub unit: String,
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
#[error("failed to store samples")]
pub struct SinkError {
    /// What the store said.
    pub source: Box<dyn Error + Send + Sync>,
}
