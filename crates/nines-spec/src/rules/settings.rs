//! What `prometheus.yml` says about rules: `global`, `rule_files` and `alerting`.
//!
//! Its other parts, external labels among them, are read with the scrape jobs.

use jiff::SignedDuration;

use crate::draft::{Draft, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};

/// As in Prometheus.
const EVALUATION_INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_mins(1);
/// As in Prometheus.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(10);
/// The most Alertmanagers.
const ALERTMANAGERS_MAX: usize = 64;
/// A group that says nothing of its offset, until the settings are known.
pub(super) const OFFSET_UNSET: SignedDuration = SignedDuration::MIN;

const ALERTMANAGER_FIELDS: [&str; 5] =
    ["scheme", "path_prefix", "timeout", "api_version", "static_configs"];

/// How rules are evaluated, and who hears of alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSettings {
    /// Of groups that say nothing else.
    pub evaluation_interval: SignedDuration,
    /// Of groups that say nothing else.
    pub query_offset: SignedDuration,
    /// Who hears of alerts.
    pub alertmanagers: Vec<AlertmanagerSpec>,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            evaluation_interval: EVALUATION_INTERVAL_DEFAULT,
            query_offset: SignedDuration::ZERO,
            alertmanagers: Vec::new(),
        }
    }
}

/// One Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerSpec {
    /// Where alerts are posted.
    pub url: String,
    /// How long one request may take.
    pub timeout: SignedDuration,
}

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) {
    let Some(fields) = page.fields(document, "prometheus.yml", &[]) else { return };
    if let Some(node) = fields.get("global")
        && let Some(global) = page.fields(node, "`global`", &[])
    {
        read_global(page, &global);
    }
    // The files themselves are loaded before anything is read; here is only the form.
    page.texts(&fields, "rule_files");
    if let Some(node) = fields.get("alerting")
        && let Some(alerting) = page.fields(node, "`alerting`", &[])
    {
        if let Some(node) = alerting.get("alert_relabel_configs") {
            let what = "`alert_relabel_configs`".to_owned();
            let help = "alerts are sent with the labels that they have";
            page.report(&Mistake::Ignored { what, help, at: node.anchor() });
        }
        let Some(managers) = alerting.get("alertmanagers") else { return };
        for node in page.list(managers, "`alertmanagers`").unwrap_or_default() {
            read_alertmanager(page, node);
        }
        let found = page.draft.spec.rule_settings.alertmanagers.len();
        page.check_length(found, 0, ALERTMANAGERS_MAX, "`alertmanagers`", managers.anchor());
    }
}

fn read_global(page: &mut Page<'_, '_>, global: &Fields<'_>) {
    let interval = page.maybe_duration(global, "evaluation_interval");
    let interval = interval.filter(|it| !it.is_zero());
    let offset = page.maybe_duration(global, "rule_query_offset");
    let settings = &mut page.draft.spec.rule_settings;
    settings.evaluation_interval = interval.unwrap_or(settings.evaluation_interval);
    settings.query_offset = offset.unwrap_or(settings.query_offset);
}

fn read_alertmanager(page: &mut Page<'_, '_>, node: &Node) {
    let Some(fields) = page.fields(node, "an Alertmanager", &[]) else { return };
    let Value::Map(entries) = &node.value else { return };
    for (key, _) in
        entries.iter().filter(|(key, _)| !ALERTMANAGER_FIELDS.contains(&key.text.as_str()))
    {
        let what = format!("`{}` of an Alertmanager", key.text);
        let help =
            "alerts are sent to `static_configs`, with `scheme`, `path_prefix` and `timeout`";
        page.report(&Mistake::Ignored { what, help, at: key.span });
    }
    let scheme = fields.get("scheme");
    let scheme = scheme
        .and_then(|it| page.word(it, "`scheme`", &[("http", "http"), ("https", "https")]))
        .unwrap_or("http");
    let prefix = page.maybe(&fields, "path_prefix").map_or("", |it| it.text);
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    let timeout = page.maybe_duration(&fields, "timeout").unwrap_or(TIMEOUT_DEFAULT);
    let configs = fields.get("static_configs");
    let configs = configs.and_then(|it| page.list(it, "`static_configs`")).unwrap_or_default();
    for node in configs {
        let Some(config) = page.fields(node, "a static config", &["targets", "labels"]) else {
            continue;
        };
        for text in page.texts(&config, "targets") {
            if let Some(target) = page.target(text) {
                let url = format!("{scheme}://{target}{prefix}/api/v2/alerts");
                let managers = &mut page.draft.spec.rule_settings.alertmanagers;
                if managers.len() <= ALERTMANAGERS_MAX && managers.iter().all(|it| it.url != url) {
                    managers.push(AlertmanagerSpec { url, timeout });
                }
            }
        }
    }
}

/// Gives groups that say nothing else what the settings say, now that everything is read.
pub(crate) fn apply(draft: &mut Draft<'_>) {
    let settings = draft.spec.rule_settings.clone();
    for group in &mut draft.spec.rule_groups {
        if group.interval.is_zero() {
            group.interval = settings.evaluation_interval;
        }
        if group.query_offset == OFFSET_UNSET {
            group.query_offset = settings.query_offset;
        }
    }
}
