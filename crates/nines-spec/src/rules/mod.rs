//! Files of Prometheus about rules: rule files, the settings of rules in `prometheus.yml`, and unit tests of rules.
//!
//! They are read as they are: documents without `apiVersion`, told apart by their first level. It must not know how
//! rules are evaluated.
//!
//! Source: Prometheus, "Recording rules", "Alerting rules", "Configuration", "Unit testing for rules".

mod files;
mod group;
mod histogram;
mod points;
mod settings;
mod trials;

use crate::draft::Page;
use crate::node::{Node, Value};

pub use settings::{AlertmanagerSpec, RuleSettings};
pub use trials::{RuleTests, read_rule_tests};

pub(crate) use files::load_rule_files;
pub(crate) use settings::apply;

/// A document of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    /// `groups: …`
    Rules,
    /// `prometheus.yml`
    Settings,
    /// Unit tests, which `nines test` reads.
    Tests,
}

/// Whether the document is one of Prometheus' about rules; then it has been read.
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) -> bool {
    match kind(document) {
        Some(Document::Rules) => group::read(page, document),
        Some(Document::Settings) => settings::read(page, document),
        Some(Document::Tests) => {}
        None => return false,
    }
    true
}

fn kind(document: &Node) -> Option<Document> {
    let Value::Map(entries) = &document.value else { return None };
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    if has("apiVersion") {
        return None;
    }
    if has("groups") {
        return Some(Document::Rules);
    }
    if has("tests") {
        return Some(Document::Tests);
    }
    ["rule_files", "alerting", "global"].iter().any(|it| has(it)).then_some(Document::Settings)
}
