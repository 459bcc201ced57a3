//! Bytes as hexadecimal text. Knows nothing else.

use std::fmt::Write;

/// Two lower-case digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes everything");
        out
    })
}
