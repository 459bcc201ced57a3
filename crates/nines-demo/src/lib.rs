//! The demo shop: real HTTP services, real traffic, breakable.
//!
//! Six services, each its own process, call each other over loopback; a [`Shop`] starts them, keeps them
//! alive, sends visitors and breaks them on request. [`history`] makes the four weeks before. This crate
//! must not know how nines stores, evaluates or pages: it is only something to watch.

mod args;
mod control;
mod error;
mod fault;
mod history;
mod service;
mod services;
mod shape;
mod shop;
mod traffic;

pub use args::{ArgsError, ServiceArgs};
pub use control::control_router;
pub use error::ShopError;
pub use fault::{BAD_VERSION, ChangeKind, ChangeNotice, Fault, GOOD_VERSION, UnknownFault};
pub use history::{HISTORY_DAYS_MAX, SAMPLES_PER_SERIES_MAX, history, past_changes};
pub use service::run_service;
pub use services::{Service, UnknownService};
pub use shape::shape;
pub use shop::{ServiceState, Shop, ShopConfig, ShopState, scrape_targets};
pub use traffic::TrafficCounts;
