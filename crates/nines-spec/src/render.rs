//! Findings as text for a terminal. The header is ours, the picture is miette's.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    ThemeCharacters, ThemeStyles,
};

use crate::finding::{Finding, Level};
use crate::source::SourceFile;

/// How wide a line of help may be.
const WIDTH: usize = 110;

/// A picture has no longer lines.
const LINE_BYTES_MAX: usize = 2_000;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// ASCII only.
    Plain,
    /// Lines and corners, no colour.
    Unicode,
    /// Lines, corners and colour.
    Color,
}

/// The findings with the lines that they are about, and a last line that counts them.
///
/// `sources` are [`Reading::sources`](crate::Reading::sources); a file that is missing there gets no picture.
pub fn render(findings: &[Finding], sources: &[SourceFile], style: Style) -> String {
    let handler = handler(style);
    let mut out = String::new();
    for finding in findings {
        let header = format!("{}[{}]", finding.level, finding.code);
        out.push_str(&format!("{}: {}\n", painted(&header, finding.level, style), finding.message));
        match sources.iter().find(|it| it.path == finding.file) {
            Some(source) if is_drawn(finding, source) => {
                out.push_str(&picture(&handler, finding, source));
            }
            _ => out.push_str(&format!("  in {}\n", finding.file)),
        }
        if !finding.help.is_empty() {
            out.push_str(&format!("  help: {}\n", finding.help));
        }
    }
    out.push_str(&summary(findings, sources.len()));
    out
}

/// A finding about a whole file has no place, and a line of a megabyte is no picture.
fn is_drawn(finding: &Finding, source: &SourceFile) -> bool {
    let before = usize::try_from(finding.line).unwrap_or(1).saturating_sub(1);
    let mut shown = source.text.lines().skip(before.saturating_sub(1)).take(3);
    !finding.label.is_empty() && shown.all(|it| it.len() <= LINE_BYTES_MAX)
}

/// `2 files, 3 errors, 0 warnings`
fn summary(findings: &[Finding], files: usize) -> String {
    let of = |level: Level| findings.iter().filter(|it| it.level == level).count();
    let words = |number: usize, word: &str| {
        format!("{number} {word}{}", if number == 1 { "" } else { "s" })
    };
    let mut parts = vec![
        words(files, "file"),
        words(of(Level::Error), "error"),
        words(of(Level::Warning), "warning"),
    ];
    if of(Level::Hint) != 0 {
        parts.push(words(of(Level::Hint), "hint"));
    }
    parts.join(", ") + "\n"
}

/// Bold red, yellow or blue. Source: ECMA-48, SGR.
fn painted(text: &str, level: Level, style: Style) -> String {
    let color = match level {
        Level::Error => 31,
        Level::Warning => 33,
        Level::Hint => 34,
    };
    match style {
        Style::Color => format!("\u{1b}[1;{color}m{text}\u{1b}[0m"),
        Style::Plain | Style::Unicode => text.to_owned(),
    }
}

fn handler(style: Style) -> GraphicalReportHandler {
    let (characters, styles) = match style {
        Style::Plain => (ThemeCharacters::ascii(), ThemeStyles::none()),
        Style::Unicode => (ThemeCharacters::unicode(), ThemeStyles::none()),
        Style::Color => (ThemeCharacters::unicode(), ThemeStyles::ansi()),
    };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_links(false)
        .with_context_lines(1)
        .with_width(WIDTH)
        .without_syntax_highlighting()
}

/// Only the lines and the label: message, code and help stand around it.
fn picture(handler: &GraphicalReportHandler, finding: &Finding, source: &SourceFile) -> String {
    let picture = Picture { finding, source: NamedSource::new(&source.path, source.text.clone()) };
    let mut drawn = String::new();
    let place = format!("  in {}:{}:{}\n", finding.file, finding.line, finding.column);
    if handler.render_report(&mut drawn, &picture).is_err() {
        return place;
    }
    // The handler puts its own header first; the picture begins with the name of the file.
    let lines: Vec<&str> = drawn.lines().skip_while(|it| !it.contains(&finding.file)).collect();
    if lines.is_empty() {
        return place;
    }
    lines.iter().flat_map(|it| [it.trim_end(), "\n"]).collect()
}

/// A finding as miette wants it.
#[derive(Debug)]
struct Picture<'a> {
    finding: &'a Finding,
    source: NamedSource<String>,
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("-")
    }
}

impl std::error::Error for Picture<'_> {}

impl Diagnostic for Picture<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.finding.labelled_span())))
    }
}

#[cfg(test)]
mod tests;
