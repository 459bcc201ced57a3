//! `nines test`: unit tests of rules, played on virtual time without a server.

use std::path::{Path, PathBuf};

use nines_alert::rule::trial;
use nines_spec::{RuleTests, Style, read_rule_tests};
use serde_json::json;

use crate::check::unreadable;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Test files in promtool's format; rule files are found relative to them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One JSON object for each file
    #[arg(long)]
    json: bool,
}

/// What came of one file.
struct Verdict {
    exit: Exit,
    failures: Vec<String>,
    /// How many trials were played.
    trials: usize,
}

/// Ends with 0 when every test passes, with 1 when one fails, and with 2 when a file cannot be played.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut exit = Exit::Yes;
    for file in &args.files {
        let tests = read_rule_tests(file).map_err(unreadable)?;
        let verdict = judge(&tests);
        if args.json {
            output::print_json(&json!({
                "file": file.display().to_string(),
                "passed": verdict.exit == Exit::Yes,
                "trials": verdict.trials,
                "failures": verdict.failures,
                "findings": tests.findings,
            }))?;
        } else {
            show(file, &tests, &verdict)?;
        }
        exit = worse(exit, verdict.exit);
    }
    Ok(exit)
}

fn judge(tests: &RuleTests) -> Verdict {
    if tests.has_errors() {
        return Verdict { exit: Exit::Invalid, failures: Vec::new(), trials: 0 };
    }
    let failures = tests.trials.iter().flat_map(|it| trial::run(it, &tests.groups));
    let failures: Vec<String> = failures.map(|it| it.to_string()).collect();
    let exit = if failures.is_empty() { Exit::Yes } else { Exit::No };
    Verdict { exit, failures, trials: tests.trials.len() }
}

fn show(file: &Path, tests: &RuleTests, verdict: &Verdict) -> anyhow::Result<()> {
    if !tests.findings.is_empty() {
        output::print(&nines_spec::render(&tests.findings, &tests.sources, Style::Color))?;
    }
    let file = file.display();
    match verdict.exit {
        Exit::Yes => {
            let tests = if verdict.trials == 1 { "test" } else { "tests" };
            output::print(&format!("{file}: SUCCESS, {} {tests}", verdict.trials))
        }
        Exit::No => {
            let failures: Vec<String> =
                verdict.failures.iter().map(|it| it.replace('\n', "\n  ")).collect();
            output::print(&format!("{file}: FAILED\n  {}", failures.join("\n  ")))
        }
        _ => output::print(&format!("{file}: not played, it has errors")),
    }?;
    Ok(())
}

/// A file that cannot be played weighs more than a test that fails.
fn worse(one: Exit, other: Exit) -> Exit {
    if (one as u8) < other as u8 { other } else { one }
}
