//! The audit of the journal, while the server runs.

use axum::Json;
use axum::extract::State;
use nines_engine::audit;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;

/// `GET /audit`: recomputes the hash chain from what is stored, not from what the engine remembers.
pub(super) async fn verify(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let place = app.journal.clone();
    let audited = tokio::task::spawn_blocking(move || {
        let mut reader = place.reader().map_err(|error| error.to_string())?;
        Ok::<_, String>(audit(|after, count_max| reader.read(after, count_max)))
    });
    let audited = audited.await.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(Json(match audited.map_err(Problem::unavailable)? {
        Ok(audit) => audit.shown(),
        Err(error) => json!({ "holds": false, "problem": error.to_string() }),
    }))
}
