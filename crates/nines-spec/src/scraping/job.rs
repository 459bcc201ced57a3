//! `scrape_configs`: one entry.

use jiff::SignedDuration;
use nines_base::{Labels, METRIC_NAME};

use super::discovery;
use super::http::{self, HTTP_FIELDS};
use super::relabel::rules;
use super::{ScrapeLimitsSpec, ScrapeSpec};
use crate::draft::{Form, Noun, Page};
use crate::fields::{Fields, LIST_MAX, Text};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{DURATION, Field, Pattern, Shape, Type, words};

/// Samples have millisecond stamps, and targets have other work.
const INTERVAL_MIN: SignedDuration = SignedDuration::from_secs(1);
/// Beyond five minutes a series counts as gone.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_mins(5);
/// What the scraper holds at the least.
const FOREIGN_INTERVAL_MIN: SignedDuration = SignedDuration::from_millis(100);
/// The most labels of a group of targets, those for relabelling included.
const LABELS_MAX: usize = 64;

const TEXTS: Type = Type::List { of: &Type::Text, min: 0, max: LIST_MAX };
const LIST: Type = Type::List { of: &Type::AsPrometheus, min: 0, max: LIST_MAX };
const LIMIT: Type = Type::Whole { min: 0, max: u32::MAX as u64 };
static PATH: Pattern = Pattern { noun: "a path", regex: "^/\\S*$", example: "/metrics" };

pub(crate) static JOB: Shape = Shape::new(
    "a scrape job",
    &[
        Field::new("job_name", Type::Text, "Becomes the label `job`; unique.")
            .needed("job_name: shop"),
        Field::new(
            "scrape_interval",
            Type::Like(&DURATION),
            "The time between two scrapes of one target, from 1s to 5m.",
        ),
        Field::new(
            "scrape_timeout",
            Type::Like(&DURATION),
            "How long a target may take; at most the interval.",
        ),
        Field::new("metrics_path", Type::Like(&PATH), "The path of the metrics page."),
        Field::new("params", Type::Names(&TEXTS), "Parameters of the query."),
        Field::new("scheme", Type::Word(&["http", "https"]), "How targets are asked."),
        Field::new(
            "honor_labels",
            Type::Boolean,
            "Whether labels of the samples win over those of the target.",
        ),
        Field::new("honor_timestamps", Type::Boolean, "Whether times of the samples are believed."),
        Field::new(
            "track_timestamps_staleness",
            Type::Boolean,
            "Whether series with times of their own end when they are missing.",
        ),
        Field::new(
            "scrape_native_histograms",
            Type::Boolean,
            "Whether native histograms are asked for.",
        ),
        Field::new("scrape_protocols", TEXTS, "The formats that are asked for, best first."),
        Field::new(
            "extra_scrape_metrics",
            Type::Boolean,
            "Whether the limits of scrapes are told as metrics too.",
        ),
        Field::new("sample_limit", LIMIT, "The most samples of one scrape; 0 for no limit."),
        Field::new("target_limit", LIMIT, "The most targets; 0 for no limit."),
        Field::new("label_limit", LIMIT, "The most labels of a sample; 0 for no limit."),
        Field::new(
            "label_name_length_limit",
            LIMIT,
            "The longest name of a label, in bytes; 0 for no limit.",
        ),
        Field::new(
            "label_value_length_limit",
            LIMIT,
            "The longest value of a label, in bytes; 0 for no limit.",
        ),
        Field::new(
            "body_size_limit",
            Type::Text,
            "The largest answer, such as `10MB`; 0 for no limit.",
        ),
        Field::new("relabel_configs", LIST, "Which targets are asked, and with which labels."),
        Field::new(
            "metric_relabel_configs",
            LIST,
            "Which samples are kept, and with which labels.",
        ),
        Field::new("static_configs", LIST, "Targets that are known, each `host:port`."),
        Field::new("file_sd_configs", LIST, "Files that name targets."),
        Field::new("http_sd_configs", LIST, "Addresses that name targets."),
        Field::new("dns_sd_configs", LIST, "Names of which the targets are looked up."),
    ],
)
.besides(&[&HTTP_FIELDS, &WITHOUT_MEANING_NAMES, &discovery::UNSUPPORTED]);
static WITHOUT_MEANING_NAMES: [&str; 8] = words(&WITHOUT_MEANING);
/// Prometheus knows these, and nines does something else, or nothing.
const WITHOUT_MEANING: [(&str, &str); 8] = [
    ("scrape_fallback_protocol", "an answer without a type is read as text"),
    ("metric_name_validation_scheme", "names may have any characters"),
    ("metric_name_escaping_scheme", "names are taken as targets send them"),
    ("convert_classic_histograms_to_nhcb", "classic histograms stay classic"),
    ("always_scrape_classic_histograms", "where a native histogram is sent, it is taken"),
    ("native_histogram_bucket_limit", "`sample_limit` and `body_size_limit` hold"),
    ("native_histogram_min_bucket_factor", "buckets are taken as targets send them"),
    ("keep_dropped_targets", "the first thousand dropped targets of each job are remembered"),
];

