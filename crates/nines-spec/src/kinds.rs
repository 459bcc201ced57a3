//! The documents of our own form, by kind.

mod envelope;
mod exclusion;
mod gate;
mod metrics;
mod notify;
mod oncall;
mod policy;
mod routing;
mod scrape;
mod service;
pub(crate) mod slo;

use crate::draft::Page;
use crate::fields::{Fields, did_you_mean};
use crate::mistake::Mistake;
use crate::node::Node;

pub(crate) use envelope::Envelope;
pub(crate) use scrape::{is_prometheus, read_prometheus};

/// The version of our own form.
pub(crate) const NATIVE: &str = "nines/v1";

/// Reads the document of one kind.
type Reader = fn(&mut Page<'_, '_>, &Envelope<'_>);

/// The kinds, as messages list them. Runbooks are Markdown and so not among them.
const KINDS: [(&str, Reader); 12] = [
    ("SLO", slo::read),
    ("Exclusion", exclusion::read),
    ("Person", oncall::person),
    ("Schedule", oncall::schedule),
    ("Escalation", oncall::escalation),
    ("Routing", routing::read),
    ("Policy", policy::read),
    ("Gate", gate::read),
    ("Service", service::read),
    ("Scrape", scrape::read),
    ("Metrics", metrics::read),
    ("Notify", notify::read),
];

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
        let names = || KINDS.iter().map(|(name, _)| *name);
        let label = did_you_mean(kind.text, names())
            .unwrap_or_else(|| "the document was not read".to_owned());
        let known = names().collect::<Vec<_>>().join(", ");
        let kind_text = kind.text.to_owned();
        page.draft.has_gaps = true;
        page.report(&Mistake::UnknownKind { kind: kind_text, known, label, at: kind.span });
    }
    found.copied()
}
