//! Decimals from text, exact: targets, weights, thresholds. No float ever touches them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number with at most nine decimals, in billionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    /// In units of 1 / [`Decimal::SCALE`]; may be negative.
    pub billionths: i128,
}

impl Decimal {
    /// One.
    pub const SCALE: i128 = 1_000_000_000;

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self { billionths: i128::from(number) * Self::SCALE }
    }

    /// The nearest double: what reading the same text as one gives.
    ///
    /// # Panics
    /// Never; a decimal is written as a number.
    pub fn approximate(self) -> f64 {
        // Dividing would round twice.
        self.to_string().parse().expect("digits with a point are a number")
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads digits with an optional sign and point, e.g. `-0.25`.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        const WHOLE_DIGITS_MAX: usize = 18;
        const DECIMALS_MAX: usize = 9;
        let not_a_number = || DecimalError::NotADecimal { text: text.to_owned() };
        let (sign, size) = match text.strip_prefix('-') {
            Some(it) => (-1, it),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, decimals) = size.split_once('.').unwrap_or((size, ""));
        let is_number = !whole.is_empty() && (decimals.is_empty() != size.contains('.'));
        let digits = format!("{whole}{decimals:0<DECIMALS_MAX$}");
        if !is_number || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return Err(not_a_number());
        }
        if DECIMALS_MAX < decimals.len() || WHOLE_DIGITS_MAX < whole.len() {
            return Err(DecimalError::TooLong);
        }
        let size: i128 = digits.parse().map_err(|_| not_a_number())?;
        Ok(Self { billionths: sign * size })
    }
}

/// As few decimals as are needed: `0.25`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.billionths.unsigned_abs();
        let scale = Self::SCALE.unsigned_abs();
        let digits = format!("{:09}", size % scale);
        let decimals = digits.trim_end_matches('0');
        let sign = if self.billionths < 0 { "-" } else { "" };
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{decimals}", size / scale)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Something else than digits, a sign and a point.
    #[error("`{text}` is not a decimal number")]
    NotADecimal {
        /// What was written.
        text: String,
    },
    /// More than 18 digits before the point, or more than nine after it.
    #[error("a number has at most 18 digits before the point and nine after it")]
    TooLong,
}

#[cfg(test)]
mod tests;
