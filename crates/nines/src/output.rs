//! How answers are written: tables, JSON, or plain records. Colours are stripped where nobody sees them.
//!
//! It must not know what is shown.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; may change
    Table,
    /// As the server gave it; a contract
    Json,
    /// One record a line, fields apart by tabs, no header; a contract
    Plain,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb says otherwise
    Auto,
    /// Also in pipes
    Always,
    /// Never
    Never,
}

impl Color {
    /// Decides for the whole process.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// The flags of every command that shows something.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// How to write the answer
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    output: Format,
    /// Short for `-o json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArgs {
    pub(crate) fn format(self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// Writes data to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes a message to standard error. Whoever closed it does not want messages.
pub(crate) fn note(text: &str) {
    let mut out = anstream::stderr().lock();
    drop(out.write_all(format!("{text}\n").as_bytes()));
}

/// Writes the server's answer as it is.
pub(crate) fn print_json(value: &Value) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// How a word is painted; shape and word say the same without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Red,
    Amber,
    Blue,
    Faint,
}

impl Paint {
    pub(crate) fn on(self, text: &str) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Red => "31",
            Self::Amber => "33",
            Self::Blue => "36",
            Self::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// One cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// The text alone: marks and the spaces in their place are for tables.
    pub(crate) fn into_plain(self) -> String {
        self.text.trim_start_matches(['■', '▲', '◇', '●', ' ']).to_owned()
    }
}

/// A cell without colour.
pub(crate) fn cell(text: impl Into<String>) -> Cell {
    painted(text, Paint::Plain)
}

/// A cell with colour.
pub(crate) fn painted(text: impl Into<String>, paint: Paint) -> Cell {
    Cell { text: text.into(), paint }
}

/// Rows under headers. A header that begins with `>` is that of numbers: its column is flush right.
pub(crate) fn table(headers: &[&str], rows: &[Vec<Cell>]) -> String {
    let names: Vec<&str> = headers.iter().map(|it| it.trim_start_matches('>')).collect();
    let width = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index));
        let widths = cells.map(|it| it.text.chars().count());
        widths.chain(names.get(index).map(|it| it.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let header: Vec<Cell> = names.iter().map(|it| painted(*it, Paint::Faint)).collect();
    let mut out = String::new();
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::new();
        for (index, it) in row.iter().enumerate() {
            let width = widths.get(index).copied().unwrap_or(0);
            let gap = " ".repeat(width.saturating_sub(it.text.chars().count()));
            let is_right = headers.get(index).is_some_and(|it| it.starts_with('>'));
            let text = it.paint.on(&it.text);
            let between = if index == 0 { "" } else { "  " };
            let (before, after) = if is_right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.push_str(&format!("{between}{before}{text}{after}"));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Records apart by lines, fields apart by tabs; neither occurs inside of a field.
pub(crate) fn plain(rows: &[Vec<String>]) -> String {
    let field = |it: &String| it.replace(['\t', '\n', '\r'], " ");
    rows.iter().fold(String::new(), |mut out, row| {
        let fields: Vec<String> = row.iter().map(field).collect();
        writeln!(out, "{}", fields.join("\t")).expect("a String takes everything");
        out
    })
}

/// `11-24 03:12:04`, UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%m-%d %H:%M:%S").to_string()
}

/// The same for what may not have happened.
pub(crate) fn maybe_clock(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), clock)
}

/// The mark and the colour of a state, whatever it is a state of.
pub(crate) fn mark(word: &str) -> (&'static str, Paint) {
    match word {
        "page" | "spent" | "firing" | "failed" | "aborted" | "given up" => ("■", Paint::Red),
        "ticket" | "waiting" | "unknown" | "under way" | "running" => ("▲", Paint::Amber),
        "no data" | "no events" | "pending" => ("◇", Paint::Faint),
        "fine" | "resolved" | "succeeded" | "done" => (" ", Paint::Plain),
        _ => ("●", Paint::Blue),
    }
}

/// A state as a cell: shape, word and colour.
pub(crate) fn state(word: &str) -> Cell {
    let (mark, paint) = mark(word);
    painted(format!("{mark} {word}"), paint)
}

/// `31.0 %`; no-break space.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1}\u{a0}%", ratio * 100.0)
}

/// `1 872 000`, with narrow no-break spaces.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `14.6×`.
pub(crate) fn burn(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}×") } else { format!("{rate:.0}×") }
}

#[cfg(test)]
mod tests;
