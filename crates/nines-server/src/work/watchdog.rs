//! Watching ourselves: a message that nobody gets goes the way that pages go, again and again, and only while it
//! arrives is somebody outside told that nines is well.

use std::time::Duration;

use jiff::SignedDuration;
use nines_engine::outbox::Phase;
use nines_engine::{Command, Reply, State};
use reqwest::Client;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::app::{App, Shared};
use crate::health::Health;

/// How often. Each costs three facts in the journal.
const EVERY: Duration = Duration::from_secs(30);
/// After this it is lost.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);
/// Slower ones are late.
const LATE_AFTER: SignedDuration = SignedDuration::from_secs(1);
/// How long somebody outside may take.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// Watches until `shutdown`. A process that does not decide has nothing to send.
pub(crate) async fn watch_ourselves(app: App, mut shutdown: watch::Receiver<bool>) {
    let client = Client::builder().timeout(TOLD_WITHIN).build();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            _ = ticks.tick() => {}
        }
        if !app.engine.is_active() {
            continue;
        }
        Health::add(&app.health.watches, 1);
        let took = tokio::time::timeout(ARRIVES_WITHIN, arrival(&app)).await.ok().flatten();
        if took.is_none_or(|it| LATE_AFTER < it) {
            Health::add(&app.health.watches_late, 1);
        }
        let Some(took) = took else {
            let problem = "a message to ourselves did not arrive: pages may not arrive either";
            tracing::error!("{problem}; look at the messages before this one");
            continue;
        };
        let millis = u64::try_from(took.as_millis()).unwrap_or_default();
        app.health.watch_ms.store(millis, std::sync::atomic::Ordering::Relaxed);
        if let (Some(url), Ok(client)) = (&app.spec().notify.dead_man, &client)
            && let Err(error) = tell(client, url).await
        {
            let error = error.without_url();
            tracing::warn!(%error, "nobody outside was told that nines is well");
        }
    }
}

/// How long a message took from its order to its receipt; nothing if the engine did not take it.
async fn arrival(app: &Shared) -> Option<SignedDuration> {
    let mut committed = app.committed.clone();
    let Ok(Reply::Ordered(ids)) = app.ask(Command::Watch).await else { return None };
    let id = ids.first()?;
    let took = |state: &State| {
        let outgoing = state.outbox.get(id)?;
        match outgoing.phase {
            Phase::Accepted { at, .. } => Some(at.duration_since(outgoing.recorded_at)),
            _ => None,
        }
    };
    loop {
        if let Some(took) = app.engine.read(took) {
            return Some(took);
        }
        committed.changed().await.ok()?;
    }
}

async fn tell(client: &Client, url: &str) -> reqwest::Result<()> {
    client.get(url).send().await?.error_for_status().map(drop)
}
