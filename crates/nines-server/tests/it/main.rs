//! The whole server over loopback, with its own clients and with promtool.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod backends;
mod channels;
mod foreign_calendars;
mod foreign_clients;
mod foreign_writers;
mod gate;
mod house;
mod learn;
mod metrics;
mod paging;
mod plans;
mod prom;
mod restarting;
mod rules;
mod scraping;
mod slos;
mod sources;
mod starting;
