//! The templates that settings refer to: ours, and those of the configuration's files.

/// Named templates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Templates {}
