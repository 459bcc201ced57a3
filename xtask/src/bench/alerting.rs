//! `cargo xtask bench alerting [PART]`: alerts in, notices out, against Debian's Alertmanager.
//!
//! Both programs get the same `alertmanager.yml`, the same bytes and the same receiver, one after the other in one
//! run. nines answers after the alerts are on the disk; Alertmanager keeps them in memory. With `--trial` a debug
//! build and small numbers show that a part works; such figures say nothing and are not recorded.

mod alerts;
mod sink;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value, json};

use super::peer::{Peer, System};
use super::{median_and_worst, rounded};
use crate::browser::demo::{self, Build};
use crate::programs;
use crate::repository::Repository;
use alerts::Fleet;
use sink::Sink;

/// As Prometheus 2 sends them.
const BATCH: usize = 64;
/// Senders at once.
const SENDERS: usize = 4;
/// How long a notice may take to arrive before the benchmark gives up.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// How long the receiver of the part `outage` answers 503, and how long is waited after that.
const OUTAGE: Duration = Duration::from_secs(40);
const AFTER_OUTAGE: Duration = Duration::from_secs(25);
/// The alerts of the part `outage`.
const OUTAGE_ALERTS: usize = 5;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// New alerts, the same again, reading them.
    Load,
    /// As many groups as alerts.
    Groups,
    /// From the request to the receiver.
    Latency,
    /// A receiver that is down for a while.
    Outage,
}

impl Part {
    const ALL: [Self; 4] = [Self::Load, Self::Groups, Self::Latency, Self::Outage];

    fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Groups => "groups",
            Self::Latency => "latency",
            Self::Outage => "outage",
        }
    }
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    build: Build,
    alerts: usize,
    resends: usize,
    reads: usize,
    latencies: usize,
    outage: Duration,
}

impl Size {
    const MEASURED: Self = Self {
        build: Build::Release,
        alerts: 10_000,
        resends: 10,
        reads: 11,
        latencies: 500,
        outage: OUTAGE,
    };
    const TRIAL: Self = Self {
        build: Build::Debug,
        alerts: 640,
        resends: 1,
        reads: 3,
        latencies: 20,
        outage: Duration::from_secs(4),
    };
}

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    parts: Vec<Part>,
    size: Size,
}

impl Plan {
    /// Reads `[PART]… [--trial]`, in any order.
    pub(super) fn read(words: &[String]) -> anyhow::Result<Self> {
        let (mut parts, mut size) = (Vec::new(), Size::MEASURED);
        for word in words {
            if word == "--trial" {
                size = Size::TRIAL;
            } else if let Some(part) = Part::ALL.into_iter().find(|it| it.name() == word) {
                parts.push(part);
            } else {
                let known = Part::ALL.map(Part::name).join(", ");
                bail!("`{word}` is no part of this benchmark: {known}");
            }
        }
        if parts.is_empty() {
            parts = Part::ALL.to_vec();
        }
        Ok(Self { parts, size })
    }

    pub(super) fn is_trial(&self) -> bool {
        self.size == Size::TRIAL
    }
}

/// Figures by name, of nines and of Alertmanager.
pub(super) fn run(repository: &Repository, plan: &Plan) -> anyhow::Result<Value> {
    let nines = System::nines_alertmanager(demo::build(repository, plan.size.build)?);
    let peer = programs::find("prometheus-alertmanager")
        .context("no Alertmanager; install the package prometheus-alertmanager")?;
    let systems = [nines, System::alertmanager(peer)];
    let place = repository.target()?.join("bench-alerting");
    if place.is_dir() {
        fs::remove_dir_all(&place)?;
    }
    let mut measured = Map::new();
    for part in &plan.parts {
        println!("── {}", part.name());
        let mut figures = Vec::new();
        for system in &systems {
            let place = place.join(format!("{}-{}", part.name(), system.name()));
            figures.push(match part {
                Part::Load => load(system, &place, plan.size)?,
                Part::Groups => groups(system, &place, plan.size)?,
                Part::Latency => latency(system, &place, plan.size)?,
                Part::Outage => outage(system, &place, plan.size)?,
            });
        }
        let [ours, theirs] = figures.as_slice() else { bail!("two systems have two results") };
        println!("{}", table(ours, theirs));
        let one = json!({ "nines": figures_json(ours), "alertmanager": figures_json(theirs) });
        measured.insert(part.name().to_owned(), one);
    }
    Ok(Value::Object(measured))
}

