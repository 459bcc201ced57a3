//! The server: HTTP APIs, pages, and the loops that connect engine, store, scraper and channels.
//!
//! Handlers decide nothing: they parse, ask the engine, and show. The runtime starts here. What the engine
//! decides and what the store keeps is not known here, only asked for.

#![expect(clippy::disallowed_methods, reason = "this crate does the IO")]

mod absence;
mod access;
mod am;
mod api;
mod app;
mod applied;
mod backend;
mod checkpoint;
mod events;
mod expected;
mod folder;
mod forwarding;
mod health;
mod heartbeats;
mod hooks;
mod metadata;
mod oncall_views;
mod overlays;
mod own_metrics;
mod pages;
mod past;
mod plan;
mod problem;
mod prom;
mod reload;
mod rules;
mod serve;
mod slo_views;
mod spent;
mod standby;
mod text;
mod views;
mod watched;
mod work;

pub use folder::Random;
pub use oncall_views::coverage_of;
pub use prom::{Open, PromSettings, Switch, anchored};
pub use reload::Reload;
pub use serve::{
    Configuration, DemoOptions, Retention, ServeError, ServeOptions, Server, SharedOptions, start,
};
pub use work::engine_config;