/// What jobs have that say nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults {
    pub(crate) interval: SignedDuration,
    pub(crate) timeout: SignedDuration,
    pub(crate) limits: ScrapeLimitsSpec,
    pub(crate) native_histograms: bool,
    pub(crate) extra_metrics: bool,
}

impl Defaults {
    pub(crate) const FIELDS: [&'static str; 11] = [
        "scrape_interval",
        "scrape_timeout",
        "sample_limit",
        "target_limit",
        "label_limit",
        "label_name_length_limit",
        "label_value_length_limit",
        "body_size_limit",
        "scrape_native_histograms",
        "extra_scrape_metrics",
        "scrape_protocols",
    ];

    /// With what these fields say.
    pub(crate) fn with(self, page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Self {
        let native = native_histograms(page, fields);
        let extra = page.boolean(fields, "extra_scrape_metrics");
        Self {
            interval: interval(page, fields).unwrap_or(self.interval),
            timeout: page.maybe_duration(fields, "scrape_timeout").unwrap_or(self.timeout),
            limits: limits(page, fields, self.limits),
            native_histograms: native.unwrap_or(self.native_histograms),
            extra_metrics: extra.unwrap_or(self.extra_metrics),
        }
    }
}

/// Reads one job.
pub(crate) fn job(page: &mut Page<'_, '_>, node: &Node, defaults: Defaults) -> Option<ScrapeSpec> {
    let known: Vec<&str> = JOB.names().into_iter().chain(HTTP_FIELDS).collect();
    let others = WITHOUT_MEANING.map(|(name, _)| name);
    let others: Vec<&str> = others.into_iter().chain(discovery::UNSUPPORTED).collect();
    let fields = page.fields_beside(node, JOB.owner, &known, &others)?;
    for (name, help) in WITHOUT_MEANING {
        if fields.get(name).is_some() {
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report(&Mistake::Ignored { what, help, at });
        }
    }
    let name = page.need(&fields, "job_name", "job_name: shop");
    let name = name.and_then(|it| page.scalar(it, "`job_name`"));
    let name = name.filter(|it| page.define(Noun::ScrapeJob, it.text, it.span));
    let interval = interval(page, &fields).unwrap_or(defaults.interval);
    let given = page.maybe_duration(&fields, "scrape_timeout");
    if let Some(given) = given
        && (given > interval || given <= SignedDuration::ZERO)
    {
        let what = "`scrape_timeout`".to_owned();
        let range = "above zero and at most the interval".to_owned();
        let at = fields.get("scrape_timeout").map_or(fields.at, |it| it.span);
        page.report(&Mistake::OutOfRange { what, range, at });
    }
    let path = page.maybe(&fields, "metrics_path").and_then(|it| page.path(it));
    let scheme = fields.get("scheme");
    let scheme = scheme
        .and_then(|it| page.word(it, "`scheme`", &[("http", "http"), ("https", "https")]))
        .unwrap_or("http");
    let relabel_rules = rules(page, &fields, "relabel_configs");
    let discoveries = discovery::discoveries(page, &fields);
    let is_discovered =
        !discoveries.is_empty() || discovery::UNSUPPORTED.iter().any(|it| fields.get(it).is_some());
    // Rules may make an address of anything, such as the address of a page that is probed.
    let addresses = match (page.form, relabel_rules.is_empty()) {
        (_, false) => Addresses::Anything,
        (Form::Foreign, true) => Addresses::Host,
        (Form::Native, true) => Addresses::HostAndPort,
    };
    let example = "static_configs: [{targets: ['shop:9090']}]";
    let groups = if is_discovered || page.form == Form::Foreign {
        fields.get("static_configs")
    } else {
        page.need(&fields, "static_configs", example)
    };
    let targets = groups.map(|it| static_targets(page, it, addresses)).unwrap_or_default();
    let native = native_histograms(page, &fields);
    Some(ScrapeSpec {
        targets,
        discoveries,
        interval,
        timeout: given.unwrap_or(defaults.timeout).min(interval),
        path: path.unwrap_or_else(|| "/metrics".to_owned()),
        scheme: scheme.to_owned(),
        params: params(page, &fields),
        honor_labels: page.boolean(&fields, "honor_labels").unwrap_or(false),
        honor_timestamps: page.boolean(&fields, "honor_timestamps").unwrap_or(true),
        track_timestamps_staleness: page
            .boolean(&fields, "track_timestamps_staleness")
            .unwrap_or(false),
        native_histograms: native.unwrap_or(defaults.native_histograms),
        extra_metrics: page
            .boolean(&fields, "extra_scrape_metrics")
            .unwrap_or(defaults.extra_metrics),
        limits: limits(page, &fields, defaults.limits),
        http: http::settings(page, &fields),
        relabel_rules,
        metric_relabel_rules: rules(page, &fields, "metric_relabel_configs"),
        job: name?.text.to_owned(),
        origin: page.origin(fields.at),
    })
}

fn interval(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<SignedDuration> {
    let interval = page.maybe_duration(fields, "scrape_interval")?;
    let (allowed, range) = match page.form {
        Form::Native => (INTERVAL_MIN..=INTERVAL_MAX, "between 1s and 5m"),
        Form::Foreign => (FOREIGN_INTERVAL_MIN..=SignedDuration::MAX, "at least 100ms"),
    };
    if allowed.contains(&interval) {
        return Some(interval);
    }
    let what = "`scrape_interval`".to_owned();
    let at = fields.get("scrape_interval").map_or(fields.at, |it| it.span);
    page.report(&Mistake::OutOfRange { what, range: range.to_owned(), at });
    None
}

/// The switch, or a list of formats with protobuf in it.
fn native_histograms(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<bool> {
    const PROTOCOLS: [(&str, bool); 6] = [
        ("PrometheusProto", true),
        ("OpenMetricsText1.0.0", false),
        ("OpenMetricsText0.0.1", false),
        ("PrometheusText1.0.0", false),
        ("PrometheusText0.0.4", false),
        ("PrometheusText1.0.1", false),
    ];
    let switch = page.boolean(fields, "scrape_native_histograms");
    let Some(protocols) = fields.get("scrape_protocols") else { return switch };
    let items = page.list(protocols, "`scrape_protocols`").unwrap_or_default();
    let found: Vec<bool> =
        items.iter().filter_map(|it| page.word(it, "a scrape protocol", &PROTOCOLS)).collect();
    switch.or_else(|| Some(found.contains(&true)))
}

fn limits(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    defaults: ScrapeLimitsSpec,
) -> ScrapeLimitsSpec {
    // Zero is no limit, also where the defaults have one.
    let mut limit =
        |field: &str, default: Option<u32>| match page.whole_number(fields, field, 0, u32::MAX) {
            Some(0) => None,
            Some(limit) => Some(limit),
            None => default,
        };
    ScrapeLimitsSpec {
        samples: limit("sample_limit", defaults.samples),
        targets: limit("target_limit", defaults.targets),
        labels: limit("label_limit", defaults.labels),
        label_name_bytes: limit("label_name_length_limit", defaults.label_name_bytes),
        label_value_bytes: limit("label_value_length_limit", defaults.label_value_bytes),
        body_bytes: match page.maybe(fields, "body_size_limit").and_then(|it| size(page, it)) {
            Some(0) => None,
            Some(bytes) => Some(bytes),
            None => defaults.body_bytes,
        },
    }
}

/// `10MB`, `1GiB`, `0`: units are powers of 1024, as in Prometheus.
pub(crate) fn size(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<u64> {
    const UNITS: [(&str, u32); 6] = [("", 0), ("K", 1), ("M", 2), ("G", 3), ("T", 4), ("P", 5)];
    let digits = text.text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.text.split_at_checked(digits).unwrap_or((text.text, ""));
    let unit = unit.strip_suffix('B').map_or(unit, |it| it.strip_suffix('i').unwrap_or(it));
    let power = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, power)| *power);
    let bytes = number.parse::<u64>().ok().zip(power);
    let bytes = bytes.and_then(|(number, power)| number.checked_mul(1024_u64.pow(power)));
    if bytes.is_none() {
        let (text, at) = (text.text.to_owned(), text.span);
        page.report(&Mistake::BadAddress { text, expected: "a size", example: "10MB", at });
    }
    bytes
}

fn params(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<(String, Vec<String>)> {
    let Some(node) = fields.get("params") else { return Vec::new() };
    if page.fields(node, "`params`", &[]).is_none() {
        return Vec::new();
    }
    let Value::Map(entries) = &node.value else { return Vec::new() };
    let mut out = Vec::new();
    for (key, values) in entries {
        let what = format!("parameter `{}`", key.text);
        let items = page.list(values, &what).unwrap_or_default();
        let texts = items.iter().filter_map(|it| Some(page.scalar(it, &what)?.text.to_owned()));
        out.push((key.text.clone(), texts.collect()));
    }
    out
}

/// What the text of a target may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Addresses {
    HostAndPort,
    Host,
    Anything,
}

fn static_targets(
    page: &mut Page<'_, '_>,
    groups: &Node,
    addresses: Addresses,
) -> Vec<(String, Labels)> {
    let mut targets = Vec::new();
    for group in page.list(groups, "`static_configs`").unwrap_or_default() {
        let Some(fields) = page.fields(group, "a static config", &["targets", "labels"]) else {
            continue;
        };
        let labels = target_labels(page, &fields);
        for text in page.texts(&fields, "targets") {
            if let Some(address) = address(page, text, addresses) {
                targets.push((address, labels.clone()));
            }
        }
    }
    targets
}

fn address(page: &mut Page<'_, '_>, text: Text<'_>, addresses: Addresses) -> Option<String> {
    let is_bad = match addresses {
        Addresses::HostAndPort => return page.target(text),
        Addresses::Host => text.text.is_empty() || text.text.contains(['/', ' ', '\t']),
        Addresses::Anything => false,
    };
    if is_bad {
        let (text, at) = (text.text.to_owned(), text.span);
        let expected = "a host, with or without a port";
        page.report(&Mistake::BadAddress { text, expected, example: "checkout:9090", at });
        return None;
    }
    Some(text.text.to_owned())
}

/// As all labels, and those that decide how a target is asked, such as `__param_module`.
fn target_labels(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Labels {
    let Some(node) = fields.get("labels") else { return Labels::empty() };
    if page.fields(node, "labels", &[]).is_none() {
        return Labels::empty();
    }
    let Value::Map(entries) = &node.value else { return Labels::empty() };
    page.check_length(entries.len(), 0, LABELS_MAX, "a label set", node.anchor());
    let mut labels = Labels::empty();
    for (key, value) in entries.iter().take(LABELS_MAX) {
        let mut chars = key.text.chars();
        let is_name = chars.next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
            && chars.all(|it| it.is_ascii_alphanumeric() || it == '_')
            && key.text != METRIC_NAME;
        if !is_name {
            page.report(&Mistake::BadLabelName { name: key.text.clone(), at: key.span });
        } else if let Some(value) = page.scalar(value, &format!("label `{}`", key.text)) {
            labels = labels.with(&key.text, value.text);
        }
    }
    labels
}
