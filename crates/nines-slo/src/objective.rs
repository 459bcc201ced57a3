//! Objectives: the share of events that must be good, exact.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A required share of good events, above 0 and at most 100 %, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objective {
    promised: u64,
}

impl Objective {
    /// 100 %.
    pub const SCALE: u64 = 1_000_000_000;

    /// The share that must be good, in units of 1 / [`Self::SCALE`].
    pub fn promised(self) -> u64 {
        self.promised
    }

    /// The share that may be bad, in units of 1 / [`Self::SCALE`]; 0 when everything must be good.
    pub fn allowed(self) -> u64 {
        Self::SCALE - self.promised
    }
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    /// Reads a percentage, e.g. `99.95%`.
    fn from_str(text: &str) -> Result<Self, ObjectiveError> {
        let not_a_percentage = || ObjectiveError::NotAPercentage { text: text.to_owned() };
        let percent = text.strip_suffix('%').ok_or_else(not_a_percentage)?.trim_end();
        let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
        if 7 < decimals.len() {
            return Err(ObjectiveError::TooPrecise);
        }
        let digits = format!("{whole}{decimals:0<7}");
        if whole.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return Err(not_a_percentage());
        }
        match digits.parse::<u64>() {
            Ok(promised) if 0 < promised && promised <= Self::SCALE => Ok(Self { promised }),
            Ok(_) | Err(_) => Err(ObjectiveError::OutOfRange),
        }
    }
}

/// As few decimals as are needed: `99.95%`.
impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:07}", self.promised % 10_000_000);
        let decimals = digits.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{}{point}{decimals}%", self.promised / 10_000_000)
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not an objective.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// No number, or no percent sign.
    #[error("`{text}` is not a percentage")]
    NotAPercentage {
        /// What was written.
        text: String,
    },
    /// Finer than [`Objective::SCALE`].
    #[error("an objective has at most seven decimals")]
    TooPrecise,
    /// Promises nothing, or more than everything.
    #[error("an objective lies above 0% and is at most 100%")]
    OutOfRange,
}

#[cfg(test)]
mod tests;
