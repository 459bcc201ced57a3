//! Where a configured thing was written, so that every decision can name its line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in the configuration, printed as `file:line`.
///
/// Plain data: only `nines-spec` knows how to find it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Path below the configuration folder, with `/` as separator; empty when nothing was written.
    pub file: String,
    /// Counts from 1; 0 when unknown.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => f.write_str("built in"),
            (file, 0) => f.write_str(file),
            (file, line) => write!(f, "{file}:{line}"),
        }
    }
}
