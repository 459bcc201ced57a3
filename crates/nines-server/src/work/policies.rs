//! From budgets to levels: what objectives say is told to policies again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nines_engine::{Command, policy_inputs, scrape_intervals};
use nines_ingest::ScrapeJob;
use nines_release::PolicyInput;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::configuration::Files;
use super::scraping::scrape_jobs;
use crate::app::{App, Shared};

/// How often. A question to the gate looks by itself, so nobody waits for this.
const EVERY: Duration = Duration::from_secs(15);

/// Tells until `shutdown`, and scrapes services more often while a level wants that.
pub(crate) async fn watch_policies(
    app: App,
    files: Files,
    jobs: watch::Sender<Vec<ScrapeJob>>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            _ = ticks.tick() => {}
        }
        let inputs = inputs(&app, app.clock.now());
        if app.engine.is_active()
            && let Err(error) = app.ask(Command::ObservePolicies(inputs)).await
        {
            tracing::error!(%error, "levels of policies were not looked at; they are again soon");
        }
        let wanted = wanted_jobs(&app, &files);
        jobs.send_if_modified(|now| {
            let is_news = *now != wanted;
            if is_news {
                *now = wanted;
            }
            is_news
        });
    }
}

/// What objectives say now, by service.
fn inputs(app: &Shared, now: Timestamp) -> Vec<PolicyInput> {
    // How long a budget lasts costs more than all the rest, so only those are told who ask.
    let asks = app.loaded().engine_config.release.asks_how_long_budgets_last();
    let tracker = app.metrics.tracker();
    policy_inputs(&if asks { tracker.statuses(now) } else { tracker.standings(now) })
}

/// The jobs of the files, each as often as the levels of its services want.
fn wanted_jobs(app: &Shared, files: &Files) -> Vec<ScrapeJob> {
    let loaded = app.loaded();
    let intervals = app.engine.read(|state| scrape_intervals(state, &loaded.engine_config));
    let mut jobs = scrape_jobs(&loaded.spec, files.folder(), &files.extra_jobs);
    for job in &mut jobs {
        if let Some(interval) = intervals_of(job, &intervals).min() {
            job.interval = job.interval.min(interval);
            job.timeout = job.timeout.min(job.interval);
        }
    }
    jobs
}

/// A job is a service's if it has its name, or if a target says so by its label.
fn intervals_of<'a>(
    job: &'a ScrapeJob,
    intervals: &'a BTreeMap<String, SignedDuration>,
) -> impl Iterator<Item = SignedDuration> + 'a {
    let targets = job.targets.iter().map(|it| it.labels.value("service"));
    targets.chain([job.name.as_str()]).filter_map(|it| intervals.get(it).copied())
}
