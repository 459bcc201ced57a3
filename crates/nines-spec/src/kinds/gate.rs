//! Kind `Gate`: what must hold before a change may proceed. The short form of kind `Policy`.

use nines_release::{GatePolicy, OnBurnPage, OnOpenIncident, Policy};

use crate::draft::{Noun, Page};
use crate::fields::LIST_MAX;
use crate::shape::{Field, SHARE, Shape, Type, words};

use super::Envelope;

const OPEN_INCIDENT: [(&str, OnOpenIncident); 2] =
    [("close", OnOpenIncident::Close), ("note", OnOpenIncident::Note)];
static OPEN_INCIDENT_WORDS: [&str; 2] = words(&OPEN_INCIDENT);
const BURN_PAGE: [(&str, OnBurnPage); 2] =
    [("close", OnBurnPage::Close), ("note", OnBurnPage::Note)];
static BURN_PAGE_WORDS: [&str; 2] = words(&BURN_PAGE);

pub(crate) static SPEC: Shape = Shape::new(
    "Gate spec",
    &[
        Field::new(
            "services",
            Type::List { of: &Type::Text, min: 0, max: LIST_MAX },
            "Which services it guards; without it all of them.",
        ),
        Field::new("min_remaining", Type::Like(&SHARE), "The budget that must be left."),
        Field::new(
            "min_coverage",
            Type::Like(&SHARE),
            "The part of the window that must be known.",
        ),
        Field::new(
            "open_incident",
            Type::Word(&OPEN_INCIDENT_WORDS),
            "What an open incident of the service does.",
        ),
        Field::new(
            "burn_page",
            Type::Word(&BURN_PAGE_WORDS),
            "What a page about a burning budget does.",
        ),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Gate);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let standard = GatePolicy::default_policy();
    let services = page.texts(&spec, "services");
    for it in &services {
        page.refer(Noun::Service, it.text, it.span, "this gate would never be asked");
    }
    let share = |page: &mut Page<'_, '_>, field: &str, otherwise: u64| {
        let node = spec.get(field);
        node.and_then(|it| page.share(it, &format!("`{field}`"))).unwrap_or(otherwise)
    };
    let min_remaining = share(page, "min_remaining", standard.min_remaining);
    let min_coverage = share(page, "min_coverage", standard.min_coverage);
    let open_incident =
        spec.get("open_incident").and_then(|it| page.word(it, "`open_incident`", &OPEN_INCIDENT));
    let burn_page = spec.get("burn_page").and_then(|it| page.word(it, "`burn_page`", &BURN_PAGE));
    let Some(name) = name else { return };
    let mut policy = Policy::from(GatePolicy {
        name: name.text.to_owned(),
        services: services.iter().map(|it| it.text.to_owned()).collect(),
        min_remaining,
        open_incident: open_incident.unwrap_or(standard.open_incident),
        burn_page: burn_page.unwrap_or(standard.burn_page),
        min_coverage,
        origin: document.origin.clone(),
    });
    policy.digest = super::policy::digest(&policy);
    page.draft.spec.release_policies.push(policy);
}
