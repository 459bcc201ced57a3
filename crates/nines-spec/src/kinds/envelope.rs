//! What all documents have in common: `kind`, `metadata`, `spec`.

use nines_base::Origin;

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::node::Node;

/// A document whose outer fields are known.
pub(crate) struct Envelope<'n> {
    pub(crate) metadata: Option<Fields<'n>>,
    pub(crate) spec: &'n Node,
    pub(crate) origin: Origin,
}

/// The fields of `metadata` and an example, by kind.
fn metadata_fields(kind: &str) -> (&'static [&'static str], &'static str) {
    match kind {
        "SLO" => {
            (&["name", "owner", "runbook", "labels"], "metadata: {name: checkout/availability}")
        }
        "Service" => (&["name", "owner", "runbook"], "metadata: {name: checkout}"),
        "Policy" => {
            (&["name", "owners", "approvers", "revisit"], "metadata: {name: tier1, owners: [shop]}")
        }
        _ => (&["name"], "metadata: {name: shop}"),
    }
}

/// Kinds of which the name is only for readers.
fn is_nameless(kind: &str) -> bool {
    matches!(kind, "Routing" | "Scrape" | "Metrics" | "Notify")
}

pub(super) fn read<'n>(
    page: &mut Page<'_, '_>,
    kind: &'static str,
    fields: Fields<'n>,
) -> Option<Envelope<'n>> {
    let at = fields.get("kind").map_or(fields.at, |it| it.span);
    let origin = page.origin(fields.at);
    let fields = fields.at(at);
    let (known, example) = metadata_fields(kind);
    let metadata = if is_nameless(kind) {
        fields.get("metadata")
    } else {
        page.need(&fields, "metadata", example)
    };
    let metadata = metadata.and_then(|it| page.fields(it, "metadata", known));
    let spec = page.need(&fields, "spec", "spec: {}");
    Some(Envelope { metadata, spec: spec?, origin })
}

impl<'n> Envelope<'n> {
    /// The document's name, free for `noun`. Without it the document is not kept, but still read for mistakes.
    pub(crate) fn name(&self, page: &mut Page<'_, '_>, noun: Noun) -> Option<Text<'n>> {
        let metadata = self.metadata.as_ref()?;
        let node = page.need(metadata, "name", "name: shop")?;
        let name = page.name(node, "`name`")?;
        page.define(noun, name.text, name.span).then_some(name)
    }
}
