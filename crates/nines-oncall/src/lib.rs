//! On-call: people, schedules, escalation policies, and the escalation of one alert.
//!
//! Pure. It must not know what is wrong, nor how a message travels.

#![warn(missing_docs)]

mod people;
mod schedule;

pub use people::{Contact, Person, Policy, Step, Target};
pub use schedule::Schedule;
