//! Numbers for people.
//!
//! Source: Prometheus, "Template reference", section on numbers.

use super::time;
use crate::template::{FloatForm, format_float};

/// `%.4g`
fn four_digits(value: f64) -> String {
    format_float(value, FloatForm::Shortest, Some(4))
}

/// `1.234k`, `15m`: thousands and thousandths.
pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four_digits(value);
    }
    if value.abs() >= 1.0 {
        return with_prefix(value, 1_000.0, &["k", "M", "G", "T", "P", "E", "Z", "Y"]);
    }
    with_fraction(value)
}

/// `1.5Mi`: powers of 1,024.
pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four_digits(value);
    }
    with_prefix(value, 1_024.0, &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
}

fn with_prefix(mut value: f64, base: f64, prefixes: &[&str]) -> String {
    let mut prefix = "";
    for it in prefixes {
        if value.abs() < base {
            break;
        }
        prefix = it;
        value /= base;
    }
    format!("{}{prefix}", four_digits(value))
}

fn with_fraction(mut value: f64) -> String {
    let mut prefix = "";
    for it in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = it;
        value *= 1_000.0;
    }
    format!("{}{prefix}", four_digits(value))
}

/// `12.5%` of a ratio.
pub(super) fn humanize_percentage(value: f64) -> String {
    format!("{}%", four_digits(value * 100.0))
}

/// `1d 2h 3m 4s` of seconds.
pub fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return four_digits(value);
    }
    if value == 0.0 {
        return format!("{}s", four_digits(value));
    }
    if value.abs() < 1.0 {
        return format!("{}s", with_fraction(value));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    #[expect(clippy::cast_possible_truncation, reason = "more seconds than i64 has are cut there")]
    let whole = value.abs() as i64;
    let (seconds, minutes) = (whole % 60, whole / 60 % 60);
    let (hours, days) = (whole / 3_600 % 24, whole / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four_digits(value.abs())),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// Unix seconds as Go prints an instant.
///
/// # Errors
/// Beyond the instants that nanoseconds can name.
pub fn humanize_timestamp(value: f64) -> Result<String, String> {
    if !value.is_finite() {
        return Ok(four_digits(value));
    }
    time::instant(value)
}
