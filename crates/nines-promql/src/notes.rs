//! Warnings and infos that are collected while a query runs. Words: Prometheus, `util/annotations`.

use std::collections::BTreeSet;

use crate::format::{Quoted, Shortest};
use crate::histogram::Merged;
use crate::place::Place;

/// Notes of one kind are kept up to this many.
const NOTES_MAX: usize = 100;

/// What the caller should know besides the value.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    warnings: BTreeSet<String>,
    infos: BTreeSet<String>,
    /// How often something was noted, whether or not it was new.
    noted: u64,
}

/// What was done to histograms when their borders were reconciled or their resets collided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Addition,
    Subtraction,
    Aggregation,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        }
    }
}

impl Notes {
    /// The value is probably not what was meant.
    pub(crate) fn warn(&mut self, text: &str, at: Place) {
        self.noted += 1;
        if self.warnings.len() < NOTES_MAX {
            self.warnings.insert(format!("PromQL warning: {text} ({at})"));
        }
    }

    /// Worth knowing.
    pub(crate) fn info(&mut self, text: &str, at: Place) {
        self.noted += 1;
        if self.infos.len() < NOTES_MAX {
            self.infos.insert(format!("PromQL info: {text} ({at})"));
        }
    }

    /// How often something was noted so far.
    pub(crate) fn noted(&self) -> u64 {
        self.noted
    }

    /// A quantile outside of 0 to 1.
    pub(crate) fn check_quantile(&mut self, quantile: f64, at: Place) {
        if !(0.0..=1.0).contains(&quantile) {
            let shown = Shortest(quantile);
            self.warn(&format!("quantile value should be between 0 and 1, got {shown}"), at);
        }
    }

    /// Floats and histograms in one window.
    pub(crate) fn mixed_range(&mut self, name: &str, at: Place) {
        let name = Quoted(name);
        self.warn(
            &format!("encountered a mix of histograms and floats for metric name {name}"),
            at,
        );
    }

    /// Floats and histograms in one group.
    pub(crate) fn mixed_group(&mut self, at: Place) {
        self.warn("encountered a mix of histograms and floats for aggregation", at);
    }

    /// Exponential and custom buckets cannot be combined.
    pub(crate) fn mixed_buckets(&mut self, name: &str, at: Place) {
        let name = Quoted(name);
        self.warn(&format!(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {name}"
        ), at);
    }

    pub(crate) fn not_a_counter(&mut self, name: &str, at: Place) {
        let name = Quoted(name);
        self.warn(&format!("this native histogram metric is not a counter: {name}"), at);
    }

    pub(crate) fn not_a_gauge(&mut self, name: &str, at: Place) {
        let name = Quoted(name);
        self.warn(&format!("this native histogram metric is not a gauge: {name}"), at);
    }

    /// Borders that had to be made the same.
    pub(crate) fn reconciled(&mut self, operation: Operation, at: Place) {
        let operation = operation.name();
        self.info(&format!("mismatched custom buckets were reconciled during {operation}"), at);
    }

    /// Both things that can be worth a note when histograms are combined.
    pub(crate) fn merged(&mut self, merged: Merged, operation: Operation, at: Place) {
        if merged.hints_collide {
            let operation = operation.name();
            self.warn(&format!("conflicting counter resets during histogram {operation}"), at);
        }
        if merged.bounds_reconciled {
            self.reconciled(operation, at);
        }
    }

    /// Only numbers count in this aggregation.
    pub(crate) fn ignored_in_group(&mut self, aggregation: &str, at: Place) {
        self.info(&format!("ignored histogram in {aggregation} aggregation"), at);
    }

    /// Only numbers count in this function.
    pub(crate) fn ignored_in_range(&mut self, name: &str, at: Place) {
        let name = Quoted(name);
        self.info(&format!(
            "ignored histograms in a range containing both floats and histograms for metric name {name}"
        ), at);
    }

    /// Warnings and infos, sorted.
    pub(crate) fn into_parts(self) -> (Vec<String>, Vec<String>) {
        (self.warnings.into_iter().collect(), self.infos.into_iter().collect())
    }
}
