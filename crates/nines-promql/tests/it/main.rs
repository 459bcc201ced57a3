//! The public face: PromQL's conformance suite, run against a store in memory.

mod memory;
mod promqltest;
