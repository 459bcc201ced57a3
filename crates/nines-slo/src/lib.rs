//! SLIs, windows, error budgets, burn rates and burn alerts.
//!
//! Pure: samples and instants go in, counts and verdicts come out. It must not know where samples come
//! from, who is told, or how an objective was written down.

#![warn(missing_docs)]

mod budget;
mod burn;
mod counts;
mod forecast;
mod history;
mod ledger;
mod lint;
mod objective;
mod presence;
mod preset;
mod reader;
mod series;
mod slo;
mod status;
mod tail;
mod tally;
#[cfg(test)]
mod testing;
mod time;
mod tracker;

pub use budget::{
    Allowed, burn_ratio, burns_faster_than, is_spent, remaining_billionths, remaining_ratio,
};
pub use burn::{BurnAlert, BurnEvidence, PairEvidence, PairStatus};
pub use counts::{Counts, WindowCounts};
pub use lint::{Lint, LintSeverity, lint, lint_traffic};
pub use objective::{Objective, ObjectiveError};
pub use preset::Preset;
pub use slo::{
    Alerting, BurnFactor, BurnPair, CounterSli, HistogramSli, Selector, Severity, Sli, Slo,
    SloName, SloNameError,
};
pub use status::{SloState, SloStatus, Suspect};
pub use tracker::{Slice, Tracker, TrackerConfig};
