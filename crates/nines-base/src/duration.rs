//! Durations as people write them: `5m`, `1h30m`, `28d`.

use std::fmt::Write;

use jiff::SignedDuration;

/// Units, longest first. A year is 365 days, as in PromQL; calendar lengths are the business of windows.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads `1h30m`, `28d`, `300ms`: whole numbers with units in falling order, each once.
///
/// Source: Prometheus, "Time Durations" of the query language.
///
/// # Errors
/// Anything else, and what does not fit 64 bits of milliseconds.
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let error = || DurationError { text: text.to_owned() };
    let (mut rest, mut units, mut total_ms) = (text, UNITS.as_slice(), 0_i64);
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(error)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters).ok_or_else(error)?;
        let index = units.iter().position(|(name, _)| *name == unit).ok_or_else(error)?;
        let unit_ms = units.get(index).map(|(_, ms)| *ms).ok_or_else(error)?;
        let number: i64 = number.parse().map_err(|_| error())?;
        let part_ms = number.checked_mul(unit_ms).ok_or_else(error)?;
        total_ms = total_ms.checked_add(part_ms).ok_or_else(error)?;
        units = units.get(index + 1..).unwrap_or_default();
        rest = tail;
    }
    Ok(SignedDuration::from_millis(total_ms))
}

/// The shortest text that [`parse_duration`] reads back; whole milliseconds, `0s` for nothing.
pub fn format_duration(duration: SignedDuration) -> String {
    let total_ms = duration.as_millis();
    let mut rest_ms = total_ms.unsigned_abs();
    let mut out = String::from(if total_ms < 0 { "-" } else { "" });
    // Years and weeks read worse than days: `28d`, not `4w`.
    for (unit, unit_ms) in UNITS.iter().filter(|(unit, _)| !matches!(*unit, "y" | "w")) {
        let unit_ms = u128::from(unit_ms.unsigned_abs());
        if unit_ms <= rest_ms {
            write!(out, "{}{unit}", rest_ms / unit_ms).expect("a String takes everything");
            rest_ms %= unit_ms;
        }
    }
    if total_ms == 0 { "0s".to_owned() } else { out }
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration such as `30s`, `1h30m` or `28d`")]
pub struct DurationError {
    /// What was written.
    pub text: String,
}

#[cfg(test)]
mod tests;
