//! The journal, and who decides: this process alone, or one of several that share a database.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use nines_engine::{Engine, EngineHandle, Hooks, Installation};
use nines_port::Clock;
use nines_store::{JournalPlace, PostgresStandby, Replica, SqliteJournal};

use super::SharedOptions;
use super::error::{ServeError, setup};
use crate::folder::DataFolder;

/// A journal that is open; the data folder is ours from now on.
pub(super) enum Opened {
    /// Nobody else has it.
    Own(Box<SqliteJournal>, JournalPlace),
    /// It may be somebody else's turn.
    Shared(Box<PostgresStandby>, JournalPlace),
}

impl Opened {
    pub(super) fn open(
        shared: Option<SharedOptions>,
        data_dir: &Path,
        prefix: &str,
        address: SocketAddr,
    ) -> Result<Self, ServeError> {
        let Some(SharedOptions { place, name, advertise }) = shared else {
            let journal = SqliteJournal::open(data_dir)?;
            return Ok(Self::Own(Box::new(journal), JournalPlace::Folder(data_dir.to_owned())));
        };
        let address = advertise.unwrap_or_else(|| format!("http://{address}{prefix}"));
        let address = address.trim_end_matches('/').to_owned();
        let standby = PostgresStandby::open(place.clone(), data_dir, Replica { name, address })?;
        Ok(Self::Shared(Box::new(standby), JournalPlace::Postgres(place)))
    }

    /// The secrets of the installation; what the first process of a shared journal had, all have.
    pub(super) fn agree_on(&mut self, folder: DataFolder) -> Result<DataFolder, ServeError> {
        let Self::Shared(standby, _) = self else { return Ok(folder) };
        let failed =
            |source: io::Error, root: &Path| ServeError::Folder { folder: root.to_owned(), source };
        let agreed = standby.installation(&folder.secrets());
        let agreed = agreed.map_err(|error| setup("the shared secrets")(Box::new(error)))?;
        let root = folder.root.clone();
        folder.with_secrets(&agreed).map_err(|error| failed(error, &root))
    }

    /// Puts an engine on it: one that decides, or one that follows until it may.
    pub(super) fn spawn(
        self,
        installation: Installation,
        snapshot: Option<Vec<u8>>,
        (seed, now): (u64, Timestamp),
        clock: Arc<dyn Clock>,
        hooks: Hooks,
    ) -> Result<(EngineHandle, JoinHandle<()>, JournalPlace), ServeError> {
        let (spawned, place) = match self {
            Self::Own(journal, place) => {
                let engine =
                    Engine::recover(journal, installation, snapshot.as_deref(), seed, now)?;
                (EngineHandle::spawn(engine, clock, hooks), place)
            }
            Self::Shared(standby, place) => {
                let spawned =
                    EngineHandle::spawn_shared(standby, installation, snapshot, seed, clock, hooks);
                (spawned, place)
            }
        };
        let (handle, thread) =
            spawned.map_err(|error| setup("the engine's thread")(Box::new(error)))?;
        Ok((handle, thread, place))
    }
}
