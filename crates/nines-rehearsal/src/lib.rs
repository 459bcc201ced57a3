//! Rehearsals: a configuration is played on virtual time, by the code that decides in production.
//!
//! Samples go through the tracker of `nines-slo`, what burns goes through the engine on a journal in memory, and
//! what would have been sent is written down instead. It must not know any clock, file or socket: samples,
//! configurations and instants are arguments.

#![warn(missing_docs)]

mod feed;
mod series;
mod setup;
mod simulate;
mod stage;
mod test;
mod time;
mod traffic;

pub use setup::Setup;
pub use simulate::{Detection, End, Found, Outcome, STEP, Scenario, simulate};
pub use stage::{RehearsalError, SentMessage, Stage};
pub use test::{Failure, Verdict, play};
