//! Release gates: may this change proceed now?
//!
//! Pure. It must not know how budgets are counted; it gets them as numbers with their counts. Nothing
//! opens for lack of knowledge.

#![warn(missing_docs)]

mod gate;
mod numbers;
mod policy;

pub use gate::{
    BudgetInput, Cause, Change, Check, CheckResult, Decision, GateInput, OpenIncident, PolicyRef,
    Verdict, decide,
};
pub use policy::{GatePolicy, OnBurnPage, OnOpenIncident};
