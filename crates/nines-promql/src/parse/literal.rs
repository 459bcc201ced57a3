//! Numbers, durations and texts: from what is written to what is meant.

use nines_base::parse_duration;

/// The value of a number as it is written: decimal, `0x1f`, `0o17`, `017`, `0b11`, `1_000`, `Inf`, `NaN`.
///
/// Source: Prometheus, which reads whole numbers as Go source does, and everything else as a decimal.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(|it| *it != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let radix = |prefix: &str, radix: u32| {
        let rest = lower.strip_prefix(prefix)?;
        i64::from_str_radix(rest, radix).ok().map(|it| it as f64)
    };
    match lower.as_str() {
        "inf" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if lower.starts_with("0x") {
        return radix("0x", 16);
    }
    // `017` is octal, but `08` and `0.5` are not.
    radix("0o", 8)
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0", 8))
        .or_else(|| lower.parse().ok())
}

/// The seconds of a duration such as `1h30m`.
pub(super) fn duration_seconds(text: &str) -> Result<f64, String> {
    let duration =
        parse_duration(text).map_err(|_| format!("not a valid duration string: {text:?}"))?;
    Ok(duration.as_millis() as f64 / 1e3)
}

/// What is between the quotes, escapes replaced; bytes, because `\xff` need not be UTF-8.
pub(super) fn unquote(text: &str) -> Result<Vec<u8>, String> {
    let invalid = || "invalid syntax".to_owned();
    let mut chars = text.chars();
    let (Some(quote), Some(_)) = (chars.next(), chars.next_back()) else { return Err(invalid()) };
    if quote == '`' {
        return Ok(chars.as_str().as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    while let Some(it) = chars.next() {
        if it != '\\' {
            out.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escaped = chars.next().ok_or_else(invalid)?;
        match escaped {
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(11),
            '\\' => out.push(b'\\'),
            '\'' | '"' if escaped == quote => out.extend_from_slice(escaped.to_string().as_bytes()),
            'x' => out.push(u8::try_from(digits(&mut chars, 2, 16)?).map_err(|_| invalid())?),
            '0'..='7' => {
                let first = escaped.to_digit(8).unwrap_or(0);
                let code = first * 64 + digits(&mut chars, 2, 8)?;
                out.push(u8::try_from(code).map_err(|_| invalid())?);
            }
            'u' | 'U' => {
                let code = digits(&mut chars, if escaped == 'u' { 4 } else { 8 }, 16)?;
                let decoded = char::from_u32(code).ok_or_else(invalid)?;
                out.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err(invalid()),
        }
    }
    Ok(out)
}

/// So many digits.
fn digits(chars: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Result<u32, String> {
    let mut value = 0_u32;
    for _ in 0..count {
        let digit = chars.next().and_then(|it| it.to_digit(radix));
        let digit = digit.ok_or_else(|| "invalid syntax".to_owned())?;
        value = value.wrapping_mul(radix).wrapping_add(digit);
    }
    Ok(value)
}
