//! Kind `Gate`: what must hold before a change may proceed. The short form of kind `Policy`.

use nines_release::{GatePolicy, OnBurnPage, OnOpenIncident, Policy};

use crate::draft::{Noun, Page};

use super::Envelope;

const FIELDS: [&str; 5] =
    ["services", "min_remaining", "min_coverage", "open_incident", "burn_page"];

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Gate);
    let Some(spec) = page.fields(document.spec, "Gate spec", &FIELDS) else { return };
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
    let open_incident = spec.get("open_incident").and_then(|it| {
        let known = [("close", OnOpenIncident::Close), ("note", OnOpenIncident::Note)];
        page.word(it, "`open_incident`", &known)
    });
    let burn_page = spec.get("burn_page").and_then(|it| {
        let known = [("close", OnBurnPage::Close), ("note", OnBurnPage::Note)];
        page.word(it, "`burn_page`", &known)
    });
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
