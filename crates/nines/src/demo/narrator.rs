//! The demo's running commentary: one line for each change, page, answer and end.

use std::collections::BTreeSet;

use jiff::Timestamp;
use nines_engine::outbox::{Phase, Purpose};
use nines_engine::{EngineHandle, State};
use tokio::sync::watch;

use crate::output;

/// Prints what happens, until the engine stops.
pub(super) async fn narrate(engine: EngineHandle, mut committed: watch::Receiver<u64>) {
    let mut told: BTreeSet<String> = engine.read(events).into_iter().map(|(_, it)| it).collect();
    while committed.changed().await.is_ok() {
        let mut fresh = engine.read(events);
        fresh.retain(|(_, text)| !told.contains(text));
        fresh.sort_unstable();
        for (at, text) in fresh {
            // Nobody may be reading any more; the demo goes on all the same.
            drop(output::print(&format!("{}  {text}", at.strftime("%H:%M:%S"))));
            told.insert(text);
        }
    }
}

/// Everything that deserves a line, with its time.
fn events(state: &State) -> Vec<(Timestamp, String)> {
    let mut events = Vec::new();
    for it in state.changes.iter() {
        let change = &it.change;
        let version = change.version.as_deref().unwrap_or("");
        let author = change.author.as_deref().unwrap_or("somebody");
        let what = format!(
            "▲ {:<8} {} {version} by {author}: {}",
            change.kind.to_string(),
            change.service,
            change.summary
        );
        events.push((change.started, what));
    }
    for it in state.incidents.values() {
        let number = it.number;
        if let Some(at) = it.opened_at {
            events.push((at, format!("■ incident INC-{number} {}", it.title)));
        }
        if let (Some(at), Some(by)) = (it.acknowledged_at, &it.acknowledged_by) {
            events.push((at, format!("● ack      INC-{number} by {by}")));
        }
        if let Some(at) = it.resolved_at {
            events.push((at, format!("● resolved INC-{number}")));
        }
    }
    for it in state.outbox.values() {
        if let (Purpose::Page, Phase::Accepted { at, .. }) = (it.intent.purpose, &it.phase) {
            let intent = &it.intent;
            events.push((
                *at,
                format!("■ page     {} → {} by {}", intent.subject, intent.person, intent.channel),
            ));
        }
    }
    for (_, alert) in state.alerts() {
        let number = alert.activation.number;
        if let Some(at) = alert.activation.resolved_at {
            let labels = &alert.labels;
            let (service, slo) = (labels.value("service"), labels.value("slo"));
            let severity = labels.value("severity");
            events
                .push((at, format!("● over     {service}/{slo} {severity}, activation {number}")));
        }
    }
    events
}