/// A name with its unit, and the value.
type Figures = Vec<(&'static str, f64)>;

fn figures_json(figures: &Figures) -> Value {
    let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), rounded(*value).into()));
    Value::Object(figures.collect())
}

/// In Markdown.
fn table(ours: &Figures, theirs: &Figures) -> String {
    let mut table = "| figure | nines | Alertmanager | ratio |\n|---|---|---|---|\n".to_owned();
    for ((name, our), (_, their)) in ours.iter().zip(theirs) {
        let ratio = if *our <= 0.0 || *their <= 0.0 {
            "—".to_owned()
        } else if our <= their {
            format!("1/{:.1}", their / our)
        } else {
            format!("{:.1}×", our / their)
        };
        table.push_str(&format!("| {name} | {our:.3} | {their:.3} | {ratio} |\n"));
    }
    table
}

fn config(sink: &Sink, route: &str) -> String {
    format!(
        "route:\n  receiver: sink\n{route}receivers:\n- name: sink\n  webhook_configs:\n  - url: '{}'\n",
        sink.url()
    )
}

const GROUPED: &str = "  group_by: [alertname, cluster]\n  group_wait: 1s\n  group_interval: 1m\n  repeat_interval: 4h\n";
const SINGLE: &str =
    "  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1m\n  repeat_interval: 4h\n";

/// Sends all batches from several connections.
fn send(peer: &Peer, batches: &[String]) -> anyhow::Result<()> {
    let share = batches.len().div_ceil(SENDERS).max(1);
    thread::scope(|scope| {
        let senders: Vec<_> = batches
            .chunks(share)
            .map(|batches| {
                scope.spawn(move || batches.iter().try_for_each(|it| peer.post_alerts(it)))
            })
            .collect();
        senders
            .into_iter()
            .try_for_each(|it| it.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?)
    })
}

fn load(system: &System, place: &Path, size: Size) -> anyhow::Result<Figures> {
    let sink = Sink::start()?;
    let peer = Peer::start(system, place, &config(&sink, GROUPED))?;
    peer.settle()?;
    let idle = peer.memory_bytes()? as f64;
    let mut fleet = Fleet::new(size.alerts);
    let batches = fleet.batches(BATCH);
    let (cpu, start) = (peer.cpu_seconds()?, Instant::now());
    send(&peer, &batches)?;
    let seconds = start.elapsed().as_secs_f64();
    peer.settle()?;
    let posted = peer.cpu_seconds()? - cpu;
    let memory = peer.memory_bytes()? as f64;
    let per_10k = 10_000.0 / size.alerts as f64;

    let cpu = peer.cpu_seconds()?;
    for _ in 0..size.resends {
        fleet.later();
        send(&peer, &fleet.batches(BATCH))?;
    }
    peer.settle()?;
    let resent = (peer.cpu_seconds()? - cpu) / size.resends as f64;

    let (all, _) = median_and_worst(reads(&peer, "/api/v2/alerts", size.reads, size.alerts)?);
    let filter = format!("/api/v2/alerts?filter={}", fleet.filter_for_one());
    let (one, _) = median_and_worst(reads(&peer, &filter, size.reads, 1)?);
    peer.stop()?;
    Ok(vec![
        ("POST of new alerts, alerts per second (more is better)", size.alerts as f64 / seconds),
        ("POST of 10,000 new alerts, CPU-s", posted * per_10k),
        ("re-send of 10,000 known alerts, CPU-s", resent * per_10k),
        ("memory idle, MB", idle / 1e6),
        ("memory with all alerts, MB", memory / 1e6),
        ("memory of 10,000 alerts, MB", (memory - idle) * per_10k / 1e6),
        ("GET of all alerts, ms", all),
        ("GET of one by a filter, ms", one),
    ])
}

