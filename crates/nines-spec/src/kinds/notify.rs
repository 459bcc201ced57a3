//! Kind `Notify`: how messages leave, and which files hold the secrets for it.

mod account;

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, Shape, Type, URL, words};
use crate::spec::{SmtpSpec, SmtpTls};
use crate::values::is_name;

use super::Envelope;
use account::ACCOUNT;

/// The standard port of each protection. Source: RFC 5321, RFC 6409, RFC 8314.
const TLS: [(&str, (SmtpTls, u16)); 3] = [
    ("none", (SmtpTls::None, 25)),
    ("starttls", (SmtpTls::StartTls, 587)),
    ("tls", (SmtpTls::Tls, 465)),
];

static TLS_WORDS: [&str; 3] = words(&TLS);

pub(crate) static SPEC: Shape = Shape::new(
    "Notify spec",
    &[
        Field::new("smtp", Type::Map(&SMTP), "The mail server."),
        Field::new(
            "webhook_secrets",
            Type::Names(&Type::Text),
            "Names of secrets, and the file that holds each.",
        ),
        Field::new(
            "accounts",
            Type::Names(&Type::Map(&ACCOUNT)),
            "Accounts of ours at services that reach people, by name.",
        ),
        Field::new("external_url", Type::Like(&URL), "Where people reach the console."),
        Field::new(
            "dead_man",
            Type::Like(&URL),
            "Asked for every 30 s while messages arrive; whoever answers there tells you when nines does not.",
        ),
    ],
);
static SMTP: Shape = Shape::new(
    "smtp",
    &[
        Field::new("host", Type::Text, "Its name or address.").needed("host: mail.example.org"),
        Field::new("port", Type::Whole { min: 1, max: u16::MAX as u64 }, "Its port.")
            .default("that of the protection"),
        Field::new("tls", Type::Word(&TLS_WORDS), "How the connection is protected.")
            .default("starttls"),
        Field::new("username", Type::Text, "The account, if it wants one."),
        Field::new("password_file", Type::Text, "The file that holds the account's password."),
        Field::new("from", Type::Text, "The sender's address.").needed("from: nines@example.org"),
    ],
);

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let url = page.maybe(&spec, "external_url").and_then(|it| page.url(it));
    if let Some(url) = url
        && is_first(page, &spec, "external_url")
    {
        page.draft.spec.notify.external_url = Some(url.trim_end_matches('/').to_owned());
    }
    let dead_man = page.maybe(&spec, "dead_man").and_then(|it| page.url(it));
    if dead_man.is_some() && is_first(page, &spec, "dead_man") {
        page.draft.spec.notify.dead_man = dead_man;
    }
    if let Some(smtp) = spec.get("smtp").and_then(|it| smtp(page, it))
        && is_first(page, &spec, "smtp")
    {
        page.draft.spec.notify.smtp = Some(smtp);
    }
    secrets(page, &spec);
    if let Some(node) = spec.get("accounts") {
        account::read(page, node);
    }
}

/// Several documents may say something, but not about the same setting.
fn is_first(page: &mut Page<'_, '_>, spec: &Fields<'_>, field: &str) -> bool {
    page.define(Noun::Setting, field, spec.key(field))
}

fn smtp(page: &mut Page<'_, '_>, node: &Node) -> Option<SmtpSpec> {
    let fields = page.shape(node, &SMTP)?;
    let host = page.needed(&fields, "host");
    let host = host.and_then(|it| page.scalar(it, "`host`"));
    let tls = fields.get("tls").and_then(|it| page.word(it, "`tls`", &TLS));
    let (tls, standard_port) = tls.unwrap_or((SmtpTls::StartTls, 587));
    let port = page.whole_number(&fields, "port", 1, u32::from(u16::MAX));
    let username = page.maybe(&fields, "username").map(|it| it.text.to_owned());
    let password_file = page.maybe(&fields, "password_file").map(|it| it.text.to_owned());
    let from = page.needed(&fields, "from");
    let from = from.and_then(|it| page.scalar(it, "`from`"));
    let from = from.and_then(|it| page.mail_address(it));
    Some(SmtpSpec {
        host: host?.text.to_owned(),
        port: port.and_then(|it| u16::try_from(it).ok()).unwrap_or(standard_port),
        tls,
        username,
        password_file,
        from: from?,
    })
}

fn secrets(page: &mut Page<'_, '_>, spec: &Fields<'_>) {
    let Some(node) = spec.get("webhook_secrets") else { return };
    if page.fields(node, "webhook_secrets", &[]).is_none() {
        return;
    }
    let Value::Map(entries) = &node.value else { return };
    for (key, value) in entries {
        if !is_name(&key.text) {
            let (name, rule) = (key.text.clone(), "letters, digits, `-`, `_` or `.`");
            page.report(&Mistake::BadName { name, rule, at: key.span });
            continue;
        }
        let Some(file) = page.scalar(value, "the file of a secret") else { continue };
        if page.define(Noun::Secret, &key.text, key.span) {
            let file = file.text.to_owned();
            page.draft.spec.notify.webhook_secrets.insert(key.text.clone(), file);
        }
    }
}
