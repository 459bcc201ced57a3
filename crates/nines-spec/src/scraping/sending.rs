//! Parts of `prometheus.yml` beside scraping and rules: `remote_write`, `otlp`, `storage`.

use jiff::SignedDuration;

use super::http::{self, HTTP_FIELDS};
use super::job::size;
use super::relabel::rules;
use super::{OtlpSpec, RemoteWriteSpec, StorageSpec};
use crate::draft::Page;
use crate::mistake::Mistake;
use crate::node::Node;

/// As in Prometheus.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(30);
/// Prometheus knows these, and nines does something else, or nothing.
const WITHOUT_MEANING: [(&str, &str); 8] = [
    ("queue_config", "the queue is kept on disk, and sends as fast as the receiver takes"),
    ("metadata_config", "descriptions of metrics are not sent on"),
    ("send_exemplars", "exemplars are not sent on"),
    ("send_native_histograms", "native histograms are always sent on"),
    ("round_robin_dns", "the first address that answers is used"),
    ("sigv4", "`basic_auth` and `authorization` are read"),
    ("azuread", "`basic_auth` and `authorization` are read"),
    ("google_iam", "`basic_auth` and `authorization` are read"),
];

/// Messages and their versions.
const MESSAGES: [(&str, u8); 2] =
    [("prometheus.WriteRequest", 1), ("io.prometheus.write.v2.Request", 2)];

/// `remote_write`
pub(crate) fn remote_writes(page: &mut Page<'_, '_>, node: &Node) -> Vec<RemoteWriteSpec> {
    let items = page.list(node, "`remote_write`").unwrap_or_default();
    items.iter().filter_map(|it| remote_write(page, it)).collect()
}

fn remote_write(page: &mut Page<'_, '_>, node: &Node) -> Option<RemoteWriteSpec> {
    let own =
        ["url", "name", "remote_timeout", "headers", "write_relabel_configs", "protobuf_message"];
    let ignored = WITHOUT_MEANING.map(|(name, _)| name);
    let known: Vec<&str> = own.into_iter().chain(ignored).chain(HTTP_FIELDS).collect();
    let fields = page.fields(node, "a remote write", &known)?;
    for (name, help) in WITHOUT_MEANING {
        if fields.get(name).is_some() {
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report(&Mistake::Ignored { what, help, at });
        }
    }
    let url = page.need(&fields, "url", "url: https://metrics.example/api/v1/write")?;
    let url = page.scalar(url, "`url`")?;
    let url = page.url(url)?;
    let message = fields.get("protobuf_message");
    let version = message.and_then(|it| page.word(it, "`protobuf_message`", &MESSAGES));
    let mut http = http::settings(page, &fields);
    if let Some(node) = fields.get("headers") {
        let known = page.fields(node, "`headers`", &[]);
        if let (Some(_), crate::node::Value::Map(entries)) = (known, &node.value) {
            for (key, value) in entries {
                if let Some(text) = page.scalar(value, &format!("header `{}`", key.text)) {
                    let secret = super::SecretSpec::Inline(text.text.to_owned());
                    http.headers.push((key.text.clone(), secret));
                }
            }
        }
    }
    Some(RemoteWriteSpec {
        name: page.maybe(&fields, "name").map_or_else(|| url.clone(), |it| it.text.to_owned()),
        timeout: page.maybe_duration(&fields, "remote_timeout").unwrap_or(TIMEOUT_DEFAULT),
        version: version.unwrap_or(1),
        http,
        relabel_rules: rules(page, &fields, "write_relabel_configs"),
        origin: page.origin(fields.at),
        url,
    })
}

/// `otlp`
pub(crate) fn otlp(page: &mut Page<'_, '_>, node: &Node) -> Option<OtlpSpec> {
    let ignored = [
        ("convert_histograms_to_nhcb", "classic histograms stay classic"),
        ("promote_all_resource_attributes", "list them in `promote_resource_attributes`"),
        ("ignore_resource_attributes", "list the others in `promote_resource_attributes`"),
        ("promote_scope_metadata", "names of scopes are not kept"),
        (
            "label_name_underscore_sanitization",
            "names are made as Prometheus makes them by default",
        ),
        (
            "label_name_preserve_multiple_underscores",
            "names are made as Prometheus makes them by default",
        ),
    ];
    let own = [
        "promote_resource_attributes",
        "keep_identifying_resource_attributes",
        "translation_strategy",
    ];
    let known: Vec<&str> = own.into_iter().chain(ignored.map(|(name, _)| name)).collect();
    let fields = page.fields(node, "`otlp`", &known)?;
    for (name, help) in ignored {
        if fields.get(name).is_some() {
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report(&Mistake::Ignored { what, help, at });
        }
    }
    if let Some(strategy) = page.maybe(&fields, "translation_strategy")
        && strategy.text != "UnderscoreEscapingWithSuffixes"
    {
        let what = format!("the translation strategy `{}`", strategy.text);
        let help = "`UnderscoreEscapingWithSuffixes` is what is done";
        page.report_by_form(&Mistake::Unsupported { what, help, at: strategy.span });
    }
    let keeps = page.boolean(&fields, "keep_identifying_resource_attributes");
    let promoted = page.texts(&fields, "promote_resource_attributes");
    Some(OtlpSpec {
        promoted_attributes: promoted.iter().map(|it| it.text.to_owned()).collect(),
        keeps_identifying_attributes: keeps.unwrap_or(false),
    })
}

/// `storage`
pub(crate) fn storage(page: &mut Page<'_, '_>, node: &Node) -> Option<StorageSpec> {
    let fields = page.fields(node, "`storage`", &["tsdb", "exemplars"])?;
    let tsdb = fields.get("tsdb")?;
    let known = ["out_of_order_time_window", "retention", "stale_series_compaction_threshold"];
    let tsdb = page.fields(tsdb, "`storage.tsdb`", &known)?;
    if tsdb.get("out_of_order_time_window").is_some() {
        let help = "samples of any age within the retention are taken";
        let (what, at) =
            ("`out_of_order_time_window`".to_owned(), tsdb.key("out_of_order_time_window"));
        page.report(&Mistake::Ignored { what, help, at });
    }
    let Some(retention) = tsdb.get("retention") else { return Some(StorageSpec::default()) };
    let retention = page.fields(retention, "`retention`", &["time", "size"])?;
    Some(StorageSpec {
        retention: page.maybe_duration(&retention, "time"),
        retention_bytes: page.maybe(&retention, "size").and_then(|it| size(page, it)),
        ..StorageSpec::default()
    })
}
