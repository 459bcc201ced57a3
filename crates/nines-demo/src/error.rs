//! Why the shop, or one of its services, could not do what was asked.

use std::io;
use std::path::PathBuf;

use crate::{Fault, Service, UnknownService};

/// Why the shop, or one of its services, could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShopError {
    /// Nobody can run as this.
    #[error("failed to run a service of the shop")]
    UnknownService(#[from] UnknownService),
    /// A service was not told where another one is.
    #[error("{service} needs the address of {peer}: give --peer {peer}=ADDRESS")]
    MissingPeer {
        /// Who asks.
        service: Service,
        /// Whom it calls.
        peer: Service,
    },
    /// The folder cannot be used.
    #[error("failed to prepare the folder {folder:?} of the demo")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The service cannot listen or run.
    #[error("failed to {action}")]
    Io {
        /// A verb and its object.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A database does not open.
    #[error("failed to open the database of {service}")]
    Database {
        /// Whose.
        service: Service,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The HTTP client cannot be made.
    #[error("failed to prepare the HTTP client of the demo")]
    Client(#[source] reqwest::Error),
    /// A process does not start.
    #[error("failed to start {service} from {program:?}")]
    Spawn {
        /// Which.
        service: Service,
        /// What should run.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A process started and did not say where it listens.
    #[error("{service} did not say within {waited_seconds} s where it listens")]
    NotReady {
        /// Which.
        service: Service,
        /// How long it had.
        waited_seconds: u64,
    },
    /// The service did not take the change.
    #[error("{service} did not take the change: {reason}")]
    Admin {
        /// Which.
        service: Service,
        /// In words.
        reason: String,
    },
    /// It is broken in this way already.
    #[error("`{fault}` is active already; `nines demo heal` repairs the shop")]
    AlreadyBroken {
        /// How.
        fault: Fault,
    },
    /// The shop is closing.
    #[error("the shop has been stopped")]
    Stopped,
}
