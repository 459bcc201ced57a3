//! What goes on beside the requests: counting, sending, running steps, upkeep, reading the configuration.

mod burns;
mod configuration;
mod outbox;
mod steps;
mod upkeep;

pub(crate) use burns::watch_burns;
pub(crate) use configuration::{
    Files, back_fill, engine_config, load, scrape_jobs, shown, watch_files,
};
pub(crate) use outbox::send_messages;
pub(crate) use steps::{StepEnvironment, run_steps};
pub(crate) use upkeep::{save_snapshot, save_snapshots, sync_samples, upkeep};
