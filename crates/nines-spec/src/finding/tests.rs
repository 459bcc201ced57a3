use super::*;

#[test]
fn lines_and_columns_count_from_one_and_in_characters() {
    let text = "eins\nzwölf: x\n";
    assert_eq!(line_and_column(text, 0), (1, 1));
    assert_eq!(line_and_column(text, text.find('x').unwrap()), (2, 8));
    assert_eq!(line_and_column(text, 999), (3, 1));
}

#[test]
fn a_span_beyond_the_text_or_inside_a_character_is_cut_to_what_there_is() {
    let at = |start, len| within("aü", Span { start, len });
    assert_eq!(at(2, 1), Span { start: 1, len: 2 });
    assert_eq!(at(50, 9), Span { start: 3, len: 0 });
}

#[test]
fn the_api_gets_the_same_fields_as_the_terminal() {
    let mistake =
        crate::mistake::Mistake::BadShare { text: "0.1".to_owned(), at: Span { start: 5, len: 3 } };
    let finding = Finding::new("gate.yaml", "min: 0.1", &mistake);
    expect_test::expect![[r#"{"code":"N0601","level":"error","file":"gate.yaml","line":1,"column":6,"message":"`0.1` is not a share","help":"write a percentage from 0% to 100%, e.g. `10%`","label":"here","span":{"start":5,"len":3},"fix":null}"#]]
    .assert_eq(&serde_json::to_string(&finding).unwrap());
}
