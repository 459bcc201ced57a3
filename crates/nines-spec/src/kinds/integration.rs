//! Kind `Integration`: a system that sends events in PagerDuty's format.

use crate::draft::{Noun, Page};
use crate::shape::{Field, Shape, Type};
use crate::spec::Integration;

use super::Envelope;

pub(crate) static SPEC: Shape = Shape::new(
    "Integration spec",
    &[
        Field::new("labels", Type::Names(&Type::Text), "Of all its alerts, such as `service`."),
        Field::new("escalation", Type::Text, "Who is told; else the routes decide."),
        Field::new(
            "routing_key_file",
            Type::Text,
            "The file that holds its routing key; else nines makes one.",
        ),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Integration);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let labels = page.labels(&spec, "labels");
    let escalation = page.maybe(&spec, "escalation");
    if let Some(it) = escalation {
        page.refer(Noun::Escalation, it.text, it.span, "nobody would hear of its alerts");
    }
    let key_file = page.maybe(&spec, "routing_key_file").map(|it| it.text.to_owned());
    let Some(name) = name else { return };
    page.draft.spec.integrations.push(Integration {
        name: name.text.to_owned(),
        labels,
        escalation: escalation.map(|it| it.text.to_owned()),
        key_file,
        origin: document.origin.clone(),
    });
}
