//! Incident lifecycle, timeline, suspects, postmortem.
