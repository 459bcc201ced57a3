//! What does not work at the moment, for consoles: as a list, and as a stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream::unfold;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;

use super::answer::success;
use crate::app::{App, Shared};

/// Listeners at once; one more is told to come back later.
const LISTENERS_MAX: usize = 16;
/// How often the stream looks for news.
const LOOK: Duration = Duration::from_secs(1);

static LISTENERS: Semaphore = Semaphore::const_new(LISTENERS_MAX);

/// One thing that does not work.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
struct Notification {
    text: String,
    date: Timestamp,
    active: bool,
}

fn present(app: &Shared) -> Vec<Notification> {
    let loaded = app.loaded();
    let old = (!loaded.is_current).then(|| {
        let text = "Configuration reload has failed.".to_owned();
        Notification { text, date: loaded.read_at, active: true }
    });
    let problem = app.health.problem().map(|text| {
        let date = app.started_at;
        Notification { text, date, active: true }
    });
    old.into_iter().chain(problem).collect()
}

/// `/api/v1/notifications`
pub(super) async fn list(State(app): State<App>) -> Response {
    success(json!(present(&app)))
}

/// `/api/v1/notifications/live`: each notification as an event, and once more when it is over.
pub(super) async fn live(State(app): State<App>) -> Response {
    let Ok(seat) = LISTENERS.try_acquire() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    // The stream ends with the engine, as the server does.
    let commits = app.committed.clone();
    let state = (seat, app, commits, Vec::<Notification>::new(), Vec::<Notification>::new());
    let events = unfold(state, |(seat, app, mut commits, mut told, mut waiting)| async move {
        loop {
            if let Some(next) = waiting.pop() {
                let data = serde_json::to_string(&next).unwrap_or_default();
                let event = Ok::<_, Infallible>(Event::default().data(data));
                return Some((event, (seat, app, commits, told, waiting)));
            }
            let now = present(&app);
            let over = told.iter().filter(|it| !now.iter().any(|now| now.text == it.text));
            waiting.extend(over.map(|it| Notification { active: false, ..it.clone() }));
            let fresh = now.iter().filter(|it| !told.iter().any(|old| old.text == it.text));
            waiting.extend(fresh.cloned());
            told = now;
            if waiting.is_empty()
                && let Ok(Err(_)) = tokio::time::timeout(LOOK, commits.changed()).await
            {
                return None;
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
