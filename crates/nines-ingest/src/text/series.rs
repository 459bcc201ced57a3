//! The part of a line that names its series: `name{label="value"}`.

use nines_base::{Labels, METRIC_NAME};

use super::{is_blank, shown};

/// Reads `name{label="value", …}`, or `{"name", "label"="value"}` where names are free text.
///
/// Source of the quoted form: Prometheus 3, "UTF-8 names".
pub(crate) fn series_labels(text: &str, labels_max: usize) -> Result<Labels, String> {
    let (name, rest) = match text.split_once('{') {
        None => (text, None),
        Some((name, rest)) => (name.trim_end_matches(is_blank), Some(rest)),
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    if !name.is_empty() {
        if !is_name(name, ':') {
            return Err(format!("`{}` is not a metric name", shown(name)));
        }
        pairs.push((METRIC_NAME.to_owned(), name.to_owned()));
    }
    if let Some(rest) = rest {
        pairs.append(&mut label_pairs(rest, labels_max)?);
        if labels_max < pairs.len() {
            return Err(format!("more than {labels_max} labels"));
        }
    }
    let labels = Labels::new(pairs).map_err(|error| error.to_string())?;
    match labels.metric_name() {
        Some(_) => Ok(labels),
        None => Err("a series without a metric name".to_owned()),
    }
}

/// Reads the labels behind an opening brace, up to the closing one.
pub(super) fn label_pairs(text: &str, labels_max: usize) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some((name, value, tail)) = next_label(rest)? {
        pairs.push((name, value));
        if labels_max < pairs.len() {
            return Err(format!("more than {labels_max} labels"));
        }
        rest = tail;
    }
    Ok(pairs)
}

/// The next label with what follows it, or nothing at the closing brace.
fn next_label(text: &str) -> Result<Option<(String, String, &str)>, String> {
    if let Some(tail) = text.strip_prefix('}') {
        return if tail.is_empty() { Ok(None) } else { Err("text after the labels".to_owned()) };
    }
    let (name, rest, quoted) = label_name(text)?;
    let rest = rest.trim_start_matches(is_blank);
    let (name, value, rest) = match rest.strip_prefix('=') {
        Some(rest) => {
            let rest = rest.trim_start_matches(is_blank).strip_prefix('"');
            let rest = rest.ok_or_else(|| format!("no quoted value of `{}`", shown(&name)))?;
            let (value, rest) = quoted_text(rest)?;
            (name, value, rest)
        }
        None if quoted => (METRIC_NAME.to_owned(), name, rest),
        None => return Err(format!("no `=` after the label `{}`", shown(&name))),
    };
    let rest = rest.trim_start_matches(is_blank);
    let rest = match rest.strip_prefix(',') {
        Some(rest) => rest.trim_start_matches(is_blank),
        None if rest.starts_with('}') => rest,
        None => return Err(format!("neither `,` nor `}}` before `{}`", shown(rest))),
    };
    Ok(Some((name, value, rest)))
}

/// A label's name, what follows it, and whether it was in quotes.
fn label_name(text: &str) -> Result<(String, &str, bool), String> {
    if let Some(rest) = text.strip_prefix('"') {
        let (name, rest) = quoted_text(rest)?;
        if name.is_empty() {
            return Err("an empty name".to_owned());
        }
        return Ok((name, rest, true));
    }
    let end = text.find(|it: char| is_blank(it) || matches!(it, '=' | ',' | '}' | '"'));
    let (name, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
    if !is_name(name, '_') {
        return Err(format!("`{}` is not a label name", shown(name)));
    }
    Ok((name.to_owned(), rest, false))
}

/// Letters, digits and underscores, and `extra`; no digit in front.
fn is_name(text: &str, extra: char) -> bool {
    let is_letter = |it: char| it.is_ascii_alphabetic() || it == '_' || it == extra;
    text.starts_with(is_letter) && text.chars().all(|it| is_letter(it) || it.is_ascii_digit())
}

/// Text up to its closing quote, without escapes, and what follows the quote.
///
/// Known escapes are `\\`, `\"` and `\n`; the backslash of any other stays.
pub(super) fn quoted_text(text: &str) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(it) = chars.next() {
        match it {
            '"' => return Ok((out, chars.as_str())),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(it @ ('"' | '\\')) => out.push(it),
                Some(it) => out.extend(['\\', it]),
                None => break,
            },
            it => out.push(it),
        }
    }
    Err("a quoted text that is not closed".to_owned())
}
