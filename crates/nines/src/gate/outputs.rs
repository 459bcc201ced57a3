//! What a gate's answer looks like to other machines: GitHub's files, GitLab's variables, JUnit.
//!
//! Each is first written as *unknown* and then replaced as a whole, so that nobody reads half an answer, and a
//! process that is killed leaves no answer that is not one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use nines_release::{Check, CheckResult, Decision, Verdict};

use crate::exit::Failure;
use crate::output;

/// Where else to tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Variables, a summary and annotations of a step
    Github,
    /// A dotenv report and a JUnit report
    Gitlab,
    /// A JUnit report
    Junit,
}

/// Where the outputs lie.
pub(super) struct Outputs<'a> {
    pub(super) kinds: &'a [Output],
    pub(super) junit: &'a Path,
    pub(super) dotenv: &'a Path,
    pub(super) github_output: Option<&'a Path>,
    pub(super) github_summary: Option<&'a Path>,
}

/// What is told.
pub(super) enum Answer<'d> {
    /// The server decided; an unknown decision may count as something else.
    Decided { decision: &'d Decision, verdict: Verdict, default: Option<String> },
    /// There is no decision.
    Unanswered { problem: &'d str, verdict: Verdict },
}

/// Outputs that say *unknown*.
pub(super) struct Begun<'a> {
    outputs: &'a Outputs<'a>,
    service: String,
    /// Files, with what was in them before and stays.
    files: Vec<(Kind, PathBuf, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    GithubOutput,
    GithubSummary,
    Dotenv,
    Junit,
}

impl Outputs<'_> {
    /// Writes *unknown* everywhere.
    pub(super) fn begin(&self, service: &str) -> anyhow::Result<Begun<'_>> {
        let has = |kind| self.kinds.contains(&kind);
        let mut files = Vec::new();
        if has(Output::Github) {
            let output = self.github_output.ok_or_else(|| {
                Failure::usage("--output github needs GITHUB_OUTPUT, which GitHub sets in a step")
            })?;
            files.push((Kind::GithubOutput, output.to_owned(), before(output)?));
            if let Some(summary) = self.github_summary {
                files.push((Kind::GithubSummary, summary.to_owned(), before(summary)?));
            }
        }
        if has(Output::Gitlab) {
            files.push((Kind::Dotenv, self.dotenv.to_owned(), String::new()));
        }
        if has(Output::Gitlab) || has(Output::Junit) {
            files.push((Kind::Junit, self.junit.to_owned(), String::new()));
        }
        let begun = Begun { outputs: self, service: service.to_owned(), files };
        let problem = "the gate has not answered";
        begun.write(&Answer::Unanswered { problem, verdict: Verdict::Unknown })?;
        Ok(begun)
    }
}

/// What others have written into a file that is added to.
fn before(path: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

impl Begun<'_> {
    /// Replaces *unknown* by the answer.
    pub(super) fn end(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        self.write(answer)?;
        if self.outputs.kinds.contains(&Output::Github) {
            output::print(&annotation(answer))?;
        }
        Ok(())
    }

    fn write(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        for (kind, path, before) in &self.files {
            let text = match kind {
                Kind::GithubOutput => variables(answer, ""),
                Kind::GithubSummary => summary(&self.service, answer),
                Kind::Dotenv => variables(answer, "NINES_").to_uppercase_names(),
                Kind::Junit => junit(&self.service, answer),
            };
            replace(path, &format!("{before}{text}"))?;
        }
        Ok(())
    }
}

/// All or nothing: a file beside it takes its name.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("failed to write {}", path.display()))
}

fn verdict(answer: &Answer<'_>) -> Verdict {
    match answer {
        Answer::Decided { verdict, .. } | Answer::Unanswered { verdict, .. } => *verdict,
    }
}

/// `name=value` lines; a value has one line, because a line break would begin another variable.
fn variables(answer: &Answer<'_>, prefix: &str) -> String {
    let (cause, level, decision, line) = match answer {
        Answer::Decided { decision, default, .. } => (
            default.clone().unwrap_or_else(|| decision.cause.to_string()),
            decision.policy.level.clone(),
            decision.id.to_string(),
            decision.line(),
        ),
        Answer::Unanswered { problem, .. } => {
            ("unreachable".to_owned(), String::new(), String::new(), (*problem).to_owned())
        }
    };
    let verdict = verdict(answer).to_string();
    let all = [
        ("gate", verdict),
        ("cause", cause),
        ("level", level),
        ("decision", decision),
        ("because", line),
    ];
    let one_line = |it: &str| it.replace(['\n', '\r'], " ");
    let line = |(name, value): &(&str, String)| format!("{prefix}{name}={}\n", one_line(value));
    all.iter().fold(String::new(), |out, it| out + &line(it))
}

