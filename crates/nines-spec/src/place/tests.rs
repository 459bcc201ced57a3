use super::*;

/// What of the written text is found for a part of the meant text.
fn found<'a>(written: &'a str, meant: &str, part: &str) -> &'a str {
    let whole = Span { start: 0, len: written.len() };
    let part = Span { start: meant.find(part).unwrap(), len: part.len() };
    let at = inside(written, whole, meant, part);
    written.get(at.start..at.start + at.len).unwrap()
}

#[test]
fn plain_text_is_itself() {
    assert_eq!(found("up{job=\"größe\"}", "up{job=\"größe\"}", "größe"), "größe");
}

#[test]
fn quotes_and_escapes_are_skipped() {
    assert_eq!(found("'it''s up'", "it's up", "up"), "up");
    assert_eq!(found("'it''s up'", "it's up", "it's"), "it''s");
    assert_eq!(found(r#""up{job=\"x\"}""#, r#"up{job="x"}"#, r#""x""#), r#"\"x\""#);
}

#[test]
fn folded_lines_are_followed() {
    assert_eq!(found("sum(\n    rate(x)\n  )", "sum( rate(x) )", "rate(x)"), "rate(x)");
    assert_eq!(found("one\n  two\n  three", "one\ntwo\nthree", "three"), "three");
}

#[test]
fn what_cannot_be_aligned_is_the_whole() {
    assert_eq!(found(r#""caf\u00e9 x""#, "café x", "x"), r#""caf\u00e9 x""#);
}

proptest::proptest! {
    #[test]
    fn a_place_is_never_outside(written in "\\PC{0,20}", meant in "\\PC{0,20}", start in 0..30_usize, len in 0..30_usize) {
        let whole = Span { start: 0, len: written.len() };
        let at = inside(&written, whole, &meant, Span { start, len });
        proptest::prop_assert!(at.start <= written.len());
        proptest::prop_assert!(written.is_char_boundary(at.start));
    }
}
