//! Where facts live: adapters of [`nines_port::Journal`].
//!
//! [`MemoryJournal`] serves tests and the simulator, [`SqliteJournal`] is the embedded store. This crate
//! must not know what a fact means: it keeps bytes, in order, and gives them back.

#![expect(clippy::disallowed_methods, reason = "this crate does the IO")]

mod folder;
mod memory;
mod snapshots;
mod sqlite;
#[cfg(test)]
mod tests;

pub use folder::OpenError;
pub use memory::MemoryJournal;
pub use snapshots::SnapshotFiles;
pub use sqlite::{SqliteJournal, SqliteReader};
