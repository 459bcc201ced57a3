//! On-call: people, schedules, escalation policies, and the escalation of one alert.
//!
//! Pure. It must not know what is wrong, nor how a message travels.

#![warn(missing_docs)]

mod compare;
pub mod contact;
mod coverage;
mod escalation;
pub mod fairness;
pub mod handoff;
mod hours;
pub mod ical;
pub mod load;
mod people;
mod policy;
pub mod ready;
mod roster;
pub mod rota;
mod schedule;
mod stretch;

pub use compare::{DutyChange, STRETCHES_MAX, duty_changes};
pub use coverage::{Coverage, FINDINGS_MAX, Finding, Fitness, PageRoute, Verdict, coverage};
pub use escalation::{
    ASK_WAIT, About, Command, EscalationId, EscalationKind, Fact, LAST_RESORT_WAIT,
    LAST_RESORTS_MAX, Moment, Next, Page, Phase, Reached, Reason, Refusal, SNOOZE_MAX, Standing,
    Start, State, decide, evolve, gravity,
};
pub use hours::Hours;
pub use people::{Contact, Person, Rule, Rules, Team};
pub use policy::{Acks, Action, Condition, Policy, Step, Target};
pub use roster::{Duty, Roster};
pub use schedule::{ClockRange, Crew, Edits, Layer, Member, Rotation, Schedule, Unit, Weekdays};
pub use stretch::{Cover, LOOK_MAX, OnDuty, Shift, Source, Stretch};
