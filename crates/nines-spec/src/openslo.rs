//! OpenSLO v1, v1alpha and v2alpha, read as they are.
//!
//! Every rule of the specification that a document can break is a finding at its place, and so is whatever is not
//! carried over. Sources: the OpenSLO specification, and the rules of its reference SDK.

mod alerts;
mod indicator;
mod metadata;
mod objective;
mod slo;
mod v1alpha;
mod window;

use crate::draft::{Form, Noun, Page};
use crate::fields::{Fields, Text, did_you_mean};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::spec::Service;

/// The versions, and how documents say so.
const VERSIONS: [(&str, Version); 4] = [
    ("openslo/v1", Version::V1),
    ("openslo/v1alpha", Version::V1alpha),
    ("openslo.com/v2alpha", Version::V2alpha),
    ("openslo/v2alpha", Version::V2alpha),
];

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V1alpha,
    V2alpha,
}

/// The version that an `apiVersion` names, if it is one of OpenSLO.
pub(crate) fn version(api_version: &str) -> Option<Version> {
    VERSIONS.iter().find(|(name, _)| *name == api_version).map(|(_, it)| *it)
}

/// A document that others refer to by name.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) file: usize,
    pub(crate) version: Version,
    /// Its `spec`.
    pub(crate) spec: Node,
}

/// The most documents in one list.
const LIST_DOCUMENTS_MAX: usize = 1_000;

/// The SDK's tools write several documents as one list; each is a document of its own.
pub(crate) fn unlist(document: Node) -> Vec<Node> {
    let is_ours =
        |it: &Node| text_of(field_of(it, "apiVersion")).is_some_and(|it| version(it).is_some());
    match document.value {
        Value::List(items) if items.iter().any(is_ours) => {
            items.into_iter().take(LIST_DOCUMENTS_MAX).collect()
        }
        value => vec![Node { value, span: document.span }],
    }
}

/// Before anything else: a document may be referred to before it is read.
pub(crate) fn collect(page: &mut Page<'_, '_>, document: &Node) {
    let text = |name: &str| text_of(field_of(document, name));
    let metadata = field_of(document, "metadata");
    let name = metadata.and_then(|it| field_of(it, "name"));
    let (Some(api_version), Some(kind), Some(name)) = (text("apiVersion"), text("kind"), name)
    else {
        return;
    };
    let Some(name_text) = text_of(Some(name)) else { return };
    if kind == "Escalation" {
        page.draft.escalation_names.insert(name_text.to_owned());
    }
    let Some(version) = version(api_version) else { return };
    let Some(noun) = SHARED_KINDS.iter().find(|(it, _)| *it == kind).map(|(_, noun)| *noun) else {
        return;
    };
    if let Some(spec) = field_of(document, "spec").cloned()
        && page.define(noun, name_text, name.span)
    {
        let shared = Shared { file: page.file, version, spec };
        page.draft.shared.insert((noun, name_text.to_owned()), shared);
    }
}

const SHARED_KINDS: [(&str, Noun); 5] = [
    ("SLI", Noun::Indicator),
    ("DataSource", Noun::DataSource),
    ("AlertPolicy", Noun::AlertPolicy),
    ("AlertCondition", Noun::AlertCondition),
    ("AlertNotificationTarget", Noun::NotificationTarget),
];

fn field_of<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

fn text_of(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Reads a document whose `apiVersion` is OpenSLO's.
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node, version: Version) {
    page.form = Form::Foreign;
    let known = ["apiVersion", "kind", "metadata", "spec"];
    let Some(fields) = page.fields(document, "an OpenSLO document", &known) else { return };
    let Some(node) = page.need(&fields, "kind", "kind: SLO") else { return };
    let Some(kind) = page.scalar(node, "`kind`") else { return };
    match (kind.text, version) {
        ("SLO", Version::V1alpha) => v1alpha::read(page, &fields),
        ("SLO", _) => slo::read(page, &fields, version),
        ("Service", _) => service(page, &fields, version),
        (_, Version::V1alpha) => unknown_kind(page, kind, &["SLO", "Service"]),
        ("SLI", _) => indicator::check(page, &fields, version),
        ("DataSource", _) => indicator::check_source(page, &fields, version),
        ("AlertPolicy", _) => alerts::check_policy(page, &fields, version),
        ("AlertCondition", _) => alerts::check_condition(page, &fields, version),
        ("AlertNotificationTarget", _) => alerts::check_target(page, &fields, version),
        _ => {
            let shared = SHARED_KINDS.iter().map(|(it, _)| *it);
            let kinds: Vec<&str> = ["SLO", "Service"].into_iter().chain(shared).collect();
            unknown_kind(page, kind, &kinds);
        }
    }
}

fn unknown_kind(page: &mut Page<'_, '_>, kind: Text<'_>, known: &[&str]) {
    let label = did_you_mean(kind.text, known.iter().copied());
    let label = label.unwrap_or_else(|| "the document was not read".to_owned());
    let (known, at) = (known.join(", "), kind.span);
    page.draft.has_gaps = true;
    page.report(&Mistake::UnknownKind { kind: kind.text.to_owned(), known, label, at });
}

fn service(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    let metadata = metadata::read(page, fields, version, "metadata: {name: shop}");
    if let Some(spec) = fields.get("spec")
        && let Some(spec) = page.fields(spec, "an OpenSLO Service", &["description"])
    {
        metadata::check_description(page, &spec);
    }
    let Some(name) = metadata.and_then(|it| it.name) else { return };
    if page.define(Noun::Service, &name.text, name.at) {
        let origin = page.origin(fields.at);
        page.draft.spec.services.push(Service {
            name: name.text,
            owner: None,
            depends_on: Vec::new(),
            tier: None,
            runbook: None,
            origin,
        });
    }
}

/// The shared document of this name, or a finding.
fn referred(page: &mut Page<'_, '_>, noun: Noun, what: &str, name: Text<'_>) -> Option<Shared> {
    metadata::check_dns_label(page, name)?;
    if let Some(it) = page.draft.shared.get(&(noun, name.text.to_owned())) {
        return Some(it.clone());
    }
    let of_noun = page.draft.shared.keys().filter(|(it, _)| *it == noun);
    let known: Vec<String> = of_noun.map(|(_, name)| name.clone()).collect();
    let label = did_you_mean(name.text, known.iter().map(String::as_str))
        .unwrap_or_else(|| format!("no document of kind {} has this name", noun.word()));
    let (what, word, at) = (what.to_owned(), name.text.to_owned(), name.span);
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    page.report(&Mistake::UnknownWord { what, word, known, label, at });
    None
}

/// Reads something in the file where it stands; its mistakes are there too.
fn elsewhere<T>(
    page: &mut Page<'_, '_>,
    file: usize,
    read: impl FnOnce(&mut Page<'_, '_>) -> T,
) -> T {
    let home = std::mem::replace(&mut page.file, file);
    let value = read(page);
    page.file = home;
    value
}

fn unsupported(page: &mut Page<'_, '_>, what: &str, help: &'static str, at: Span) {
    page.report(&Mistake::Unsupported { what: what.to_owned(), help, at });
}

fn nearly(page: &mut Page<'_, '_>, what: impl Into<String>, how: impl Into<String>, at: Span) {
    page.report(&Mistake::Approximated { what: what.into(), how: how.into(), at });
}

fn broken(page: &mut Page<'_, '_>, problem: impl Into<String>, help: impl Into<String>, at: Span) {
    page.report(&Mistake::BrokenRule { problem: problem.into(), help: help.into(), at });
}
