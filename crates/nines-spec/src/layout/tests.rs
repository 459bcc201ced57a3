use expect_test::{Expect, expect};

use super::*;

fn check(text: &str, expect: &Expect) {
    let laid = format(text);
    expect.assert_eq(&laid);
    assert_eq!(format(&laid), laid, "a second time");
}

#[test]
fn the_outer_fields_have_an_order_and_comments_go_with_them() {
    check(
        "# What is promised.\nkind: SLO   \nspec:\n    # why so much\n    objective: 99.9%\n\n\n    sli:\n        counter: {bad: a, total: b}   # both\n# its name\nmetadata: {name: a/b}\napiVersion: nines/v1",
        &expect![[r#"
            # What is promised.
            apiVersion: nines/v1
            kind: SLO
            # its name
            metadata: {name: a/b}
            spec:
              # why so much
              objective: 99.9%

              sli:
                counter: {bad: a, total: b}   # both
        "#]],
    );
}

#[test]
fn lists_keep_their_style_and_move_with_their_key() {
    check(
        "apiVersion: nines/v1\nkind: Person\nmetadata: {name: ana}\nspec:\n      contacts:\n      - inbox: {}\n        delay: 1m\n      - webhook:\n              url: http://a\n          # for the pager\n      -   email: a@b\n          delay: 2m\n",
        &expect![[r#"
            apiVersion: nines/v1
            kind: Person
            metadata: {name: ana}
            spec:
              contacts:
              - inbox: {}
                delay: 1m
              - webhook:
                  url: http://a
                  # for the pager
              -   email: a@b
                  delay: 2m
        "#]],
    );
}

#[test]
fn what_is_inside_of_a_scalar_stays_as_it_is() {
    check(
        "apiVersion: nines/v1\nkind: X\nspec:\n     text: |\n          one   \n            two\n\n\n          three\n     folded: >-\n        a\n        b\n     quoted: \"a\n        b   \n\n        c\"\n     flow: {a: 1,\n            b: [2,\n                3]}\n     plain: this goes\n       on\n     last: 1\n",
        &expect![[r#"
            apiVersion: nines/v1
            kind: X
            spec:
              text: |
                   one   
                     two


                   three
              folded: >-
                 a
                 b
              quoted: "a
                 b   

                 c"
              flow: {a: 1,
                     b: [2,
                         3]}
              plain: this goes
                on
              last: 1
        "#]],
    );
}

#[test]
fn what_is_not_understood_stays_as_it_is() {
    for text in ["a: [1\n  b: 2\n", "a:\n\tb: 1\n", "a: |2\n    x\n   \n", "a: &x 1\nb: *y\n", ""] {
        assert_eq!(format(text), text);
    }
}

#[test]
fn documents_are_laid_out_one_by_one() {
    check(
        "\n\nkind: A\napiVersion: x\n\n---\n\n\nb: [\n---\nspec:\n   c: 1\n\n\n",
        &expect![[r#"
        apiVersion: x
        kind: A
        ---


        b: [
        ---
        spec:
          c: 1
    "#]],
    );
}
