//! Why somebody was told, and why nobody is: chains over the state and the journal.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use nines_alert::AlertKey;
use nines_alert::syntax::parse_matchers;
use nines_base::{Labels, MatchOp};
use nines_engine::State as Known;
use nines_engine::why::{self, Chain, History, RECORDS_MAX};
use nines_store::JournalPlace;
use serde::Deserialize;

use super::time::Instant;
use crate::app::App;
use crate::problem::Problem;
use crate::views::{AlertView, alert_views};

/// How many records are read at once.
const READ_MAX: usize = 5_000;
/// The most chains of one answer.
const CHAINS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct WhyQuery {
    alert: String,
}

/// `GET /why?alert=`: the key, `service/slo`, `service/SLOBurn`, or a service.
pub(super) async fn why(
    State(app): State<App>,
    Query(query): Query<WhyQuery>,
) -> Result<Json<Vec<Chain>>, Problem> {
    let asked = query.alert.trim().to_owned();
    let state = app.engine.state();
    let views = alert_views(&state).into_iter().filter(|it| is_called(it, &asked));
    let keys: Vec<AlertKey> = views.map(|it| it.key).take(CHAINS_MAX).collect();
    if keys.is_empty() {
        return Err(Problem::not_found("alert", &asked));
    }
    let place = app.journal.clone();
    let chains = tokio::task::spawn_blocking(move || chains(&state, &keys, &place));
    chains.await.map(Json).map_err(|error| Problem::unavailable(error.to_string()))
}

fn is_called(alert: &AlertView, asked: &str) -> bool {
    let slo = alert.slo.as_ref().map(|it| format!("{}/{it}", alert.service));
    let name = format!("{}/{}", alert.service, alert.labels.value("alertname"));
    let incident = alert.incident.map(|it| format!("INC-{it}"));
    asked == alert.key.to_string()
        || asked == alert.service
        || asked == name
        || slo.as_deref() == Some(asked)
        || incident.as_deref() == Some(asked)
}

fn chains(state: &Known, keys: &[AlertKey], place: &JournalPlace) -> Vec<Chain> {
    let told = keys.iter().zip(histories(state, keys, place));
    told.filter_map(|(key, history)| match history {
        Some(history) => why::why_told(state, *key, history),
        None => why::why(state, *key),
    })
    .collect()
}

/// What the journal says of each; nothing where it cannot be read beside its owner.
fn histories(state: &Known, keys: &[AlertKey], place: &JournalPlace) -> Vec<Option<History>> {
    let nothing = || keys.iter().map(|_| None).collect();
    let first = keys.iter().filter_map(|key| Some(state.alert(*key)?.activation.fired_seq)).min();
    let (Some(first), Ok(mut reader)) = (first, place.reader()) else {
        return nothing();
    };
    let newest = state.seq.saturating_sub(RECORDS_MAX as u64);
    let mut after = first.saturating_sub(1).max(newest);
    let mut histories: Vec<History> = keys.iter().map(|key| History::new(*key)).collect();
    while after < state.seq {
        let Ok(records) = reader.read(after, READ_MAX) else { return nothing() };
        let Some(last) = records.last() else { break };
        after = last.seq;
        for record in records.iter().filter(|it| it.seq <= state.seq) {
            if histories.iter_mut().any(|it| it.read(record).is_err()) {
                return nothing();
            }
        }
    }
    histories.into_iter().map(Some).collect()
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyNotQuery {
    labels: String,
    at: Option<Instant>,
}

/// `GET /why-not?labels=&at=`: what would become of an alert with these labels.
pub(super) async fn why_not(
    State(app): State<App>,
    Query(query): Query<WhyNotQuery>,
) -> Result<Json<Chain>, Problem> {
    let labels = read_labels(&query.labels)?;
    let at = query.at.map_or_else(|| app.clock.now(), |Instant(at)| at);
    let config = Arc::clone(&app.loaded().engine_config);
    let state = app.engine.state();
    let chain = move || why::why_not(&state, &config, &labels, at);
    let chain = tokio::task::spawn_blocking(chain).await;
    let chain = chain.map_err(|error| Problem::unavailable(error.to_string()))?;
    chain.map(Json).map_err(|refusal| Problem::refused(refusal.to_string()))
}

/// `alertname="Down", severity="page"`, with or without braces.
fn read_labels(text: &str) -> Result<Labels, Problem> {
    let problem = |it: &dyn std::fmt::Display| {
        Problem::bad_request(format!("{text:?} names no labels: {it}; write a=\"b\", c=\"d\""))
    };
    let parsed = parse_matchers(text).map_err(|it| problem(&it))?;
    if let Some(it) = parsed.matchers.iter().find(|it| it.op() != MatchOp::Equal) {
        return Err(problem(&format!("{it} says no value")));
    }
    let pairs = parsed.matchers.iter().map(|it| (it.name(), it.value()));
    let labels = Labels::new(pairs).map_err(|it| problem(&it))?;
    if labels.is_empty() { Err(problem(&"there are none")) } else { Ok(labels) }
}

#[cfg(test)]
mod tests;