trait UppercaseNames {
    fn to_uppercase_names(&self) -> String;
}

impl UppercaseNames for String {
    /// `NINES_gate=open` becomes `NINES_GATE=open`.
    fn to_uppercase_names(&self) -> String {
        let upper = |line: &str| match line.split_once('=') {
            Some((name, value)) => format!("{}={value}\n", name.to_uppercase()),
            None => format!("{line}\n"),
        };
        self.lines().map(upper).collect()
    }
}

/// Markdown for the page of a run.
fn summary(service: &str, answer: &Answer<'_>) -> String {
    let verdict = verdict(answer);
    let mut out = format!("### nines gate: {verdict} for {}\n\n", cell(service));
    match answer {
        Answer::Unanswered { problem, .. } => out.push_str(&format!("{}\n", cell(problem))),
        Answer::Decided { decision, default, .. } => {
            let policy = &decision.policy;
            let since = policy.since.map_or(String::new(), |it| format!(" since {it}"));
            out.push_str(&format!("Policy {}, level {}{since}", policy.name, policy.level));
            if let Some(default) = default {
                out.push_str(&format!("; counted by `--{default}`"));
            }
            out.push_str("\n\n| | Check | There is | Needed |\n|---|---|---|---|\n");
            for Check { name, result, need, have, .. } in &decision.checks {
                let have = cell(&have.to_string());
                let (name, need) = (cell(name), cell(need));
                out.push_str(&format!("| {} | {name} | {have} | {need} |\n", mark(*result)));
            }
            if let Some(next) = decision.next_possible {
                out.push_str(&format!("\nNext possible {next}, if nothing comes between.\n"));
            }
            out.push_str(&format!("\nDecision `{}`\n", decision.id));
        }
    }
    out
}

fn mark(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Pass => "✓",
        CheckResult::Fail => "✗",
        CheckResult::Unknown => "?",
    }
}

/// Text that cannot end a cell, nor become markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}

/// A workflow command. Source: GitHub, "Workflow commands": `%`, CR and LF are escaped.
fn annotation(answer: &Answer<'_>) -> String {
    let level = match verdict(answer) {
        Verdict::Open => "notice",
        Verdict::Closed => "error",
        Verdict::Unknown => "warning",
    };
    let line = match answer {
        Answer::Decided { decision, .. } => decision.line(),
        Answer::Unanswered { problem, .. } => format!("unknown: {problem}"),
    };
    let line = line.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    format!("::{level} title=nines gate::{line}")
}

/// One case for each check: what forbids is a failure, what is not known an error.
fn junit(service: &str, answer: &Answer<'_>) -> String {
    let mut cases = Vec::new();
    let mut counts = (0, 0);
    match answer {
        Answer::Unanswered { problem, .. } => {
            counts.1 += 1;
            cases.push(case("gate", &format!("<error message=\"{}\"/>", xml(problem))));
        }
        Answer::Decided { decision, verdict, .. } => {
            for Check { name, result, need, have, .. } in &decision.checks {
                let message = xml(&format!("{have}, needs {need}"));
                // An answer that lets through what a check does not is told by the last case.
                let is_through = *verdict == Verdict::Open;
                let inner = match result {
                    CheckResult::Pass => String::new(),
                    _ if is_through => format!("<skipped message=\"{message}\"/>"),
                    CheckResult::Fail => {
                        counts.0 += 1;
                        format!("<failure message=\"{message}\"/>")
                    }
                    CheckResult::Unknown => {
                        counts.1 += 1;
                        format!("<error message=\"{message}\"/>")
                    }
                };
                cases.push(case(name, &inner));
            }
            let line = xml(&decision.line());
            cases.push(case(
                "gate",
                &match verdict {
                    Verdict::Open => String::new(),
                    Verdict::Closed => {
                        counts.0 += 1;
                        format!("<failure message=\"{line}\"/>")
                    }
                    Verdict::Unknown => {
                        counts.1 += 1;
                        format!("<error message=\"{line}\"/>")
                    }
                },
            ));
        }
    }
    let (failures, errors) = counts;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"nines gate {}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">\n{}</testsuite>\n",
        xml(service),
        cases.len(),
        cases.concat()
    )
}

fn case(name: &str, inner: &str) -> String {
    format!("  <testcase classname=\"nines.gate\" name=\"{}\">{inner}</testcase>\n", xml(name))
}

/// Text within an attribute; characters that XML does not know at all are left out.
fn xml(text: &str) -> String {
    let escape = |it: char| match it {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\n' | '\r' | '\t' => " ".to_owned(),
        it if it.is_control() => String::new(),
        it => it.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests;
