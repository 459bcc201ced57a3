//! Number constants as Go writes them.

use super::Value;

/// `12`, `-0x1f`, `1_000`, `1.5e3`; a point or an exponent makes a float.
pub(super) fn constant(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|it| *it != '_').collect();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let with_radix = |prefix: [&str; 2], radix| {
        let digits = prefix.iter().find_map(|it| digits.strip_prefix(it))?;
        i64::from_str_radix(digits, radix).ok()
    };
    let integer = with_radix(["0x", "0X"], 16)
        .or_else(|| with_radix(["0b", "0B"], 2))
        .or_else(|| with_radix(["0o", "0O"], 8));
    if let Some(it) = integer {
        return Some(Value::Int(sign * it));
    }
    if !digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
        return None;
    }
    if digits.contains(['.', 'e', 'E']) {
        return plain.parse().ok().map(Value::Float);
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return i64::from_str_radix(digits, 8).ok().map(|it| Value::Int(sign * it));
    }
    digits.parse::<i64>().ok().map(|it| Value::Int(sign * it))
}
