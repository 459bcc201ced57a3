//! Alerts: what is wrong now, since when, and who has to know.
//!
//! Pure. It must not know how a condition was measured, nor who is on call.

#![warn(missing_docs)]

mod routing;

pub use routing::{Route, Routing};
