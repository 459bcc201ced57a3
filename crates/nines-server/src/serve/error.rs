//! Why there is no server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use nines_engine::EngineError;

/// Why there is no server. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration has errors; the text shows them all.
    #[error("the configuration has errors; nothing was started\n{rendered}")]
    Configuration {
        /// All findings, drawn.
        rendered: String,
    },
    /// The folder of the configuration.
    #[error("failed to read the configuration")]
    Files(#[from] nines_spec::ReadError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] nines_store::OpenError),
    /// The journal's contents.
    #[error("failed to replay the journal")]
    Engine(#[from] EngineError),
    /// The samples.
    #[error("failed to open the sample store")]
    Samples(#[from] nines_tsdb::OpenError),
    /// A file of the data folder.
    #[error("failed to prepare the data folder {}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The past could not be counted.
    #[error("failed to count the past of the objectives: {0}")]
    Past(String),
    /// The port.
    #[error(
        "failed to listen on {address}; choose another with --listen, such as --listen 127.0.0.1:0"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An edge could not be set up.
    #[error("failed to set up {what}")]
    Setup {
        /// Which.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// An edge that could not be set up.
pub(super) fn setup(
    what: &'static str,
) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> ServeError {
    move |source| ServeError::Setup { what, source }
}
