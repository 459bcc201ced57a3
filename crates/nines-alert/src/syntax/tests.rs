use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(texts: &[&str], expect: &Expect) {
    let mut out = String::new();
    for text in texts {
        match parse_matchers(text) {
            Ok(Parsed { matchers, warning }) => {
                writeln!(out, "{text:?}: {}", write_matchers(&matchers)).unwrap();
                if let Some(it) = warning {
                    writeln!(out, "    warning: {it}").unwrap();
                }
            }
            Err(error) => writeln!(out, "{text:?}: error at {}: {error}", error.at).unwrap(),
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn both_readings_agree_on_what_people_write() {
    check(
        &[
            "",
            "{}",
            "a=b",
            "{a=\"b\"}",
            "{ a != \"b\" , c=~\"d.*\",e!~\"f|g\", }",
            "a=\"\"",
            "a=\"b,c\",d=\"{}\"",
            "a=\"say \\\"hi\\\"\\n\\\\\"",
            "alert:name=\"ü\"",
        ],
        &expect![[r#"
            "": {}
            "{}": {}
            "a=b": {a="b"}
            "{a=\"b\"}": {a="b"}
            "{ a != \"b\" , c=~\"d.*\",e!~\"f|g\", }": {a!="b",c=~"d.*",e!~"f|g"}
            "a=\"\"": {a=""}
            "a=\"b,c\",d=\"{}\"": {a="b,c",d="{}"}
            "a=\"say \\\"hi\\\"\\n\\\\\"": {a="say \"hi\"\n\\"}
            "alert:name=\"ü\"": {alert:name="ü"}
        "#]],
    );
}

#[test]
fn names_in_any_script_are_for_the_new_reading_alone() {
    check(
        &["ünï=b", "\"a b\"=c", "\"\\u00fc\"=\"\\x41\\102\"", "a.b=\"c\"", "1a=b", "🙂=\"🙃\""],
        &expect![[r#"
            "ünï=b": {ünï="b"}
            "\"a b\"=c": {"a b"="c"}
            "\"\\u00fc\"=\"\\x41\\102\"": {ü="AB"}
            "a.b=\"c\"": {a.b="c"}
            "1a=b": {1a="b"}
            "🙂=\"🙃\"": {🙂="🙃"}
        "#]],
    );
}

#[test]
fn what_only_the_classic_reading_accepts_counts_with_a_warning() {
    check(
        &[
            "a=",
            "a==b",
            "a=b c",
            "a=~b=c",
            "a={b}",
            "{a=b",
            "a=b}",
            "a=\"\\d+\"",
            "a='b'",
            "a=\"b\nc\"",
        ],
        &expect![[r#"
            "a=": {a=""}
                warning: only the classic syntax accepts this (expected a value, not the end); write {a=""}
            "a==b": {a="=b"}
                warning: only the classic syntax accepts this (expected a value, not `=`); write {a="=b"}
            "a=b c": {a="b c"}
                warning: only the classic syntax accepts this (expected `,`, not `c`); write {a="b c"}
            "a=~b=c": {a=~"b=c"}
                warning: only the classic syntax accepts this (expected `,`, not `=`); write {a=~"b=c"}
            "a={b}": {a="{b"}
                warning: only the classic syntax accepts this (expected a value, not `{`); write {a="{b"}
            "{a=b": {a="b"}
                warning: only the classic syntax accepts this (expected `}`, not the end); write {a="b"}
            "a=b}": {a="b"}
                warning: only the classic syntax accepts this (expected `,`, not `}`); write {a="b"}
            "a=\"\\d+\"": {a="\\d+"}
                warning: only the classic syntax accepts this (there is no such escape); write {a="\\d+"}
            "a='b'": {a="'b'"}
                warning: only the classic syntax accepts this (expected a value, not `'`); write {a="'b'"}
            "a=\"b\nc\"": {a="b\nc"}
                warning: only the classic syntax accepts this (a line ends inside of quotes); write {a="b\nc"}
        "#]],
    );
}

#[test]
fn where_they_disagree_the_classic_reading_counts() {
    check(
        &["a=\"\\x41\"", "a=\"\\t\"", "a=~\"\\u00fc\""],
        &expect![[r#"
        "a=\"\\x41\"": {a="\\x41"}
            warning: the classic syntax counts, though this could also mean {a="A"}; write {a="\\x41"}
        "a=\"\\t\"": {a="\\t"}
            warning: the classic syntax counts, though this could also mean {a="	"}; write {a="\\t"}
        "a=~\"\\u00fc\"": {a=~"\\u00fc"}
            warning: the classic syntax counts, though this could also mean {a=~"ü"}; write {a=~"\\u00fc"}
    "#]],
    );
}

#[test]
fn what_is_no_matcher_is_refused_with_its_place() {
    check(
        &[
            ",",
            ",a=b",
            "a=b,,c=d",
            "a",
            "=b",
            "a b",
            "\"\"=b",
            "a=\"b",
            "a=b\"c",
            "{\"a\"=b",
            "{\"a\"=b}}",
            "a=~\"(\"",
            "\"a\"~b",
            "\"a\"=\"\\q\"",
            "\"a\"=\"\\xff\"",
        ],
        &expect![[r#"
            ",": error at 0: expected the name of a label, not `,`
            ",a=b": error at 0: expected the name of a label, not `,`
            "a=b,,c=d": error at 4: expected the name of a label, not `,`
            "a": error at 1: expected one of `=`, `!=`, `=~`, `!~`, not the end
            "=b": error at 0: expected the name of a label, not `=`
            "a b": error at 2: expected one of `=`, `!=`, `=~`, `!~`, not `b`
            "\"\"=b": error at 0: the name of a label is empty
            "a=\"b": error at 2: a quote is not closed
            "a=b\"c": error at 3: expected `,`, not `"`
            "{\"a\"=b": error at 6: expected `}`, not the end
            "{\"a\"=b}}": error at 7: expected the end, not `}`
            "a=~\"(\"": error at 0: `(` is not a regular expression
            "\"a\"~b": error at 3: expected one of `=`, `!=`, `=~`, `!~`, not `~`
            "\"a\"=\"\\q\"": error at 4: there is no such escape
            "\"a\"=\"\\xff\"": error at 4: the text is not UTF-8
        "#]],
    );
    let long = format!("a={}", "b".repeat(TEXT_BYTES_MAX));
    assert_eq!(
        parse_matchers(&long).unwrap_err().to_string(),
        "matchers are longer than 65536 bytes"
    );
}

#[test]
fn one_matcher_is_one_matcher() {
    assert_eq!(parse_matcher("a=b").unwrap(), (Matcher::equal("a", "b"), None));
    assert_eq!(parse_matcher("{}").unwrap_err().to_string(), "there must be one matcher, not 0");
    assert_eq!(
        parse_matcher("a=b,c=d").unwrap_err().to_string(),
        "there must be one matcher, not 2"
    );
}

fn any_matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    let value = prop_oneof![".{0,8}", "[a-z\\\\\"\n,{} ]{0,8}"];
    (prop_oneof!["[a-z_:]{1,4}", ".{1,4}"], op, value)
        .prop_filter_map("not an expression", |(name, op, value)| {
            Matcher::new(&name, op, &value).ok()
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(matchers in vec(any_matcher(), 0..5)) {
        let text = write_matchers(&matchers);
        let parsed = parse_matchers(&text);
        prop_assert_eq!(parsed, Ok(Parsed { matchers, warning: None }), "{}", text);
    }

    #[test]
    fn any_text_is_read_without_panic(text in r#"([a-c"\\{}=~!, \n'`]|\PC|\\u00|\\x4){0,16}"#) {
        if let Err(error) = parse_matchers(&text) {
            prop_assert!(text.is_char_boundary(error.at), "{}", error.at);
        }
    }

    /// A text that both readings accept means what the classic one says.
    #[test]
    fn the_classic_reading_counts(text in r#"[a-c]=("[a-c,\\"]{0,5}"|[a-c\\ ]{0,5})(,[a-c]!=[a-c]{0,2})?"#) {
        if let Ok(classic) = classic::read(&text) {
            prop_assert_eq!(parse_matchers(&text).unwrap().matchers, classic);
        }
    }
}
