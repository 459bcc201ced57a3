//! The public face: PromQL's conformance suite, run against a store in memory.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may panic, and print what fails"
)]

mod memory;
mod promqltest;
