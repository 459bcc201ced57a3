//! The templates that settings refer to: ours, and those of the configuration's files.

use std::fmt;
use std::sync::{Arc, LazyLock};

use super::functions::NAMES;
use super::kinds::Kind;
use crate::template::{Library, Template, TemplateError};

/// Ours.
const DEFAULT: &str = include_str!("default.tmpl");

/// The same, read once: a constant that the compiler cannot make.
static OURS: LazyLock<Arc<Library>> = LazyLock::new(|| {
    let mut library = Library::default();
    library.add(&parse(DEFAULT).expect("our own templates are right"));
    Arc::new(library)
});

/// Named templates. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Templates {
    library: Arc<Library>,
}

/// Hundreds of trees say nothing; whether there are others than ours does.
impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ours = Arc::ptr_eq(&self.library, &OURS);
        f.write_str(if is_ours { "Templates(ours)" } else { "Templates(ours and others)" })
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self { library: Arc::clone(&OURS) }
    }
}

impl Templates {
    /// Adds what a file defines; a name that is known already gets another meaning.
    pub fn add(&mut self, file: &Template) {
        Arc::make_mut(&mut self.library).add(file);
    }

    /// Whether a template of this name is defined.
    pub fn defines(&self, name: &str) -> bool {
        self.library.defines(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.library.names()
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }
}

/// Reads a template of a notice, or a file of them.
///
/// # Errors
/// The first mistake, also functions that notices do not have.
pub fn parse(text: &str) -> Result<Template, TemplateError> {
    Template::parse(text, &NAMES, &[])
}

/// The text that holds where nothing is written; for fields whose own template fails.
pub(super) fn default_of(kind: &Kind, field: &str) -> Option<Template> {
    parse(kind.fields.iter().find(|it| it.name == field)?.default?).ok()
}
