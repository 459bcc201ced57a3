//! What is written in an integration, read once, and filled for each notice.

use std::collections::BTreeMap;

use super::data::NoticeData;
use super::functions::NoticeFunctions;
use super::json::Json;
use super::kinds::Kind;
use super::templates::{Templates, default_of};
use super::values;
use super::words;
use crate::template::{Escape, Template, Value, html};

/// The longest text that one template gives, in bytes.
pub const NOTICE_BYTES_MAX: usize = 64 * 1024;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Nothing.
    Null,
    /// Text with holes.
    Text(Template),
    /// HTML with holes.
    Html(Template),
    /// Text as it is.
    Plain(String),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Another number, as it was written.
    Number(String),
    /// Several.
    List(Vec<Self>),
    /// By name.
    Map(BTreeMap<String, Self>),
}

/// An integration with somebody's service, without its secrets and addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Which service.
    pub kind: &'static Kind,
    /// What was written, and the defaults of the rest.
    pub settings: BTreeMap<String, Setting>,
}

/// The texts of an integration about one notice.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) values: BTreeMap<String, Json>,
}

impl Filled {
    /// Fills every field. A template that fails is replaced: the short text names the alerts, the long one says
    /// everything that is known and what went wrong, others fall back to their default.
    pub(super) fn new(provider: &Provider, notice: &NoticeData, templates: &Templates) -> Self {
        let (dot, functions) = (values::data(notice), NoticeFunctions { at: notice.at });
        let mut fill = Fill { dot, functions, templates, errors: Vec::new() };
        let (kind, mut values) = (provider.kind, BTreeMap::new());
        for (name, setting) in &provider.settings {
            let before = fill.errors.len();
            let value = fill.value(setting, name);
            let value = match () {
                () if before == fill.errors.len() => value,
                () if name == kind.title => Json::from(escaped(setting, &words::subject(notice))),
                () if name == kind.words => Json::from(escaped(setting, &words::text(notice))),
                () => fill.default(kind, name, setting).unwrap_or(value),
            };
            values.insert(name.clone(), value);
        }
        let mut filled = Self { values };
        if !fill.errors.is_empty() && !kind.words.is_empty() {
            let setting = provider.settings.get(kind.words).unwrap_or(&Setting::Null);
            filled.confess(kind, setting, notice, &fill.errors);
        }
        filled
    }

    /// The reader must know that not all is as somebody wanted it.
    fn confess(&mut self, kind: &Kind, setting: &Setting, notice: &NoticeData, errors: &[String]) {
        let said = match self.text(kind.words) {
            "" => escaped(setting, &words::text(notice)),
            said => said.to_owned(),
        };
        let errors = escaped(setting, &errors.join("; "));
        let text = format!("{said}\n\nA template of this receiver failed: {errors}");
        self.values.insert(kind.words.to_owned(), Json::Text(text));
    }

    pub(super) fn get(&self, name: &str) -> Json {
        self.values.get(name).cloned().unwrap_or(Json::Null)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Json::Text(text) | Json::Number(text)) => text,
            _ => "",
        }
    }

    /// At most so many characters, with a mark that something is missing.
    pub(super) fn cut(&self, name: &str, characters_max: usize) -> Json {
        Json::Text(words::cut(self.text(name), characters_max))
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.values.get(name) == Some(&Json::Bool(true))
    }

    pub(super) fn list(&self, name: &str) -> &[Json] {
        match self.values.get(name) {
            Some(Json::List(items)) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self, name: &str) -> &[(String, Json)] {
        match self.values.get(name) {
            Some(Json::Map(entries)) => entries,
            _ => &[],
        }
    }
}

/// Our own words, where a setting wants HTML.
fn escaped(setting: &Setting, text: &str) -> String {
    match setting {
        Setting::Html(_) => html(text),
        _ => text.to_owned(),
    }
}

struct Fill<'a> {
    dot: Value,
    functions: NoticeFunctions,
    templates: &'a Templates,
    /// What failed, with the field.
    errors: Vec<String>,
}

impl Fill<'_> {
    /// What fails is empty, and noted.
    fn value(&mut self, setting: &Setting, name: &str) -> Json {
        match setting {
            Setting::Null => Json::Null,
            Setting::Text(template) => self.text(template, Escape::Nothing, name),
            Setting::Html(template) => self.text(template, Escape::Html, name),
            Setting::Plain(text) => Json::Text(text.clone()),
            Setting::Flag(it) => Json::Bool(*it),
            Setting::Whole(it) => Json::Whole(*it),
            Setting::Number(text) => Json::Number(text.clone()),
            Setting::List(items) => {
                Json::List(items.iter().map(|it| self.value(it, name)).collect())
            }
            Setting::Map(entries) => {
                Json::map(entries.iter().map(|(key, it)| (key.as_str(), self.value(it, name))))
            }
        }
    }

    fn text(&mut self, template: &Template, escape: Escape, name: &str) -> Json {
        if template.is_plain() {
            return Json::from(template.text());
        }
        let library = self.templates.library();
        let result = template.run_with(&self.dot, &[], &self.functions, library, escape);
        match result {
            Ok(text) if text.len() <= NOTICE_BYTES_MAX => Json::Text(text),
            Ok(_) => {
                self.errors
                    .push(format!("{name}: the text has more than {NOTICE_BYTES_MAX} bytes"));
                Json::from("")
            }
            Err(error) => {
                self.errors.push(format!("{name}: {error}"));
                Json::from("")
            }
        }
    }

    fn default(&self, kind: &Kind, name: &str, setting: &Setting) -> Option<Json> {
        let template = default_of(kind, name)?;
        let escape = match setting {
            Setting::Html(_) => Escape::Html,
            _ => Escape::Nothing,
        };
        let library = self.templates.library();
        let result = template.run_with(&self.dot, &[], &self.functions, library, escape);
        result.ok().map(Json::Text)
    }
}
