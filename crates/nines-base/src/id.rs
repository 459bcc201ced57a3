//! Typed ids: a prefix that says what is named, then time and random bits.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32 in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 × 5 bits hold 128 bits.
const DIGITS: usize = 26;

/// What an id names, and the prefix that says so.
pub trait IdKind {
    /// Three lower-case letters, unique across kinds.
    const PREFIX: &'static str;
}

/// An id for things of kind `K`, unique and sortable by creation time.
///
/// 48 bits of milliseconds since the epoch, then 80 random bits, as in the ULID spec. Both are
/// arguments, so the simulator makes the same ids for the same seed.
pub struct Id<K> {
    bits: u128,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// An id created at `at`; `random` gives its low 80 bits.
    pub fn from_parts(at: Timestamp, random: u128) -> Self {
        let millis = u128::from(at.as_millisecond().unsigned_abs()) & ((1 << 48) - 1);
        Self { bits: (millis << 80) | (random & ((1 << 80) - 1)), kind: PhantomData }
    }

    /// The id with these 128 bits, whatever they mean; for formats that name things by numbers or UUIDs.
    pub fn from_bits(bits: u128) -> Self {
        Self { bits, kind: PhantomData }
    }

    /// Its 128 bits: two ids of a kind are the same exactly if these are.
    pub fn to_bits(self) -> u128 {
        self.bits
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = (0..DIGITS)
            .rev()
            .map(|place| {
                let index = usize::try_from((self.bits >> (place * 5)) & 31).expect("five bits");
                char::from(*ALPHABET.get(index).expect("32 letters"))
            })
            .collect();
        write!(f, "{}_{digits}", K::PREFIX)
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError { text: text.to_owned(), prefix: K::PREFIX };
        let digits = text.strip_prefix(K::PREFIX).and_then(|it| it.strip_prefix('_'));
        let digits = digits.filter(|it| it.len() == DIGITS).ok_or_else(error)?;
        let mut bits = 0_u128;
        for (index, byte) in digits.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|it| *it == byte).ok_or_else(error)?;
            if index == 0 && 7 < digit {
                return Err(error());
            }
            bits = (bits << 5) | digit as u128;
        }
        Ok(Self { bits, kind: PhantomData })
    }
}

impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// By hand, because derives would ask the same of `K`.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bits.cmp(&other.bits)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id that begins with `{prefix}_`")]
pub struct IdError {
    /// What was written.
    pub text: String,
    /// What it should begin with.
    pub prefix: &'static str,
}

#[cfg(test)]
mod tests;
