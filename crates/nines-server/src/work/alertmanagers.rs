//! Alerts of rules to Alertmanagers: queued, sent in batches, to all at once.
//!
//! What none of them takes is counted as dropped and not tried again: it comes again with its rule.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use nines_alert::rule::{RuleAlert, RuleGroup, table_link};
use nines_base::Labels;
use nines_notify::AlertmanagerClient;
use nines_spec::AlertmanagerSpec;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::app::App;
use crate::health::Health;

/// Alerts of one request. Source: Prometheus, default of `--alertmanager.notification-batch-size`.
const BATCH_MAX: usize = 256;

/// Puts alerts into the queue, if anybody is to hear of them.
pub(crate) fn enqueue(app: &App, group: &RuleGroup, due: Vec<(usize, RuleAlert)>) {
    let spec = app.spec();
    if due.is_empty() || spec.rule_settings.alertmanagers.is_empty() {
        return;
    }
    let url = &app.installation.external_url;
    let alerts = due.into_iter().filter_map(|(index, alert)| {
        let expression = group.rules.get(index)?.query.text();
        Some(body(&alert, &spec.external_labels, url, expression))
    });
    app.rules.outgoing.push(alerts.collect::<Vec<_>>());
}

/// As version 2 of the API wants it; the alert's own labels win over external ones.
fn body(alert: &RuleAlert, external: &Labels, url: &str, expression: &str) -> Value {
    let outer = external.iter().filter(|(name, _)| alert.labels.get(name).is_none());
    let labels = outer.fold(alert.labels.clone(), |labels, (name, it)| labels.with(name, it));
    json!({
        "labels": labels,
        "annotations": alert.annotations,
        "startsAt": alert.fired_at.unwrap_or(alert.active_at),
        "endsAt": alert.resolved_at.or(alert.valid_until),
        "generatorURL": format!("{url}{}", table_link(expression)),
    })
}

/// Sends until `shutdown`.
pub(crate) async fn send_to_alertmanagers(app: App, mut shutdown: watch::Receiver<bool>) {
    let client = match AlertmanagerClient::new() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no alert is sent to Alertmanagers");
            return;
        }
    };
    loop {
        let batch = app.rules.outgoing.take(BATCH_MAX);
        if batch.is_empty() {
            tokio::select! {
                _ = shutdown.changed() => return,
                () = app.rules.outgoing.arrived.notified() => continue,
            }
        }
        tokio::select! {
            _ = shutdown.changed() => return,
            () = send(&app, &client, &batch) => {}
        }
    }
}

async fn send(app: &App, client: &AlertmanagerClient, batch: &[Value]) {
    let spec = app.spec();
    let managers = &spec.rule_settings.alertmanagers;
    let body = match serde_json::to_vec(batch) {
        Ok(body) => Arc::<[u8]>::from(body),
        Err(error) => {
            tracing::error!(%error, "alerts cannot be written as JSON");
            return;
        }
    };
    let taken = join_all(managers.iter().map(|it| post(app, client, it, &body))).await;
    let outgoing = &app.rules.outgoing;
    let count = batch.len() as u64;
    let is_taken = taken.into_iter().any(|it| it);
    Health::add(if is_taken { &outgoing.sent_total } else { &outgoing.dropped_total }, count);
}

/// Whether it took them.
async fn post(
    app: &App,
    client: &AlertmanagerClient,
    manager: &AlertmanagerSpec,
    body: &[u8],
) -> bool {
    let timeout = Duration::try_from(manager.timeout).unwrap_or_default();
    match client.post(&manager.url, timeout, body.to_vec()).await {
        Ok(()) => true,
        Err(error) => {
            Health::add(&app.rules.outgoing.errors_total, 1);
            tracing::warn!(%error, url = manager.url, "an Alertmanager did not take alerts");
            false
        }
    }
}
