//! What routing decided, as the journal keeps it; the tree that decides is in `dispatch`.

use nines_base::Origin;
use serde::{Deserialize, Serialize};

/// What routing decided, and why: this is what `nines why` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteDecision {
    /// The policy, or none: then nobody is told.
    pub escalation: Option<String>,
    /// What chose it, in words: the matchers of the route, or the alert's own rule.
    pub because: String,
    /// Where the choosing line was written.
    pub origin: Origin,
    /// The routes before it, and why each did not match.
    pub rejected: Vec<RejectedRoute>,
}

/// A route that did not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRoute {
    /// Where it was written.
    pub origin: Origin,
    /// The first matcher that failed.
    pub failed: String,
    /// The value that the alert has instead.
    pub value: String,
}
