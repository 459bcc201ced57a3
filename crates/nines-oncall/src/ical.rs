//! Calendars in RFC 5545: shifts go out, and who is away comes in.

mod expand;
mod people;
mod read;
mod write;
mod zone;

pub use people::away;
pub use read::{EVENTS_MAX, Occurrence, ReadError, Reading, TEXT_BYTES_MAX, read};
pub use write::{AHEAD, BEHIND, Subject, write};

#[cfg(test)]
mod tests;
