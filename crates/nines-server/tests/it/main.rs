//! The whole server over loopback, with its own clients and with promtool.

mod house;
mod learn;
mod metrics;
mod paging;
mod starting;
