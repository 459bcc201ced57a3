//! Texts with holes, in the language of Go's `text/template`.
//!
//! Rules of Prometheus are written in it. A template is parsed once, with every mistake at its place, and run
//! under limits. What functions beyond the built-in ones do is said by who runs it: see [`Functions`]. It must not
//! know rules.
//!
//! Source: the documentation of Go's packages `text/template` and `fmt`.

mod builtin;
mod format;
mod number;
mod parse;
mod run;
mod scan;
mod time;
mod tree;
mod value;

use std::collections::BTreeMap;

pub(crate) use builtin::{html, url_query};
pub use format::{FloatForm, format_float};
pub use time::Time;
pub use value::{Map, Value};

use tree::Block;

/// The longest text of a template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// The longest result, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Named templates that others may call, from several files; the last definition of a name counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Library {
    /// The files, to tell libraries apart.
    texts: Vec<String>,
    named: BTreeMap<String, Block>,
}

impl Library {
    /// Adds what a file defines. An empty definition replaces nothing, as in Go.
    pub fn add(&mut self, file: &Template) {
        for (name, body) in &file.named {
            if !parse::is_empty(body) || !self.named.contains_key(name) {
                self.named.insert(name.clone(), body.clone());
            }
        }
        self.texts.push(file.text.clone());
    }

    /// Whether a template of this name is defined.
    pub fn defines(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }
}

/// What holes are filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escape {
    /// The text itself.
    Nothing,
    /// The text with everything escaped that means something in HTML, but for [`Value::Markup`].
    Html,
}

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
    body: Block,
    named: BTreeMap<String, Block>,
}

/// Templates with the same text are the same.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Functions beside the built-in ones.
pub trait Functions {
    /// Calls the function of this name; only names that the template was parsed with.
    ///
    /// # Errors
    /// In words, such as `can't convert a list to float`.
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String>;

    /// Calls a method of a value, or says with `None` that it has none of this name. A method hides a field.
    fn method(&self, _of: &Value, _name: &str, _args: &[Value]) -> Option<Result<Value, String>> {
        None
    }
}

/// What is wrong with a template, or went wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Bytes before the place in the template's text.
    pub at: usize,
    /// In words.
    pub message: String,
}

impl TemplateError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl Template {
    /// Reads a template that may use these functions, and these variables without their `$`.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(
        text: &str,
        functions: &[&str],
        variables: &[&str],
    ) -> Result<Self, TemplateError> {
        if TEMPLATE_BYTES_MAX < text.len() {
            let message = format!("a template has at most {TEMPLATE_BYTES_MAX} bytes");
            return Err(TemplateError::new(TEMPLATE_BYTES_MAX, message));
        }
        let tokens = scan::tokens(text)?;
        let (body, named) = parse::parse(&tokens, text.len(), functions, variables)?;
        Ok(Self { text: text.to_owned(), body, named })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text with its holes filled. `data` is the dot; `variables` are those that it was parsed with.
    ///
    /// # Errors
    /// A function or an access failed, or a limit was passed.
    pub fn run(
        &self,
        data: &Value,
        variables: &[(&str, Value)],
        functions: &dyn Functions,
    ) -> Result<String, TemplateError> {
        self.run_with(data, variables, functions, &Library::default(), Escape::Nothing)
    }

    /// As [`Self::run`]; it may call the templates of a library too, its own come first.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with(
        &self,
        data: &Value,
        variables: &[(&str, Value)],
        functions: &dyn Functions,
        library: &Library,
        escape: Escape,
    ) -> Result<String, TemplateError> {
        run::run(self, data, variables, functions, library, escape)
    }

    /// Whether it has no holes, so that its result is its text.
    pub fn is_plain(&self) -> bool {
        !self.text.contains("{{")
    }

    /// The templates that it calls and does not define itself, with the place of each call.
    pub fn calls(&self) -> Vec<(usize, &str)> {
        let mut calls = Vec::new();
        tree::calls(&self.body, &mut calls);
        for body in self.named.values() {
            tree::calls(body, &mut calls);
        }
        calls.retain(|(_, name)| !self.named.contains_key(*name));
        calls
    }

    /// Line and column of a place, both counted from 1; columns in characters.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |it| it.chars().count()) + 1;
        (line, column)
    }
}

#[cfg(test)]
mod tests;
