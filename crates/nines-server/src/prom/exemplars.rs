//! `query_exemplars`: single observations behind the series that a query reads.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use nines_base::{Exemplar, Labels};

use super::answer::PromError;
use super::json;
use super::params::Params;
use super::proxy::pass_on;
use super::stream::{Out, Packing, Stop, streamed};
use crate::app::App;

/// Exemplars of one answer.
const EXEMPLARS_MAX: usize = 100_000;

/// `/api/v1/query_exemplars`
pub(super) async fn query(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        return pass_on(backend, Method::POST, "/api/v1/query_exemplars", &params).await;
    }
    let start_ms = params.time_ms("start")?.unwrap_or(i64::MIN);
    let end_ms = params.time_ms("end")?.unwrap_or(i64::MAX);
    if end_ms < start_ms {
        return Err(PromError::bad_data("end timestamp must not be before start timestamp"));
    }
    let selectors = params.query()?.selectors();
    let packing = Packing { content_type: "application/json", gzip: params.gzip() };
    streamed(packing, move |out| {
        let found = match selectors.as_slice() {
            [] => Vec::new(),
            sets => app.metrics.store.exemplars(sets, start_ms, end_ms, EXEMPLARS_MAX),
        };
        write_all(out, &found)
    })
    .await
}

fn write_all(out: &mut Out, found: &[(Labels, Vec<Exemplar>)]) -> Result<(), Stop> {
    out.bytes().extend_from_slice(br#"{"status":"success","data":["#);
    for (index, (series, exemplars)) in found.iter().enumerate() {
        let bytes = out.bytes();
        if 0 < index {
            bytes.push(b',');
        }
        bytes.extend_from_slice(br#"{"seriesLabels":"#);
        json::labels(bytes, series);
        bytes.extend_from_slice(br#","exemplars":["#);
        for (index, exemplar) in exemplars.iter().enumerate() {
            if 0 < index {
                bytes.push(b',');
            }
            write_one(bytes, exemplar);
        }
        bytes.extend_from_slice(b"]}");
        out.breathe()?;
    }
    out.bytes().extend_from_slice(b"]}");
    Ok(())
}

fn write_one(bytes: &mut Vec<u8>, exemplar: &Exemplar) {
    bytes.extend_from_slice(br#"{"labels":"#);
    json::labels(bytes, &exemplar.labels);
    bytes.extend_from_slice(br#","value":""#);
    json::number(bytes, exemplar.value);
    bytes.extend_from_slice(br#"","timestamp":"#);
    json::seconds(bytes, exemplar.at_ms);
    bytes.push(b'}');
}
