//! What templates calculate with: the few types of Go that can reach a template.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use nines_base::Labels;

use super::format::{FloatForm, format_float};
use super::time::{self, Time};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: `nil`, or a key that an untyped map does not have.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `float64`
    Float(f64),
    /// `string`
    Text(Arc<str>),
    /// A text that an HTML template does not escape.
    Markup(Arc<str>),
    /// `time.Time`, shown in its zone.
    Time(Box<Time>),
    /// `time.Duration`
    Length(SignedDuration),
    /// A slice.
    List(Arc<[Value]>),
    /// A map with texts as keys.
    Map(Arc<Map>),
    /// A struct with these fields.
    Struct(Arc<BTreeMap<&'static str, Value>>),
}

/// A map with texts as keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// By key.
    pub entries: BTreeMap<String, Value>,
    /// What a key that is not there stands for: the zero value of the map's type.
    pub missing: Value,
}

impl Value {
    /// A map from names to texts; a name that is not there stands for the empty text.
    pub fn labels(labels: &Labels) -> Self {
        let entries = labels.iter().map(|(name, value)| (name.to_owned(), Self::from(value)));
        Self::Map(Arc::new(Map { entries: entries.collect(), missing: Self::from("") }))
    }

    /// A struct.
    pub fn structure(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Struct(Arc::new(fields.into_iter().collect()))
    }

    /// As Go calls its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) | Self::Markup(_) => "string",
            Self::Time(_) => "time.Time",
            Self::Length(_) => "time.Duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Struct(_) => "struct",
        }
    }

    /// Whether `if` takes it for true: not zero, not empty. A struct always is.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(it) => *it,
            Self::Int(it) => *it != 0,
            Self::Float(it) => *it != 0.0,
            Self::Text(it) | Self::Markup(it) => !it.is_empty(),
            Self::Length(it) => !it.is_zero(),
            Self::List(it) => !it.is_empty(),
            Self::Map(it) => !it.entries.is_empty(),
            Self::Struct(_) | Self::Time(_) => true,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(it) | Self::Markup(it) => Some(it),
            _ => None,
        }
    }

    /// Without the mark that it is markup.
    pub(super) fn plain(self) -> Self {
        match self {
            Self::Markup(it) => Self::Text(it),
            other => other,
        }
    }

    /// A method that the type itself has, or nothing if it has none of this name.
    pub(super) fn method(&self, name: &str, args: &[Self]) -> Option<Result<Self, String>> {
        match self {
            Self::Time(it) => time::method(it, name, args),
            Self::Length(it) => time::length_method(*it, name, args),
            _ => None,
        }
    }

    /// A field of a struct or an entry of a map.
    pub(super) fn field(&self, name: &str) -> Result<Self, String> {
        match self {
            Self::Map(map) => Ok(map.entries.get(name).unwrap_or(&map.missing).clone()),
            Self::Struct(fields) => fields
                .get(name)
                .cloned()
                .ok_or_else(|| format!("can't evaluate field {name} in a struct without it")),
            Self::Nil => Err(format!("nil has no field {name}")),
            other => Err(format!("can't evaluate field {name} in type {}", other.type_name())),
        }
    }

    /// Whether `eq` holds; values of different types cannot be compared.
    pub(super) fn equals(&self, other: &Self) -> Result<bool, String> {
        match (self, other) {
            (Self::Nil, Self::Nil) => Ok(true),
            (Self::Nil, _) | (_, Self::Nil) => Ok(false),
            (Self::List(_) | Self::Map(_) | Self::Struct(_), _)
            | (_, Self::List(_) | Self::Map(_) | Self::Struct(_)) => {
                Err("this type cannot be compared".to_owned())
            }
            _ if self.type_name() != other.type_name() => Err(incompatible(self, other)),
            _ => Ok(self == other),
        }
    }

    /// How it is ordered; only texts and numbers of the same type are.
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, String> {
        match (self, other) {
            (Self::Int(one), Self::Int(two)) => Ok(Some(one.cmp(two))),
            (Self::Float(one), Self::Float(two)) => Ok(one.partial_cmp(two)),
            (Self::Text(one), Self::Text(two)) => Ok(Some(one.cmp(two))),
            (Self::Length(one), Self::Length(two)) => Ok(Some(one.cmp(two))),
            _ => Err(incompatible(self, other)),
        }
    }
}

fn incompatible(one: &Value, two: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", one.type_name(), two.type_name())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Vec<Value>> for Value {
    fn from(list: Vec<Self>) -> Self {
        Self::List(list.into())
    }
}

/// As Go's `%v` does.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("<nil>"),
            Self::Bool(it) => write!(f, "{it}"),
            Self::Int(it) => write!(f, "{it}"),
            Self::Float(it) => f.write_str(&format_float(*it, FloatForm::Shortest, None)),
            Self::Text(it) | Self::Markup(it) => f.write_str(it),
            Self::Time(it) => f.write_str(&time::shown(it)),
            Self::Length(it) => f.write_str(&time::length(*it)),
            Self::List(items) => joined(f, "[", items.iter().map(|it| ("", it)), "]"),
            Self::Map(map) => {
                joined(f, "map[", map.entries.iter().map(|(key, it)| (key.as_str(), it)), "]")
            }
            Self::Struct(fields) => joined(f, "{", fields.values().map(|it| ("", it)), "}"),
        }
    }
}

fn joined<'v>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: impl Iterator<Item = (&'v str, &'v Value)>,
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (index, (key, value)) in items.enumerate() {
        let space = if index == 0 { "" } else { " " };
        let colon = if key.is_empty() { "" } else { ":" };
        write!(f, "{space}{key}{colon}{value}")?;
    }
    f.write_str(close)
}
