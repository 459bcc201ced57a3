//! Deterministic simulator and fault injection.
