//! Errors as one line, for answers and the status of targets.

use std::error::Error;

/// An error with all its causes.
pub fn with_causes(error: &dyn Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        out.push_str(": ");
        out.push_str(&error.to_string());
        cause = error.source();
    }
    out
}
