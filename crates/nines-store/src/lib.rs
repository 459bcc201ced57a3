//! Where facts live: adapters of [`nines_port::Journal`].
//!
//! [`MemoryJournal`] serves tests and the simulator, [`SqliteJournal`] is the embedded store, and a PostgreSQL database
//! holds the journal of several processes, of which one writes and the others follow. This crate must not know what a fact means: it keeps bytes, in order, and gives them back.

#![expect(clippy::disallowed_methods, reason = "this crate does the IO")]

mod folder;
mod memory;
mod postgres;
mod reader;
mod reserve;
mod snapshots;
mod sqlite;
#[cfg(test)]
mod tests;

pub use folder::OpenError;
pub use memory::MemoryJournal;
pub use postgres::{PlaceError, PostgresJournal, PostgresPlace, PostgresStandby, Replica};
pub use reader::{JournalPlace, JournalReader};
pub use reserve::RoomGauge;
pub use snapshots::SnapshotFiles;
pub use sqlite::SqliteJournal;
