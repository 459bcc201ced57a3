//! Where something that an SLO says was written: looked for in its document.

use crate::finding::Span;
use crate::node;

/// The place of `part` within `whole`, or of `whole` where there is no such part, in the document at this line. What was
/// written in another way than it is meant, such as with escapes, is found at the beginning of its document.
pub(super) fn of(text: &str, line: u32, whole: &str, part: &str) -> Span {
    let from = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let before: usize = text.split_inclusive('\n').take(from).map(str::len).sum();
    let documents = node::documents(text);
    let found = documents.iter().rfind(|(start, _)| *start <= before);
    let (start, document) = found.copied().unwrap_or((0, text));
    let Some(at) = document.find(whole).filter(|_| !whole.is_empty()) else {
        let len = text.get(before..).and_then(|it| it.lines().next()).map_or(0, str::len);
        return Span { start: before, len };
    };
    match whole.find(part) {
        Some(inner) if !part.is_empty() => Span { start: start + at + inner, len: part.len() },
        _ => Span { start: start + at, len: whole.len() },
    }
}
