//! The program as its users run it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "the edge of a test: processes take real time")]

mod crash;
mod differential;
mod drop_in;
mod plan;
mod process;
mod rule_tests;
mod story;
mod unit_tests;
mod words;
