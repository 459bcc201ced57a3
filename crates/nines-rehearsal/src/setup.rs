//! What is rehearsed: objectives, and what the engine decides under.

use std::sync::Arc;

use nines_engine::Config;
use nines_slo::Slo;

/// A configuration, as the tracker and the engine take it.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is counted and judged.
    pub slos: Vec<Slo>,
    /// Who is told, and how.
    pub config: Arc<Config>,
}
