//! What all documents have in common: `kind`, `metadata`, `spec`.

use nines_base::Origin;

use crate::draft::{Noun, Page};
use crate::fields::{Fields, LIST_MAX, Text};
use crate::node::Node;
use crate::shape::{Field, NAME, Shape, Type};

use super::{service, slo};

/// A document whose outer fields are known.
pub(crate) struct Envelope<'n> {
    pub(crate) metadata: Option<Fields<'n>>,
    pub(crate) spec: &'n Node,
    pub(crate) origin: Origin,
}

/// `metadata` of most kinds.
static NAMED: Shape = Shape::new(
    "metadata",
    &[Field::new("name", Type::Like(&NAME), "Unique among documents of this kind.")
        .needed("name: shop")],
);
/// `metadata` of policies.
static POLICY: Shape = Shape::new(
    "metadata",
    &[
        Field::new("name", Type::Like(&NAME), "Unique among policies.").needed("name: tier1"),
        Field::new("owners", NAMES, "The teams that keep it."),
        Field::new("approvers", NAMES, "Roles that may decide otherwise."),
        Field::new("revisit", Type::Text, "The day on which it is looked at again."),
    ],
);
/// Names of teams or roles.
const NAMES: Type = Type::List { of: &Type::Text, min: 0, max: LIST_MAX };
/// `metadata` of kinds whose name is only for readers.
static NAMELESS: Shape =
    Shape::new("metadata", &[Field::new("name", Type::Text, "For readers only.")]);

/// What `metadata` of a kind looks like, and an example of it.
pub(crate) fn metadata_of(kind: &str) -> (&'static Shape, &'static str) {
    match kind {
        "SLO" => (&slo::METADATA, "metadata: {name: checkout/availability}"),
        "Exclusion" => (&NAMED, "metadata: {name: db-maintenance}"),
        "Policy" => (&POLICY, "metadata: {name: tier1, owners: [shop]}"),
        "TimeInterval" => (&NAMED, "metadata: {name: weekend}"),
        "Service" => (&service::METADATA, "metadata: {name: checkout}"),
        _ if is_nameless(kind) => (&NAMELESS, "metadata: {name: shop}"),
        _ => (&NAMED, "metadata: {name: shop}"),
    }
}

/// Kinds of which the name is only for readers.
pub(crate) fn is_nameless(kind: &str) -> bool {
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
    let (shape, example) = metadata_of(kind);
    let metadata = if is_nameless(kind) {
        fields.get("metadata")
    } else {
        page.need(&fields, "metadata", example)
    };
    let metadata = metadata.and_then(|it| page.shape(it, shape));
    if let Some(name) = metadata.as_ref().and_then(|it| it.get("name"))
        && is_nameless(kind)
    {
        page.scalar(name, "`name`"); // only its form: nobody refers to it
    }
    let spec = page.need(&fields, "spec", "spec: {}");
    Some(Envelope { metadata, spec: spec?, origin })
}

impl<'n> Envelope<'n> {
    /// The document's name, free for `noun`. Without it the document is not kept, but still read for mistakes.
    pub(crate) fn name(&self, page: &mut Page<'_, '_>, noun: Noun) -> Option<Text<'n>> {
        let metadata = self.metadata.as_ref()?;
        let node = page.needed(metadata, "name")?;
        let name = page.name(node, "`name`")?;
        page.define(noun, name.text, name.span).then_some(name)
    }
}