/// Milliseconds of each read, which must find so many alerts.
fn reads(peer: &Peer, path: &str, count: usize, alerts: usize) -> anyhow::Result<Vec<f64>> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            let text = peer.get(path, &[])?;
            let taken = start.elapsed().as_secs_f64() * 1e3;
            let found: Vec<Value> = serde_json::from_str(&text)?;
            ensure!(found.len() == alerts, "{} answers {} alerts", peer.name(), found.len());
            Ok(taken)
        })
        .collect()
}

fn groups(system: &System, place: &Path, size: Size) -> anyhow::Result<Figures> {
    let sink = Sink::start()?;
    let peer = Peer::start(system, place, &config(&sink, SINGLE))?;
    peer.settle()?;
    let idle = peer.memory_bytes()? as f64;
    let mut fleet = Fleet::new(size.alerts);
    let (cpu, start) = (peer.cpu_seconds()?, Instant::now());
    send(&peer, &fleet.batches(BATCH))?;
    while sink.alerts() < size.alerts {
        ensure!(start.elapsed() < ARRIVES_WITHIN * 4, "only {} arrived", sink.alerts());
        thread::sleep(Duration::from_millis(2));
    }
    let seconds = start.elapsed().as_secs_f64();
    let cpu = peer.cpu_seconds()? - cpu;
    let memory = peer.memory_bytes()? as f64 - idle;
    peer.stop()?;
    let per_10k = 10_000.0 / size.alerts as f64;
    Ok(vec![
        ("groups told per second (more is better)", size.alerts as f64 / seconds),
        ("10,000 groups told, CPU-s", cpu * per_10k),
        ("memory of 10,000 groups, MB", memory * per_10k / 1e6),
    ])
}

fn latency(system: &System, place: &Path, size: Size) -> anyhow::Result<Figures> {
    let sink = Sink::start()?;
    let peer = Peer::start(system, place, &config(&sink, SINGLE))?;
    peer.settle()?;
    let mut fleet = Fleet::new(size.latencies);
    let mut milliseconds = Vec::with_capacity(size.latencies);
    for (told, batch) in (1..).zip(fleet.batches(1)) {
        let start = Instant::now();
        peer.post_alerts(&batch)?;
        let arrived = sink.wait_for(told, ARRIVES_WITHIN).context("a notice did not arrive")?;
        milliseconds.push(arrived.duration_since(start).as_secs_f64() * 1e3);
    }
    peer.stop()?;
    milliseconds.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let index = (milliseconds.len() * share / 100).min(milliseconds.len() - 1);
        milliseconds.get(index).copied().unwrap_or(f64::NAN)
    };
    Ok(vec![("POST to receiver, p50, ms", at(50)), ("POST to receiver, p99, ms", at(99))])
}

fn outage(system: &System, place: &Path, size: Size) -> anyhow::Result<Figures> {
    let sink = Sink::start()?;
    sink.refuse_for(size.outage);
    let route =
        "  group_by: ['...']\n  group_wait: 0s\n  group_interval: 5s\n  repeat_interval: 4h\n";
    let peer = Peer::start(system, place, &config(&sink, route))?;
    for batch in Fleet::new(OUTAGE_ALERTS).batches(1) {
        peer.post_alerts(&batch)?;
    }
    thread::sleep(size.outage + AFTER_OUTAGE);
    let (taken, refused) = (sink.alerts(), sink.refused());
    peer.stop()?;
    ensure!(OUTAGE_ALERTS <= taken, "only {taken} of {OUTAGE_ALERTS} alerts arrived");
    Ok(vec![
        ("notices taken for 5 alerts after the outage", taken as f64),
        ("attempts while the receiver was down", refused as f64),
    ])
}
