//! Who gets our samples by remote write, as `remote_write` of a configuration says.
//!
//! A receiver that is no longer wanted gets nothing new, but what waits for it is still sent.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use nines_base::SampleBatch;
use nines_ingest::{ForwardSettings, ForwardStatus, Forwarder};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

/// Receivers, known by the names of their sections.
#[derive(Debug)]
pub(crate) struct Forwarding {
    /// Of the queues.
    folder: PathBuf,
    receivers: RwLock<Vec<Receiver>>,
}

#[derive(Debug, Clone)]
struct Receiver {
    name: String,
    forwarder: Arc<Forwarder>,
    /// Whether it gets what arrives.
    is_wanted: bool,
}

impl Forwarding {
    /// Queues lie below `folder`, which is made when there is a first one.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, receivers: RwLock::default() }
    }

    /// Sends to these from now on, until `stopping`. To be called within a runtime.
    ///
    /// # Errors
    /// A queue cannot be opened; its receiver gets nothing.
    pub(crate) fn follow(
        &self,
        wanted: Vec<(String, ForwardSettings)>,
        stopping: &watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut receivers = self.receivers.write().expect(UNPOISONED);
        receivers.iter_mut().for_each(|it| it.is_wanted = false);
        for (name, settings) in wanted {
            if let Some(known) = receivers.iter_mut().find(|it| it.name == name) {
                known.forwarder.reconfigure(settings);
                known.is_wanted = true;
                continue;
            }
            std::fs::create_dir_all(&self.folder)?;
            let forwarder = Arc::new(Forwarder::open(&file(&self.folder, &name), settings)?);
            let (running, mut stopping) = (Arc::clone(&forwarder), stopping.clone());
            tokio::spawn(async move {
                // A dropped sender is a stop as well.
                running.run(async { drop(stopping.wait_for(|it| *it).await) }).await;
            });
            receivers.push(Receiver { name, forwarder, is_wanted: true });
        }
        Ok(())
    }

    /// Whether nobody wants samples.
    pub(crate) fn is_idle(&self) -> bool {
        self.receivers.read().expect(UNPOISONED).iter().all(|it| !it.is_wanted)
    }

    /// Puts samples into the queue of every receiver.
    pub(crate) fn push(&self, batch: &[SampleBatch]) {
        for it in self.receivers.read().expect(UNPOISONED).iter().filter(|it| it.is_wanted) {
            if let Err(error) = it.forwarder.push(batch) {
                tracing::error!(%error, receiver = it.name, "samples are stored but not forwarded");
            }
        }
    }

    /// How it goes with each.
    pub(crate) fn statuses(&self) -> Vec<(String, ForwardStatus)> {
        let receivers = self.receivers.read().expect(UNPOISONED);
        receivers.iter().map(|it| (it.name.clone(), it.forwarder.status())).collect()
    }
}

const UNPOISONED: &str = "nobody panics while holding the receivers";

/// Names may hold anything, so the file's name is made of their hash.
fn file(folder: &Path, name: &str) -> PathBuf {
    let digest = Sha256::digest(name.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    folder.join(format!("{number:016x}.queue"))
}
