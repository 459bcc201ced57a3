use super::*;

#[test]
fn a_cut_falls_between_characters_and_keeps_the_limit() {
    for bytes_max in 3..12 {
        let cut = cut("äöüäöüäöü", bytes_max);
        assert!(cut.len() <= bytes_max && cut.ends_with('…'), "{bytes_max}: {cut}");
    }
    assert_eq!(cut("short", 5), "short");
}

#[test]
fn a_line_has_no_breaks() {
    assert_eq!(one_line(" a\n\tb  c\r\n"), "a b c");
}
