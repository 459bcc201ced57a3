//! Executes runbook steps under limits.
