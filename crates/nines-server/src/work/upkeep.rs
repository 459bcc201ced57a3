//! Upkeep: syncing samples, cutting segments, retention, snapshots of the state.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::{App, Shared};

/// How often samples are forced to the disk; what was taken survives the process in any case.
const SYNC: Duration = Duration::from_millis(200);
/// How often the store looks after its files.
const MAINTAIN: Duration = Duration::from_secs(15);

/// How often the state is saved, so that a start reads little of the journal.
const SNAPSHOT: Duration = Duration::from_mins(10);

/// Saves the state as of now.
pub(crate) fn save_snapshot(app: &Shared) -> io::Result<()> {
    // A copy, so that the engine does not wait for the encoding.
    let state = app.engine.read(nines_engine::State::clone);
    match nines_engine::snapshot::encode(&state, &app.installation.version) {
        Some(bytes) => app.snapshots.save(state.seq, &bytes),
        None => Ok(()),
    }
}

/// Saves the state now and then until `shutdown`.
pub(crate) async fn save_snapshots(app: App, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(SNAPSHOT) => {}
        }
        let at = Arc::clone(&app);
        match tokio::task::spawn_blocking(move || save_snapshot(&at)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "no snapshot was saved"),
            Err(error) => tracing::error!(%error, "saving a snapshot panicked"),
        }
    }
}

/// Syncs until `shutdown`, and once more then.
pub(crate) async fn sync_samples(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            _ = shutdown.changed() => stopping = true,
            () = tokio::time::sleep(SYNC) => {}
        }
        let at = Arc::clone(&app);
        let synced = tokio::task::spawn_blocking(move || at.metrics.store.sync()).await;
        match synced {
            Ok(Ok(())) => app.health.set_problem(None),
            Ok(Err(error)) => {
                let problem = format!("samples cannot be written to the disk: {error}");
                tracing::error!(problem);
                app.health.set_problem(Some(problem));
            }
            Err(error) => tracing::error!(%error, "syncing samples panicked"),
        }
    }
}

/// Looks after the files until `shutdown`.
pub(crate) async fn upkeep(app: App, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(MAINTAIN) => {}
        }
        let at = Arc::clone(&app);
        let now_ms = app.clock.now().as_millisecond();
        let maintained =
            tokio::task::spawn_blocking(move || at.metrics.store.maintain(now_ms)).await;
        match maintained {
            Ok(Ok(maintained)) => tracing::debug!(?maintained, "the store was maintained"),
            Ok(Err(error)) => tracing::error!(%error, "the store could not be maintained"),
            Err(error) => tracing::error!(%error, "maintaining the store panicked"),
        }
    }
}
