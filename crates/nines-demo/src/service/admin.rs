//! The supervisor's door: which faults are active.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{App, Shared};
use crate::Fault;
use crate::services::DISK_BYTES_MAX;

/// The header that carries the token.
pub(crate) const TOKEN_HEADER: &str = "x-demo-token";

/// Time between two dumps: the disk is full after some five seconds.
const DUMP_EVERY: Duration = Duration::from_millis(500);

/// No volume holds more dumps than bytes.
const DUMPS_MAX: u64 = DISK_BYTES_MAX;

/// All faults that are to be active; those not named end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    faults: Vec<String>,
}

/// `POST /admin/fault`
pub(super) async fn post_fault(
    State(app): State<Shared>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Response {
    if headers.get(TOKEN_HEADER).is_none_or(|it| it.as_bytes() != app.token.as_bytes()) {
        return (StatusCode::FORBIDDEN, "the token is wrong\n").into_response();
    }
    let wanted = match wanted.faults.iter().map(|it| it.parse()).collect() {
        Ok(wanted) => wanted,
        Err(error @ crate::UnknownFault { .. }) => {
            return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
        }
    };
    match apply(&app, wanted).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// Makes exactly the `wanted` faults active. Repeating it changes nothing.
pub(super) async fn apply(app: &Shared, wanted: BTreeSet<Fault>) -> io::Result<()> {
    let _one_at_a_time = app.admin.lock().await;
    let before = {
        let mut faults = app.faults.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *faults, wanted.clone())
    };
    for fault in wanted.difference(&before) {
        begin(app, *fault).await?;
    }
    for fault in before.difference(&wanted) {
        end(app, *fault)?;
    }
    Ok(())
}

async fn begin(app: &Shared, fault: Fault) -> io::Result<()> {
    match (fault, &app.database) {
        (Fault::DbDown, Some(database)) => database.lose().await?,
        (Fault::DiskFilling, _) => drop(tokio::spawn(fill_disk(Arc::clone(app)))),
        _ => {}
    }
    Ok(())
}

fn end(app: &App, fault: Fault) -> io::Result<()> {
    match (fault, &app.database) {
        (Fault::DbDown, Some(database)) => database.find(),
        (Fault::DiskFilling, _) => app.volume.remove_dumps(),
        (Fault::MemoryLeak, _) => {
            app.leak.clear();
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn fill_disk(app: Shared) {
    for _ in 0..DUMPS_MAX {
        // Not during a change of faults: a dump must not appear after they were removed.
        let changing = app.admin.lock().await;
        if !app.is_broken_by(Fault::DiskFilling) {
            return;
        }
        if let Err(error) = app.volume.write_dump() {
            tracing::debug!(%error, "no dump is written");
        }
        drop(changing);
        tokio::time::sleep(DUMP_EVERY).await;
    }
}
