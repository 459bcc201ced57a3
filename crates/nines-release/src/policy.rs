//! What a gate demands, as configured.

use nines_base::Origin;

/// What must hold before a change of a service may proceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePolicy {
    /// Unique, such as `tier1`.
    pub name: String,
    /// The services it rules; empty means all that no other policy names.
    pub services: Vec<String>,
    /// Every budget of the service must have more than this left, in billionths of the budget; may be 0.
    pub min_remaining: u64,
    /// Whether an open incident of the service closes the gate.
    pub open_incident: OnOpenIncident,
    /// Whether a budget that burns fast enough to page closes the gate.
    pub burn_page: OnBurnPage,
    /// The least share of the window with known data, in billionths; below it the answer is *unknown*.
    pub min_coverage: u64,
    /// Where it was written.
    pub origin: Origin,
}

impl GatePolicy {
    /// What rules a service that no policy names: any budget left, a quarter of the window known, no open
    /// incident, no page for burn.
    pub fn default_policy() -> Self {
        Self {
            name: "default".to_owned(),
            services: Vec::new(),
            min_remaining: 0,
            open_incident: OnOpenIncident::Close,
            burn_page: OnBurnPage::Close,
            min_coverage: 250_000_000,
            origin: Origin::default(),
        }
    }
}

/// What an open incident does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOpenIncident {
    /// It closes the gate.
    Close,
    /// It is named, and nothing more.
    Note,
}

/// What a budget that burns fast enough to page does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBurnPage {
    /// It closes the gate.
    Close,
    /// It is named, and nothing more.
    Note,
}
