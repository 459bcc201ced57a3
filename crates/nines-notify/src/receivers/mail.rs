//! E-mail of a receiver: its own server, sender and words.

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use nines_http::read_secret;
use nines_port::{Delivery, TlsSettings, Verification};

use super::Exchange;
use crate::mail::{date, digest, mailbox};
use crate::smtp::{MailServer, SmtpConfig, Tls};

/// Addresses in one `to`.
const TO_MAX: usize = 100;

pub(super) fn send(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let mail = compose(exchange)?;
    Ok(server(exchange)?.hand_over(&mail))
}

fn server(exchange: &Exchange<'_>) -> Result<MailServer, String> {
    let account = exchange.account;
    let smarthost = account.need("smarthost")?;
    let (host, port) = smarthost.rsplit_once(':').ok_or("`smarthost` has no port")?;
    let port: u16 = port.parse().map_err(|_| "the port of `smarthost` is not a number")?;
    if account.secret("auth_secret").is_some() && account.secret("auth_password").is_none() {
        return Err("CRAM-MD5 (`auth_secret`) is not supported: use `auth_password`".to_owned());
    }
    let requires_tls = account.setting("require_tls") != Some("false");
    let is_implicit = account.setting("force_implicit_tls") == Some("true");
    let tls = match (port, requires_tls) {
        _ if is_implicit => Tls::Tls,
        (465, _) => Tls::Tls,
        (_, true) => Tls::StartTls,
        (_, false) => Tls::None,
    };
    let username = account.setting("auth_username").map(str::to_owned);
    let password = account.secret("auth_password").map(str::to_owned);
    let config =
        SmtpConfig { host: host.to_owned(), port, tls, username, password, from: String::new() };
    let hello = account.setting("hello").unwrap_or("localhost").to_owned();
    let trust = trust(&exchange.http.tls, host)?;
    MailServer::new(config, hello, trust).map_err(|error| nines_http::with_causes(&error))
}

/// `tls_config`, where it says something.
fn trust(tls: &TlsSettings, host: &str) -> Result<Option<TlsParameters>, String> {
    if *tls == TlsSettings::default() {
        return Ok(None);
    }
    let name = tls.server_name.as_deref().unwrap_or(host);
    let mut builder = TlsParameters::builder(name.to_owned());
    if let Some(authorities) = &tls.authorities {
        let pem = read_secret(authorities)?;
        let certificate = Certificate::from_pem(pem.as_bytes());
        builder = builder.add_root_certificate(certificate.map_err(|error| error.to_string())?);
    }
    if tls.verification == Verification::Skipped {
        builder = builder.dangerous_accept_invalid_certs(true);
    }
    builder.build_rustls().map(Some).map_err(|error| error.to_string())
}

fn compose(exchange: &Exchange<'_>) -> Result<lettre::Message, String> {
    let address = |text: &str| mailbox(text.trim()).map_err(|error| error.to_string());
    let from: Mailbox = address(exchange.field("from"))?;
    let domain = from.email.domain().to_owned();
    let id = |what: &str, of: &str| format!("<{}@{domain}>", digest(&format!("{what}:{of}")));
    let message = exchange.message;
    let thread = Some(exchange.field("thread")).filter(|it| !it.is_empty());
    let thread = id("thread", thread.unwrap_or(&message.thread));
    let mut builder = lettre::Message::builder()
        .from(from)
        .date(date(message.decided_at))
        .message_id(Some(id("message", &message.key)))
        .in_reply_to(thread.clone())
        .references(thread);
    for to in exchange.field("to").split(',').filter(|it| !it.trim().is_empty()).take(TO_MAX) {
        builder = builder.to(address(to)?);
    }
    for (name, value) in &exchange.payload.fields {
        let Some(name) = name.strip_prefix("header:") else { continue };
        if is_ours(name) {
            continue;
        }
        let name = HeaderName::new_from_ascii(name.to_owned());
        let name = name.map_err(|error| format!("a header cannot be named so: {error}"))?;
        builder = builder.raw_header(HeaderValue::new(name, line(value)));
    }
    builder = builder.subject(line(exchange.field("subject")));
    let (html, text) = (exchange.field("html"), exchange.field("text"));
    let part = |kind, body: &str| SinglePart::builder().header(kind).body(body.to_owned());
    let html_type = lettre::message::header::ContentType::TEXT_HTML;
    let text_type = lettre::message::header::ContentType::TEXT_PLAIN;
    let boundary = digest(&format!("boundary:{}", message.key));
    let built = match (html.is_empty(), text.is_empty()) {
        (false, false) => {
            let parts = MultiPart::alternative().boundary(boundary);
            builder.multipart(
                parts.singlepart(part(text_type, text)).singlepart(part(html_type, html)),
            )
        }
        (false, true) => builder.singlepart(part(html_type, html)),
        (true, _) => builder.singlepart(part(text_type, text)),
    };
    built.map_err(|error| format!("the e-mail cannot be written: {error}"))
}

/// A line break would begin another header.
fn line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// Headers that follow from other settings, or that tell repeats apart.
fn is_ours(name: &str) -> bool {
    ["from", "to", "date", "message-id", "references", "in-reply-to"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(name))
}
