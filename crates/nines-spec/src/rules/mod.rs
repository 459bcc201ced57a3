//! Files of Prometheus about rules: rule files, the settings of rules in `prometheus.yml`, and unit tests of rules.
//!
//! They are read as they are: documents without `apiVersion`, told apart by their first level. It must not know how
//! rules are evaluated.
//!
//! Source: Prometheus, "Recording rules", "Alerting rules", "Configuration", "Unit testing for rules".

mod files;
mod group;
mod histogram;
pub(crate) mod points;
mod settings;
mod trials;

use crate::draft::Page;
use crate::node::{Node, Value};

pub use settings::{AlertmanagerSpec, RuleSettings};
pub use trials::{RuleTests, read_rule_tests};

pub(crate) use files::{RuleFiles, matches};
pub(crate) use settings::{apply, read as read_settings};

/// A document of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    /// `groups: …`
    Rules,
    /// Unit tests, which `nines test` reads.
    Tests,
}

/// Whether the document is a rule file or a file of unit tests; then it has been read. `prometheus.yml` is read
/// with its scrape jobs, which calls [`read_settings`].
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) -> bool {
    match kind(document) {
        Some(Document::Rules) => group::read(page, document),
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
    has("tests").then_some(Document::Tests)
}
