//! nines judges its objectives, and Prometheus evaluates the rules that `nines export prometheus-rules` makes of the
//! same files. Both get the same samples while time passes, and so do one of each without objectives, so that what
//! writing costs can be taken away.
//!
//! Nobody has a past here: rules that sum over days find a few minutes, which is to Prometheus' advantage.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::fleet::{self, Fleet};
use super::{Effort, Part};
use crate::bench::peer::{Caller, Peer, System};
use crate::bench::rounded;
use crate::browser::demo;
use crate::programs;
use crate::repository::Repository;

/// From one sample of a series to its next.
const INTERVAL: Duration = Duration::from_secs(15);
/// Rules are evaluated once a minute, each group at its own second: until all have been, and then five times each.
const ROUNDS_BEFORE: u32 = 6;
const ROUNDS: u32 = 20;
/// A trial sees every rule once.
const TRIAL_ROUNDS: u32 = 5;

/// The kernel tells processor time in hundredths of a second; a difference of differences is not finer than this.
const GRAIN_SECONDS: f64 = 0.02;

/// What one program used with objectives, and without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Used {
    pub(super) with: f64,
    pub(super) without: f64,
}

impl Used {
    fn since(self, before: Self) -> Self {
        Self { with: self.with - before.with, without: self.without - before.without }
    }

    /// What the objectives cost.
    fn added(self) -> f64 {
        self.with - self.without
    }
}

/// All figures of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) slos: usize,
    pub(super) series: usize,
    pub(super) seconds: u64,
    pub(super) nines_cpu: Used,
    pub(super) prometheus_cpu: Used,
    pub(super) nines_bytes: Used,
    pub(super) prometheus_bytes: Used,
}

pub(super) fn run(repository: &Repository, slos: usize, effort: Effort) -> anyhow::Result<Value> {
    let nines = demo::build(repository, effort.build())?;
    let prometheus =
        programs::find("prometheus").context("no prometheus; install the package prometheus")?;
    let place = super::place(repository, Part::Rules)?;
    let four = Four::start(&nines, prometheus, &place, slos)?;
    let mut fleet = Fleet::new(slos);
    let rounds = match effort {
        Effort::Trial => TRIAL_ROUNDS,
        Effort::Measured => ROUNDS,
    };
    four.feed(&mut fleet, ROUNDS_BEFORE)?;
    let (nines_before, prometheus_before) = four.each(Peer::cpu_seconds)?;
    four.feed(&mut fleet, rounds)?;
    let (nines_after, prometheus_after) = four.each(Peer::cpu_seconds)?;
    let bytes = |it: &Peer| it.memory_bytes().map(|it| it as f64);
    let (nines_bytes, prometheus_bytes) = four.each(bytes)?;
    four.check(slos)?;
    four.stop()?;
    let measured = Measured {
        slos,
        series: fleet.series(),
        seconds: INTERVAL.as_secs() * u64::from(rounds),
        nines_cpu: nines_after.since(nines_before),
        prometheus_cpu: prometheus_after.since(prometheus_before),
        nines_bytes,
        prometheus_bytes,
    };
    println!("{}", measured.table());
    Ok(measured.to_json())
}

impl Measured {
    /// In Markdown.
    pub(super) fn table(&self) -> String {
        let Self { slos, series, seconds, .. } = self;
        let mut table = format!(
            "{slos} SLOs with {series} series, a sample every {} s for {seconds} s\n\n\
             | figure | unit | nines | Prometheus | of Prometheus |\n|---|---|---|---|---|\n",
            INTERVAL.as_secs()
        );
        let (ours, theirs) = (self.nines_cpu, self.prometheus_cpu);
        let seconds = |it: f64| format!("{it:.2}");
        let megabytes = |it: f64| format!("{:.1}", it / 1e6);
        let rows = [
            ("writes and SLOs", "CPU-s", ours.with, theirs.with),
            ("the same writes without SLOs", "CPU-s", ours.without, theirs.without),
            ("what SLOs add", "CPU-s", ours.added(), theirs.added()),
            ("memory with SLOs", "MB", self.nines_bytes.with, self.prometheus_bytes.with),
            ("memory without SLOs", "MB", self.nines_bytes.without, self.prometheus_bytes.without),
        ];
        for (figure, unit, nines, prometheus) in rows {
            let (show, share): (&dyn Fn(f64) -> String, _) = match unit {
                "MB" => (&megabytes, share(nines, prometheus, 0.0)),
                _ => (&seconds, share(nines, prometheus, GRAIN_SECONDS)),
            };
            let (nines, prometheus) = (show(nines), show(prometheus));
            table.push_str(&format!("| {figure} | {unit} | {nines} | {prometheus} | {share} |\n"));
        }
        table
    }

