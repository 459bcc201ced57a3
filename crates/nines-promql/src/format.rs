//! Numbers and texts as Prometheus writes them.

use std::fmt::{self, Display, Write};

/// Without exponent, as short as possible, `+Inf` with its sign: how PromQL writes a number.
pub(crate) struct Plain(pub(crate) f64);

impl Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() {
            f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// As short as possible, with an exponent where that is usual: `1e+06`, `0.5`, `+Inf`.
///
/// Source: the verb `%g` of Go, which Prometheus uses in messages and for histograms.
pub(crate) struct Shortest(pub(crate) f64);

impl Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// From this power of ten on there is an exponent.
        const EXPONENT_MAX: i32 = 6;
        const EXPONENT_MIN: i32 = -4;
        if !self.0.is_finite() || self.0 == 0.0 {
            return Plain(self.0).fmt(f);
        }
        let scientific = format!("{:e}", self.0);
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        if (EXPONENT_MIN..EXPONENT_MAX).contains(&exponent) {
            return write!(f, "{}", self.0);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(f, "{digits}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// In double quotes, with escapes that the lexer reads back.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for it in self.0.chars() {
            match it {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ if it.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(it))?,
                _ if it.is_control() => write!(f, "\\u{:04x}", u32::from(it))?,
                _ => f.write_char(it)?,
            }
        }
        f.write_char('"')
    }
}
