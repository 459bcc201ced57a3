//! The signature of a webhook: proves who sent it, and when.
//!
//! The receiver computes HMAC-SHA-256 (RFC 2104) over `t`, a full stop and the body, and accepts any `v1` that
//! is equal; an old `t` is a replay.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hex::hex;

/// `t=<unix seconds>,v1=<hex>`, with one `v1` for each secret.
pub(super) fn header(secrets: &[String], at_seconds: i64, body: &[u8]) -> String {
    let mut out = format!("t={at_seconds}");
    for secret in secrets {
        out.push_str(",v1=");
        out.push_str(&sign(secret, at_seconds, body));
    }
    out
}

fn sign(secret: &str, at_seconds: i64, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(format!("{at_seconds}.").as_bytes());
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}
