//! Label sets: sorted, unique names, no empty values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Pairs;

/// The label that holds a metric's name.
pub const METRIC_NAME: &str = "__name__";

/// A label set. Cheap to clone; ordered by its sorted pairs.
///
/// An empty value is the same as no label, so it is never kept (Prometheus data model).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    pairs: Arc<Pairs>,
}

impl Labels {
    /// The set without labels.
    pub fn empty() -> Self {
        Self { pairs: Arc::default() }
    }

    /// Sorts the pairs and leaves out empty values.
    ///
    /// # Errors
    /// A name that is empty or that occurs twice.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, LabelError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let pairs: Vec<(N, V)> = pairs.into_iter().collect();
        let mut pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        pairs.sort_unstable();
        for pair in pairs.windows(2) {
            if let [(name, _), (next, _)] = pair
                && name == next
            {
                return Err(LabelError::Repeated { name: (*name).to_owned() });
            }
        }
        if pairs.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(LabelError::EmptyName);
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self::pack(pairs.iter().copied()))
    }

    fn pack<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        Self { pairs: Arc::new(Pairs::pack(pairs)) }
    }

    /// The value of `name`, or the empty string.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name)
    }

    /// The metric name, if there is one.
    pub fn metric_name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.pairs.iter()
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The labels whose names `keep` accepts.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<(&str, &str)> = self.iter().filter(|(name, _)| keep(name)).collect();
        Self::pack(kept.iter().copied())
    }

    /// With `name` set to `value`; an empty value removes it.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs: Vec<(&str, &str)> = self.iter().filter(|(it, _)| *it != name).collect();
        if !value.is_empty() {
            let index = pairs.partition_point(|(it, _)| *it < name);
            pairs.insert(index, (name, value));
        }
        Self::pack(pairs.iter().copied())
    }

    /// 64-bit FNV-1a over sorted `name 0xff value 0xff`, as Alertmanager identifies alerts.
    ///
    /// Source: `prometheus/common`, `model.LabelSet.Fingerprint`.
    pub fn fingerprint(&self) -> u64 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        let mut hash = OFFSET;
        for part in self.iter().flat_map(|(name, value)| [name, value]) {
            hash = part.bytes().fold(hash, add);
            hash = add(hash, 0xff);
        }
        hash
    }
}

/// As PromQL writes it: `up{job="shop"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric_name().unwrap_or(""))?;
        let mut rest = self.iter().filter(|(name, _)| *name != METRIC_NAME).peekable();
        if rest.peek().is_none() && self.metric_name().is_some() {
            return Ok(());
        }
        f.write_str("{")?;
        for (index, (name, value)) in rest.enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::<String, String>::deserialize(deserializer)?;
        Self::new(pairs).map_err(serde::de::Error::custom)
    }
}

/// Why pairs are not a label set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A label needs a name.
    #[error("a label has an empty name")]
    EmptyName,
    /// Which of the two values counts?
    #[error("label `{name}` is given twice")]
    Repeated {
        /// The name in question.
        name: String,
    },
}

#[cfg(test)]
mod tests;
