//! On-call: people, schedules, escalation policies, and the escalation of one alert.
//!
//! Pure. It must not know what is wrong, nor how a message travels.

#![warn(missing_docs)]

mod compare;
mod escalation;
mod people;
mod roster;
pub mod rota;
mod schedule;
mod stretch;

pub use compare::{DutyChange, STRETCHES_MAX, duty_changes};
pub use escalation::{
    Command, EscalationId, EscalationKind, Fact, Page, Phase, Reached, Refusal, State, decide,
    evolve,
};
pub use people::{Contact, Person, Policy, Step, Target};
pub use roster::{Duty, Roster};
pub use schedule::{ClockRange, Crew, Edits, Layer, Member, Rotation, Schedule, Unit, Weekdays};
pub use stretch::{Cover, LOOK_MAX, OnDuty, Shift, Source, Stretch};
