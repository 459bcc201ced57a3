//! How providers sign their calls. Sources are named at each.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::Sha256;

use crate::text::hex;

/// Older calls are replays.
const AGE_SECONDS_MAX: i64 = 300;

fn sha256(secret: &str, parts: &[&[u8]]) -> String {
    let mut hmac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        hmac.update(part);
    }
    hex(&hmac.finalize().into_bytes())
}

/// `v0=…` over version, time and body. Source: Slack, "Verifying requests from Slack".
pub(super) fn slack(secret: &str, at_seconds: &str, body: &[u8]) -> String {
    format!("v0={}", sha256(secret, &[b"v0:", at_seconds.as_bytes(), b":", body]))
}

/// Whether a time that a caller signed is near enough.
pub(super) fn is_fresh(at_seconds: &str, now: Timestamp) -> bool {
    let at = at_seconds.parse::<i64>().unwrap_or(0);
    now.as_second().abs_diff(at) <= AGE_SECONDS_MAX.unsigned_abs()
}

/// `v1=…` over the body. Source: PagerDuty, "Verifying webhook signatures".
pub(super) fn pagerduty(secret: &str, body: &[u8]) -> String {
    format!("v1={}", sha256(secret, &[body]))
}

/// Over the address and the fields in their order, with the account's token. Source: Twilio, "Validating requests
/// are coming from Twilio".
pub(super) fn twilio(token: &str, url: &str, fields: &[(String, String)]) -> String {
    use base64::Engine as _;
    let mut fields: Vec<&(String, String)> = fields.iter().collect();
    fields.sort();
    let mut text = url.to_owned();
    for (name, value) in fields {
        text.push_str(name);
        text.push_str(value);
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let tag = ring::hmac::sign(&key, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(tag.as_ref())
}

/// A signature by the application's key over time and body. Source: Discord, "Setting up an endpoint: validating
/// security request headers".
pub(super) fn discord(public_key: &str, signature: &str, at: &str, body: &[u8]) -> bool {
    let (Some(key), Some(signature)) = (bytes(public_key), bytes(signature)) else { return false };
    let signed = [at.as_bytes(), body].concat();
    UnparsedPublicKey::new(&ED25519, key).verify(&signed, &signature).is_ok()
}

/// Hexadecimal digits as bytes.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |it: char| it.to_digit(16).and_then(|it| u8::try_from(it).ok());
    let digits: Vec<u8> = text.chars().map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
