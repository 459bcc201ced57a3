//! Limits of texts: what people write is refused when too long, what machines write is cut.

/// The longest title and the longest name of anything, in bytes.
pub const TITLE_BYTES_MAX: usize = 300;
/// The longest note, reason or outcome, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// `text` without the part beyond `bytes_max`; a cut is marked by `…` and falls between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let room = bytes_max.saturating_sub('…'.len_utf8());
    let (head, _) = text.split_at_checked(text.floor_char_boundary(room)).unwrap_or_default();
    format!("{head}…")
}

/// `text` as one line: runs of white space become one space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
