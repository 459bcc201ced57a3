//! Kind `Service`.

use crate::draft::{Noun, Page};
use crate::fields::LIST_MAX;
use crate::shape::{Field, NAME, Shape, Type};
use crate::spec::Service;

use super::Envelope;

pub(crate) static METADATA: Shape = Shape::new(
    "metadata",
    &[
        Field::new("name", Type::Like(&NAME), "Unique among services.").needed("name: checkout"),
        Field::new("owner", Type::Text, "The team or person who keeps it."),
        Field::new("runbook", Type::Text, "The runbook to begin with."),
    ],
);
pub(crate) static SPEC: Shape = Shape::new(
    "Service spec",
    &[
        Field::new(
            "depends_on",
            Type::List { of: &Type::Text, min: 0, max: LIST_MAX },
            "The services that it calls.",
        ),
        Field::new("tier", Type::Text, "How much it matters, in the words of its owners."),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Service);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let metadata = document.metadata.as_ref();
    let owner = metadata.and_then(|it| page.maybe(it, "owner")).map(|it| it.text.to_owned());
    let runbook = metadata.and_then(|it| page.maybe(it, "runbook"));
    if let Some(runbook) = runbook {
        page.refer(Noun::Runbook, runbook.text, runbook.span, "nobody finds what to do");
    }
    let depends_on = page.texts(&spec, "depends_on");
    for it in &depends_on {
        page.refer(Noun::Service, it.text, it.span, "its changes cannot be suspected");
    }
    let tier = page.maybe(&spec, "tier").map(|it| it.text.to_owned());
    let Some(name) = name else { return };
    page.draft.spec.services.push(Service {
        name: name.text.to_owned(),
        owner,
        depends_on: depends_on.iter().map(|it| it.text.to_owned()).collect(),
        tier,
        runbook: runbook.map(|it| it.text.to_owned()),
        origin: document.origin.clone(),
    });
}
