//! The program as its users run it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "the edge of a test: processes take real time")]

mod crash;
mod differential;
mod drop_in;
mod drop_in_alerts;
mod exported_rules;
mod plan;
#[path = "../../../nines-store/src/postgres/tests/server.rs"]
mod postgres;
mod process;
mod rule_tests;
mod standby;
mod story;
mod unit_tests;
mod words;
