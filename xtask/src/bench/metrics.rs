//! `cargo xtask bench metrics`: nines, Prometheus and VictoriaMetrics get the same bytes and the same queries, one
//! after the other in one run, and their processor seconds and bytes are compared.
//!
//! Ratios count, not seconds: the machine may be shared. It must not know how any of them works inside.

mod exporter;
mod query;
mod report;
mod series;
#[cfg(test)]
mod tests;

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::browser::demo::{self, Build};
use crate::programs;
use crate::repository::Repository;

use super::peer::{Peer, System};

use exporter::Exporters;
use report::{Figure, Measured, Report};
use series::{Mix, Shop};

/// From one sample of a series to its next, where nothing else is said.
const INTERVAL_MS: i64 = 15_000;
/// Series of one request.
const SERIES_PER_REQUEST: usize = 5_000;

/// Series of the steady write load, and how many samples each gets: six hours.
const STEADY_SERIES: usize = 10_000;
const STEADY_SAMPLES: usize = 1_440;
/// Series of the load that is mostly new series, and how many samples each gets.
const MANY_SERIES: usize = 100_000;
const MANY_SAMPLES: usize = 20;
/// Scraping: targets, their series, and how long.
const TARGETS: usize = 20;
const TARGET_SERIES: usize = 1_000;
const SCRAPE_FOR: Duration = Duration::from_secs(30);
/// Queries look at 30 days of 500 series with a sample per minute.
const SHOP_SERIES: usize = 500;
const SHOP_DAYS: usize = 30;
const SHOP_INTERVAL_MS: i64 = 60_000;
const SHOP_SAMPLES_PER_REQUEST: usize = 200;

/// What work in the background may take before a figure is read.
const SETTLE: Duration = Duration::from_secs(5);
/// What is old reaches its final form within two looks of nines after its files.
const MAINTAINED: Duration = Duration::from_secs(35);

/// Runs one part, or all; the result is what is recorded.
pub(super) fn run(repository: &Repository, only: Option<&str>) -> anyhow::Result<Value> {
    let bench = Bench::prepare(repository)?;
    let mut report = Report::default();
    let parts: [(&str, Part); 5] = [
        ("steady", Bench::steady),
        ("disk", Bench::disk),
        ("many", Bench::many),
        ("scrape", Bench::scrape),
        ("query", Bench::query),
    ];
    ensure!(
        only.is_none_or(|it| parts.iter().any(|(name, _)| *name == it)),
        "the parts of this benchmark are {}",
        parts.map(|(name, _)| name).join(", ")
    );
    for (name, part) in parts {
        if only.is_none_or(|it| it == name) {
            println!("── {name}");
            part(&bench, &mut report)?;
        }
    }
    println!("\n{}", report.table());
    Ok(report.to_json())
}

type Part = fn(&Bench, &mut Report) -> anyhow::Result<()>;

/// What all parts share.
#[derive(Debug)]
struct Bench {
    systems: Vec<System>,
    place: std::path::PathBuf,
    now_ms: i64,
}

impl Bench {
    fn prepare(repository: &Repository) -> anyhow::Result<Self> {
        let nines = demo::build(repository, Build::Release)?;
        let installed = |program: &str| {
            programs::find(program)
                .with_context(|| format!("no {program}; install the package {program}"))
        };
        let systems = vec![
            System::nines(nines),
            System::prometheus(installed("prometheus")?),
            System::victoria_metrics(installed("victoria-metrics")?),
        ];
        let place = repository.target()?.join("bench-metrics");
        if place.is_dir() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir_all(&place)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now_ms = i64::try_from(now.as_millis())? / INTERVAL_MS * INTERVAL_MS;
        Ok(Self { systems, place, now_ms })
    }

    fn start(&self, system: &System, part: &str, scrapes: &str) -> anyhow::Result<Peer> {
        Peer::start(system, &self.place.join(format!("{part}-{}", system.name())), scrapes)
    }

    /// Remote write of the same series again and again, up to now.
    fn steady(&self, report: &mut Report) -> anyhow::Result<()> {
        let peers = self.all(|it| self.start(it, "steady", ""))?;
        let cpu = Self::write_mix(&peers, STEADY_SERIES, STEADY_SAMPLES, self.now_ms)?;
        report.add(Figure::RemoteWrite, &per_million(&cpu, STEADY_SERIES * STEADY_SAMPLES));
        peers.into_iter().try_for_each(Peer::stop)
    }

