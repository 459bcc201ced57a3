use expect_test::{Expect, expect};

use super::calls;

/// For each call the places of its name and of its arguments.
fn check(text: &str, expect: &Expect) {
    let shown = calls(text).into_iter().map(|it| {
        let places: Vec<_> = it.iter().map(ToString::to_string).collect();
        format!("{}\n", places.join(" "))
    });
    expect.assert_eq(&shown.collect::<String>());
}

#[test]
fn nested_calls_come_in_the_order_of_the_text() {
    check(
        "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
        &expect![[r#"
        1:1 1:20 1:25
        1:25 1:38
        1:38 1:43
    "#]],
    );
}

#[test]
fn clauses_and_operators_are_no_calls() {
    check(
        "sum(a) without (b) and on (c) (topk by (d, e) (1, f)) or (g) * on () group_left (h) max (i)",
        &expect![[r#"
            1:1 1:5
            1:32 1:48 1:51
            1:85 1:90
        "#]],
    );
}

#[test]
fn texts_labels_comments_and_times_are_skipped() {
    check(
        "label_replace(a{b=\"sum(\", c='}'}[5m:1m] @ start() offset 5m, `d(`, \"\\\"e(\") # rate(\n + vector(1)",
        &expect![[r#"
            1:1 1:15 1:62 1:68
            2:4 2:11
        "#]],
    );
}

#[test]
fn text_that_is_no_query_is_survived() {
    for text in ["", "(((", ")))", "sum(", "{", "'", "a{\"", "sum by", ",,,(,", "é(ü)", "\"\\"] {
        check_survives(text);
    }
}

fn check_survives(text: &str) {
    assert!(calls(text).len() <= text.len());
}
