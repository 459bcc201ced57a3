//! Relabelling: rules that rewrite label sets, or drop them.
//!
//! The same rules decide which discovered targets are scraped, and which of their series are kept. It must not know
//! which of the two it works for.
//!
//! Source: Prometheus, "Configuration", section `relabel_config`.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use nines_base::{LabelError, Labels};
use regex::Regex;

/// Bytes of a compiled expression: what a rule may cost.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relabel {
    /// Their values are joined, and then matched.
    pub source_labels: Vec<String>,
    /// Between the joined values.
    pub separator: String,
    /// What the joined values, or the names of labels, must match as a whole.
    pub pattern: Pattern,
    /// Of [`RelabelAction::HashMod`].
    pub modulus: u64,
    /// What is written to; for [`RelabelAction::Replace`] it may name groups of the pattern.
    pub target_label: String,
    /// What is written; it may name groups of the pattern, such as `$1`.
    pub replacement: String,
    /// What is done.
    pub action: RelabelAction,
}

impl Default for Relabel {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            pattern: Pattern::new("(.*)").expect("a constant that compiles"),
            modulus: 0,
            target_label: String::new(),
            replacement: "$1".to_owned(),
            action: RelabelAction::Replace,
        }
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelabelAction {
    /// Sets the target label to the replacement, if the pattern matches.
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops what is not equal to the target label.
    KeepEqual,
    /// Drops what is equal to the target label.
    DropEqual,
    /// Sets the target label to a hash of the values, modulo the modulus.
    HashMod,
    /// Copies labels whose names match to the name that the replacement makes.
    LabelMap,
    /// Removes labels whose names match.
    LabelDrop,
    /// Removes labels whose names do not match.
    LabelKeep,
    /// Sets the target label to the values in lower case.
    Lowercase,
    /// Sets the target label to the values in upper case.
    Uppercase,
}

impl RelabelAction {
    /// As configurations write it, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "replace" => Self::Replace,
            "keep" => Self::Keep,
            "drop" => Self::Drop,
            "keepequal" => Self::KeepEqual,
            "dropequal" => Self::DropEqual,
            "hashmod" => Self::HashMod,
            "labelmap" => Self::LabelMap,
            "labeldrop" => Self::LabelDrop,
            "labelkeep" => Self::LabelKeep,
            "lowercase" => Self::Lowercase,
            "uppercase" => Self::Uppercase,
            _ => return None,
        })
    }
}

/// A regular expression that must match a text as a whole.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles it; a dot matches line breaks too, as in Prometheus.
    ///
    /// # Errors
    /// Why it is no expression, in the words of the library.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = regex::RegexBuilder::new(&format!("^(?s:{text})$"))
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), regex })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// Applies rules one after the other; nothing when one of them drops the set.
pub(crate) fn relabel(labels: &Labels, rules: &[Relabel]) -> Result<Option<Labels>, LabelError> {
    if rules.is_empty() {
        return Ok(Some(labels.clone()));
    }
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut pairs: BTreeMap<String, String> = pairs.collect();
    for rule in rules {
        if rule.apply(&mut pairs) == Verdict::Dropped {
            return Ok(None);
        }
    }
    Labels::new(pairs).map(Some)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Kept,
    Dropped,
}

impl From<bool> for Verdict {
    fn from(keeps: bool) -> Self {
        if keeps { Self::Kept } else { Self::Dropped }
    }
}

impl Relabel {
    fn apply(&self, pairs: &mut BTreeMap<String, String>) -> Verdict {
        let value = |name: &str| pairs.get(name).map_or("", String::as_str);
        let values: Vec<&str> = self.source_labels.iter().map(|it| value(it)).collect();
        let joined = values.join(&self.separator);
        let matches = |text: &str| self.pattern.regex.is_match(text);
        match self.action {
            RelabelAction::Keep => return matches(&joined).into(),
            RelabelAction::Drop => return (!matches(&joined)).into(),
            RelabelAction::KeepEqual => return (joined == value(&self.target_label)).into(),
            RelabelAction::DropEqual => return (joined != value(&self.target_label)).into(),
            RelabelAction::Replace => self.replace(&joined, pairs),
            RelabelAction::HashMod => {
                let hash = (last_eight(&joined) % self.modulus.max(1)).to_string();
                set(pairs, &self.target_label, hash);
            }
            RelabelAction::Lowercase => set(pairs, &self.target_label, joined.to_lowercase()),
            RelabelAction::Uppercase => set(pairs, &self.target_label, joined.to_uppercase()),
            RelabelAction::LabelMap => {
                let found = pairs.iter().filter(|(name, _)| matches(name));
                let mapped: Vec<(String, String)> = found
                    .map(|(name, value)| {
                        let name = self.pattern.regex.replace_all(name, self.replacement.as_str());
                        (name.into_owned(), value.clone())
                    })
                    .collect();
                for (name, value) in mapped {
                    set(pairs, &name, value);
                }
            }
            RelabelAction::LabelDrop => pairs.retain(|name, _| !matches(name)),
            RelabelAction::LabelKeep => pairs.retain(|name, _| matches(name)),
        }
        Verdict::Kept
    }

    fn replace(&self, joined: &str, pairs: &mut BTreeMap<String, String>) {
        let Some(groups) = self.pattern.regex.captures(joined) else { return };
        let (mut target, mut replacement) = (String::new(), String::new());
        groups.expand(&self.target_label, &mut target);
        if target.is_empty() {
            return;
        }
        groups.expand(&self.replacement, &mut replacement);
        set(pairs, &target, replacement);
    }
}

/// An empty value is no label.
fn set(pairs: &mut BTreeMap<String, String>, name: &str, value: String) {
    if name.is_empty() {
        return;
    }
    if value.is_empty() {
        pairs.remove(name);
    } else {
        pairs.insert(name.to_owned(), value);
    }
}

/// The last eight bytes of MD5, as Prometheus takes them: shards must agree with its.
fn last_eight(text: &str) -> u64 {
    let hash: [u8; 16] = Md5::digest(text.as_bytes()).into();
    hash.last_chunk::<8>().map_or(0, |it| u64::from_be_bytes(*it))
}

#[cfg(test)]
mod tests;
