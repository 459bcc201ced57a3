//! What was taken goes on to others by remote write: who they are, and which samples they get.
//!
//! How they are sent, and what waits meanwhile, is not known here.

use std::sync::{Arc, RwLock};

use nines_base::{Labels, SampleBatch};
use nines_ingest::{ForwardStatus, Forwarder, Relabel, relabel};
use nines_spec::RemoteWriteSpec;

/// Somebody who gets samples.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) spec: RemoteWriteSpec,
    /// Set where a series has none of its own.
    pub(crate) external: Labels,
    pub(crate) rules: Vec<Relabel>,
    pub(crate) forwarder: Forwarder,
}

impl Receiver {
    /// What of `batches` this one gets, with the labels that it gets them with.
    fn chosen(&self, batches: &[SampleBatch]) -> Vec<SampleBatch> {
        let chosen = batches.iter().filter_map(|it| {
            let outer = self.external.iter().filter(|(name, _)| it.labels.get(name).is_none());
            let labels =
                outer.fold(it.labels.clone(), |labels, (name, value)| labels.with(name, value));
            // Rules that make no label set of it drop it.
            let labels = relabel(&labels, &self.rules).ok().flatten()?;
            Some(SampleBatch { labels, ..it.clone() })
        });
        chosen.collect()
    }
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
            if let Err(error) = receiver.forwarder.push(&receiver.chosen(batches)) {
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
