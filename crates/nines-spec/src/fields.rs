//! Mappings with known fields, and the plain values in them: text, lists, booleans, whole numbers.
//!
//! Each reader reports what is wrong and gives what it understood. It must not know any kind of document.

use crate::draft::Page;
use crate::finding::{Change, Span, line_and_column};
use crate::mistake::Mistake;
use crate::node::{Key, Node, Value};
use crate::shape::Shape;

/// The most items of one list.
pub const LIST_MAX: usize = 1_000;

/// A mapping whose fields have been looked at.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'n> {
    pub(crate) owner: &'static str,
    /// Where to point when a field is missing.
    pub(crate) at: Span,
    entries: Vec<(&'n Key, &'n Node)>,
    /// What the mapping may look like, where that is described.
    shape: Option<&'static Shape>,
}

/// Text and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<'n> {
    pub(crate) text: &'n str,
    pub(crate) span: Span,
}

impl<'n> Fields<'n> {
    /// A field that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.text == name)?;
        (node.value != Value::Null).then_some(*node)
    }

    /// The place of the field's name, or of the whole.
    pub(crate) fn key(&self, name: &str) -> Span {
        self.entries.iter().find(|(key, _)| key.text == name).map_or(self.at, |(key, _)| key.span)
    }

    /// A mapping of one field that was looked at elsewhere.
    pub(crate) fn of(owner: &'static str, key: &'n Key, node: &'n Node) -> Self {
        Self { owner, at: node.anchor(), entries: vec![(key, node)], shape: None }
    }

    /// A field with its key.
    pub(crate) fn entry(&self, name: &str) -> Option<(&'n Key, &'n Node)> {
        self.entries.iter().find(|(key, _)| key.text == name).copied()
    }

    /// Without a field that was looked at elsewhere.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.entries.retain(|(key, _)| key.text != name);
        self
    }

    pub(crate) fn at(self, at: Span) -> Self {
        Self { at, ..self }
    }
}

