//! Server-sent events: "something changed", at most once a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;

use crate::app::App;

/// Changes within this time are one message.
const MERGE: Duration = Duration::from_secs(1);
/// Budgets move with time, so a page is asked to look again at least so often.
const TICK: Duration = Duration::from_secs(5);

/// `GET /stream`: the id is the sequence number of the last fact.
pub(super) async fn stream(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let commits = app.committed.clone();
    let events = unfold(commits, |mut commits| async move {
        tokio::time::sleep(MERGE).await;
        let topic = match tokio::time::timeout(TICK, commits.changed()).await {
            Ok(Ok(())) => "all",
            // The engine has stopped: so does the stream.
            Ok(Err(_)) => return None,
            Err(_) => "slos",
        };
        let seq = *commits.borrow_and_update();
        let event = Event::default().id(seq.to_string()).event("changed").data(topic);
        Some((Ok(event), commits))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
