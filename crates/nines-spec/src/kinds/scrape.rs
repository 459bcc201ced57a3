//! Kind `Scrape`, and `prometheus.yml`: scrape jobs, written as Prometheus writes them.
//!
//! Source: Prometheus, "Configuration".

use jiff::SignedDuration;

use crate::draft::{Form, Page};
use crate::fields::LIST_MAX;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::rules;
use crate::scraping::{self, Defaults, ScrapeLimitsSpec};
use crate::shape::{Field, Shape, Type};

use super::Envelope;

/// As in Prometheus' examples; its default of a minute is long for burn alerts.
const INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_secs(15);
/// Source: Prometheus, "Configuration", `<global>`.
const PROMETHEUS_INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_mins(1);
/// As in Prometheus.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(10);

const FILE_FIELDS: [&str; 11] = [
    "global",
    "scrape_configs",
    "scrape_config_files",
    "rule_files",
    "alerting",
    "remote_write",
    "remote_read",
    "otlp",
    "storage",
    "runtime",
    "tracing",
];
/// Beside those of [`Defaults`]; some are read with the rules.
const GLOBAL_FIELDS: [&str; 11] = [
    "evaluation_interval",
    "rule_query_offset",
    "external_labels",
    "query_log_file",
    "scrape_failure_log_file",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "convert_classic_histograms_to_nhcb",
    "always_scrape_classic_histograms",
    "scrape_fallback_protocol",
];
/// Prometheus knows these, and nines does something else, or nothing.
const WITHOUT_MEANING: [(&str, &str); 3] = [
    ("remote_read", "queries see what nines itself stores"),
    ("runtime", "nines has no garbage collector"),
    ("tracing", "nines sends no traces of itself"),
];

/// What jobs have before anything is read.
pub(crate) const DEFAULTS: Defaults = Defaults {
    interval: INTERVAL_DEFAULT,
    timeout: TIMEOUT_DEFAULT,
    limits: ScrapeLimitsSpec {
        samples: None,
        targets: None,
        labels: None,
        label_name_bytes: None,
        label_value_bytes: None,
        body_bytes: None,
    },
    native_histograms: false,
    extra_metrics: false,
};

pub(crate) static SPEC: Shape = Shape::new(
    "Scrape spec",
    &[Field::new(
        "scrape_configs",
        Type::List { of: &Type::Map(&scraping::JOB), min: 0, max: LIST_MAX },
        "What is scraped, and how.",
    )
    .needed("scrape_configs: [{job_name: shop, static_configs: [{targets: ['shop:9090']}]}]")],
)
.besides(&[&Defaults::FIELDS]);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let known: Vec<&str> = Defaults::FIELDS.into_iter().chain(SPEC.names()).collect();
    let Some(spec) = page.fields(document.spec, SPEC.owner, &known) else { return };
    let defaults = DEFAULTS.with(page, &spec);
    let example = SPEC.field("scrape_configs").and_then(|it| it.needed).unwrap_or_default();
    let Some(jobs) = page.need(&spec, "scrape_configs", example) else { return };
    read_jobs(page, jobs, defaults);
}

/// The form of `prometheus.yml`. What has no meaning here is a warning.
pub(crate) fn read_prometheus(page: &mut Page<'_, '_>, document: &Node) {
    page.form = Form::Foreign;
    let Some(file) = page.fields(document, "a Prometheus configuration", &FILE_FIELDS) else {
        return;
    };
    rules::read_settings(page, document);
    for (name, help) in WITHOUT_MEANING {
        if file.get(name).is_some() {
            let (what, at) = (format!("`{name}`"), file.key(name));
            page.report(&Mistake::Ignored { what, help, at });
        }
    }
    let known: Vec<&str> = Defaults::FIELDS.into_iter().chain(GLOBAL_FIELDS).collect();
    if let Some(global) = file.get("global")
        && let Some(global) = page.fields(global, "`global`", &known)
    {
        let defaults = Defaults { interval: PROMETHEUS_INTERVAL_DEFAULT, ..DEFAULTS };
        page.draft.scrape_defaults = Some(defaults.with(page, &global));
        page.draft.spec.external_labels = page.labels(&global, "external_labels");
    }
    if let Some(node) = file.get("remote_write") {
        let found = scraping::remote_writes(page, node);
        page.draft.spec.remote_writes.extend(found);
    }
    if let Some(node) = file.get("otlp")
        && let Some(found) = scraping::otlp(page, node)
    {
        page.draft.spec.otlp = found;
    }
    if let Some(node) = file.get("storage")
        && let Some(found) = scraping::storage(page, node)
    {
        page.draft.spec.storage = found;
    }
    // The files themselves are loaded before anything is read; here is only the form.
    page.texts(&file, "scrape_config_files");
    let Some(jobs) = file.get("scrape_configs") else { return };
    // A file of `scrape_config_files` has no `global` of its own: that of the file that names it counts.
    let defaults = page
        .draft
        .scrape_defaults
        .unwrap_or(Defaults { interval: PROMETHEUS_INTERVAL_DEFAULT, ..DEFAULTS });
    read_jobs(page, jobs, defaults);
}

fn read_jobs(page: &mut Page<'_, '_>, jobs: &Node, defaults: Defaults) {
    for node in page.list(jobs, "`scrape_configs`").unwrap_or_default() {
        if let Some(job) = scraping::job(page, node, defaults) {
            page.draft.spec.scrapes.push(job);
        }
    }
}

/// Whether a document without `apiVersion` is Prometheus' configuration.
pub(crate) fn is_prometheus(document: &Node) -> bool {
    let Value::Map(entries) = &document.value else { return false };
    entries.iter().any(|(key, _)| FILE_FIELDS.contains(&key.text.as_str()))
}
