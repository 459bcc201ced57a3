//! Markdown to steps: fenced blocks of known languages, wherever they stand, in file order.

use comrak::nodes::{NodeCodeBlock, NodeValue};
use comrak::{Arena, Options, parse_document};
use jiff::SignedDuration;

use crate::attributes::{self, Info};
use crate::{Step, StepKind};

/// The most steps of one runbook.
pub const STEPS_MAX: usize = 200;
/// The longest text of one step, in bytes.
pub const STEP_TEXT_BYTES_MAX: usize = 65_536;
/// How long an attempt may take when the block does not say.
pub const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(60);
/// How long an attempt may take at most.
pub const TIMEOUT_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The longest name of a step, in bytes.
const NAME_BYTES_MAX: usize = 60;
/// The most findings of one runbook.
const FINDINGS_MAX: usize = 200;
/// Languages whose blocks are steps.
const LANGUAGES: &str = "sh, bash, python3, promql, note, manual";
/// Attributes that mean something here.
const ATTRIBUTES: [&str; 4] = ["name", "timeout", "read_only", "idempotent"];

/// Something in a runbook that is not as its author may think. The steps are usable all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFinding {
    /// In the file; counts from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The steps of a Markdown text whose first line is line `first_line` of its file.
///
/// Blocks fenced as `sh` (`shell`, `console`), `bash`, `python3` (`python`) and `promql` are steps; `note`
/// and `manual` blocks are done by a person. Blocks without a language and of other languages are prose.
pub fn parse(markdown: &str, first_line: u32) -> (Vec<Step>, Vec<ParseFinding>) {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &Options::default());
    let mut reader = Reader::default();
    for node in root.descendants() {
        let node = node.data();
        if let NodeValue::CodeBlock(block) = &node.value
            && block.fenced
        {
            let offset = u32::try_from(node.sourcepos.start.line).unwrap_or(u32::MAX);
            reader.read(block, first_line.saturating_add(offset.saturating_sub(1)));
        }
    }
    (reader.steps, reader.findings)
}

#[derive(Default)]
struct Reader {
    steps: Vec<Step>,
    findings: Vec<ParseFinding>,
}

