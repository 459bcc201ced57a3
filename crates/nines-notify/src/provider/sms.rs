//! Short messages and calls: their words, and gateways that are described by the account.
//!
//! A short message has 160 characters of the alphabet of GSM (3GPP TS 23.038); with any other character it would
//! have 70, so others are replaced.

use nines_port::{Message, Provider};

use super::chat::code;
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Repeats, Request, segment};

/// Of one short message.
const CHARS_MAX: usize = 160;
/// Of what is read out.
const SPOKEN_MAX: usize = 400;
/// A longer link would leave no room for words.
const LINK_MAX: usize = 110;

/// Whether people can answer: then a number does, else a link must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Heard,
    Unheard,
}

/// At most 160 characters, all of them in the alphabet.
pub(super) fn text(message: &Message, answers: Answers) -> String {
    let how = match (answers, code(message), message.ack_url.as_deref()) {
        (Answers::Heard, Some(code), _) => format!(" Reply {code} to acknowledge."),
        (Answers::Unheard, _, Some(url)) if url.len() <= LINK_MAX => format!(" {url}"),
        _ => String::new(),
    };
    let mark = if message.possible_repeat { "(repeat?) " } else { "" };
    let words: String =
        format!("{mark}{}", message.subject).chars().flat_map(in_alphabet).collect();
    let room = CHARS_MAX.saturating_sub(how.chars().count());
    let words: String = words.chars().take(room).collect();
    words.trim_end().to_owned() + &how
}

/// What a voice says.
pub(super) fn spoken(message: &Message) -> String {
    message.subject.chars().flat_map(in_alphabet).take(SPOKEN_MAX).collect()
}

/// The character, or what can stand for it.
fn in_alphabet(it: char) -> impl Iterator<Item = char> {
    let stands: &'static str = match it {
        'A'..='Z' | 'a'..='z' | '0'..='9' | ' ' | '!'..='/' | ':'..='@' | '_' => "",
        'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' | 'ß' | 'é' | 'è' | 'à' | 'ù' | 'ì' | 'ò' | 'ñ' | 'Ñ'
        | 'å' | 'Å' | 'æ' | 'Æ' | 'ø' | 'Ø' | 'É' | 'Ç' | '£' | '¥' | '§' | '¿' | '¡' => {
            ""
        }
        '[' | '{' => "(",
        ']' | '}' => ")",
        '\\' | '|' => "/",
        '^' | '~' | '–' | '—' => "-",
        '`' | '’' | '‘' => "'",
        '“' | '”' => "\"",
        '×' => "x",
        '…' => "...",
        '€' => "EUR",
        '■' | '▲' => "*",
        it if it.is_whitespace() => " ",
        _ => "?",
    };
    let own = stands.is_empty().then_some(it);
    own.into_iter().chain(stands.chars())
}

/// A gateway that takes an HTTP request of any shape. Its account says `url`, and may say `body` with `{to}`,
/// `{text}`, `{key}` and `{kind}` in it, `content_type` (`json` or `form`), `query_url` with `{key}`, `deduplicates`
/// and `answers` (`true`: people's replies come to our hook).
pub(super) struct Gateway;

const JSON: &str = r#"{"to":"{to}","text":"{text}","key":"{key}","kind":"{kind}"}"#;
const FORM: &str = "to={to}&text={text}&key={key}&kind={kind}";

impl Protocol for Gateway {
    fn repeats(&self, account: &Account) -> Repeats {
        match account.setting("deduplicates") {
            Some("true") => Repeats::Harmless,
            _ => Repeats::Harmful,
        }
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        if order.to.is_empty() {
            return Err("the contact names no number".to_owned());
        }
        let account = order.account;
        let request = Request::post(account.need("url")?);
        let request = request.header("idempotency-key", order.message.key.as_str());
        let is_form = account.setting("content_type") == Some("form");
        let template = account.setting("body").unwrap_or(if is_form { FORM } else { JSON });
        if !is_form {
            return Ok(request.text(filled(order, template, &in_json)));
        }
        let fields = template.split('&').map(|it| it.split_once('=').unwrap_or((it, "")));
        let plain = |it: &str| it.to_owned();
        Ok(request.form(fields.map(|(name, value)| (name, filled(order, value, &plain)))))
    }

    fn query(&self, order: &Order<'_>) -> Option<Result<Request, String>> {
        let url = order.account.setting("query_url")?;
        Some(Ok(Request::get(filled(order, url, &segment))))
    }

    /// 404 is a gateway's way to say no.
    fn find(&self, order: &Order<'_>, answer: &Answer) -> Option<String> {
        answer.status.is_success().then(|| order.message.key.clone())
    }
}

/// The template with its words replaced, in one pass: what is put in is not looked at again.
fn filled(order: &Order<'_>, template: &str, encode: &dyn Fn(&str) -> String) -> String {
    let answers = match order.account.setting("answers") {
        Some("true") => Answers::Heard,
        _ => Answers::Unheard,
    };
    let words = match order.provider {
        Provider::Voice => spoken(order.message),
        _ => text(order.message, answers),
    };
    let value = |name: &str| match name {
        "to" => Some(order.to),
        "text" => Some(words.as_str()),
        "key" => Some(order.message.key.as_str()),
        "kind" => Some(order.provider.word()),
        _ => None,
    };
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail))) {
            Some((value, tail)) => {
                out.push_str(&encode(value));
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// The inside of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("text is JSON");
    let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
