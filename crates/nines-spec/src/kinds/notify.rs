//! Kind `Notify`: how messages leave, and which files hold the secrets for it.

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::spec::{SmtpSpec, SmtpTls};
use crate::values::is_name;

use super::Envelope;

const SMTP_FIELDS: [&str; 6] = ["host", "port", "tls", "username", "password_file", "from"];
/// The standard port of each protection. Source: RFC 5321, RFC 6409, RFC 8314.
const TLS: [(&str, (SmtpTls, u16)); 3] = [
    ("none", (SmtpTls::None, 25)),
    ("starttls", (SmtpTls::StartTls, 587)),
    ("tls", (SmtpTls::Tls, 465)),
];

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let known = ["smtp", "webhook_secrets", "external_url"];
    let Some(spec) = page.fields(document.spec, "Notify spec", &known) else { return };
    let url = page.maybe(&spec, "external_url").and_then(|it| page.url(it));
    if let Some(url) = url
        && is_first(page, &spec, "external_url")
    {
        page.draft.spec.notify.external_url = Some(url.trim_end_matches('/').to_owned());
    }
    if let Some(smtp) = spec.get("smtp").and_then(|it| smtp(page, it))
        && is_first(page, &spec, "smtp")
    {
        page.draft.spec.notify.smtp = Some(smtp);
    }
    secrets(page, &spec);
}

/// Several documents may say something, but not about the same setting.
fn is_first(page: &mut Page<'_, '_>, spec: &Fields<'_>, field: &str) -> bool {
    page.define(Noun::Setting, field, spec.key(field))
}

fn smtp(page: &mut Page<'_, '_>, node: &Node) -> Option<SmtpSpec> {
    let fields = page.fields(node, "smtp", &SMTP_FIELDS)?;
    let host = page.need(&fields, "host", "host: mail.example.org");
    let host = host.and_then(|it| page.scalar(it, "`host`"));
    let tls = fields.get("tls").and_then(|it| page.word(it, "`tls`", &TLS));
    let (tls, standard_port) = tls.unwrap_or((SmtpTls::StartTls, 587));
    let port = page.whole_number(&fields, "port", 1, u32::from(u16::MAX));
    let username = page.maybe(&fields, "username").map(|it| it.text.to_owned());
    let password_file = page.maybe(&fields, "password_file").map(|it| it.text.to_owned());
    let from = page.need(&fields, "from", "from: nines@example.org");
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
