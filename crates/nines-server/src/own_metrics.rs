//! `/metrics`: budgets and burns for other systems, and how nines itself is.

mod releases;
mod slos;

use std::fmt;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_ingest::ForwardStatus;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::rules::GroupView;

pub(crate) use slos::Counters;

/// `GET /metrics`, in the OpenMetrics text format.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(app)));
    let mut body = String::new();
    if let Err(error) = encode(&mut body, &registry) {
        return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

#[derive(Debug)]
struct Snapshot(App);

type Count = fn(&ForwardStatus) -> u64;
type LabelPairs = Vec<(&'static str, String)>;

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let app = &self.0;
        slos::encode(&mut encoder, app)?;
        releases::encode(&mut encoder, app)?;
        let stats = app.metrics.store.stats();
        let (seq, firing, open, waiting) = app.engine.read(|state| {
            let open = state.incidents.values().filter(|it| it.is_open()).count();
            let waiting = state.outbox.values().filter(|it| it.not_before().is_some()).count();
            (state.seq, state.firing().count(), open, waiting)
        });
        let alone = |value: f64| std::iter::once((LabelPairs::new(), value));
        gauges(
            &mut encoder,
            "nines_series",
            "Series in the store's head",
            alone(stats.series as f64),
        )?;
        gauges(&mut encoder, "nines_alerts_firing", "Alerts that fire", alone(firing as f64))?;
        gauges(
            &mut encoder,
            "nines_incidents_open",
            "Incidents that are open",
            alone(open as f64),
        )?;
        gauges(
            &mut encoder,
            "nines_outbox_waiting",
            "Messages that wait to be sent",
            alone(waiting as f64),
        )?;
        let forwarded = app.metrics.forwarding.statuses();
        let to = |name: &str| -> LabelPairs { vec![("receiver", name.to_owned())] };
        gauges(
            &mut encoder,
            "nines_forward_queued_bytes",
            "Bytes that wait to be sent on by remote write",
            forwarded.iter().map(|(name, it)| (to(name), it.queued_bytes as f64)),
        )?;
        let counts: [(&str, &str, Count); 3] = [
            ("nines_forward_sent_samples", "Samples that the receiver has", |it| it.sent_samples),
            ("nines_forward_refused_samples", "Samples that the receiver refused for ever", |it| {
                it.refused_samples
            }),
            (
                "nines_forward_dropped_samples",
                "Samples that gave way because the queue was full",
                |it| it.dropped_samples,
            ),
        ];
        for (name, help, count) in counts {
            let values = forwarded.iter().map(|(name, it)| (to(name), count(it)));
            counters(&mut encoder, name, help, values)?;
        }
        let once = |value: u64| std::iter::once((LabelPairs::new(), value));
        let count = |it: &std::sync::atomic::AtomicU64| it.load(Ordering::Relaxed);
        let health = &app.health;
        counters(&mut encoder, "nines_journal_facts", "Facts in the journal", once(seq))?;
        counters(
            &mut encoder,
            "nines_evaluations",
            "Judgements of all objectives",
            once(count(&health.evaluations)),
        )?;
        counters(&mut encoder, "nines_queries", "PromQL queries", once(count(&health.queries)))?;
        counters(
            &mut encoder,
            "nines_query_failures",
            "PromQL queries without an answer",
            once(count(&health.query_failures)),
        )?;
        counters(&mut encoder, "nines_sends", "Attempts at messages", once(count(&health.sends)))?;
        counters(
            &mut encoder,
            "nines_send_failures",
            "Attempts that were not accepted",
            once(count(&health.send_failures)),
        )?;
        counters(
            &mut encoder,
            "nines_watches",
            "Messages to ourselves, by the way that pages take",
            once(count(&health.watches)),
        )?;
        counters(
            &mut encoder,
            "nines_watches_late",
            "Messages to ourselves that took more than a second, or did not arrive",
            once(count(&health.watches_late)),
        )?;
        gauges(
            &mut encoder,
            "nines_watch_seconds",
            "How long the last message to ourselves took",
            alone(count(&health.watch_ms) as f64 / 1e3),
        )?;
        rules(&mut encoder, app)?;
        counters(
            &mut encoder,
            "nines_panics",
            "Requests that ended in a panic",
            once(count(&health.panics)),
        )
    }
}

/// How the evaluation of rules goes, and what Alertmanagers get of it.
fn rules(encoder: &mut DescriptorEncoder<'_>, app: &App) -> fmt::Result {
    let groups = app.rules.groups();
    let of = |it: &GroupView| -> LabelPairs {
        vec![("rule_group", format!("{};{}", it.group.file, it.group.name))]
    };
    let each = |count: fn(&GroupView) -> u64| {
        groups.iter().map(move |it| (of(it), count(it))).collect::<Vec<_>>().into_iter()
    };
    let name = "nines_rule_evaluations";
    counters(encoder, name, "Evaluations of rules", each(|it| it.evaluations_total))?;
    let name = "nines_rule_evaluation_failures";
    counters(encoder, name, "Evaluations that failed", each(|it| it.failures_total))?;
    let name = "nines_rule_group_iterations";
    counters(encoder, name, "Evaluations of groups that were due", each(|it| it.scheduled_total))?;
    let name = "nines_rule_group_iterations_missed";
    counters(encoder, name, "Those that came too late to happen", each(|it| it.missed_total))?;
    let took = groups.iter().map(|it| (of(it), it.took.as_secs_f64()));
    gauges(encoder, "nines_rule_group_last_duration_seconds", "How long the last took", took)?;
    let samples = groups.iter().map(|it| (of(it), it.samples as f64));
    gauges(encoder, "nines_rule_group_last_evaluation_samples", "What the last gave", samples)?;
    let outgoing = &app.rules.outgoing;
    let once = |it: &std::sync::atomic::AtomicU64| {
        std::iter::once((LabelPairs::new(), it.load(Ordering::Relaxed)))
    };
    let name = "nines_alertmanager_sent";
    counters(encoder, name, "Alerts that an Alertmanager took", once(&outgoing.sent_total))?;
    let name = "nines_alertmanager_dropped";
    counters(encoder, name, "Alerts that none took", once(&outgoing.dropped_total))?;
    let name = "nines_alertmanager_errors";
    counters(encoder, name, "Requests that failed", once(&outgoing.errors_total))?;
    let waiting = std::iter::once((LabelPairs::new(), outgoing.len() as f64));
    gauges(encoder, "nines_alertmanager_queue_length", "Alerts that wait to be sent", waiting)
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl Iterator<Item = (LabelPairs, f64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in rows {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl Iterator<Item = (LabelPairs, u64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in rows {
        ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
