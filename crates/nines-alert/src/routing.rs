//! Routing: from an alert's labels to an escalation policy.

use nines_base::{Matcher, Origin};

/// The ordered rules that find an escalation policy; the first that matches wins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routing {
    /// In the order of the files.
    pub routes: Vec<Route>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// All must match; none match everything.
    pub matchers: Vec<Matcher>,
    /// The policy's name.
    pub escalation: String,
    /// Where it was written.
    pub origin: Origin,
}
