//! The e-mail of a message: the same bytes in every attempt.
//!
//! It must not know how mail travels.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::address::AddressError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use nines_port::Message;
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// Characters of a subject; longer lines are cut by many readers anyway.
const SUBJECT_MAX: usize = 200;
/// Hexadecimal digits of an id: 128 bits.
const ID_DIGITS: usize = 32;

/// The beginning of that year, in seconds since the Unix epoch.
const YEAR_9999_SECONDS: i64 = 253_370_764_800;

/// Why a message is not an e-mail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("`{address}` is not an e-mail address")]
    Address { address: String, source: AddressError },
    #[error("failed to write the e-mail")]
    Message(#[from] lettre::error::Error),
}

/// Reads `person@example.org` or `Name <person@example.org>`.
pub(crate) fn mailbox(address: &str) -> Result<Mailbox, MailError> {
    let error = |source| MailError::Address { address: address.to_owned(), source };
    address.parse().map_err(error)
}

/// Plain text, and the same as HTML.
pub(crate) fn compose(
    from: &Mailbox,
    to: &Mailbox,
    message: &Message,
) -> Result<lettre::Message, MailError> {
    let domain = from.email.domain();
    let id = |what: &str, of: &str| format!("<{}@{domain}>", digest(&format!("{what}:{of}")));
    let thread = id("thread", &message.thread);
    let text = |content_type, body| SinglePart::builder().header(content_type).body(body);
    let (plain, html) = (plain(message), html(message));
    // The library would draw a random boundary; repeats must be the same bytes.
    let body = MultiPart::alternative()
        .boundary(digest(&format!("boundary:{}", message.key)))
        .singlepart(text(lettre::message::header::ContentType::TEXT_PLAIN, plain))
        .singlepart(text(lettre::message::header::ContentType::TEXT_HTML, html));
    // RFC 3834: nobody's holiday reply is wanted.
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mail = lettre::Message::builder()
        .from(from.clone())
        .to(to.clone())
        .subject(subject(message))
        .date(date(message.decided_at))
        .message_id(Some(id("message", &message.key)))
        .in_reply_to(thread.clone())
        .references(thread)
        .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()))
        .multipart(body)?;
    Ok(mail)
}

/// Dates of e-mails have four-digit years.
pub(crate) fn date(at: Timestamp) -> SystemTime {
    let seconds = at.as_second().clamp(0, YEAR_9999_SECONDS).unsigned_abs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// One line, marked when the message may be there already.
fn subject(message: &Message) -> String {
    let plain = message.subject.chars().map(|it| if it.is_control() { ' ' } else { it });
    let mut subject: String = plain.take(SUBJECT_MAX).collect();
    if message.possible_repeat {
        subject.push_str(" (possible repeat)");
    }
    subject
}

fn plain(message: &Message) -> String {
    let mut out = message.text.trim_end().to_owned();
    if let Some(url) = &message.ack_url {
        write!(out, "\n\nAcknowledge: {url}").expect("a String takes everything");
    }
    out.push('\n');
    out
}

fn html(message: &Message) -> String {
    let text = escaped(message.text.trim_end());
    let ack = message.ack_url.as_deref().map_or_else(String::new, |url| {
        format!("<p><a href=\"{}\" style=\"font-size:1.25em\">Acknowledge</a></p>\n", escaped(url))
    });
    format!(
        "<!doctype html>\n<html><body style=\"font-family:sans-serif\">\n\
         <div style=\"white-space:pre-wrap\">{text}</div>\n{ack}</body></html>\n"
    )
}

pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            it => out.push(it),
        }
    }
    out
}

/// Keys and threads are any text; ids in headers are not.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())).chars().take(ID_DIGITS).collect()
}

#[cfg(test)]
mod tests;
