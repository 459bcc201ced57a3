//! The classic reading: split at commas outside of quotes, then each part by itself.

use nines_base::Matcher;

use super::{SyntaxError, matcher, operator};

/// What may stand around names, operators and values.
const SPACE: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

pub(super) fn read(text: &str) -> Result<Vec<Matcher>, SyntaxError> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let start = usize::from(inner.len() < text.len() && text.starts_with('{'));
    parts(inner).into_iter().map(|(at, part)| read_one(start + at, part)).collect()
}

/// The parts between commas, with their places; what follows the last comma counts only if something is there.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let (mut parts, mut rest, mut at) = (Vec::new(), text, 0);
    while let Some((part, next)) = rest.get(comma(rest)..).and_then(|it| {
        let next = it.strip_prefix(',')?;
        Some((rest.strip_suffix(it)?, next))
    }) {
        parts.push((at, part));
        at += part.len() + 1;
        rest = next;
    }
    if !rest.trim().is_empty() {
        parts.push((at, rest));
    }
    parts
}

/// Where the first comma outside of quotes is, or the end.
fn comma(text: &str) -> usize {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, it) in text.char_indices() {
        match it {
            ',' if !is_quoted => return at,
            '"' if is_escaped => is_escaped = false,
            '"' => is_quoted = !is_quoted,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

fn read_one(at: usize, text: &str) -> Result<Matcher, SyntaxError> {
    let bad = || SyntaxError::new(at, format!("`{}` is not a matcher", text.trim_matches(SPACE)));
    let text = text.trim_matches(SPACE);
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
    let rest = text.trim_start_matches(is_part);
    let name = text.strip_suffix(rest).filter(|it| !it.is_empty()).ok_or_else(bad)?;
    if name.starts_with(|it: char| it.is_ascii_digit()) {
        return Err(bad());
    }
    let (op, value) = operator(rest.trim_start_matches(SPACE)).ok_or_else(bad)?;
    matcher(at, name, op, &unescaped(at, value.trim_start_matches(SPACE))?)
}

/// A value with or without quotes; a backslash before anything but `n`, `"` and itself is meant.
fn unescaped(at: usize, raw: &str) -> Result<String, SyntaxError> {
    let quote = || SyntaxError::new(at, format!("there is a quote inside of the value `{raw}`"));
    let (text, mut is_open) = raw.strip_prefix('"').map_or((raw, false), |it| (it, true));
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(it) = chars.next() {
        match it {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(it @ ('"' | '\\')) => value.push(it),
                other => value.extend(['\\'].into_iter().chain(other)),
            },
            '"' if is_open && chars.as_str().is_empty() => is_open = false,
            '"' => return Err(quote()),
            it => value.push(it),
        }
    }
    if is_open { Err(quote()) } else { Ok(value) }
}
