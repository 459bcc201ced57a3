//! Kind `Scrape`: scrape jobs, written as Prometheus writes them.
//!
//! Source: Prometheus, "Configuration", `<scrape_config>` and `<static_config>`.

use jiff::SignedDuration;
use nines_base::Labels;

use crate::draft::{Form, Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::spec::ScrapeSpec;

use super::Envelope;

/// As in Prometheus' examples; its default of a minute is long for burn alerts.
const INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_secs(15);
/// As in Prometheus.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(10);
/// Samples have millisecond stamps, and targets have other work.
const INTERVAL_MIN: SignedDuration = SignedDuration::from_secs(1);
/// Beyond five minutes a series counts as gone.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Source: Prometheus, "Configuration", `<global>`.
const PROMETHEUS_INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_mins(1);
/// `rule_files` and `alerting` are read with the rules.
const FILE_FIELDS: [&str; 4] = ["global", "scrape_configs", "rule_files", "alerting"];
const GLOBAL_FIELDS: [&str; 4] =
    ["scrape_interval", "scrape_timeout", "evaluation_interval", "external_labels"];

const SPEC_FIELDS: [&str; 3] = ["scrape_interval", "scrape_timeout", "scrape_configs"];
const JOB_FIELDS: [&str; 7] = [
    "job_name",
    "scrape_interval",
    "scrape_timeout",
    "metrics_path",
    "scheme",
    "honor_labels",
    "static_configs",
];

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.fields(document.spec, "Scrape spec", &SPEC_FIELDS) else { return };
    let interval = interval(page, &spec).unwrap_or(INTERVAL_DEFAULT);
    let timeout = page.maybe_duration(&spec, "scrape_timeout");
    let example = "scrape_configs: [{job_name: shop, static_configs: [{targets: ['shop:9090']}]}]";
    let Some(jobs) = page.need(&spec, "scrape_configs", example) else { return };
    for node in page.list(jobs, "`scrape_configs`").unwrap_or_default() {
        if let Some(job) = job(page, node, interval, timeout) {
            page.draft.spec.scrapes.push(job);
        }
    }
}

/// The form of `prometheus.yml`. What has no meaning here yet is a warning.
pub(crate) fn read_prometheus(page: &mut Page<'_, '_>, document: &Node) {
    page.form = Form::Foreign;
    let Some(file) = page.fields(document, "a Prometheus configuration", &FILE_FIELDS) else {
        return;
    };
    let (mut interval_default, mut timeout_default) = (PROMETHEUS_INTERVAL_DEFAULT, None);
    if let Some(global) = file.get("global")
        && let Some(global) = page.fields(global, "`global`", &GLOBAL_FIELDS)
    {
        interval_default = interval(page, &global).unwrap_or(interval_default);
        timeout_default = page.maybe_duration(&global, "scrape_timeout");
        page.draft.spec.external_labels = page.labels(&global, "external_labels");
    }
    let Some(jobs) = file.get("scrape_configs") else { return };
    for node in page.list(jobs, "`scrape_configs`").unwrap_or_default() {
        if let Some(job) = job(page, node, interval_default, timeout_default) {
            page.draft.spec.scrapes.push(job);
        }
    }
}

/// Whether a document without `apiVersion` is Prometheus' configuration.
pub(crate) fn is_prometheus(document: &Node) -> bool {
    let Value::Map(entries) = &document.value else { return false };
    entries.iter().any(|(key, _)| matches!(key.text.as_str(), "global" | "scrape_configs"))
}

fn job(
    page: &mut Page<'_, '_>,
    node: &Node,
    interval_default: SignedDuration,
    timeout_default: Option<SignedDuration>,
) -> Option<ScrapeSpec> {
    let fields = page.fields(node, "a scrape job", &JOB_FIELDS)?;
    let name = page.need(&fields, "job_name", "job_name: shop");
    let name = name.and_then(|it| page.scalar(it, "`job_name`"));
    let name = name.filter(|it| page.define(Noun::ScrapeJob, it.text, it.span));
    let interval = interval(page, &fields).unwrap_or(interval_default);
    let given = page.maybe_duration(&fields, "scrape_timeout");
    if let Some(given) = given
        && (given > interval || given <= SignedDuration::ZERO)
    {
        let what = "`scrape_timeout`".to_owned();
        let range = "above zero and at most the interval".to_owned();
        let at = fields.get("scrape_timeout").map_or(fields.at, |it| it.span);
        page.report(&Mistake::OutOfRange { what, range, at });
    }
    let timeout = given.or(timeout_default).unwrap_or(TIMEOUT_DEFAULT).min(interval);
    let path = page.maybe(&fields, "metrics_path").and_then(|it| page.path(it));
    let scheme = fields.get("scheme");
    let scheme = scheme
        .and_then(|it| page.word(it, "`scheme`", &[("http", "http"), ("https", "https")]))
        .unwrap_or("http");
    let honor_labels = page.boolean(&fields, "honor_labels").unwrap_or(false);
    let targets = targets(page, &fields);
    Some(ScrapeSpec {
        job: name?.text.to_owned(),
        targets,
        interval,
        timeout,
        path: path.unwrap_or_else(|| "/metrics".to_owned()),
        scheme: scheme.to_owned(),
        honor_labels,
        origin: page.origin(fields.at),
    })
}

fn interval(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<SignedDuration> {
    let interval = page.maybe_duration(fields, "scrape_interval")?;
    if (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
        return Some(interval);
    }
    let what = "`scrape_interval`".to_owned();
    let range = "between 1s and 5m".to_owned();
    let at = fields.get("scrape_interval").map_or(fields.at, |it| it.span);
    page.report(&Mistake::OutOfRange { what, range, at });
    None
}

fn targets(page: &mut Page<'_, '_>, job: &Fields<'_>) -> Vec<(String, Labels)> {
    let mut targets = Vec::new();
    let example = "static_configs: [{targets: ['shop:9090']}]";
    let Some(groups) = page.need(job, "static_configs", example) else { return targets };
    for group in page.list(groups, "`static_configs`").unwrap_or_default() {
        let Some(fields) = page.fields(group, "a static config", &["targets", "labels"]) else {
            continue;
        };
        let labels = page.labels(&fields, "labels");
        for text in page.texts(&fields, "targets") {
            if let Some(address) = page.target(text) {
                targets.push((address, labels.clone()));
            }
        }
    }
    targets
}
