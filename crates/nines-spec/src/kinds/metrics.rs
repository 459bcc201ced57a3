//! Kind `Metrics`: how nines' own store keeps samples, and where queries are answered, if not from it.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::scraping::{self, DurabilitySpec, StorageSpec};
use crate::shape::{DURATION, Field, Pattern, Shape, Type, URL, words};
use crate::spec::BackendSpec;

use super::Envelope;

const DURABILITY: [(&str, DurabilitySpec); 2] =
    [("batch", DurabilitySpec::Batch), ("sync", DurabilitySpec::Sync)];
static DURABILITY_WORDS: [&str; 2] = words(&DURABILITY);
static SIZE: Pattern =
    Pattern { noun: "a size", regex: "^[0-9]+([KMGTP]?i?B|[KMGTP])?$", example: "10GB" };

pub(crate) static SPEC: Shape = Shape::new(
    "Metrics spec",
    &[
        Field::new("backend", Type::Map(&BACKEND), "Another server that answers queries."),
        Field::new("store", Type::Map(&STORE), "How nines' own store keeps samples."),
    ],
);
static STORE: Shape = Shape::new(
    "the metrics store",
    &[
        Field::new(
            "retention",
            Type::Like(&DURATION),
            "Older samples may be dropped; 0 keeps all.",
        ),
        Field::new("retention_size", Type::Like(&SIZE), "The most bytes on disk."),
        Field::new(
            "durability",
            Type::Word(&DURABILITY_WORDS),
            "What an accepted sample survives: the process, or the loss of power.",
        )
        .default("batch"),
        Field::new(
            "series_max",
            Type::Whole { min: 1, max: u32::MAX as u64 },
            "The most series that may be active at once.",
        ),
    ],
);
static BACKEND: Shape = Shape::new(
    "a metrics backend",
    &[
        Field::new("url", Type::Like(&URL), "Where it answers.")
            .needed("url: http://prometheus:9090"),
        Field::new("headers", Type::Names(&Type::Text), "Sent with every request."),
        Field::new("tenant", Type::Text, "Sent as `X-Scope-OrgID`."),
        Field::new(
            "slice",
            Type::Like(&DURATION),
            "How much time one step of an objective's counts covers, from 15s to 5m.",
        )
        .default("1m"),
    ],
);
/// Several scrapes fit into it, and alerts are not much later than with nines' own store.
const SLICE_DEFAULT: SignedDuration = SignedDuration::from_mins(1);
/// A shorter one would not hold two samples.
const SLICE_MIN: SignedDuration = SignedDuration::from_secs(15);
/// Objectives call time unknown after a longer silence.
const SLICE_MAX: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    if let Some(node) = spec.get("store") {
        let store = store(page, node);
        if page.define(Noun::Setting, "store", spec.key("store")) {
            page.draft.spec.storage = store;
        }
    }
    let Some(node) = spec.get("backend") else { return };
    if let Some(backend) = backend(page, node)
        && page.define(Noun::Setting, "backend", spec.key("backend"))
    {
        page.draft.spec.backend = Some(backend);
    }
}

fn store(page: &mut Page<'_, '_>, node: &Node) -> StorageSpec {
    let Some(fields) = page.shape(node, &STORE) else { return StorageSpec::default() };
    let durability = fields.get("durability");
    StorageSpec {
        retention: page.maybe_duration(&fields, "retention"),
        retention_bytes: page
            .maybe(&fields, "retention_size")
            .and_then(|it| scraping::size(page, it)),
        durability: durability
            .and_then(|it| page.word(it, "`durability`", &DURABILITY))
            .unwrap_or_default(),
        series_max: page.whole_number(&fields, "series_max", 1, u32::MAX),
    }
}

fn backend(page: &mut Page<'_, '_>, node: &Node) -> Option<BackendSpec> {
    let fields = page.shape(node, &BACKEND)?;
    let url = page.needed(&fields, "url");
    let url = url.and_then(|it| page.scalar(it, "`url`")).and_then(|it| page.url(it));
    let headers = headers(page, &fields);
    let tenant = page.maybe(&fields, "tenant").map(|it| it.text.to_owned());
    let slice = page.maybe_duration(&fields, "slice").unwrap_or(SLICE_DEFAULT);
    if !(SLICE_MIN..=SLICE_MAX).contains(&slice) {
        let (what, range) = ("`slice`".to_owned(), "between 15s and 5m".to_owned());
        let at = fields.get("slice").map_or(fields.at, |it| it.span);
        page.report(&Mistake::OutOfRange { what, range, at });
    }
    let url = url?.trim_end_matches('/').to_owned();
    Some(BackendSpec { url, headers, tenant, slice, origin: page.origin(fields.at) })
}

fn headers(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    let Some(node) = fields.get("headers") else { return headers };
    if page.fields(node, "`headers`", &[]).is_none() {
        return headers;
    }
    let Value::Map(entries) = &node.value else { return headers };
    for (name, value) in entries {
        if let Some(value) = page.scalar(value, &format!("header `{}`", name.text)) {
            headers.insert(name.text.clone(), value.text.to_owned());
        }
    }
    headers
}
