//! JSON as Go writes it, so that receivers see the same bytes as from Alertmanager.

use std::fmt::Write as _;

/// A text in quotes; what could end a script in a page is escaped too.
///
/// Source: the documentation of Go's package `encoding/json`, `HTMLEscape`.
pub(super) fn text(out: &mut String, text: &str) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escape(out, it),
            it if it < ' ' => escape(out, it),
            it => out.push(it),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, it: char) {
    write!(out, "\\u{:04x}", u32::from(it)).expect("a text takes all");
}

/// `{"name":"value"}`, in the order of the pairs.
pub(super) fn pairs<'p>(out: &mut String, pairs: impl Iterator<Item = (&'p str, &'p str)>) {
    out.push('{');
    for (index, (name, value)) in pairs.enumerate() {
        if 0 < index {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        text(out, value);
    }
    out.push('}');
}
