//! The sample port: where ingest puts samples.

use std::error::Error;
use std::fmt;

use nines_base::{Labels, SampleBatch};

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
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
#[error("failed to store samples")]
pub struct SinkError {
    /// What the store said.
    pub source: Box<dyn Error + Send + Sync>,
}
