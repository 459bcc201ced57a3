//! Release gates: may this change proceed now?
//!
//! Pure. It must not know how budgets are counted; it gets them as numbers with their counts. Nothing
//! opens for lack of knowledge.

#![warn(missing_docs)]

mod policy;

pub use policy::{GatePolicy, OnOpenIncident};
