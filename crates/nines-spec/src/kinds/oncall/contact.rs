//! Contacts at providers: to whom, and through which account of ours.

use nines_port::{Channel, Provider};

use crate::draft::{Noun, Page};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, Pattern, Shape, Type};

pub(super) const CONTACT_OF_PROVIDER: Type = Type::AnyOf(&[Type::Text, Type::Map(&PROVIDER)]);
pub(super) const CONTACT_OF_ACCOUNT: Type = Type::Map(&PROVIDER);
static NUMBER: Pattern = Pattern {
    noun: "a telephone number",
    regex: "^\\+[1-9][0-9]{6,14}$",
    example: "+491701234567",
};
pub(super) const CONTACT_OF_NUMBER: Type =
    Type::AnyOf(&[Type::Like(&NUMBER), Type::Map(&PROVIDER)]);
static PROVIDER: Shape = Shape::new(
    "a contact at a provider",
    &[
        Field::new(
            "to",
            Type::Text,
            "To whom, in the provider's words: a user, a number, a topic.",
        ),
        Field::new("account", Type::Text, "The account of a Notify document.")
            .default("the one that is named like the provider"),
    ],
);

/// What a contact without an address should have said.
fn example(provider: Provider) -> Option<&'static str> {
    Some(match provider {
        Provider::Slack => "to: U012AB3CD",
        Provider::Mattermost => "to: 4xp9fdt77pncbef59f4k1qe83o",
        Provider::Discord => "to: \"290926798999357250\"",
        Provider::Ntfy => "to: ana-pages",
        Provider::Telegram => "to: \"123456\"",
        Provider::Matrix => "to: \"!room:example.org\"",
        Provider::Sms | Provider::Voice => "to: \"+491701234567\"",
        Provider::Teams
        | Provider::GoogleChat
        | Provider::Pushover
        | Provider::Gotify
        | Provider::PagerDuty
        | Provider::Opsgenie
        | Provider::Exec => return None,
    })
}

pub(super) fn read(page: &mut Page<'_, '_>, provider: Provider, node: &Node) -> Option<Channel> {
    let (to, account) = match &node.value {
        Value::Map(_) => {
            let fields = page.shape(node, &PROVIDER)?;
            (page.maybe(&fields, "to"), page.maybe(&fields, "account"))
        }
        _ => (Some(page.scalar(node, &format!("`{}`", provider.word()))?), None),
    };
    if to.is_none()
        && let Some(example) = example(provider)
    {
        let (owner, field, at) = ("a contact", "to", node.span);
        page.report(&Mistake::MissingField { owner, field, example, at });
        return None;
    }
    let (name, at) = account.map_or((provider.word(), node.span), |it| (it.text, it.span));
    page.refer(Noun::Account, name, at, "messages could not be sent");
    let place = page.place(at);
    page.draft.account_uses.push((place, provider, name.to_owned()));
    let is_number = matches!(provider, Provider::Sms | Provider::Voice);
    let to = match to {
        Some(text) if is_number => page.telephone_number(text)?,
        Some(text) => text.text.to_owned(),
        None => String::new(),
    };
    Some(Channel::Provider { provider, account: name.to_owned(), to })
}
