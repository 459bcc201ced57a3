//! Unit tests of rules in promtool's format, for `nines test`.

use std::path::Path;

use nines_alert::rule::trial;
use nines_spec::read_rule_tests;

use crate::check::unreadable;
use crate::exit::Exit;
use crate::test::{FileResult, TestResult};

/// Plays one file; its rule files are found relative to it.
pub(crate) fn play(file: &Path) -> anyhow::Result<FileResult> {
    let tests = read_rule_tests(file).map_err(unreadable)?;
    let mut result = FileResult {
        file: file.display().to_string(),
        exit: Exit::Invalid,
        tests: Vec::new(),
        findings: Vec::new(),
        sources: Vec::new(),
    };
    if !tests.has_errors() {
        let played = tests.trials.iter().map(|it| {
            let failures = trial::run(it, &tests.groups);
            let failures = failures.iter().map(ToString::to_string).collect();
            TestResult { name: it.name.clone(), failures, details: Vec::new() }
        });
        result.tests = played.collect();
        let is_green = result.tests.iter().all(|it| it.failures.is_empty());
        result.exit = if is_green { Exit::Yes } else { Exit::No };
    }
    (result.findings, result.sources) = (tests.findings, tests.sources);
    Ok(result)
}
