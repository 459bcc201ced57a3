//! What was taken goes on to others by remote write: who they are.
//!
//! Which samples they get, how those are sent, and what waits meanwhile, is not known here.

use std::sync::{Arc, RwLock};

use nines_base::{Labels, SampleBatch};
use nines_ingest::{ForwardStatus, Forwarder};
use nines_spec::RemoteWriteSpec;

/// Somebody who gets samples.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) spec: RemoteWriteSpec,
    pub(crate) external: Labels,
    pub(crate) forwarder: Forwarder,
}

/// Everybody who gets samples.
#[derive(Debug, Default)]
pub(crate) struct Forwarding {
    receivers: RwLock<Arc<Vec<Arc<Receiver>>>>,
}

impl Forwarding {
    pub(crate) fn receivers(&self) -> Arc<Vec<Arc<Receiver>>> {
        Arc::clone(&self.receivers.read().expect("nobody panics while holding a list"))
    }

    pub(crate) fn replace(&self, receivers: Vec<Arc<Receiver>>) {
        *self.receivers.write().expect("nobody panics while holding a list") = Arc::new(receivers);
    }

    /// Puts what was stored into every queue. A queue that the disk refuses loses it, and says so.
    pub(crate) fn push(&self, batches: &[SampleBatch]) {
        for receiver in self.receivers().iter() {
            if let Err(error) = receiver.forwarder.push(batches) {
                let url = &receiver.spec.name;
                tracing::error!(%error, receiver = url, "samples are not forwarded");
            }
        }
    }

    /// How each queue stands, by name.
    pub(crate) fn statuses(&self) -> Vec<(String, ForwardStatus)> {
        let receivers = self.receivers();
        receivers.iter().map(|it| (it.spec.name.clone(), it.forwarder.status())).collect()
    }
}
