//! The documents of our own form, by kind.

mod alerting;
mod envelope;
mod exclusion;
mod gate;
mod heartbeat;
mod integration;
mod metrics;
mod notify;
mod oncall;
mod policy;
mod scrape;
mod service;
pub(crate) mod slo;
pub(crate) mod test;

use crate::draft::Page;
use crate::fields::{Fields, did_you_mean, only_meant};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::Shape;

pub(crate) use envelope::Envelope;
pub(crate) use scrape::{is_prometheus, read_prometheus};

/// The version of our own form.
pub(crate) const NATIVE: &str = "nines/v1";

/// Reads the document of one kind.
type Reader = fn(&mut Page<'_, '_>, &Envelope<'_>);

/// The kinds, as messages list them. Runbooks are Markdown and so not among them.
const KINDS: [(&str, Reader); 19] = [
    ("SLO", slo::read),
    ("Exclusion", exclusion::read),
    ("Person", oncall::person),
    ("Team", oncall::team),
    ("Schedule", oncall::schedule),
    ("Escalation", oncall::escalation),
    ("Routing", alerting::routing),
    ("Receiver", alerting::receiver),
    ("TimeInterval", alerting::interval),
    ("Inhibition", alerting::inhibition),
    ("Silence", alerting::silence),
    ("Heartbeat", heartbeat::read),
    ("Integration", integration::read),
    ("Policy", policy::read),
    ("Gate", gate::read),
    ("Service", service::read),
    ("Scrape", scrape::read),
    ("Metrics", metrics::read),
    ("Notify", notify::read),
];

/// Every kind with the shapes of its `metadata` and its `spec`, in the order of [`KINDS`].
pub(crate) fn described() -> Vec<(&'static str, &'static Shape, &'static Shape)> {
    let specs: [(&str, &Shape); 19] = [
        ("SLO", &slo::SPEC),
        ("Exclusion", &exclusion::SPEC),
        ("Person", &oncall::PERSON),
        ("Team", &oncall::TEAM),
        ("Schedule", &oncall::SCHEDULE),
        ("Escalation", &oncall::ESCALATION),
        ("Routing", &alerting::ROUTING),
        ("Receiver", &alerting::RECEIVER),
        ("TimeInterval", &alerting::TIME_INTERVAL),
        ("Inhibition", &alerting::INHIBITION),
        ("Silence", &alerting::SILENCE),
        ("Heartbeat", &heartbeat::SPEC),
        ("Integration", &integration::SPEC),
        ("Policy", &policy::SPEC),
        ("Gate", &gate::SPEC),
        ("Service", &service::SPEC),
        ("Scrape", &scrape::SPEC),
        ("Metrics", &metrics::SPEC),
        ("Notify", &notify::SPEC),
    ];
    specs.into_iter().map(|(name, spec)| (name, envelope::metadata_of(name).0, spec)).collect()
}

/// The names of all kinds.
pub(crate) fn names() -> Vec<&'static str> {
    KINDS.iter().map(|(name, _)| *name).collect()
}

/// Reads a document whose `apiVersion` is ours.
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) {
    let known = ["apiVersion", "kind", "metadata", "spec"];
    let Some(fields) = page.fields(document, "a document", &known) else { return };
    let Some((kind, reader)) = kind(page, &fields) else { return };
    if let Some(envelope) = envelope::read(page, kind, fields) {
        reader(page, &envelope);
    }
}

fn kind(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<(&'static str, Reader)> {
    let node = page.need(fields, "kind", "kind: SLO")?;
    let kind = page.scalar(node, "`kind`")?;
    let found = KINDS.iter().find(|(name, _)| *name == kind.text);
    if found.is_none() {
        let label = did_you_mean(kind.text, names())
            .unwrap_or_else(|| "the document was not read".to_owned());
        let known = names().join(", ");
        let kind_text = kind.text.to_owned();
        page.draft.has_gaps = true;
        let meant = only_meant(kind.text, names()).map(str::to_owned);
        let mistake = Mistake::UnknownKind { kind: kind_text, known, label, at: kind.span };
        page.report_fixable(&mistake, kind.span, meant);
    }
    found.copied()
}
