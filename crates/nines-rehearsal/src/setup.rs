//! What is rehearsed: objectives, and what the engine decides under.

use std::sync::Arc;

use nines_engine::Config;
use nines_slo::{Overlay, Slo};
use nines_spec::Spec;

/// A configuration, as the tracker and the engine take it.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is counted and judged.
    pub slos: Vec<Slo>,
    /// What is left out or corrected.
    pub overlays: Vec<Overlay>,
    /// Who is told, and how.
    pub config: Arc<Config>,
}

impl Setup {
    /// What the files say; `config` is what the engine needs of them.
    pub fn new(spec: &Spec, config: Arc<Config>) -> Self {
        Self { slos: spec.slos.clone(), overlays: spec.overlays.clone(), config }
    }
}
