//! Alerts: what is wrong now, since when, and who has to know; and the rules of Prometheus that find it.
//!
//! Pure. It must not know how a condition was measured, nor who is on call.

#![warn(missing_docs)]

mod alert;
pub mod dispatch;
mod evidence;
pub mod heartbeat;
pub mod inhibit;
pub mod interval;
mod lookup;
pub mod receivers;
mod routing;
pub mod rule;
pub mod silence;
pub mod syntax;
pub mod template;

pub use alert::{
    Activation, Alert, AlertKey, Command, Fact, Phase, Refusal, ResolveReason, check_limits,
    decide, evolve,
};
pub use evidence::{Evidence, WindowEvidence};
pub use routing::{RejectedRoute, RouteDecision};
