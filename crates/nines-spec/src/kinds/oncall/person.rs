//! Kind `Person`: who can be told, and how.

use jiff::SignedDuration;
use nines_oncall::{Contact, Person};
use nines_port::{Channel, Provider};

use crate::draft::{Noun, Page};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Pattern, Shape, Type, URL, ZONE};

use super::contact::{self, CONTACT_OF_ACCOUNT, CONTACT_OF_NUMBER, CONTACT_OF_PROVIDER};
use super::rules::{RULES, rules};
use super::schedule::{HOURS, HOURS_MAX};
use super::{Envelope, short_duration};

/// The most contacts of one person.
const CONTACTS_MAX: usize = 20;

pub(crate) static PERSON: Shape = Shape::new(
    "Person spec",
    &[
        Field::new("display_name", Type::Text, "How others see the name."),
        Field::new(
            "contacts",
            Type::List { of: &Type::Map(&CONTACT), min: 0, max: CONTACTS_MAX },
            "The ways to the person.",
        ),
        Field::new("rules", Type::Map(&RULES), "Which contact is used when."),
        Field::new(
            "hours",
            Type::AnyOf(&[
                Type::Like(&HOURS),
                Type::List { of: &Type::Like(&HOURS), min: 1, max: HOURS_MAX },
            ]),
            "When the person works, in clock time: what can wait waits for it.",
        )
        .default("always"),
        Field::new("zone", Type::Like(&ZONE), "Where the person lives, and `hours` are meant.")
            .default("UTC"),
    ],
);
/// One of these is what a contact is.
static CHANNELS: [&str; 18] = [
    "inbox",
    "webhook",
    "email",
    "slack",
    "mattermost",
    "discord",
    "teams",
    "googlechat",
    "ntfy",
    "pushover",
    "gotify",
    "telegram",
    "matrix",
    "sms",
    "voice",
    "pagerduty",
    "opsgenie",
    "exec",
];
static CONTACT: Shape = Shape::new(
    "a contact",
    &[
        Field::new("inbox", Type::Map(&INBOX), "The inbox of the console; it has no settings."),
        Field::new("webhook", Type::Map(&WEBHOOK), "An address that is posted to."),
        Field::new("email", Type::Like(&MAIL), "A mail address; needs a mail server."),
        Field::new("slack", CONTACT_OF_PROVIDER, "A user or a channel of Slack."),
        Field::new("mattermost", CONTACT_OF_PROVIDER, "A channel of Mattermost, by its id."),
        Field::new("discord", CONTACT_OF_PROVIDER, "A channel of Discord, by its id."),
        Field::new("teams", CONTACT_OF_ACCOUNT, "The account's channel of Microsoft Teams."),
        Field::new("googlechat", CONTACT_OF_ACCOUNT, "The account's space of Google Chat."),
        Field::new("ntfy", CONTACT_OF_PROVIDER, "A topic of ntfy."),
        Field::new("pushover", CONTACT_OF_PROVIDER, "A user or a group of Pushover."),
        Field::new("gotify", CONTACT_OF_ACCOUNT, "The account's application of Gotify."),
        Field::new("telegram", CONTACT_OF_PROVIDER, "A chat of Telegram, by its id."),
        Field::new("matrix", CONTACT_OF_PROVIDER, "A room of Matrix."),
        Field::new("sms", CONTACT_OF_NUMBER, "A telephone number, by short message."),
        Field::new("voice", CONTACT_OF_NUMBER, "A telephone number, by voice."),
        Field::new("pagerduty", CONTACT_OF_ACCOUNT, "The account's service of PagerDuty."),
        Field::new("opsgenie", CONTACT_OF_PROVIDER, "A team of Opsgenie; else the account's."),
        Field::new("exec", CONTACT_OF_PROVIDER, "The account's program."),
        Field::new("delay", Type::Like(&DURATION), "Used so long after the page, at most 24h.")
            .default("0s"),
    ],
)
.one_of(&CHANNELS);
static INBOX: Shape = Shape::new("inbox", &[]);
static MAIL: Pattern =
    Pattern { noun: "a mail address", regex: "^[^@]+@[^@]+$", example: "ana@example.org" };
static WEBHOOK: Shape = Shape::new(
    "a webhook",
    &[
        Field::new("url", Type::Like(&URL), "Where to.").needed("url: https://example.org/hook"),
        Field::new("secret", Type::Text, "The name of the secret that signs messages."),
    ],
);

pub(in crate::kinds) fn person(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Person);
    let Some(spec) = page.shape(document.spec, &PERSON) else { return };
    let display_name = page.maybe(&spec, "display_name");
    let items = spec.get("contacts").and_then(|it| {
        let items = page.list(it, "`contacts`")?;
        page.check_length(items.len(), 0, CONTACTS_MAX, "`contacts`", it.span);
        Some(items)
    });
    let items = items.unwrap_or_default();
    let mut contacts: Vec<Contact> = items.iter().filter_map(|it| contact(page, it)).collect();
    contacts.sort_by_key(|it| it.delay);
    let rules = rules(page, &spec, &contacts);
    let Some(name) = name else { return };
    if items.is_empty() {
        page.report(&Mistake::NoContact { person: name.text.to_owned(), at: name.span });
    }
    page.draft.spec.people.push(Person {
        name: name.text.to_owned(),
        display_name: display_name.unwrap_or(name).text.to_owned(),
        contacts,
        rules,
        origin: document.origin.clone(),
    });
}

fn contact(page: &mut Page<'_, '_>, node: &Node) -> Option<Contact> {
    let fields = page.shape(node, &CONTACT)?;
    let given = CHANNELS.into_iter().filter(|it| fields.get(it).is_some());
    let given: Vec<&'static str> = given.collect();
    if let [one, other, ..] = given.as_slice() {
        let at = fields.key(other);
        page.report(&Mistake::Conflict { owner: "a contact", one, other, at });
        return None;
    }
    let channel = match given.first() {
        Some(&"inbox") => {
            let node = fields.get("inbox")?;
            page.empty(node, "inbox").map(|()| Channel::Inbox)
        }
        Some(&"webhook") => webhook(page, fields.get("webhook")?),
        Some(&"email") => email(page, fields.get("email")?),
        Some(word) => {
            let provider = Provider::ALL.into_iter().find(|it| it.word() == *word)?;
            contact::read(page, provider, fields.get(word)?)
        }
        None => {
            let (owner, field, at) = ("a contact", "inbox", fields.at);
            let example = "inbox: {}";
            page.report(&Mistake::MissingField { owner, field, example, at });
            None
        }
    };
    let delay = short_duration(page, &fields, "delay");
    Some(Contact { channel: channel?, delay: delay.unwrap_or(SignedDuration::ZERO) })
}

fn webhook(page: &mut Page<'_, '_>, node: &Node) -> Option<Channel> {
    let fields = page.shape(node, &WEBHOOK)?;
    let secret = page.maybe(&fields, "secret");
    if let Some(secret) = secret {
        page.refer(Noun::Secret, secret.text, secret.span, "messages could not be signed");
    }
    let url = page.needed(&fields, "url")?;
    let url = page.scalar(url, "`url`")?;
    let url = page.url(url)?;
    Some(Channel::Webhook { url, secret: secret.map(|it| it.text.to_owned()) })
}

fn email(page: &mut Page<'_, '_>, node: &Node) -> Option<Channel> {
    let text = page.scalar(node, "`email`")?;
    let address = page.mail_address(text)?;
    let place = page.place(text.span);
    page.draft.mail_places.push(place);
    Some(Channel::Email { address })
}
