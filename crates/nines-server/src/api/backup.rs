//! A copy of the samples, taken while everything goes on.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use nines_tsdb::SnapshotError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::folder::SAMPLES;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// A folder of the server's machine, with its whole path. A server can be started on it.
    to: PathBuf,
}

/// `POST /backup`
pub(super) async fn backup(
    State(app): State<App>,
    Json(Backup { to }): Json<Backup>,
) -> Result<Json<Value>, Problem> {
    if !to.is_absolute() {
        return Err(Problem::bad_request(
            "`to` is the whole path of a folder on the server's machine",
        ));
    }
    let samples = to.join(SAMPLES);
    let target = samples.clone();
    let taken = tokio::task::spawn_blocking(move || app.metrics.store.snapshot(&target)).await;
    let taken = taken.map_err(|error| Problem::unavailable(error.to_string()))?;
    taken.map_err(|error| refusal(&error, &samples))?;
    Ok(Json(json!({ "samples": samples })))
}

fn refusal(error: &SnapshotError, samples: &Path) -> Problem {
    match error {
        SnapshotError::Exists { .. } => {
            let samples = samples.display();
            Problem::refused(format!(
                "{samples} exists already; choose a new folder for each backup"
            ))
        }
        error => {
            let source = std::error::Error::source(error).map(|it| format!(": {it}"));
            Problem::unavailable(format!("{error}{}", source.unwrap_or_default()))
        }
    }
}
