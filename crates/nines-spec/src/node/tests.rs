use super::*;

/// Each value with the text at its place.
fn check(text: &str, expect: &expect_test::Expect) {
    let mut out = String::new();
    for (before, document) in documents(text) {
        match parse(document, before) {
            Ok(node) => show(text, &node, 0, &mut out),
            Err(error) => out.push_str(&format!("{}: {}\n", error.at.start, error.problem)),
        }
    }
    expect.assert_eq(&out);
}

fn show(text: &str, node: &Node, depth: usize, out: &mut String) {
    let at = |span: Span| text.get(span.start..span.start + span.len).unwrap();
    let indent = "  ".repeat(depth);
    match &node.value {
        Value::List(items) => {
            out.push_str(&format!("{indent}list\n"));
            for it in items {
                show(text, it, depth + 1, out);
            }
        }
        Value::Map(entries) => {
            out.push_str(&format!("{indent}map at {:?}\n", at(node.anchor())));
            for (key, value) in entries {
                out.push_str(&format!("{indent}  {:?}\n", at(key.span)));
                show(text, value, depth + 2, out);
            }
        }
        scalar => out.push_str(&format!("{indent}{scalar:?} at {:?}\n", at(node.span))),
    }
}

#[test]
fn values_keep_the_place_where_they_were_written() {
    check(
        "a: 'it''s ü'\nb: [99.90, yes, true, ~]\nc: {d: >-\n  two\n  lines\n",
        &expect_test::expect![[r#"
            46: unexpected character: `>'
        "#]],
    );
    check(
        "a: 'it''s ü'\nb: [99.90, yes, true, ~]\nc: >-\n  two\n  lines\n1: x\n",
        &expect_test::expect![[r#"
            map at "a"
              "a"
                Text("it's ü") at "'it''s ü'"
              "b"
                list
                  Number("99.90") at "99.90"
                  Text("yes") at "yes"
                  Bool("true") at "true"
                  Null at "~"
              "c"
                Text("two lines") at "two\n  lines"
              "1"
                Text("x") at "x"
        "#]],
    );
}

#[test]
fn a_broken_document_leaves_the_others_readable() {
    check(
        "a: 1\n---\nb: [\n---\nc: 3\n",
        &expect_test::expect![[r#"
        map at "a"
          "a"
            Number("1") at "1"
        12: unclosed bracket '['
        map at "c"
          "c"
            Number("3") at "3"
    "#]],
    );
}

#[test]
fn the_last_of_two_equal_keys_is_still_there_to_be_reported() {
    check(
        "a: 1\na: 2\n",
        &expect_test::expect![[r#"
        map at "a"
          "a"
            Number("1") at "1"
          "a"
            Number("2") at "2"
    "#]],
    );
}

#[test]
fn an_alias_points_to_what_was_written() {
    check(
        "a: &it {k: v}\nb: *it\n",
        &expect_test::expect![[r#"
        map at "a"
          "a"
            map at "k"
              "k"
                Text("v") at "v"
          "b"
            map at "k"
              "k"
                Text("v") at "v"
    "#]],
    );
}

#[test]
fn aliases_that_unfold_without_end_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for it in 1..9 {
        let aliases = vec![format!("*a{}", it - 1); 10].join(", ");
        text.push_str(&format!("a{it}: &a{it} [{aliases}]\n"));
    }
    let error = parse(&text, 0).unwrap_err();
    assert!(error.is_limit, "{error:?}");
}
