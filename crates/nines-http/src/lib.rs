//! HTTP as our edges ask it: clients for settings, made once; secrets read when they are used.
//!
//! It must not know who asks, or what for.

mod causes;
mod client;
mod secret;
mod server_name;

pub use causes::with_causes;
pub use client::{Clients, signed};
pub use secret::read_secret;
