//! What does not survive the way from one tool to another.

use nines_base::Origin;
use serde::Serialize;

use crate::fields::LIST_MAX;

/// One thing that was not carried over. Nothing is dropped without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What it belongs to, such as `checkout/availability`; empty for a whole file.
    pub subject: String,
    /// Where it was written.
    pub origin: Origin,
    /// The thing itself, such as `annotations of the page alert`.
    pub what: String,
    /// Why it has no counterpart.
    pub why: String,
    /// What comes nearest.
    pub instead: String,
}

/// A text for another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The same for the same SLOs, byte by byte.
    pub text: String,
    /// What it cannot say.
    pub losses: Vec<Loss>,
}

/// The losses of one file or SLO.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    list: Vec<Loss>,
}

impl Losses {
    pub(crate) fn add(
        &mut self,
        subject: &str,
        origin: &Origin,
        what: impl Into<String>,
        why: impl Into<String>,
        instead: impl Into<String>,
    ) {
        if LIST_MAX <= self.list.len() {
            return;
        }
        let (subject, origin) = (subject.to_owned(), origin.clone());
        let (what, why, instead) = (what.into(), why.into(), instead.into());
        let loss = Loss { subject, origin, what, why, instead };
        if !self.list.contains(&loss) {
            self.list.push(loss);
        }
    }

    pub(crate) fn into_list(self) -> Vec<Loss> {
        self.list
    }
}
