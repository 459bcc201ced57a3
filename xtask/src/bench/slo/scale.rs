//! Many objectives with their whole past, in one process without a server.
//!
//! `benches/scale.rs` of `nines-slo` makes traffic and measures; this runs it, prints the figures beside the limits
//! that they must keep, and returns them to be recorded.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::bench::rounded;
use crate::programs;
use crate::repository::Repository;

/// Where a figure is, what it is called, and its limit.
const FIGURES: &[(&str, &str, &str)] = &[
    ("/past/resident_bytes", "resident, bytes", "500 MB at 10,000 SLOs"),
    ("/past/bytes_per_slo", "bytes per SLO", ""),
    ("/past/saved_bytes_per_slo", "on the disk, bytes per SLO", "250,000"),
    ("/past/evaluation_ms", "one evaluation of all, CPU-ms", "1,000"),
    ("/past/statuses_ms", "the status of all, CPU-ms", ""),
    ("/past/counting_ns_per_sample", "counting, CPU-ns per sample", ""),
    ("/steady/share_of_a_core_percent", "1,000 SLOs every 15 s, % of a core", "0.5"),
    ("/wide/evaluation_ms", "12 weeks over 10,000 series, CPU-ms", "1,000"),
];

pub(super) fn run(repository: &Repository, slos: usize) -> anyhow::Result<Value> {
    let output = Command::new(programs::cargo())
        .args(["bench", "--locked", "--package", "nines-slo", "--bench", "scale", "--"])
        .arg(slos.to_string())
        .current_dir(&repository.root)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the benchmark `scale` failed");
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().next_back().context("the benchmark `scale` printed nothing")?;
    let measured: Value = serde_json::from_str(line)?;
    println!("| figure | measured | limit |\n|---|---|---|");
    for (pointer, name, limit) in FIGURES {
        let value = measured.pointer(pointer).and_then(Value::as_f64);
        let value = value.with_context(|| format!("the benchmark `scale` does not tell {name}"))?;
        println!("| {name} | {} | {limit} |", rounded(value));
    }
    Ok(measured)
}
