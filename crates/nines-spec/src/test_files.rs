//! Files of unit tests of a configuration, with the files that each test is about.
//!
//! It touches a disk, as `source.rs` does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use nines_slo::SliKind;

use crate::draft::Draft;
use crate::fields::did_you_mean;
use crate::finding::{Finding, Level, Span};
use crate::kinds::test::{self, Written};
use crate::mistake::Mistake;
use crate::node::{self, Value};
use crate::reading::{Reading, documents, read_paths, report_damage};
use crate::source::{Loaded, ReadError, SourceFile, load_file};
use crate::spec::Spec;
use crate::test_case::{TestCase, TestInput};

/// A file of unit tests.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// In the order of the file.
    pub tests: Vec<UnitTest>,
    /// Of the tests and of everything that they use; with errors among them the tests cannot be played.
    pub findings: Vec<Finding>,
    /// All these files, for [`render`](crate::render).
    pub sources: Vec<SourceFile>,
}

/// A test, and the configuration that it is about.
#[derive(Debug, Clone)]
pub struct UnitTest {
    /// What happens, and what is expected.
    pub case: TestCase,
    /// What the files say; shared by tests that use the same ones.
    pub spec: Arc<Spec>,
}

impl TestFile {
    /// Whether the tests cannot be played.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.level == Level::Error)
    }
}

/// Whose tests a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestForm {
    /// Ours: documents of kind `Test`.
    Native,
    /// Those of promtool: a first level with `tests`.
    Promtool,
    /// None.
    None,
}

/// Whose tests the text of a file holds, as its first document says.
pub fn test_form(text: &str) -> TestForm {
    let first = node::documents(text).into_iter().find_map(|(before, text)| {
        let node = node::parse(text, before).ok()?;
        (node.value != Value::Null).then_some(node)
    });
    let Some(document) = first else { return TestForm::None };
    if test::is_test(&document) {
        return TestForm::Native;
    }
    let Value::Map(entries) = &document.value else { return TestForm::None };
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    if has("tests") && !has("apiVersion") { TestForm::Promtool } else { TestForm::None }
}

/// Reads the tests of a file, and what they use, relative to its folder.
///
/// # Errors
/// A file cannot be opened. Mistakes in the files are findings.
pub fn read_tests(path: &Path) -> Result<TestFile, ReadError> {
    if !path.exists() {
        return Err(ReadError::Missing { path: path.to_owned() });
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut loaded = Loaded::default();
    load_file(&mut loaded, name, path)?;
    let mut draft = Draft::new(&loaded.files);
    for (file, damage) in &loaded.damages {
        report_damage(&mut draft, *file, *damage);
    }
    let mut written = Vec::new();
    for (file, document) in documents(&mut draft, 0) {
        written.extend(test::read(&mut draft.page(file), &document));
    }
    let mut used: BTreeMap<Vec<String>, Reading> = BTreeMap::new();
    let mut tests = Vec::new();
    for it in written {
        if !used.contains_key(&it.case.uses) {
            let reading = use_files(&mut draft, folder, &it)?;
            used.insert(it.case.uses.clone(), reading);
        }
        let Some(reading) = used.get(&it.case.uses) else { continue };
        look_up(&mut draft, &it, &reading.spec);
        tests.push((it.case.uses.clone(), it.case));
    }
    let mut findings = draft.findings;
    let mut sources = loaded.files.clone();
    let mut specs = BTreeMap::new();
    for (uses, reading) in used {
        findings.extend(reading.findings);
        sources.extend(reading.sources);
        specs.insert(uses, Arc::new(reading.spec));
    }
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    findings.dedup();
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources.dedup();
    let with_spec = |(uses, case): (Vec<String>, TestCase)| {
        Some(UnitTest { case, spec: Arc::clone(specs.get(&uses)?) })
    };
    Ok(TestFile { tests: tests.into_iter().filter_map(with_spec).collect(), findings, sources })
}

/// Reads what a test uses; the names of the files begin as they are written in `use`.
fn use_files(draft: &mut Draft<'_>, folder: &Path, test: &Written) -> Result<Reading, ReadError> {
    let mut paths = Vec::new();
    for (path, span) in test.case.uses.iter().zip(&test.uses) {
        let there = folder.join(path);
        if there.exists() {
            paths.push(there);
        } else {
            draft.report(0, &Mistake::NothingToUse { path: path.clone(), at: *span });
        }
    }
    read_paths(&paths)
}

/// SLOs that are named must be there.
fn look_up(draft: &mut Draft<'_>, test: &Written, spec: &Spec) {
    for (name, at) in &test.slos {
        if !spec.slos.iter().any(|it| it.name.to_string() == *name) {
            draft.report(0, &no_such_slo(name, *at, spec));
        }
    }
    look_up_fed(draft, test, spec);
}

/// Traffic is made up for counters and histograms; of anything else no event would come, and the test would lie.
fn look_up_fed(draft: &mut Draft<'_>, test: &Written, spec: &Spec) {
    let fed: BTreeSet<String> = test
        .case
        .inputs
        .iter()
        .filter_map(|it| match it {
            TestInput::Slo(it) => Some(it.slo.to_string()),
            TestInput::Series(..) => None,
        })
        .collect();
    for name in fed {
        let slo = spec.slos.iter().find(|it| it.name.to_string() == name);
        let is_fed =
            slo.is_none_or(|it| matches!(it.sli.kind, SliKind::Counter(_) | SliKind::Histogram(_)));
        // Inputs are read before expectations, so the first mention is the input.
        let Some((_, at)) = test.slos.iter().find(|(it, _)| *it == name) else { continue };
        if !is_fed {
            let what = format!("traffic for `{name}`");
            let help = "traffic is made up for counter and histogram SLIs; write the series that this one reads";
            draft.report(0, &Mistake::Unsupported { what, help, at: *at });
        }
    }
}

fn no_such_slo(name: &str, at: Span, spec: &Spec) -> Mistake {
    let names: Vec<String> = spec.slos.iter().map(|it| it.name.to_string()).collect();
    let label = did_you_mean(name, names.iter().map(String::as_str))
        .unwrap_or_else(|| "nothing to test".to_owned());
    let help = match names.as_slice() {
        [] => "`use` names no file with an SLO".to_owned(),
        names => format!("they define {}", names.join(", ")),
    };
    Mistake::NoSuchSlo { name: name.to_owned(), help, label, at }
}
