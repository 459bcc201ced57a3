//! Scrape, remote write: bytes to samples.
