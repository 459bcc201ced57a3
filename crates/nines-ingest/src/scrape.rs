//! Scraping: asks targets for their metrics, each in its own steady rhythm.
//!
//! [`Scraper::run`] follows a list of jobs and keeps one task for each target. What a scrape means in samples is
//! decided in `target`, without sockets and clocks. This module must not know where jobs are written.
//!
//! Source of the rules: Prometheus, "Configuration: `scrape_config`", and "Staleness".

mod discovery;
mod fetch;
mod job;
mod plan;
mod read;
mod schedule;
mod scraper;
mod series;
mod status;
mod target;

pub use discovery::{Discovery, DnsRecord, ReadGroups, TargetGroup};
pub use job::{
    BODY_BYTES_MAX_DEFAULT, LabelLimits, SAMPLE_LIMIT_DEFAULT, Scheme, ScrapeJob, Target,
};
pub use scraper::{Scraper, ScraperError};
pub use status::{DroppedTarget, Health, TargetStatus, TargetsStatus};
