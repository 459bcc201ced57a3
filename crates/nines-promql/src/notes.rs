//! Warnings and infos that are collected while a query runs.

use std::collections::BTreeSet;

use crate::check::Place;

/// Notes of one kind are kept up to this many.
const NOTES_MAX: usize = 100;

/// What the caller should know besides the value. Words: Prometheus, `util/annotations`.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    warnings: BTreeSet<String>,
    infos: BTreeSet<String>,
}

impl Notes {
    /// The value is probably not what was meant.
    pub(crate) fn warn(&mut self, text: &str, at: Option<Place>) {
        if self.warnings.len() < NOTES_MAX {
            self.warnings.insert(format!("PromQL warning: {text}{}", suffix(at)));
        }
    }

    /// Worth knowing.
    pub(crate) fn info(&mut self, text: &str, at: Option<Place>) {
        if self.infos.len() < NOTES_MAX {
            self.infos.insert(format!("PromQL info: {text}{}", suffix(at)));
        }
    }

    /// A quantile outside of 0 to 1.
    pub(crate) fn check_quantile(&mut self, quantile: f64, at: Option<Place>) {
        if !(0.0..=1.0).contains(&quantile) {
            let shown = crate::statistics::format_float(quantile);
            self.warn(&format!("quantile value should be between 0 and 1, got {shown}"), at);
        }
    }

    /// Warnings and infos, sorted.
    pub(crate) fn into_parts(self) -> (Vec<String>, Vec<String>) {
        (self.warnings.into_iter().collect(), self.infos.into_iter().collect())
    }
}

fn suffix(at: Option<Place>) -> String {
    at.map(|it| format!(" ({it})")).unwrap_or_default()
}
