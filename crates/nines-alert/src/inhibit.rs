//! Inhibition: alerts that need not be told of while others fire.

use nines_base::{Matcher, Origin};

/// While a source fires, its targets are not told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// May be empty.
    pub name: String,
    /// All must match the alert that inhibits.
    pub source: Vec<Matcher>,
    /// All must match the alert that is inhibited.
    pub target: Vec<Matcher>,
    /// Labels whose values must be the same on both; missing equals missing.
    pub equal: Vec<String>,
    /// Where it was written.
    pub origin: Origin,
}
