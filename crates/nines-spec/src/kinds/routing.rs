//! Kind `Routing`: from an alert's labels to an escalation policy.

use nines_alert::Route;

use crate::draft::{Noun, Page};
use crate::fields::LIST_MAX;
use crate::node::Node;
use crate::shape::{Field, Shape, Type};
use crate::values::MATCHERS_MAX;

use super::Envelope;

pub(crate) static SPEC: Shape = Shape::new(
    "Routing spec",
    &[Field::new(
        "routes",
        Type::List { of: &Type::Map(&ROUTE), min: 0, max: LIST_MAX },
        "Tried in order; the first that matches decides.",
    )
    .needed("routes: [{escalation: shop-primary}]")],
);
static ROUTE: Shape = Shape::new(
    "a route",
    &[
        Field::new(
            "match",
            Type::AnyOf(&[
                Type::Names(&Type::Text),
                Type::Text,
                Type::List { of: &Type::Text, min: 0, max: MATCHERS_MAX },
            ]),
            "Conditions on the alert's labels; without them every alert matches.",
        ),
        Field::new("escalation", Type::Text, "Who is told.").needed("escalation: shop-primary"),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let Some(routes) = page.needed(&spec, "routes") else { return };
    for node in page.list(routes, "`routes`").unwrap_or_default() {
        route(page, node);
    }
}

fn route(page: &mut Page<'_, '_>, node: &Node) {
    let Some(fields) = page.shape(node, &ROUTE) else { return };
    let origin = page.origin(fields.at);
    let matchers = match fields.get("match") {
        Some(it) => page.matchers(it),
        None => Some(Vec::new()),
    };
    let Some(escalation) = page.needed(&fields, "escalation") else { return };
    let Some(escalation) = page.scalar(escalation, "`escalation`") else { return };
    let consequence = "an alert of this route would reach nobody";
    page.refer(Noun::Escalation, escalation.text, escalation.span, consequence);
    let Some(matchers) = matchers else {
        page.draft.has_broken_routes = true;
        return;
    };
    let place = page.place(fields.at);
    page.draft.route_places.push(place);
    let escalation = escalation.text.to_owned();
    page.draft.spec.routing.routes.push(Route { matchers, escalation, origin });
}
