//! From samples to alerts: objectives are judged when something arrives, and when only time has passed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nines_engine::{Command, Observation, observe_burns};
use tokio::sync::watch;

use super::silence::Silence;
use crate::app::App;
use crate::health::Health;

/// Objectives are judged at least so often.
const IDLE_MAX: Duration = Duration::from_secs(1);
/// And at most so often.
const MERGE: Duration = Duration::from_millis(50);
/// What burns is told again after this, so that nothing hangs on one lost command.
const REMIND: SignedDuration = SignedDuration::from_secs(15);

/// Judges until `shutdown`.
pub(crate) async fn watch_burns(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut silence = Silence::resume(&app);
    let mut told: Option<(Timestamp, Vec<(String, String)>)> = None;
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = app.metrics.arrived.notified() => tokio::time::sleep(MERGE).await,
            () = tokio::time::sleep(IDLE_MAX) => {}
        }
        let now = app.clock.now();
        let mut observations = observe(&app, now);
        observations.extend(silence.observe(&app, now));
        Health::add(&app.health.evaluations, 1);
        let gist: Vec<(String, String)> =
            observations.iter().map(|it| (it.labels.to_string(), it.gist.clone())).collect();
        let is_news = told.as_ref().is_none_or(|(at, it)| *it != gist || *at + REMIND <= now);
        if !is_news || !app.engine.is_active() {
            continue;
        }
        match app.ask(Command::ObserveBurns(observations)).await {
            Ok(_) => told = Some((now, gist)),
            Err(error) => {
                tracing::error!(%error, "burn alerts were not taken; they are told again");
            }
        }
    }
}

fn observe(app: &App, now: Timestamp) -> Vec<Observation> {
    let spec = app.spec();
    let mut tracker = app.metrics.tracker();
    let burning = tracker.evaluate(now);
    observe_burns(&burning, &spec.slos, &tracker, now)
}
