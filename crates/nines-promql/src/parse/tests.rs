use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::parse;
use crate::{QueryError, check, format_query};

/// The query as it was understood, or the error with its place.
fn read(query: &str) -> String {
    match check(query) {
        Ok(_) => parse(query).unwrap().to_string(),
        Err(error) => error.located(query),
    }
}

fn read_all(queries: &[&str], expect: &Expect) {
    let lines: Vec<_> = queries.iter().map(|it| format!("{it}\n  {}\n", read(it))).collect();
    expect.assert_eq(&lines.concat());
}

#[test]
fn numbers_have_many_forms() {
    read_all(
        &[
            "0x1F", "017", "1_000.5", "1e3", ".5", "5.", "Inf", "+iNf", "-inf", "NaN", "1h30m",
            "5m", "1_", "0x", "08", "1e", "2.5m",
        ],
        &expect![[r#"
            0x1F
              31
            017
              15
            1_000.5
              1000.5
            1e3
              1000
            .5
              0.5
            5.
              5
            Inf
              +Inf
            +iNf
              +Inf
            -inf
              -Inf
            NaN
              NaN
            1h30m
              1h30m
            5m
              5m
            1_
              1:1: parse error: bad number or duration syntax: "1_"
            0x
              1:1: parse error: error parsing number: "0x"
            08
              8
            1e
              1:1: parse error: bad number or duration syntax: "1e"
            2.5m
              1:1: parse error: not a valid duration string: "2.5m"
        "#]],
    );
}

#[test]
fn durations_have_units_that_fall_and_may_be_computed() {
    read_all(
        &[
            "a[1h30m5s]",
            "a[90]",
            "a[0.5]",
            "a[2 * 3m]",
            "a[-(-5m)]",
            "a[2^3]",
            "a[7m % 4m]",
            "a[step()]",
            "a[max_of(5m, range() / 2)]",
            "a[1h:step() * 2]",
            "a offset -5m",
            "a offset (1m + 30s)",
            "a[5m30h]",
            "a[5m5m]",
            "a[1.5m]",
            "a[1m - 2m]",
            "a[5m / 0]",
            "a[5m",
            "a[]",
        ],
        &expect![[r#"
            a[1h30m5s]
              a[1h30m5s]
            a[90]
              a[1m30s]
            a[0.5]
              a[500ms]
            a[2 * 3m]
              a[2s * 3m]
            a[-(-5m)]
              a[-(-5m)]
            a[2^3]
              a[2s ^ 3s]
            a[7m % 4m]
              a[7m % 4m]
            a[step()]
              a[step()]
            a[max_of(5m, range() / 2)]
              a[max_of(5m, range() / 2s)]
            a[1h:step() * 2]
              a[1h:step() * 2s]
            a offset -5m
              a offset -5m
            a offset (1m + 30s)
              a offset (1m + 30s)
            a[5m30h]
              1:3: parse error: not a valid duration string: "5m30h"
            a[5m5m]
              1:3: parse error: not a valid duration string: "5m5m"
            a[1.5m]
              1:3: parse error: not a valid duration string: "1.5m"
            a[1m - 2m]
              a[1m - 2m]
            a[5m / 0]
              1:6: parse error: division by zero
            a[5m
              1:5: parse error: unclosed left bracket
            a[]
              1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()
        "#]],
    );
}

#[test]
fn strings_have_escapes_and_three_kinds_of_quotes() {
    read_all(
        &[
            r#""a\tb\"c""#,
            r"'it\'s'",
            r"`raw\n`",
            r#""\x41\u00e9\U0001F600\101""#,
            r#""\xff""#,
            r#""\q""#,
            r#""\400""#,
            r#""\ud800""#,
            "\"a\nb\"",
            "\"open",
            "`open",
        ],
        &expect![[r#"
            "a\tb\"c"
              "a\tb\"c"
            'it\'s'
              "it's"
            `raw\n`
              "raw\\n"
            "\x41\u00e9\U0001F600\101"
              "Aé😀A"
            "\xff"
              "�"
            "\q"
              1:1: parse error: unknown escape sequence '\q'
            "\400"
              1:1: parse error: error unquoting string "\400": invalid syntax
            "\ud800"
              1:1: parse error: error unquoting string "\ud800": invalid syntax
            "a
            b"
              1:1: parse error: unterminated quoted string
            "open
              1:1: parse error: unterminated quoted string
            `open
              1:1: parse error: unterminated raw string
        "#]],
    );
}

#[test]
fn keywords_are_names_where_no_keyword_can_stand() {
    read_all(
        &[
            "sum",
            "sum{by=\"a\"}",
            "sum(sum)",
            "by",
            "bool",
            "offset",
            "start",
            "end + 1",
            "inf{a=\"b\"}",
            "step",
            "anchored",
            "smoothed",
            "fill",
            "sum by (by, on, sum) (a)",
            "a and on (and) b",
            "atan2",
            "and",
            "max_of + avg",
            "ON + on",
            "range",
        ],
        &expect![[r#"
            sum
              sum
            sum{by="a"}
              sum{by="a"}
            sum(sum)
              sum(sum)
            by
              by
            bool
              1:1: parse error: unexpected <bool>
            offset
              offset
            start
              start
            end + 1
              end + 1
            inf{a="b"}
              1:4: parse error: unexpected "{"
            step
              step
            anchored
              anchored
            smoothed
              smoothed
            fill
              fill
            sum by (by, on, sum) (a)
              sum by (by, on, sum) (a)
            a and on (and) b
              a and on (and) b
            atan2
              1:1: parse error: unexpected <op:atan2>
            and
              and
            max_of + avg
              max_of + avg
            ON + on
              1:1: parse error: unexpected <on>
            range
              range
        "#]],
    );
}

#[test]
fn names_of_any_letters_are_quoted() {
    read_all(
        &[
            r#"{"http.requests"}"#,
            r#"{"http.requests", "label with space"="x"}"#,
            r#"{"up"}"#,
            r#"{'näme'=~"x.*"}"#,
            r#"sum by ("a.b", c) ({"m.n"})"#,
            r#"a + on ("x.y") group_left ("z z") b"#,
            r#"{"a", "b"}"#,
            r#"m{"n"}"#,
            r#"m{__name__="n"}"#,
            r#"{"a"="b""#,
            r#"{""}"#,
        ],
        &expect![[r#"
            {"http.requests"}
              {__name__="http.requests"}
            {"http.requests", "label with space"="x"}
              {"label with space"="x",__name__="http.requests"}
            {"up"}
              {__name__="up"}
            {'näme'=~"x.*"}
              {"näme"=~"x.*"}
            sum by ("a.b", c) ({"m.n"})
              sum by ("a.b", c) ({__name__="m.n"})
            a + on ("x.y") group_left ("z z") b
              a + on ("x.y") group_left ("z z") b
            {"a", "b"}
              1:1: parse error: metric name must not be set twice: "a" or "b"
            m{"n"}
              1:1: parse error: metric name must not be set twice: "m" or "n"
            m{__name__="n"}
              1:1: parse error: metric name must not be set twice: "m" or "n"
            {"a"="b"
              1:9: parse error: unexpected end of input inside braces
            {""}
              1:1: parse error: vector selector must contain at least one non-empty matcher
        "#]],
    );
}

#[test]
fn operators_bind_in_seven_levels() {
    let read = |query: &str| format!("{query}\n{}\n", check(query).unwrap().explain());
    let queries = [
        "a + b * c ^ d ^ e",
        "-a ^ 2",
        "a or b and c unless d",
        "a == bool b + 1",
        "a - b - c",
        "a atan2 b / c % d",
        "a </ 1 + b >/ 2",
        "+-+a",
    ];
    expect![[r#"
        a + b * c ^ d ^ e
        +
          select a
          *
            select b
            ^
              select c
              ^
                select d
                select e

        -a ^ 2
        negate
          ^
            select a
            number 2

        a or b and c unless d
        or
          select a
          unless
            and
              select b
              select c
            select d

        a == bool b + 1
        == bool
          select a
          +
            select b
            number 1

        a - b - c
        -
          -
            select a
            select b
          select c

        a atan2 b / c % d
        %
          /
            atan2
              select a
              select b
            select c
          select d

        a </ 1 + b >/ 2
        >/
          </
            select a
            +
              number 1
              select b
          number 2

        +-+a
        negate
          select a

    "#]]
    .assert_eq(&queries.map(read).concat());
}

#[test]
fn modifiers_have_one_printed_form() {
    read_all(
        &[
            "a offset 5m @ 10",
            "a @ 10.5 offset 5m",
            "a @ start()",
            "a[5m] @ end() offset 1m",
            "a[1h:] @ -3",
            "a[5m] anchored",
            "a smoothed offset 5m",
            "a[5m] smoothed @ 5",
            "sum(a) by (b)",
            "sum without (b,) (a)",
            "topk(5, a) by (b)",
            "a * on() group_left() b",
            "a + fill (0) b",
            "a + on (x) fill_left (1) fill_right (2) b",
            "(a)[5m:1m]",
            "(a + b)[5m:1m] offset 3m",
            "a offset 5m offset 6m",
            "a @ 1 @ 2",
            "sum(a)[5m]",
            "1 offset 5m",
            "a[5m][5m]",
            "a anchored anchored",
            "a == fill (0) b",
            "a and fill (0) b",
        ],
        &expect![[r#"
            a offset 5m @ 10
              a @ 10.000 offset 5m
            a @ 10.5 offset 5m
              a @ 10.500 offset 5m
            a @ start()
              a @ start()
            a[5m] @ end() offset 1m
              a[5m] @ end() offset 1m
            a[1h:] @ -3
              a[1h:] @ -3.000
            a[5m] anchored
              a[5m] anchored
            a smoothed offset 5m
              a smoothed offset 5m
            a[5m] smoothed @ 5
              a[5m] smoothed @ 5.000
            sum(a) by (b)
              sum by (b) (a)
            sum without (b,) (a)
              sum without (b) (a)
            topk(5, a) by (b)
              topk by (b) (5, a)
            a * on() group_left() b
              a * on () group_left () b
            a + fill (0) b
              a + fill (0) b
            a + on (x) fill_left (1) fill_right (2) b
              a + on (x) fill_left (1) fill_right (2) b
            (a)[5m:1m]
              (a)[5m:1m]
            (a + b)[5m:1m] offset 3m
              (a + b)[5m:1m] offset 3m
            a offset 5m offset 6m
              1:1: parse error: offset may not be set multiple times
            a @ 1 @ 2
              1:1: parse error: @ <timestamp> may not be set multiple times
            sum(a)[5m]
              1:7: parse error: ranges only allowed for vector selectors
            1 offset 5m
              1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery
            a[5m][5m]
              1:6: parse error: ranges only allowed for vector selectors
            a anchored anchored
              1:1: parse error: anchored modifier may not be set multiple times
            a == fill (0) b
              a == fill (0) b
            a and fill (0) b
              1:3: parse error: filling in missing series is only allowed between instant vectors, and not for set operators
        "#]],
    );
}

#[test]
fn an_error_says_where_it_is() {
    read_all(
        &[
            "sum(",
            "sum)",
            "a b",
            "a{b}",
            "a{b=}",
            "a{b=\"c\" d=\"e\"}",
            "a{b==\"c\"}",
            "rate(a)",
            "rate(a[5m], 1)",
            "rate()",
            "foo(a)",
            "a +",
            "* a",
            "a + \n\n  + )",
            "a # comment\n )",
            "sum by a (b)",
            "topk(a)",
            "sum(a, b)",
            "{}",
            "{a=\"\"}",
            "a{b=~\"[\"}",
            "a @ b",
            "a offset b",
            "a[5m] + 1",
            "\"a\" + 1",
            "1 and 2",
            "a > bool",
            "a + bool b",
            "a on (b) c",
            "a + on (b) group_left (b) c",
            "a and on (b) group_left c",
            "a;b",
            "a & b",
            "a = b",
            "ä",
            "sum(a) by (1)",
            "label_replace(a, \"b\")",
            "a{",
            "[5m]",
            "a[5m:5m:5m]",
            "-'a'",
        ],
        &expect![[r#"
            sum(
              1:5: parse error: unclosed left parenthesis
            sum)
              1:4: parse error: unexpected right parenthesis ')'
            a b
              1:3: parse error: unexpected identifier "b"
            a{b}
              1:4: parse error: unexpected "}" in label matching, expected label matching operator
            a{b=}
              1:5: parse error: unexpected "}" in label matching, expected string
            a{b="c" d="e"}
              1:9: parse error: unexpected identifier "d" in label matching, expected "," or "}"
            a{b=="c"}
              1:5: parse error: unexpected "=" in label matching, expected string
            rate(a)
              1:6: parse error: expected type range vector in call to function "rate", got instant vector
            rate(a[5m], 1)
              1:1: parse error: expected 1 argument(s) in call to "rate", got 2
            rate()
              1:1: parse error: expected 1 argument(s) in call to "rate", got 0
            foo(a)
              1:1: parse error: unknown function with name "foo"
            a +
              1:4: parse error: unexpected end of input
            * a
              1:1: parse error: unexpected <op:*>
            a + 

              + )
              3:5: parse error: unexpected right parenthesis ')'
            a # comment
             )
              2:2: parse error: unexpected right parenthesis ')'
            sum by a (b)
              1:8: parse error: unexpected identifier "a" in grouping opts, expected "("
            topk(a)
              1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1
            sum(a, b)
              1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2
            {}
              1:1: parse error: vector selector must contain at least one non-empty matcher
            {a=""}
              1:1: parse error: vector selector must contain at least one non-empty matcher
            a{b=~"["}
              1:6: parse error: unclosed character class in the regular expression [
            a @ b
              1:5: parse error: unexpected identifier "b" in @, expected timestamp
            a offset b
              1:10: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()
            a[5m] + 1
              1:1: parse error: binary expression must contain only scalar and instant vector types
            "a" + 1
              1:1: parse error: binary expression must contain only scalar and instant vector types
            1 and 2
              1:1: parse error: set operator "and" not allowed in binary scalar expression
            a > bool
              1:9: parse error: unexpected end of input
            a + bool b
              1:3: parse error: bool modifier can only be used on comparison operators
            a on (b) c
              1:3: parse error: unexpected <on>
            a + on (b) group_left (b) c
              1:3: parse error: label "b" must not occur in ON and GROUP clause at once
            a and on (b) group_left c
              1:1: parse error: no grouping allowed for "and" operation
            a;b
              1:2: parse error: unexpected character: ';'
            a & b
              1:3: parse error: unexpected character: '&'
            a = b
              1:3: parse error: unexpected "="
            ä
              1:1: parse error: unexpected character: 'ä'
            sum(a) by (1)
              1:12: parse error: unexpected number "1" in grouping opts, expected label
            label_replace(a, "b")
              1:1: parse error: expected 5 argument(s) in call to "label_replace", got 2
            a{
              1:3: parse error: unexpected end of input inside braces
            [5m]
              1:1: parse error: unexpected "["
            a[5m:5m:5m]
              1:8: parse error: unexpected ":" in subquery selector, expected "]"
            -'a'
              1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"
        "#]],
    );
}

#[test]
fn a_long_query_is_laid_out_over_lines() {
    let layout = |query: &str| format_query(query).unwrap() + "\n\n";
    let queries = [
        "sum(a)",
        r#"sum by (job, instance) (rate(http_requests_total{job="shop", instance=~"host-[0-9]+", code!~"4..|5.."}[5m])) / on (job, instance) group_left (team) sum by (job, instance, team) (rate(http_requests_all_total{job="shop"}[5m])) > bool 0.001"#,
        r#"histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket{job="shop", handler="/checkout"}[5m])))"#,
        r#"max_over_time(sum by (job) (rate(http_requests_total{job="shop", instance=~"host-[0-9]+"}[5m]))[1d:5m] offset 1w) - -avg_over_time(http_requests_total[5m])"#,
        r#"label_replace(a_metric_with_a_long_name{job="shop"}, "a_label_with_a_long_name", "$1-$2", "another_label", "(.*)-(.*)")"#,
    ];
    expect![[r#"
        sum(a)

            sum by (job, instance) (
              rate(http_requests_total{code!~"4..|5..",instance=~"host-[0-9]+",job="shop"}[5m])
            )
          / on (job, instance) group_left (team)
            sum by (job, instance, team) (rate(http_requests_all_total{job="shop"}[5m]))
        > bool
          0.001

        histogram_quantile(
          0.99,
          sum by (le, job) (rate(http_request_duration_seconds_bucket{handler="/checkout",job="shop"}[5m]))
        )

          max_over_time(
            sum by (job) (rate(http_requests_total{instance=~"host-[0-9]+",job="shop"}[5m]))[1d:5m] offset 1w
          )
        -
          -avg_over_time(http_requests_total[5m])

        label_replace(
          a_metric_with_a_long_name{job="shop"},
          "a_label_with_a_long_name",
          "$1-$2",
          "another_label",
          "(.*)-(.*)"
        )

    "#]].assert_eq(&queries.map(layout).concat());
}

proptest! {
    #[test]
    fn an_error_lies_within_the_query(text in r#"[a-c(){}\[\]"=+*5m,\. ä#\n]{0,30}"#) {
        if let Err(QueryError::Parse { at: Some(at), .. }) = check(&text) {
            prop_assert!(at <= text.len() && text.is_char_boundary(at), "{at}");
        }
    }

    #[test]
    fn a_number_keeps_its_value_in_print(value in proptest::num::f64::ANY) {
        let shown = format!("{value:e}").replace("inf", "Inf");
        let printed = parse(&shown).unwrap().to_string();
        let Ok(query) = check(&printed) else { panic!("{printed}") };
        let limits = crate::QueryLimits::default();
        let answer = query.instant(&Empty, 0, &limits).unwrap();
        let crate::Value::Scalar(it) = answer.value else { panic!("no scalar") };
        prop_assert!(it.value.to_bits() == value.to_bits() || (it.value.is_nan() && value.is_nan()), "{printed}");
    }
}

/// No series.
struct Empty;

impl crate::SeriesSource for Empty {
    fn select(
        &self,
        _: &[nines_base::Matcher],
        _: i64,
        _: i64,
        _: &crate::SelectLimits,
    ) -> Result<Vec<crate::SeriesSamples>, crate::SourceError> {
        Ok(Vec::new())
    }
}
