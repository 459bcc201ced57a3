//! Upkeep: syncing samples, cutting segments, retention, snapshots of the state.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nines_engine::snapshot::ProofError;
use tokio::sync::watch;

use crate::app::{App, Shared};

/// How often samples are forced to the disk; what was taken survives the process in any case.
const SYNC: Duration = Duration::from_millis(200);
/// How often the store looks after its files.
const MAINTAIN: Duration = Duration::from_secs(15);

/// How often the state is saved, so that a start reads little of the journal …
const SNAPSHOT: Duration = Duration::from_mins(10);
/// … or after so many facts, which is about 64 MiB of them.
const SNAPSHOT_FACTS: u64 = 100_000;
/// How often that is looked at.
const SNAPSHOT_LOOK: Duration = Duration::from_secs(10);

/// Saves the state as of now, folded from the journal by itself: the engine does not stand still for it, and what it
/// remembers is compared with what a restart would find.
pub(crate) fn save_snapshot(app: &Shared) -> Result<u64, SnapshotError> {
    let (shown, program) = (app.engine.state(), &app.installation.version);
    let mut reader = app.journal.reader().map_err(SnapshotError::Journal)?;
    let mut read = |after, count_max| reader.read(after, count_max);
    let last = app.snapshots.newest();
    let proven = nines_engine::snapshot::prove(last.as_deref(), &shown, program, &mut read)?;
    if let Some(bytes) = proven {
        app.snapshots.save(shown.seq, &bytes)?;
    }
    Ok(shown.seq)
}

/// Why no snapshot was saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("{0}: {source}", source = .0.source)]
    Journal(nines_port::JournalError),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Saves the state now and then until `shutdown`.
pub(crate) async fn save_snapshots(app: App, mut shutdown: watch::Receiver<bool>) {
    let (mut saved, mut pause) = (*app.committed.borrow(), Duration::ZERO);
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(SNAPSHOT_LOOK) => pause += SNAPSHOT_LOOK,
        }
        let facts = app.committed.borrow().saturating_sub(saved);
        if facts == 0 || facts < SNAPSHOT_FACTS && pause < SNAPSHOT {
            continue;
        }
        pause = Duration::ZERO;
        let at = Arc::clone(&app);
        match tokio::task::spawn_blocking(move || save_snapshot(&at)).await {
            Ok(Ok(seq)) => saved = seq,
            Ok(Err(error @ SnapshotError::Proof(ProofError::Differs { .. }))) => {
                tracing::error!(%error, "no snapshot was saved");
                app.health.set_problem(Some(error.to_string()));
            }
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
