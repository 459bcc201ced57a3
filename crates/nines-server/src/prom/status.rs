//! What is alerted on.

use axum::extract::State;
use axum::response::Response;
use nines_base::Labels;
use serde_json::json;

use super::answer::{number, success};
use crate::app::App;

/// `/api/v1/rules`: burn alerts as alerting rules, one group for each objective.
pub(super) async fn rules(State(app): State<App>) -> Response {
    let alerts = firing(&app);
    let groups: Vec<_> = app
        .spec()
        .slos
        .iter()
        .map(|slo| {
            let of_slo: Vec<_> = alerts
                .iter()
                .filter(|(labels, _)| {
                    labels.value("service") == slo.name.service && labels.value("slo") == slo.name.slo
                })
                .map(|(_, alert)| alert)
                .collect();
            let state = if of_slo.is_empty() { "inactive" } else { "firing" };
            json!({
                "name": slo.name.to_string(),
                "file": slo.origin.to_string(),
                "interval": 15,
                "limit": 0,
                "rules": [{
                    "type": "alerting",
                    "name": nines_engine::SLO_ALERT,
                    "query": format!("error budget of {} over {}", slo.objective, nines_base::format_duration(slo.window)),
                    "duration": 0,
                    "keepFiringFor": 0,
                    "labels": slo.labels,
                    "annotations": {},
                    "alerts": of_slo,
                    "health": "ok",
                    "state": state,
                }],
            })
        })
        .collect();
    success(json!({ "groups": groups }))
}

/// `/api/v1/alerts`
pub(super) async fn alerts(State(app): State<App>) -> Response {
    let alerts: Vec<_> = firing(&app).into_iter().map(|(_, alert)| alert).collect();
    success(json!({ "alerts": alerts }))
}

fn firing(app: &App) -> Vec<(Labels, serde_json::Value)> {
    app.engine.read(|state| {
        let alert = |record: &nines_engine::AlertRecord| {
            let alert = &record.alert;
            let value = json!({
                "labels": alert.labels,
                "annotations": alert.annotations,
                "state": "firing",
                "activeAt": alert.activation.as_ref().map(|it| it.fired_at),
                "value": number(1.0),
            });
            (alert.labels.clone(), value)
        };
        state.firing().map(|(_, record)| alert(record)).collect()
    })
}
