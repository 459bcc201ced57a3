//! SLIs, windows, error budgets, burn rates and burn alerts.
//!
//! Pure: samples and instants go in, counts and verdicts come out. It must not know where samples come
//! from, who is told, or how an objective was written down.

#![warn(missing_docs)]

mod objective;
mod slo;

pub use objective::{Objective, ObjectiveError};
pub use slo::{
    Alerting, BurnFactor, BurnPair, CounterSli, HistogramSli, Selector, Severity, Sli, Slo,
    SloName, SloNameError,
};