    pub(super) fn to_json(self) -> Value {
        let used = |it: Used| json!({ "with": rounded(it.with), "without": rounded(it.without) });
        json!({
            "slos": self.slos,
            "series": self.series,
            "seconds": self.seconds,
            "cpu_seconds": { "nines": used(self.nines_cpu), "prometheus": used(self.prometheus_cpu) },
            "memory_bytes": { "nines": used(self.nines_bytes), "prometheus": used(self.prometheus_bytes) },
        })
    }
}

/// Our share of theirs. What is within the grain of the clock is only known not to be more.
pub(super) fn share(nines: f64, prometheus: f64, grain: f64) -> String {
    if prometheus <= grain {
        return "too little to compare".to_owned();
    }
    if nines < grain {
        return format!("below 1/{:.1}", prometheus / grain);
    }
    if prometheus < nines {
        return format!("{:.1}×", nines / prometheus);
    }
    format!("1/{:.1}", prometheus / nines)
}

/// nines with objectives and without, Prometheus with rules and without.
#[derive(Debug)]
struct Four([Peer; 4]);

impl Four {
    fn start(nines: &Path, prometheus: PathBuf, place: &Path, slos: usize) -> anyhow::Result<Self> {
        let folder = |name: &str| -> anyhow::Result<PathBuf> {
            let folder = place.join(name);
            fs::create_dir_all(folder.join("config"))?;
            Ok(folder)
        };
        let (with, without) = (folder("nines-with")?, folder("nines-without")?);
        let (rules, no_rules) = (folder("prometheus-with")?, folder("prometheus-without")?);
        fs::write(with.join("config/slos.yaml"), fleet::documents(slos))?;
        fs::write(without.join("config/slos.yaml"), fleet::documents(0))?;
        let status = Command::new(nines)
            .args(["export", "prometheus-rules"])
            .arg(with.join("config"))
            .arg("--out")
            .arg(rules.join("rules.yml"))
            .stderr(fs::File::create(rules.join("losses"))?)
            .status()?;
        ensure!(status.success(), "`nines export prometheus-rules` ended with {status}");
        let (nines, prometheus) =
            (System::nines_server(nines.to_owned()), System::prometheus(prometheus));
        Ok(Self([
            Peer::start(&nines, &with, "")?,
            Peer::start(&nines, &without, "")?,
            Peer::start(&prometheus, &rules, "rule_files: [rules.yml]\n")?,
            Peer::start(&prometheus, &no_rules, "")?,
        ]))
    }

    /// Sends the samples of so many rounds as time passes.
    fn feed(&self, fleet: &mut Fleet, rounds: u32) -> anyhow::Result<()> {
        let start = Instant::now();
        for round in 0..rounds {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            for request in fleet.step(i64::try_from(now.as_millis())?) {
                self.0.iter().try_for_each(|it| it.write(&request))?;
            }
            thread::sleep((INTERVAL * (round + 1)).saturating_sub(start.elapsed()));
        }
        Ok(())
    }

    /// A figure of nines, and the same of Prometheus.
    fn each(&self, measure: impl Fn(&Peer) -> anyhow::Result<f64>) -> anyhow::Result<(Used, Used)> {
        let [nines, nines_alone, prometheus, prometheus_alone] = &self.0;
        let used = |with, without| -> anyhow::Result<Used> {
            Ok(Used { with: measure(with)?, without: measure(without)? })
        };
        Ok((used(nines, nines_alone)?, used(prometheus, prometheus_alone)?))
    }

    /// Both have counted events of every objective, or nothing was compared.
    fn check(&self, slos: usize) -> anyhow::Result<()> {
        let [nines, _, prometheus, _] = &self.0;
        let (_, answer) = nines.ask("/api/nines/v1/slos", Caller::Proven)?;
        let counted = counted(&serde_json::from_str(&answer)?);
        ensure!(counted == slos, "nines has counted for {counted} of {slos} SLOs");
        let query = [("query", "count(slo:total_events:increase1m > 0)".to_owned())];
        let answer: Value = serde_json::from_str(&prometheus.get("/api/v1/query", &query)?)?;
        let recorded = &answer["data"]["result"][0]["value"][1];
        ensure!(
            recorded.as_str() == Some(slos.to_string().as_str()),
            "Prometheus has recorded events of {recorded} of {slos} SLOs"
        );
        Ok(())
    }

    fn stop(self) -> anyhow::Result<()> {
        self.0.into_iter().try_for_each(Peer::stop)
    }
}

/// How many of a list of SLOs have events.
pub(super) fn counted(list: &Value) -> usize {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter(|it| it["total"].as_u64().is_some_and(|it| 0 < it)).count()
}
