//! Kind `Service`.

use crate::draft::{Noun, Page};
use crate::spec::Service;

use super::Envelope;

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Service);
    let Some(spec) = page.fields(document.spec, "Service spec", &["depends_on", "tier"]) else {
        return;
    };
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
