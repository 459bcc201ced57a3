//! Files to domain values, with diagnostics.