impl Reader {
    fn find(&mut self, line: u32, message: String, help: &str) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(ParseFinding { line, message, help: help.to_owned() });
        }
    }

    fn read(&mut self, block: &NodeCodeBlock, line: u32) {
        let info = attributes::read(&block.info);
        let Some(kind) = kind(&info.language) else {
            if info.attributes.contains_key("name") {
                let message = format!("a named block of `{}` is not a step", info.language);
                self.find(line, message, &format!("steps are {LANGUAGES}"));
            }
            return;
        };
        if let Some(problem) = &info.problem {
            let message = format!("the attributes cannot be read: {problem}");
            self.find(line, message, r#"write JSON, such as {"name":"rollback","timeout":"5m"}"#);
        }
        if !block.closed {
            self.find(
                line,
                "the block is never closed".to_owned(),
                "end it with a fence of the same length",
            );
        }
        let text = without_prompts(&block.literal);
        if text.trim().is_empty() {
            self.find(
                line,
                "the block is empty".to_owned(),
                "write a command, or remove the block",
            );
            return;
        }
        if STEP_TEXT_BYTES_MAX < text.len() {
            let message = format!("the block has {} bytes; it is left out", text.len());
            self.find(
                line,
                message,
                &format!("a step has at most {STEP_TEXT_BYTES_MAX} bytes; call a script"),
            );
            return;
        }
        if STEPS_MAX <= self.steps.len() {
            let message = format!("the block is step {}; it is left out", STEPS_MAX + 1);
            self.find(line, message, &format!("a runbook has at most {STEPS_MAX} steps; split it"));
            return;
        }
        self.warn_unknown(&info, line);
        let name = self.name(&info, &kind, &text, line);
        let timeout = self.timeout(&info, line);
        let read_only = self.flag(&info, "read_only", line);
        let idempotent = self.flag(&info, "idempotent", line);
        self.steps.push(Step { name, kind, text, timeout, read_only, idempotent, line });
    }

    fn warn_unknown(&mut self, info: &Info, line: u32) {
        for key in info.attributes.keys().filter(|it| !ATTRIBUTES.contains(&it.as_str())) {
            let help = format!("attributes are {}", ATTRIBUTES.join(", "));
            self.find(line, format!("the attribute `{key}` has no effect"), &help);
        }
    }

    /// The given name, else one from the text; a collision gets a suffix.
    fn name(&mut self, info: &Info, kind: &StepKind, text: &str, line: u32) -> String {
        let given = info.attributes.get("name").filter(|it| !it.trim().is_empty());
        let base = match given {
            Some(given) => slug(given),
            None => slug(&derived(kind, text)),
        };
        let base = if base.is_empty() { "step".to_owned() } else { base };
        if let Some(given) = given.filter(|it| **it != base) {
            let message = format!("the name `{given}` becomes `{base}`");
            self.find(line, message, "names are letters, digits, `-`, `_` and `.`");
        }
        let mut name = base.clone();
        for number in 2.. {
            if self.steps.iter().all(|it| it.name != name) {
                break;
            }
            name = format!("{base}-{number}");
        }
        if given.is_some() && name != base {
            let message = format!("another step is named `{base}`; this one becomes `{name}`");
            self.find(line, message, "give each step its own name");
        }
        name
    }

    fn timeout(&mut self, info: &Info, line: u32) -> SignedDuration {
        let Some(text) = info.attributes.get("timeout") else { return TIMEOUT_DEFAULT };
        match nines_base::parse_duration(text) {
            Ok(timeout) if timeout.is_positive() && timeout <= TIMEOUT_MAX => timeout,
            Ok(_) => {
                self.find(
                    line,
                    format!("the timeout `{text}` is out of range"),
                    "between 1ms and 24h",
                );
                TIMEOUT_DEFAULT
            }
            Err(error) => {
                self.find(
                    line,
                    format!("the timeout is not a duration: {error}"),
                    "write it like `5m`",
                );
                TIMEOUT_DEFAULT
            }
        }
    }

    /// A promise that a repeat does no harm holds only when it is written clearly.
    fn flag(&mut self, info: &Info, key: &str, line: u32) -> bool {
        match info.attributes.get(key).map(String::as_str) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                self.find(
                    line,
                    format!("`{key}` is `{other}`, which counts as false"),
                    "write true or false",
                );
                false
            }
        }
    }
}

fn kind(language: &str) -> Option<StepKind> {
    let command = |interpreter: &str| StepKind::Command { interpreter: interpreter.to_owned() };
    match language.to_ascii_lowercase().as_str() {
        "sh" | "shell" | "console" => Some(command("sh")),
        "bash" => Some(command("bash")),
        "python3" | "python" => Some(command("python3")),
        "promql" => Some(StepKind::Promql),
        "note" | "manual" => Some(StepKind::Manual),
        _ => None,
    }
}

/// The text without a prompt at the start of its lines, as people paste them from a terminal.
fn without_prompts(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start().strip_prefix("$ ") {
        Some(command) => command,
        None => line,
    });
    let mut out = String::new();
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// The first two words of the first command that is not a comment; a query's kind; a note's first words.
fn derived(kind: &StepKind, text: &str) -> String {
    let line = text.lines().map(str::trim).find(|it| !it.is_empty() && !it.starts_with('#'));
    let words = |count| line.unwrap_or_default().split_whitespace().take(count).collect::<Vec<_>>();
    match kind {
        StepKind::Command { .. } => words(2).join("-"),
        StepKind::Promql => "query".to_owned(),
        StepKind::Manual => words(4).join("-"),
    }
}

/// A text as a name: letters, digits, `-`, `_` and `.`; all else becomes one `-`. Case is kept.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if NAME_BYTES_MAX <= out.len() {
            break;
        }
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.') {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
