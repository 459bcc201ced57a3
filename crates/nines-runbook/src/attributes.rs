//! The info string of a fenced block: a language, then attributes in braces.
//!
//! JSON first, else Runme's older form: `key=value` separated by spaces, quotes allowed.

use std::collections::BTreeMap;

use serde_json::Value;

/// The most attributes of one block.
const ATTRIBUTES_MAX: usize = 32;

/// The language of a block and its attributes, each as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// The first word; empty without any.
    pub(crate) language: String,
    /// Nested JSON stays text.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Why the attributes could not be read, if so.
    pub(crate) problem: Option<String>,
}

/// Reads an info string, such as `sh {"name":"rollback"}` or `sh { name=rollback timeout=5m }`.
pub(crate) fn read(info: &str) -> Info {
    let info = info.trim();
    let language_end = info.find(|it: char| it.is_whitespace() || it == '{').unwrap_or(info.len());
    let (language, rest) = info.split_at_checked(language_end).unwrap_or((info, ""));
    let mut read = Info { language: language.to_owned(), ..Info::default() };
    let rest = rest.trim();
    if rest.is_empty() {
        return read;
    }
    let inner = rest.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let attributes = match (serde_json::from_str::<BTreeMap<String, Value>>(rest), inner) {
        (Ok(json), _) => Ok(json.into_iter().map(|(key, value)| (key, text(value))).collect()),
        (Err(_), Some(inner)) => pairs(inner),
        (Err(_), None) => Err(format!("`{rest}` is not in braces")),
    };
    match attributes {
        Ok(attributes) if attributes.len() <= ATTRIBUTES_MAX => read.attributes = attributes,
        Ok(_) => read.problem = Some(format!("more than {ATTRIBUTES_MAX} attributes")),
        Err(problem) => read.problem = Some(problem),
    }
    read
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// `key=value key="two words"`.
fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((key, tail)) = rest.split_once('=') else {
            return Err(format!("`{}` has no `=`", rest.trim_end()));
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(format!("`{key}` is not one word before `=`"));
        }
        let quote = tail.chars().next().filter(|it| matches!(it, '"' | '\''));
        let (value, tail) = match quote {
            Some(quote) => tail
                .strip_prefix(quote)
                .and_then(|it| it.split_once(quote))
                .ok_or_else(|| format!("the value of `{key}` has no closing quote"))?,
            None => tail.split_once(char::is_whitespace).unwrap_or((tail, "")),
        };
        pairs.insert(key.to_owned(), value.to_owned());
        rest = tail.trim_start();
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
