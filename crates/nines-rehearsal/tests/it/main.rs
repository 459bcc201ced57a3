//! Rehearsals as their users write them: data in, verdicts out.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod trials;
