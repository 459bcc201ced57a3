//! JSON written as text, byte by byte: results are too large for trees of values.
//!
//! It must not know what is written.

use nines_base::Labels;

/// Whole numbers up to here are printed without looking for their shortest decimal.
const WHOLE_MAX: u64 = 1 << 53;
/// The longest number in full, as `-0.000…5e-324` is without its exponent.
const NUMBER_BYTES_MAX: usize = 400;

/// A JSON string.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => br#"\""#,
            b'\\' => br"\\",
            b'\n' => br"\n",
            b'\r' => br"\r",
            b'\t' => br"\t",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(bytes.get(plain_from..at).unwrap_or_default());
        plain_from = at + 1;
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
    }
    out.extend_from_slice(bytes.get(plain_from..).unwrap_or_default());
    out.push(b'"');
}

/// A label set as a JSON object.
pub(super) fn labels(out: &mut Vec<u8>, labels: &Labels) {
    out.push(b'{');
    for (index, (name, value)) in labels.iter().enumerate() {
        if 0 < index {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

/// A value as Prometheus prints it: the shortest decimal that reads back, never with an exponent. No quotes.
///
/// Source: Go, `strconv.FormatFloat(value, 'f', -1, 64)`.
pub(super) fn number(out: &mut Vec<u8>, value: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "too large a value is not equal to it")]
    let whole = value as i64;
    #[expect(clippy::float_cmp, reason = "only exactly whole values are printed as such")]
    let is_whole = whole as f64 == value && whole.unsigned_abs() <= WHOLE_MAX;
    if is_whole && (whole != 0 || value.is_sign_positive()) {
        return integer(out, whole);
    }
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value.is_sign_positive() { b"+Inf" } else { b"-Inf" });
    } else {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value);
        // Most values are neither huge nor tiny, and come as they are.
        match shortest.bytes().position(|it| it == b'e') {
            None => {
                let shortest = shortest.strip_suffix(".0").unwrap_or(shortest);
                out.extend_from_slice(shortest.as_bytes());
            }
            Some(_) => {
                let (digits, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
                in_full(out, digits, exponent.parse().unwrap_or(0));
            }
        }
    }
}

/// `digits` times ten to the power of `exponent`, without an exponent.
fn in_full(out: &mut Vec<u8>, digits: &str, exponent: i32) {
    let unsigned = digits.trim_start_matches('-');
    if unsigned.len() < digits.len() {
        out.push(b'-');
    }
    let (before, after) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let after = after.trim_end_matches('0');
    let significant = before.bytes().chain(after.bytes());
    let length = before.len() + after.len();
    // Where the point stands, counted from the first digit.
    let point = i32::try_from(before.len()).unwrap_or(0) + exponent;
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', zeros(point)));
        out.extend(significant);
        return;
    }
    let point = zeros(point);
    for (index, digit) in significant.enumerate() {
        if index == point {
            out.push(b'.');
        }
        out.push(digit);
    }
    out.extend(std::iter::repeat_n(b'0', point.saturating_sub(length)));
}

fn zeros(point: i32) -> usize {
    usize::try_from(point.unsigned_abs()).unwrap_or(0).min(NUMBER_BYTES_MAX)
}

/// A whole number.
pub(super) fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Milliseconds as seconds; three decimals, or none.
///
/// Source: Prometheus, `util/jsonutil`, `MarshalTimestamp`.
pub(super) fn seconds(out: &mut Vec<u8>, at_ms: i64) {
    if at_ms < 0 {
        out.push(b'-');
    }
    let ms = at_ms.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(ms / 1_000).as_bytes());
    let rest = ms % 1_000;
    if rest != 0 {
        let digit = |it: u64| b'0' + u8::try_from(it % 10).unwrap_or(0);
        out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
    }
}

#[cfg(test)]
mod tests;
