use expect_test::{Expect, expect};

use super::{code_of, lines_with};

fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&code_of(text));
}

#[test]
fn comments_and_literals_are_left_out_and_lines_keep_their_numbers() {
    check(
        "a; // b\n/* c /* d */\n e */ f('x', '\\'', \"g \\\" h\", r#\"i \" j\"#, br\"k\", &'static str);\nr#type",
        &expect![[r"
            a;  
             
             f( ,  ,  ,  , b , &'static str);
            r#type"]],
    );
}

#[test]
fn what_never_ends_ends_with_the_text() {
    check("a /* b", &expect!["a  "]);
    check("a \"b\\", &expect!["a  "]);
    check("a r#\"b\"", &expect!["a  "]);
}

#[test]
fn a_word_is_found_as_a_whole_only() {
    let code = "unsafe_code\nunsafe {\nmy_unsafe\n(unsafe)";
    assert_eq!(lines_with(code, "unsafe"), [2, 4]);
    assert_eq!(lines_with("eprintln!()\nprintln!()", "println!"), [2]);
}
