//! Kind `Routing`: from an alert's labels to an escalation policy.

use nines_alert::Route;

use crate::draft::{Noun, Page};
use crate::node::Node;

use super::Envelope;

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.fields(document.spec, "Routing spec", &["routes"]) else { return };
    let Some(routes) = page.need(&spec, "routes", "routes: [{escalation: shop-primary}]") else {
        return;
    };
    for node in page.list(routes, "`routes`").unwrap_or_default() {
        route(page, node);
    }
}

fn route(page: &mut Page<'_, '_>, node: &Node) {
    let Some(fields) = page.fields(node, "a route", &["match", "escalation"]) else { return };
    let origin = page.origin(fields.at);
    let matchers = match fields.get("match") {
        Some(it) => page.matchers(it),
        None => Some(Vec::new()),
    };
    let Some(escalation) = page.need(&fields, "escalation", "escalation: shop-primary") else {
        return;
    };
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