    /// What the same load takes on the disk; a day old, so that all of it reaches its final form.
    fn disk(&self, report: &mut Report) -> anyhow::Result<()> {
        let peers = self.all(|it| self.start(it, "disk", ""))?;
        let end_ms = self.now_ms - 24 * 60 * 60 * 1_000;
        Self::write_mix(&peers, STEADY_SERIES, STEADY_SAMPLES, end_ms)?;
        thread::sleep(MAINTAINED);
        let samples = (STEADY_SERIES * STEADY_SAMPLES) as f64;
        let bytes = peers.iter().map(Peer::bytes_on_disk).collect::<anyhow::Result<Vec<_>>>()?;
        let per_sample: Vec<f64> = bytes.iter().map(|it| *it as f64 / samples).collect();
        report.add(Figure::DiskPerSample, &per_sample);
        peers.into_iter().try_for_each(Peer::stop)
    }

    /// Remote write of many series that were not there before, and the memory that they take.
    fn many(&self, report: &mut Report) -> anyhow::Result<()> {
        let peers = self.all(|it| self.start(it, "many", ""))?;
        let cpu = Self::write_mix(&peers, MANY_SERIES, MANY_SAMPLES, self.now_ms)?;
        report.add(Figure::RemoteWriteNew, &per_million(&cpu, MANY_SERIES * MANY_SAMPLES));
        let memory = peers.iter().map(Peer::memory_bytes).collect::<anyhow::Result<Vec<_>>>()?;
        let per_series: Vec<f64> =
            memory.iter().map(|it| *it as f64 / MANY_SERIES as f64).collect();
        report.add(Figure::MemoryPerSeries, &per_series);
        peers.into_iter().try_for_each(Peer::stop)
    }

    /// Sends the same requests to all, and returns the processor seconds of each.
    fn write_mix(
        peers: &[Peer],
        series: usize,
        samples: usize,
        end_ms: i64,
    ) -> anyhow::Result<Measured> {
        let mut mix = Mix::new(series);
        let start_ms = end_ms - i64::try_from(samples)? * INTERVAL_MS;
        let before = cpu_of(peers)?;
        for index in 0..samples {
            let at_ms = start_ms + i64::try_from(index)? * INTERVAL_MS;
            mix.step();
            for request in mix.requests(at_ms, SERIES_PER_REQUEST) {
                peers.iter().try_for_each(|it| it.write(&request))?;
            }
        }
        thread::sleep(SETTLE);
        let after = cpu_of(peers)?;
        Ok(after.iter().zip(before).map(|(after, before)| after - before).collect())
    }

    /// Scraping the same targets for the same time, one system after the other.
    fn scrape(&self, report: &mut Report) -> anyhow::Result<()> {
        let mut cpu = Vec::new();
        for system in &self.systems {
            let exporters = Exporters::start(TARGETS, TARGET_SERIES)?;
            let peer = self.start(system, "scrape", &exporters.scrape_configs())?;
            let (before, served_before) = (peer.cpu_seconds()?, exporters.samples());
            thread::sleep(SCRAPE_FOR);
            let (after, served) = (peer.cpu_seconds()?, exporters.samples() - served_before);
            peer.stop()?;
            ensure!(0 < served, "{} has scraped nothing", system.name());
            cpu.extend(per_million(&[after - before], usize::try_from(served)?));
        }
        report.add(Figure::Scrape, &cpu);
        Ok(())
    }

    /// The queries of error ratios, over the same history.
    fn query(&self, report: &mut Report) -> anyhow::Result<()> {
        let peers = self.all(|it| self.start(it, "query", ""))?;
        let mut shop = Shop::new(SHOP_SERIES);
        let samples = SHOP_DAYS * 24 * 60;
        let start_ms = self.now_ms - i64::try_from(samples)? * SHOP_INTERVAL_MS;
        for first in (0..samples).step_by(SHOP_SAMPLES_PER_REQUEST) {
            let count = SHOP_SAMPLES_PER_REQUEST.min(samples - first);
            let at_ms = start_ms + i64::try_from(first)? * SHOP_INTERVAL_MS;
            let request = shop.request(at_ms, SHOP_INTERVAL_MS, count);
            peers.iter().try_for_each(|it| it.write(&request))?;
        }
        thread::sleep(MAINTAINED);
        for peer in &peers {
            peer.settle()?;
        }
        for query in query::all(self.now_ms) {
            report.add(query.figure, &query.measure(&peers)?);
        }
        peers.into_iter().try_for_each(Peer::stop)
    }

    fn all<T>(&self, start: impl Fn(&System) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
        self.systems.iter().map(start).collect()
    }
}

fn cpu_of(peers: &[Peer]) -> anyhow::Result<Measured> {
    peers.iter().map(Peer::cpu_seconds).collect()
}

fn per_million(seconds: &[f64], samples: usize) -> Measured {
    seconds.iter().map(|it| it * 1e6 / samples as f64).collect()
}
