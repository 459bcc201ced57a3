//! How instants, texts and label sets are written on this wire.

use jiff::Timestamp;
use nines_base::Labels;

/// Go's zero time in seconds, 0001-01-01T00:00:00Z: it means that there is no time.
const ZERO_SECONDS: i64 = -62_135_596_800;

/// A text that should name an instant.
#[derive(Debug, PartialEq)]
pub(super) struct NoInstant {
    pub(super) text: String,
}

/// An instant as RFC 3339; absent, empty, or Go's zero time are none.
pub(super) fn read_instant(text: Option<&str>) -> Result<Option<Timestamp>, NoInstant> {
    let Some(text) = text.filter(|it| !it.is_empty()) else { return Ok(None) };
    let at: Timestamp = text.parse().map_err(|_| NoInstant { text: text.to_owned() })?;
    Ok((at.as_second() != ZERO_SECONDS).then_some(at))
}

/// A JSON text.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a vector takes everything, and texts are JSON");
}

/// A JSON text with milliseconds: `"2026-11-25T20:02:07.069Z"`.
pub(super) fn instant(out: &mut Vec<u8>, at: Timestamp) {
    use std::io::Write as _;
    let ms = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    write!(out, "\"{ms:.3}\"").expect("a vector takes everything");
}

/// A JSON object.
pub(super) fn labels(out: &mut Vec<u8>, labels: &Labels) {
    pairs(out, labels.iter());
}

/// A JSON object of these pairs.
pub(super) fn pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    out.push(b'{');
    for (index, (name, value)) in pairs.enumerate() {
        if index != 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

/// A JSON array of what `item` writes.
pub(super) fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, it) in items.into_iter().enumerate() {
        if index != 0 {
            out.push(b',');
        }
        item(out, it);
    }
    out.push(b']');
}
