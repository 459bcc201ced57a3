//! How values are written for people: one way for pages, API and command line.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes everything");
        out
    })
}

/// `31.0 %`; no-break space.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1}\u{a0}%", ratio * 100.0)
}

/// A ratio with as many digits as show how it differs from `objective`: `99.965 %`.
pub(crate) fn ratio_beside(ratio: f64, objective: nines_slo::Objective) -> String {
    let text = objective.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, it)| it.trim_end_matches('%').len());
    // Round down: a share just below its objective must not look as if it met it.
    let digits = decimals + 1;
    let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(3));
    format!("{:.digits$}\u{a0}%", (ratio * 100.0 * scale + 1e-9).floor() / scale)
}

/// `14.6×`.
pub(crate) fn burn(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}×") } else { format!("{rate:.0}×") }
}

/// The two largest units: `6 h 15 m`, `40 s`.
pub(crate) fn duration(it: SignedDuration) -> String {
    let seconds = it.as_secs().unsigned_abs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, length) in units {
        let count = rest / length;
        rest %= length;
        if 0 < count && parts.len() < 2 {
            parts.push(format!("{count} {name}"));
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// `3 h ago`, `now`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let elapsed = now.duration_since(at);
    if elapsed < SignedDuration::from_secs(1) {
        return "now".to_owned();
    }
    format!("{} ago", duration(elapsed))
}

/// `2026-11-24 03:12:04`, UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `1 872 000`, with narrow no-break spaces.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
