//! SLIs, windows, error budgets, burn rates and burn alerts.
//!
//! Pure: samples and instants go in, counts and verdicts come out. It must not know where samples come
//! from, who is told, or how an objective was written down.

#![warn(missing_docs)]

mod attribution;
mod budget;
mod burn;
mod cells;
mod closed_form;
mod composite;
mod counts;
mod cover;
mod decimal;
mod directory;
mod forecast;
mod groups;
mod history;
mod judge;
mod ledger;
mod lint;
mod meter;
mod native;
mod objective;
mod outcome;
mod overlay;
mod packed;
mod plan;
mod presence;
mod preset;
mod reader;
mod reading;
mod series;
mod sli;
mod slo;
mod status;
mod stock;
mod tail;
mod tally;
#[cfg(test)]
mod testing;
mod time;
mod tracker;
mod verdict;
mod wide;
mod window;

pub use attribution::{Attributed, Attribution, Cause, above_baseline, attribute};
pub use budget::{Allowed, Permitted, burns_faster_than, share_exceeds};
pub use burn::{BurnAlert, BurnEvidence, BurnKey, PairEvidence, PairStatus};
pub use closed_form::{budget_share, detection, recovery, reset, worst_burn};
pub use counts::{Counts, WindowCounts};
pub use decimal::{Decimal, DecimalError};
pub use forecast::expected_total;
pub use groups::GroupStatus;
pub use lint::{EqualLabels, Lint, LintSeverity, lint, lint_labels, lint_retention, lint_traffic};
pub use objective::{Objective, ObjectiveError};
pub use outcome::{DueSlice, Outcome};
pub use overlay::{Overlay, OverlayAlerts, OverlayEffect, SloPattern, When};
pub use preset::Preset;
pub use sli::{
    BooleanRule, BooleanSli, CompositeRule, CompositeSli, CounterSli, DataRules, GaugeBy,
    HistogramSli, Member, NoData, NoTraffic, OnMissing, PromqlQueries, PromqlSli, Selector, Sli,
    SliKind, SliceValue, SlicesSli, Target, TargetOp,
};
pub use slo::{
    AlertMode, AlertOn, Alerting, BurnFactor, BurnPair, Goal, Grouping, Guard, Method,
    ObjectiveVersion, Severity, Slo, SloName, SloNameError,
};
pub use status::{Basis, GoalStatus, SloState, SloStatus, Standing, Suspect};
pub use tracker::{SavedSlo, Slice, Tracker, TrackerConfig};
pub use window::{Bounds, Calendar, Period, Window};
