//! What was measured when an alert began or changed: exact counts, copied at that moment.

use jiff::Timestamp;
use nines_base::Origin;
use serde::{Deserialize, Serialize};

/// Why an alert fires, as numbers that outlive the samples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was judged, such as `checkout/availability`.
    pub subject: String,
    /// One sentence for people.
    pub sentence: String,
    /// What was looked at.
    pub windows: Vec<WindowEvidence>,
    /// Where the rule was written.
    pub origin: Origin,
}

/// The counts of one window against their limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEvidence {
    /// Left-open.
    pub from: Timestamp,
    /// Closed.
    pub to: Timestamp,
    /// Events that broke the SLI.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// The measured value with its unit, such as `14.6×`.
    pub value: String,
    /// The limit with its unit, such as `14.4×`.
    pub limit: String,
}
