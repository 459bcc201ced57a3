//! How long an answer of the gate takes, as who asks sees it: on loopback over an open connection, to a server that
//! has answered before. Whoever has proved who they are gets an answer that is recorded first.

use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use serde_json::{Value, json};

use super::fleet::{self, Fleet};
use super::{Effort, Part};
use crate::bench::peer::{Caller, Peer, System};
use crate::browser::demo;
use crate::repository::Repository;

/// Asks that are measured, and those before them.
const ASKS: usize = 200;
const WARM_UP: usize = 20;

/// The past that the server gets: so many samples of every series.
const SAMPLES: i64 = 240;
const INTERVAL_MS: i64 = 15_000;

/// Counts settle within half a minute; a budget is known soon after.
const KNOWN_WITHIN: Duration = Duration::from_mins(2);
const POLL_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(repository: &Repository, slos: usize, effort: Effort) -> anyhow::Result<Value> {
    let nines = demo::build(repository, effort.build())?;
    let place = super::place(repository, Part::Gate)?;
    fs::create_dir_all(place.join("config"))?;
    fs::write(place.join("config/slos.yaml"), fleet::documents(slos))?;
    fs::write(place.join("config/policy.yaml"), fleet::POLICY)?;
    let server = Peer::start(&System::nines_server(nines), &place, "")?;
    write_the_past(&server, slos)?;
    wait_until_open(&server)?;
    println!(
        "| {slos} SLOs and a policy, {ASKS} asks | median ms | p99 ms | worst ms |\n|---|---|---|---|"
    );
    let anybody = measure(&server, slos, Caller::Anybody)?;
    println!("{}", row("an answer to anybody", &anybody));
    let proven = measure(&server, slos, Caller::Proven)?;
    println!("{}", row("an answer that is recorded", &proven));
    server.stop()?;
    Ok(json!({
        "slos": slos,
        "asks": ASKS,
        "anybody": to_json(&anybody),
        "recorded": to_json(&proven),
    }))
}

fn write_the_past(server: &Peer, slos: usize) -> anyhow::Result<()> {
    let mut fleet = Fleet::new(slos);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now_ms = i64::try_from(now.as_millis())?;
    for back in (0..SAMPLES).rev() {
        for request in fleet.step(now_ms - back * INTERVAL_MS) {
            server.write(&request)?;
        }
    }
    Ok(())
}

fn path(index: usize) -> String {
    format!("/api/nines/v1/gate?service={}&version=v{index}&kind=code", fleet::service(index))
}

/// A gate that knows nothing answers sooner, so the budgets have to be known.
fn wait_until_open(server: &Peer) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        let (status, decision) = server.ask(&path(0), Caller::Anybody)?;
        if status == 200 {
            return Ok(());
        }
        ensure!(start.elapsed() < KNOWN_WITHIN, "the gate does not open: {status} {decision}");
        thread::sleep(POLL_EVERY);
    }
}

/// The milliseconds of every ask, least first; all services in turn.
fn measure(server: &Peer, slos: usize, caller: Caller) -> anyhow::Result<Vec<f64>> {
    let mut milliseconds = Vec::with_capacity(ASKS);
    for ask in 0..WARM_UP + ASKS {
        let path = path(ask % slos);
        let start = Instant::now();
        let (status, decision) = server.ask(&path, caller)?;
        let elapsed = start.elapsed();
        ensure!(status == 200, "the gate of {path} is not open: {status} {decision}");
        if WARM_UP <= ask {
            milliseconds.push(elapsed.as_secs_f64() * 1e3);
        }
    }
    milliseconds.sort_by(f64::total_cmp);
    Ok(milliseconds)
}

/// The least value that so many hundredths of all do not exceed.
pub(super) fn percentile(sorted: &[f64], hundredths: usize) -> Option<f64> {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn figures(sorted: &[f64]) -> [Option<f64>; 3] {
    [50, 99, 100].map(|it| percentile(sorted, it))
}

fn row(name: &str, sorted: &[f64]) -> String {
    let numbers = figures(sorted).map(|it| it.map_or_else(String::new, |it| format!("{it:.2}")));
    format!("| {name} | {} |", numbers.join(" | "))
}

fn to_json(sorted: &[f64]) -> Value {
    let [median, p99, worst] = figures(sorted).map(|it| it.map(crate::bench::rounded));
    json!({ "median_ms": median, "p99_ms": p99, "worst_ms": worst })
}
