//! The engine: commands and time become facts and effects. The only place where domains meet.
//!
//! It runs on one thread, decides commands in order, commits the facts of a cycle to the journal at once,
//! and only then answers. State is the fold of the facts. It must not know how anything is stored, sent,
//! executed or shown: that is behind the ports of `nines-port`.

#![warn(missing_docs)]

mod alerts;
pub mod answers;
mod audit;
mod burns;
mod chain;
mod command;
mod config;
mod contacts;
mod decide;
mod engine;
mod escalations;
pub mod exclusions;
mod fact;
mod handoff;
mod heartbeats;
mod host;
mod message;
pub mod no_data;
mod old;
pub mod outbox;
mod page_test;
mod policies;
pub mod promises;
mod published;
mod releases;
mod replay;
mod rota;
mod silences;
pub mod snapshot;
mod standby;
mod state;
pub mod why;

pub use alerts::wakes;
pub use audit::{Audit, audit};
pub use burns::{burn_key, burn_labels, observe_burns};
pub use command::{AckTarget, Command, Coverage, Observation, Refusal, Reply, Send, StepJob};
pub use config::{Config, Fallbacks, Installation, SECRET_BYTES};
pub use decide::{NO_DATA_ALERT, POLICY_ALERT, SLO_ALERT, rank_suspects};
pub use engine::{BATCH_MAX, Engine, EngineError};
pub use escalations::Act;
pub use fact::{ConfigApplied, DecodeError, EpochStarted, Fact, Line, Of, Routed, RoutedAlert};
pub use host::{EngineHandle, Following, Hooks, QUEUE_MAX, SubmitError};
pub use message::{ack_token, read_ack_token};
pub use page_test::LOOPBACK;
pub use policies::{decide_gate, decide_gate_at, policy_inputs, scrape_intervals, unrecorded};
pub use published::Published;
pub use releases::{DECISIONS_MAX, LevelChange, Releases};
pub use replay::{LevelSpan, Replay, ReplayedDeploy, replay};
pub use state::{AlertRouting, EscalationRecord, State};
