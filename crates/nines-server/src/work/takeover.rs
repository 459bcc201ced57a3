//! Once this process decides: what a start notes, and what others have decided since this one started.

use tokio::sync::watch;

use crate::app::App;

/// Each time this process begins to decide, until `shutdown`.
pub(crate) async fn take_over(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut active = app.active.clone();
    // What the start has noted need not be noted again.
    let mut was_active = *active.borrow_and_update();
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            changed = active.changed() => if changed.is_err() { return },
        }
        let is_active = *active.borrow_and_update();
        if is_active && !was_active {
            tracing::info!("this process decides now");
            note(&app).await;
        }
        if was_active && !is_active {
            tracing::warn!("this process does not decide any more; it follows the one that does");
        }
        was_active = is_active;
    }
}

async fn note(app: &App) {
    let spec = app.spec();
    match app.followed(&spec.slos).await {
        Ok(slos) => drop(app.metrics.follow(slos)),
        Err(error) => tracing::error!(%error, "what is promised was not noted"),
    }
    app.resume_burns();
    app.lay_overlays();
    app.lay_forecasts(app.clock.now());
}
