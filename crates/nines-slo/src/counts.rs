//! Counts of events, and the stretch of time that they come from. Knows no objective.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The events of one stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All valid events.
    pub total: u64,
    /// The events that broke the SLI; at most `total`.
    pub bad: u64,
}

impl Counts {
    /// The events that kept the SLI.
    pub fn good(self) -> u64 {
        self.total.saturating_sub(self.bad)
    }

    /// The share of good events, 0 to 1; for people to read. Nothing without events.
    pub fn good_ratio(self) -> Option<f64> {
        (0 < self.total).then(|| self.good() as f64 / self.total as f64)
    }
}

/// The events after `from` and not after `to`, and how much of that time has data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCounts {
    /// Events at this instant are outside; already rounded down to a slice.
    pub from: Timestamp,
    /// Events at this instant are inside.
    pub to: Timestamp,
    /// What was counted.
    pub counts: Counts,
    /// The time for which data are known; at most `to` − `from`.
    pub known: SignedDuration,
}

impl WindowCounts {
    /// How long the window is.
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }

    /// The share of the window for which data are known, 0 to 1; for people to read.
    pub fn coverage_ratio(&self) -> f64 {
        let length = self.length().as_secs_f64();
        if length <= 0.0 { 0.0 } else { self.known.as_secs_f64() / length }
    }
}
