//! Pieces of Markdown: tables, escaped texts, instants, spans, counts. No locale, no float decides.

use jiff::{SignedDuration, Timestamp};

/// A table as text.
pub(super) struct Table {
    text: String,
}

impl Table {
    /// A table with these columns and no row yet.
    pub(super) fn new<const COLUMNS: usize>(columns: [&str; COLUMNS]) -> Self {
        let rule = columns.map(|_| "---").join(" | ");
        Self { text: format!("| {} |\n| {rule} |\n", columns.join(" | ")) }
    }

    /// Adds a row; its cells are Markdown already.
    pub(super) fn row<const COLUMNS: usize>(&mut self, cells: &[String; COLUMNS]) {
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }

    /// The whole table.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A text from outside as one line that shows as it is and cannot leave its cell.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in crate::text::one_line(text).chars() {
        if matches!(letter, '\\' | '|' | '<' | '>' | '`' | '[' | ']' | '*' | '&' | '~') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// The journal's number of a fact.
pub(super) fn evidence(seq: u64) -> String {
    format!("E-{seq}")
}

/// To the second, in UTC.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Like [`instant`], or that it is unknown.
pub(super) fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "unknown".to_owned(), instant)
}

/// From one instant to another, to the second; negative when the other is earlier.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    nines_base::format_duration(SignedDuration::from_secs(to.duration_since(from).as_secs()))
}

/// With thousands apart: `63 000`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A share in billionths as percent with three decimals, rounded up: no impact looks smaller than it is.
pub(super) fn share(billionths: i128) -> String {
    // A thousandth of a percent is 10^4 billionths.
    let thousandths = -(-billionths).div_euclid(10_000);
    let (sign, size) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
    format!("{sign}{}.{:03} %", size / 1_000, size % 1_000)
}

#[cfg(test)]
mod tests;
