use expect_test::{Expect, expect};
use nines_base::Matcher;
use proptest::prelude::*;

use super::{check, fuzz, parse_selector};
use crate::QUERY_BYTES_MAX;

fn shown(matchers: &[Matcher]) -> String {
    let texts: Vec<_> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(", "))
}

/// Type and selectors, or the message.
fn checked(query: &str) -> String {
    match check(query) {
        Ok(it) => {
            let selectors: Vec<_> = it.selectors().iter().map(|it| shown(it)).collect();
            format!("{} {}", it.value_type(), selectors.join(" "))
        }
        Err(error) => error.to_string(),
    }
}

fn check_all(queries: &[&str], expect: &Expect) {
    let lines: Vec<_> = queries.iter().map(|it| format!("{it}\n  {}\n", checked(it))).collect();
    expect.assert_eq(&lines.concat());
}

#[test]
fn a_query_has_a_type_and_selectors() {
    check_all(
        &[
            "1 + 2",
            "'text'",
            "up",
            "up[5m]",
            "up[1h:1m]",
            r#"sum by (job) (rate(errors_total{code=~"5.."}[5m])) / on (job) sum by (job) (total)"#,
            "scalar(up) + time()",
        ],
        &expect![[r#"
            1 + 2
              scalar 
            'text'
              string 
            up
              vector {__name__="up"}
            up[5m]
              matrix {__name__="up"}
            up[1h:1m]
              matrix {__name__="up"}
            sum by (job) (rate(errors_total{code=~"5.."}[5m])) / on (job) sum by (job) (total)
              vector {__name__="errors_total", code=~"5.."} {__name__="total"}
            scalar(up) + time()
              scalar {__name__="up"}
        "#]],
    );
}

#[test]
fn mistakes_are_refused_with_a_reason() {
    check_all(
        &[
            "",
            "sum(",
            "rate(up)",
            "nonsense(up)",
            "up > bool",
            "1 > 2",
            "up and 1",
            "up[0s]",
            "up offset NaN",
            "up[1e300]",
            "{}",
            r#"up{job=~"("}"#,
            "info(up)",
            "count_values(1, up)",
            r#"{a="1" or b="2"}"#,
        ],
        &expect![[r#"

              invalid query: no expression found in input
            sum(
              invalid query: unclosed left parenthesis
            rate(up)
              invalid query: expected type range vector in call to function "rate", got instant vector
            nonsense(up)
              invalid query: unknown function with name "nonsense"
            up > bool
              invalid query: unexpected end of input
            1 > 2
              invalid query: comparisons between scalars must use BOOL modifier
            up and 1
              invalid query: set operator "and" not allowed in binary scalar expression
            up[0s]
              invalid query: duration must be greater than 0
            up offset NaN
              invalid query: duration out of range
            up[1e300]
              invalid query: duration out of range
            {}
              invalid query: vector selector must contain at least one non-empty matcher
            up{job=~"("}
              invalid query: unclosed group in the regular expression (
            info(up)
              vector {__name__="up"} {__name__="target_info"}
            count_values(1, up)
              invalid query: expected type string in aggregation parameter, got scalar
            {a="1" or b="2"}
              invalid query: unexpected identifier "or" in label matching, expected "," or "}"
        "#]],
    );
}

#[test]
fn depth_and_length_have_limits() {
    let nested = |depth: usize| format!("{}1{}", "-(".repeat(depth), ")".repeat(depth));
    assert!(check(&nested(60)).is_ok());
    let too_much = [
        nested(1_000),
        nested(100_000),
        "1+".repeat(1_500) + "1",
        "a or ".repeat(1_900) + "a",
        "a or ".repeat(25_000) + "a",
        "1+".repeat(60_000),
        " ".repeat(QUERY_BYTES_MAX + 1),
    ];
    let messages = too_much.map(|it| format!("{}\n", check(&it).unwrap_err()));
    expect![[r#"
        invalid query: expressions are nested deeper than 128
        invalid query: a query has at most 131072 bytes
        invalid query: expressions are nested deeper than 128
        invalid query: expressions are nested deeper than 128
        invalid query: a query has at most 8192 words, brackets and operators
        invalid query: a query has at most 8192 words, brackets and operators
        invalid query: a query has at most 131072 bytes
    "#]]
    .assert_eq(&messages.concat());
    // Text in quotes is no nesting, nor are comments; after a comment the query goes on.
    let commented = format!("1 # {}'\n + {}", "(".repeat(300), nested(300));
    assert!(check(&commented).is_err());
    assert!(check(&format!("1 # {}'\n + 1", "(".repeat(300))).is_ok());
    assert!(check(&format!("'{}'", "(".repeat(50_000))).is_ok());
}

#[test]
fn a_selector_is_read_alone() {
    let read = |text: &str| match parse_selector(text) {
        Ok(it) => shown(&it),
        Err(error) => error.to_string(),
    };
    let texts = [
        r#"up{job="shop", code!~"2.."}"#,
        r#"{__name__=~"a|b"}"#,
        "up[5m]",
        "up offset 5m",
        "1",
        "sum(up)",
    ];
    let lines: Vec<_> = texts.iter().map(|it| format!("{it}\n  {}\n", read(it))).collect();
    expect![[r#"
        up{job="shop", code!~"2.."}
          {__name__="up", job="shop", code!~"2.."}
        {__name__=~"a|b"}
          {__name__=~"a|b"}
        up[5m]
          invalid query: expected a series selector such as `up{job="shop"}`
        up offset 5m
          invalid query: expected a series selector such as `up{job="shop"}`
        1
          invalid query: expected a series selector such as `up{job="shop"}`
        sum(up)
          invalid query: expected a series selector such as `up{job="shop"}`
    "#]]
    .assert_eq(&lines.concat());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        fuzz(text.as_bytes());
        drop(parse_selector(&text));
    }

    #[test]
    fn any_sequence_of_words_is_read_or_refused(words in proptest::collection::vec(word(), 0..20)) {
        fuzz(words.join(" ").as_bytes());
    }
}

/// Words that make texts which are nearly queries.
fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "up",
        "{",
        "}",
        "(",
        ")",
        "[5m]",
        "[1h:1m]",
        "sum",
        "by",
        "rate",
        "and",
        "+",
        "-",
        "/",
        "==",
        "bool",
        "on",
        "ignoring",
        "group_left",
        "offset",
        "@",
        "start()",
        "5m",
        "1",
        "1e3",
        "\"a\"",
        "'b'",
        ",",
        "job",
        "=",
        "=~",
        "histogram_quantile",
        "0.9",
        "label_replace",
        "topk",
        "without",
        "unless",
        "NaN",
        "anchored",
        "smoothed",
        "fill",
        "fill_left(0)",
        "</",
        ">/",
        "step()",
        "[range()]",
        "[-1m:2*3m]",
        "{\"a.b\"}",
        "atan2",
        "^",
        "start",
        "info",
        "0x1f",
        "1h30m",
        "#",
    ])
}
