//! What goes on beside the requests: counting, judging rules, sending, running steps, upkeep, reading the configuration.

mod alertmanagers;
mod burns;
mod channels;
mod configuration;
mod counts;
mod forecasts;
mod outbox;
mod policies;
mod queries;
mod rules;
mod scraping;
mod silence;
mod slices;
mod steps;
mod takeover;
mod upkeep;
mod watchdog;

pub(crate) use alertmanagers::send_to_alertmanagers;
pub(crate) use burns::watch_burns;
pub(crate) use channels::{Outward, read_secrets};
pub use configuration::engine_config;
pub(crate) use configuration::{Files, backend, load, shown, watch_files};
pub(crate) use counts::{count_past, keep_counts, save_counts};
pub(crate) use forecasts::watch_forecasts;
pub(crate) use outbox::send_messages;
pub(crate) use policies::watch_policies;
pub(crate) use queries::ask_queries;
pub(crate) use rules::{watch_rule_alerts, watch_rules};
pub(crate) use scraping::{read_groups, receivers, scrape_jobs};
pub(crate) use slices::read_slices;
pub(crate) use steps::{StepEnvironment, run_steps};
pub(crate) use takeover::take_over;
pub(crate) use upkeep::{save_snapshot, save_snapshots, sync_samples, upkeep};
pub(crate) use watchdog::watch_ourselves;
