//! Kind `TimeInterval`: a name for times that recur.

use crate::alertmanager::intervals;
use crate::draft::{Noun, Page};
use crate::fields::LIST_MAX;
use crate::shape::{Field, Shape, Type, ZONE};

use super::super::Envelope;

const TEXTS: Type = Type::List { of: &Type::Text, min: 0, max: LIST_MAX };

pub(crate) static SPEC: Shape = Shape::new(
    "TimeInterval spec",
    &[Field::new(
        "time_intervals",
        Type::List { of: &Type::Map(&ELEMENT), min: 1, max: LIST_MAX },
        "Any of them counts.",
    )
    .needed("time_intervals: [{weekdays: [saturday, sunday]}]")],
);
static ELEMENT: Shape = Shape::new(
    "a time interval",
    &[
        Field::new(
            "times",
            Type::List { of: &Type::Map(&TIMES), min: 0, max: LIST_MAX },
            "Clock times; the end does not belong to the range.",
        ),
        Field::new("weekdays", TEXTS, "Such as `monday:friday`, or `sunday`."),
        Field::new("days_of_month", TEXTS, "Such as `1:5`, or `-1` for the last day."),
        Field::new("months", TEXTS, "Such as `may:august`, `5:8`, or `december`."),
        Field::new("years", TEXTS, "Such as `2026:2028`."),
        Field::new("location", Type::Like(&ZONE), "Where clock times are meant.").default("UTC"),
    ],
);
static TIMES: Shape = Shape::new(
    "a range of times",
    &[
        Field::new("start_time", Type::Text, "From `00:00`.").needed("start_time: '09:00'"),
        Field::new("end_time", Type::Text, "Up to `24:00`.").needed("end_time: '17:00'"),
    ],
);

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::TimeInterval);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let Some(node) = page.needed(&spec, "time_intervals") else { return };
    let elements = intervals(page, node);
    if let crate::node::Value::List(items) = &node.value {
        page.check_length(items.len(), 1, LIST_MAX, "`time_intervals`", node.anchor());
    }
    let Some(name) = name else { return };
    page.draft.spec.dispatch.intervals.insert(name.text.to_owned(), elements);
}
