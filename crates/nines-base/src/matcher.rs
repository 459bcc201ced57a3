//! Matchers: conditions on one label.

use std::fmt;
use std::sync::Arc;

use regex::Regex;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Labels;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends.
    Regex,
    /// `!~`, anchored at both ends.
    NotRegex,
}

impl MatchOp {
    /// All of them; longer signs first, so that the first that a text begins with is the one that is meant.
    pub const ALL: [Self; 4] = [Self::Regex, Self::NotRegex, Self::NotEqual, Self::Equal];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// A condition on one label; a missing label is the empty string.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    /// Shared by clones: what it needs while it searches takes kilobytes.
    regex: Option<Arc<Regex>>,
}

impl Matcher {
    /// Compiles the regular expression, if it is one.
    ///
    /// # Errors
    /// The expression cannot be compiled, or would be too large.
    pub fn new(name: &str, op: MatchOp, value: &str) -> Result<Self, MatcherError> {
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(
                Regex::new(&format!("^(?s:{value})$"))
                    .map(Arc::new)
                    .map_err(|source| MatcherError { pattern: value.to_owned(), source })?,
            ),
        };
        Ok(Self { name: name.to_owned(), op, value: value.to_owned(), regex })
    }

    /// `name="value"`, which cannot fail.
    pub fn equal(name: &str, value: &str) -> Self {
        let (name, value) = (name.to_owned(), value.to_owned());
        Self { name, op: MatchOp::Equal, value, regex: None }
    }

    /// The label that is looked at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is compared.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The text or the expression it is compared with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the label of this set fulfils the condition.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.value(&self.name))
    }

    /// Whether a label with this value fulfils the condition.
    pub fn matches_value(&self, value: &str) -> bool {
        let found = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => self.value == value,
        };
        found == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }

    /// Whether a set without this label fulfils the condition.
    pub fn matches_absent(&self) -> bool {
        self.matches_value("")
    }
}

/// Two matchers are equal when they are written alike.
impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// In facts and snapshots: `{"name":"job","op":"=~","value":"shop.*"}`.
impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Matcher", 3)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("op", self.op.sign())?;
        fields.serialize_field("value", &self.value)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        #[derive(Deserialize)]
        struct Fields {
            name: String,
            op: String,
            value: String,
        }
        let Fields { name, op, value } = Fields::deserialize(deserializer)?;
        let known = MatchOp::ALL.into_iter().find(|it| it.sign() == op);
        let op = known.ok_or_else(|| D::Error::custom(format!("`{op}` compares nothing")))?;
        Self::new(&name, op, &value).map_err(D::Error::custom)
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:?}", self.name, self.op, self.value)
    }
}

/// A regular expression that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{pattern}` is not a regular expression")]
pub struct MatcherError {
    /// As it was written.
    pub pattern: String,
    /// What the library says.
    pub source: regex::Error,
}

#[cfg(test)]
mod tests;
