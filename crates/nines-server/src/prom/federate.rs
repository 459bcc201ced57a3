//! `/federate`: the newest sample of each chosen series, as a target would expose it.
//!
//! Source: Prometheus, `web/federate.go`; its text format, and OpenMetrics 1.0.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use nines_base::{Labels, METRIC_NAME, Matcher, Sample, is_stale};
use nines_promql::{QueryLimits, SelectLimits, SeriesSource};

use super::answer::PromError;
use super::json;
use super::params::Params;
use super::stream::{Out, Packing, Stop, streamed};
use crate::app::App;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The two text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    OpenMetrics,
}

impl Format {
    /// OpenMetrics where it is asked for by name.
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok());
        let mut kinds = accepted.flat_map(|it| it.split(','));
        let is_open = kinds.any(|it| it.trim().starts_with("application/openmetrics-text"));
        if is_open { Self::OpenMetrics } else { Self::Text }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Text => TEXT,
            Self::OpenMetrics => OPEN_METRICS,
        }
    }
}

/// `/federate`
pub(super) async fn federate(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Response {
    let format = Format::of(&headers);
    let packing = Packing { content_type: format.content_type(), gzip: params.gzip() };
    let answered = match params.matchers() {
        Ok(sets) => streamed(packing, move |out| write_all(&app, &sets, format, out)).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(PromError::into_text)
}

fn write_all(app: &App, sets: &[Vec<Matcher>], format: Format, out: &mut Out) -> Result<(), Stop> {
    let now_ms = app.clock.now().as_millisecond();
    let newest = newest(app, sets, (now_ms - app.prom.lookback_ms(), now_ms))?;
    let external = app.external_labels();
    let mut family: Option<&str> = None;
    for ((name, labels), sample) in &newest {
        if family != Some(name) {
            family = Some(name);
            begin_family(out.bytes(), name, format);
        }
        write_sample(out.bytes(), name, &complete(labels, &external), *sample, format);
        out.breathe()?;
    }
    if format == Format::OpenMetrics {
        out.bytes().extend_from_slice(b"# EOF\n");
    }
    Ok(())
}

/// By name, so that families stay together. Series that ended are left out, histograms have no text.
fn newest(
    app: &App,
    sets: &[Vec<Matcher>],
    (from_ms, to_ms): (i64, i64),
) -> Result<BTreeMap<(String, Labels), Sample>, PromError> {
    let limits = SelectLimits {
        series_max: QueryLimits::default().series_max,
        samples_max: app.prom.query_samples_max,
    };
    let mut newest = BTreeMap::new();
    for matchers in sets {
        app.metrics.store.visit(matchers, from_ms, to_ms, &limits, &mut |it| {
            let last = it.samples.last().filter(|sample| {
                let newer = it.histograms.last().is_some_and(|it| sample.at_ms < it.at_ms);
                !is_stale(sample.value) && !newer
            });
            if let (Some(name), Some(last)) = (it.labels.metric_name(), last) {
                newest.insert((name.to_owned(), it.labels.clone()), *last);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(newest)
}

/// With the labels of this server where the series has none of its own, and always with an `instance`: without it
/// whoever scrapes us would put our address there.
fn complete(labels: &Labels, external: &Labels) -> Labels {
    let missing = external.iter().filter(|(name, _)| labels.get(name).is_none());
    missing.fold(labels.filtered(|it| it != METRIC_NAME), |labels, (name, value)| {
        labels.with(name, value)
    })
}

fn begin_family(out: &mut Vec<u8>, name: &str, format: Format) {
    out.extend_from_slice(b"# TYPE ");
    write_name(out, name);
    out.extend_from_slice(match format {
        Format::Text => b" untyped\n",
        Format::OpenMetrics => b" unknown\n",
    });
}

fn write_sample(out: &mut Vec<u8>, name: &str, labels: &Labels, sample: Sample, format: Format) {
    let name_is_plain = is_plain(name);
    if name_is_plain {
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'{');
    if !name_is_plain {
        quote(out, name);
        out.push(b',');
    }
    for (label, value) in labels.iter() {
        write_name(out, label);
        out.push(b'=');
        quote(out, value);
        out.push(b',');
    }
    if labels.get("instance").is_none() {
        out.extend_from_slice(br#"instance="","#);
    }
    // The comma behind the last pair.
    out.pop();
    out.extend_from_slice(b"} ");
    json::number(out, sample.value);
    out.push(b' ');
    match format {
        Format::Text => json::integer(out, sample.at_ms),
        Format::OpenMetrics => json::seconds(out, sample.at_ms),
    }
    out.push(b'\n');
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    if is_plain(name) {
        out.extend_from_slice(name.as_bytes());
    } else {
        quote(out, name);
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || matches!(it, '_' | ':'));
    begins && name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b':'))
}

fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'"' => out.extend_from_slice(br#"\""#),
            b'\n' => out.extend_from_slice(br"\n"),
            other => out.push(other),
        }
    }
    out.push(b'"');
}
