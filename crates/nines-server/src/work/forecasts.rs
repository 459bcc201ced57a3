//! Once a day it becomes a fact how many events each calendar window is expected to have.

use std::time::Duration;

use nines_engine::Command;
use tokio::sync::watch;

use crate::app::App;

/// How often it is looked whether a forecast is due: a new month must not wait for a day.
const LOOK: Duration = Duration::from_mins(1);

/// Forecasts until `shutdown`.
pub(crate) async fn watch_forecasts(app: App, mut shutdown: watch::Receiver<bool>) {
    loop {
        let now = app.clock.now();
        let forecasts = app.due_forecasts(now);
        if !forecasts.is_empty()
            && app.engine.is_active()
            && let Err(error) = app.ask(Command::NoteForecasts(forecasts)).await
        {
            tracing::error!(%error, "forecasts were not taken; they are made again");
        }
        app.lay_forecasts(now);
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
