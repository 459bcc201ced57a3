//! Kind `Receiver`: integrations under a name, and who hears instead when they cannot be told.

use nines_alert::dispatch::{Integration, Receiver};
use nines_alert::receivers::KINDS;

use crate::alertmanager::{Global, IntegrationSpec, ReceiverSpec, integrations};
use crate::draft::{Noun, Page};
use crate::fields::LIST_MAX;
use crate::mistake::Mistake;
use crate::node::Value;
use crate::shape::{Field, Shape, Type};

use super::super::Envelope;

const LIST: Type = Type::List { of: &Type::AsPrometheus, min: 0, max: LIST_MAX };
const ABOUT: &str = "As in `alertmanager.yml`; secrets stand in files.";

pub(crate) static SPEC: Shape = Shape::new(
    "Receiver spec",
    &[
        Field::new("escalation", Type::Text, "People, by this escalation."),
        Field::new(
            "fallback",
            Type::Text,
            "The receiver that hears instead: at once when sending is useless, else after two minutes.",
        ),
        Field::new("webhook_configs", LIST, ABOUT),
        Field::new("email_configs", LIST, ABOUT),
        Field::new("pagerduty_configs", LIST, ABOUT),
        Field::new("opsgenie_configs", LIST, ABOUT),
        Field::new("wechat_configs", LIST, ABOUT),
        Field::new("slack_configs", LIST, ABOUT),
        Field::new("victorops_configs", LIST, ABOUT),
        Field::new("pushover_configs", LIST, ABOUT),
        Field::new("sns_configs", LIST, ABOUT),
        Field::new("telegram_configs", LIST, ABOUT),
        Field::new("discord_configs", LIST, ABOUT),
        Field::new("webex_configs", LIST, ABOUT),
        Field::new("msteams_configs", LIST, ABOUT),
        Field::new("msteamsv2_configs", LIST, ABOUT),
        Field::new("jira_configs", LIST, ABOUT),
        Field::new("rocketchat_configs", LIST, ABOUT),
        Field::new("mattermost_configs", LIST, ABOUT),
        Field::new("incidentio_configs", LIST, ABOUT),
    ],
);

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Receiver);
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let (mut integrations, mut specs) = integrations(page, &spec, &Global::empty());
    for kind in &KINDS {
        let Some(Value::List(items)) = spec.get(kind.key).map(|it| &it.value) else { continue };
        for item in items {
            let secrets = kind.fields.iter().filter(|it| it.is_hidden() && it.name != "url");
            for field in secrets {
                if let Some(node) = item.field(field.name) {
                    let (field, at) = (field.name, node.span);
                    page.report(&Mistake::SecretInFile { field, at });
                }
            }
        }
    }
    if let Some(text) = page.maybe(&spec, "escalation") {
        page.refer(Noun::Escalation, text.text, text.span, "this receiver would reach nobody");
        integrations.push(Integration::escalation(text.text));
        let kind = "escalation".to_owned();
        specs.push(IntegrationSpec { kind, ..IntegrationSpec::default() });
    }
    let fallback = page.maybe(&spec, "fallback");
    if let Some(it) = fallback {
        page.refer(Noun::Receiver, it.text, it.span, "what fails here would be lost");
        page.draft.alerts.used_receivers.insert(it.text.to_owned());
    }
    if integrations.is_empty() && specs.is_empty() {
        let has_any = KINDS.iter().any(|it| spec.get(it.key).is_some());
        if !has_any {
            page.report(&Mistake::EmptyReceiver { at: spec.at });
        }
    }
    let Some(name) = name else { return };
    if let Some(fallback) = fallback {
        let place = page.place(fallback.span);
        page.draft.alerts.fallback_places.push((name.text.to_owned(), place));
        let of = &mut page.draft.spec.fallbacks.of;
        of.insert(name.text.to_owned(), fallback.text.to_owned());
    }
    let name = name.text.to_owned();
    page.draft.spec.receivers.push(ReceiverSpec { name: name.clone(), integrations: specs });
    let origin = document.origin.clone();
    let receiver = Receiver { name: name.clone(), integrations, origin };
    page.draft.spec.dispatch.receivers.insert(name, receiver);
}