impl Page<'_, '_> {
    /// Reads a mapping; `owner` is how a message calls it, such as "SLO spec".
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        owner: &'static str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        self.fields_beside(node, owner, known, &[])
    }

    /// Reads a mapping of this shape.
    pub(crate) fn shape<'n>(
        &mut self,
        node: &'n Node,
        shape: &'static Shape,
    ) -> Option<Fields<'n>> {
        let fields = self.fields(node, shape.owner, &shape.names())?;
        Some(Fields { shape: Some(shape), ..fields })
    }

    /// The one field of several that is there, as the shape wants it; reports when there is none or another one.
    pub(crate) fn chosen<'n>(&mut self, fields: &Fields<'n>) -> Option<(&'static str, &'n Node)> {
        let shape = fields.shape.expect("only mappings with a shape have a choice");
        let given: Vec<_> =
            shape.one_of.iter().filter_map(|it| Some((*it, fields.get(it)?))).collect();
        match given.as_slice() {
            [one] => Some(*one),
            [] => {
                let (owner, at) = (fields.owner, fields.at);
                let known = shape.one_of.join(", ");
                self.report(&Mistake::NoneOf { owner, known, at });
                None
            }
            [(one, _), (other, _), ..] => {
                let (owner, at) = (fields.owner, fields.key(other));
                self.report(&Mistake::Conflict { owner, one, other, at });
                None
            }
        }
    }

    /// Two fields of which only one may be there.
    pub(crate) fn apart(
        &mut self,
        fields: &Fields<'_>,
        one: &'static str,
        other: &'static str,
    ) -> bool {
        let both = fields.get(one).is_some() && fields.get(other).is_some();
        if both {
            let (owner, at) = (fields.owner, fields.key(other));
            self.report(&Mistake::Conflict { owner, one, other, at });
        }
        !both
    }

    /// A field that must be there, as the shape says.
    pub(crate) fn needed<'n>(
        &mut self,
        fields: &Fields<'n>,
        field: &'static str,
    ) -> Option<&'n Node> {
        let known = fields.shape.and_then(|it| it.field(field));
        let example = known.and_then(|it| it.needed).expect("the shape says that it must be there");
        self.need(fields, field, example)
    }

    /// As [`Self::fields`]; `others` are known too, but too many to be listed.
    pub(crate) fn fields_beside<'n>(
        &mut self,
        node: &'n Node,
        owner: &'static str,
        known: &[&str],
        others: &[&str],
    ) -> Option<Fields<'n>> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(
                owner,
                "a mapping",
                node,
                "write `field: value` lines, or `{field: value}`",
            );
            return None;
        };
        let mut fields = Fields { owner, at: node.anchor(), entries: Vec::new(), shape: None };
        for (key, value) in entries {
            if let Some((first, _)) = fields.entries.iter().find(|(it, _)| it.text == key.text) {
                let (first_line, _) = line_and_column(self.text(), first.span.start);
                let name = key.text.clone();
                self.report(&Mistake::DuplicateKey { key: name, first_line, at: key.span });
                continue;
            }
            let name = key.text.as_str();
            if !known.is_empty() && !known.contains(&name) && !others.contains(&name) {
                self.unknown_field(key, owner, known);
            }
            fields.entries.push((key, value));
        }
        Some(fields)
    }

    /// A mapping without fields, such as the inbox, which has no settings.
    pub(crate) fn empty(&mut self, node: &Node, owner: &'static str) -> Option<()> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(owner, "an empty mapping", node, "write `{}`");
            return None;
        };
        for (key, _) in entries {
            let (field, known) = (key.text.clone(), "none".to_owned());
            let label = format!("{owner} has no settings");
            self.report(&Mistake::UnknownField { field, owner, known, label, at: key.span });
        }
        Some(())
    }

    fn unknown_field(&mut self, key: &Key, owner: &'static str, known: &[&str]) {
        let label = match suggestion(&key.text, known.iter().copied()) {
            Some(it) => format!("did you mean `{it}`?"),
            None => format!("not a field of {owner}"),
        };
        let fix = only_meant(&key.text, known.iter().copied())
            .map(|it| Change { at: key.span, text: it.to_owned() });
        let (field, known) = (key.text.clone(), known.join(", "));
        let mistake = Mistake::UnknownField { field, owner, known, label, at: key.span };
        self.report_by_form_fixable(&mistake, fix);
    }

    /// A field that must be there.
    pub(crate) fn need<'n>(
        &mut self,
        fields: &Fields<'n>,
        field: &'static str,
        example: &'static str,
    ) -> Option<&'n Node> {
        let node = fields.get(field);
        if node.is_none() {
            let (owner, at) = (fields.owner, fields.key(field));
            self.report(&Mistake::MissingField { owner, field, example, at });
        }
        node
    }

    pub(crate) fn wrong_type(
        &mut self,
        what: &str,
        expected: &'static str,
        node: &Node,
        help: &'static str,
    ) {
        let (what, found, at) = (what.to_owned(), node.kind(), node.anchor());
        self.report(&Mistake::WrongType { what, expected, found, help, at });
    }

    /// Text; a number is taken as it was written.
    pub(crate) fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<Text<'n>> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => Some(Text { text, span: node.span }),
            Value::Bool(_) => {
                self.wrong_type(what, "text", node, "put it in quotes, if it is meant as text");
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.wrong_type(what, "text", node, "write one value");
                None
            }
        }
    }

    /// The text of an optional field.
    pub(crate) fn maybe<'n>(&mut self, fields: &Fields<'n>, field: &str) -> Option<Text<'n>> {
        let node = fields.get(field)?;
        self.scalar(node, &format!("`{field}`"))
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        let Value::List(items) = &node.value else {
            self.wrong_type(
                what,
                "a list",
                node,
                "write `[one, other]`, or lines that begin with `-`",
            );
            return None;
        };
        self.check_length(items.len(), 0, LIST_MAX, what, node.span);
        Some(items.get(..LIST_MAX).unwrap_or(items))
    }

    /// A list, or one value that stands for a list of one.
    pub(crate) fn one_or_more<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(_) => self.list(node, what).unwrap_or_default(),
            _ => std::slice::from_ref(node),
        }
    }

    /// The texts of an optional list.
    pub(crate) fn texts<'n>(&mut self, fields: &Fields<'n>, field: &str) -> Vec<Text<'n>> {
        let Some(node) = fields.get(field) else { return Vec::new() };
        let what = format!("`{field}`");
        let items = self.list(node, &what).unwrap_or_default();
        items.iter().filter_map(|it| self.scalar(it, &what)).collect()
    }

    pub(crate) fn check_length(
        &mut self,
        found: usize,
        min: usize,
        max: usize,
        what: &str,
        at: Span,
    ) {
        if !(min..=max).contains(&found) {
            let items = if max == 1 { "item" } else { "items" };
            let range = if min == 0 {
                format!("at most {max} {items}")
            } else if min == max {
                format!("exactly {max} {items}")
            } else {
                format!("{min} to {max} {items}")
            };
            self.report(&Mistake::BadLength { what: what.to_owned(), range, found, at });
        }
    }

    pub(crate) fn boolean(&mut self, fields: &Fields<'_>, field: &str) -> Option<bool> {
        let node = fields.get(field)?;
        match &node.value {
            Value::Bool(text) => Some(text.eq_ignore_ascii_case("true")),
            _ => {
                let what = format!("`{field}`");
                self.wrong_type(
                    &what,
                    "a boolean",
                    node,
                    "write `true` or `false`, without quotes",
                );
                None
            }
        }
    }

    pub(crate) fn whole_number(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
        min: u32,
        max: u32,
    ) -> Option<u32> {
        let node = fields.get(field)?;
        let what = format!("`{field}`");
        let Value::Number(text) = &node.value else {
            self.wrong_type(&what, "a whole number", node, "write digits, without quotes");
            return None;
        };
        let number = text.parse().ok().filter(|it| (min..=max).contains(it));
        if number.is_none() {
            let range = format!("a whole number from {min} to {max}");
            self.report(&Mistake::OutOfRange { what, range, at: node.span });
        }
        number
    }

    /// A whole number of things, which may be many.
    pub(crate) fn count(&mut self, fields: &Fields<'_>, field: &str, max: u64) -> Option<u64> {
        let node = fields.get(field)?;
        let what = format!("`{field}`");
        let Value::Number(text) = &node.value else {
            self.wrong_type(&what, "a whole number", node, "write digits, without quotes");
            return None;
        };
        let number = text.parse().ok().filter(|it| *it <= max);
        if number.is_none() {
            let range = format!("a whole number of at most {max}");
            self.report(&Mistake::OutOfRange { what, range, at: node.span });
        }
        number
    }

    /// One word of a few.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        known: &[(&str, T)],
    ) -> Option<T> {
        let Text { text, span } = self.scalar(node, what)?;
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words = || known.iter().map(|(word, _)| *word);
        let label = did_you_mean(text, words()).unwrap_or_else(|| "not one of them".to_owned());
        let meant = only_meant(text, words()).map(str::to_owned);
        let known = words().collect::<Vec<_>>().join(", ");
        let (what, word) = (what.to_owned(), text.to_owned());
        let mistake = Mistake::UnknownWord { what, word, known, label, at: span };
        self.report_fixable(&mistake, span, meant);
        None
    }
}

/// The known word that was probably meant.
pub(crate) fn suggestion<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let close = |it: &str| strsim::osa_distance(&lower, &it.to_lowercase());
    let tolerance = (word.chars().count() / 3).max(1);
    let best = known.into_iter().map(|it| (close(it), it)).min()?;
    (best.0 <= tolerance).then_some(best.1)
}

/// The known word that was certainly meant: no other one is nearly as close.
pub(crate) fn only_meant<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    const LEAD: usize = 2;
    let known: Vec<&str> = known.into_iter().collect();
    let meant = suggestion(word, known.iter().copied())?;
    let lower = word.to_lowercase();
    let distance = |it: &str| strsim::osa_distance(&lower, &it.to_lowercase());
    let own = distance(meant);
    known.into_iter().all(|it| it == meant || own + LEAD <= distance(it)).then_some(meant)
}

/// As a label.
pub(crate) fn did_you_mean<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    suggestion(word, known).map(|it| format!("did you mean `{it}`?"))
}

#[cfg(test)]
mod tests;
