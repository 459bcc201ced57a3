use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(infos: &[&str], expect: &Expect) {
    let mut out = String::new();
    for info in infos {
        let Info { language, attributes, problem } = read(info);
        out.push_str(&format!("{info}  =>  {language} {attributes:?} {problem:?}\n"));
    }
    expect.assert_eq(&out);
}

#[test]
fn json_is_read_first_then_pairs() {
    check(
        &[
            "",
            "sh",
            r#"sh {"name":"rollback","timeout":"5m","read_only":true,"n":{"a":[1]}}"#,
            r#"sh{"name":"tight"}"#,
            "sh { name=rollback timeout=5m }",
            r#"sh {name="two words" cwd='/tmp x'}"#,
            "sh {empty= next=1}",
        ],
        &expect![[r#"
              =>   {} None
            sh  =>  sh {} None
            sh {"name":"rollback","timeout":"5m","read_only":true,"n":{"a":[1]}}  =>  sh {"n": "{\"a\":[1]}", "name": "rollback", "read_only": "true", "timeout": "5m"} None
            sh{"name":"tight"}  =>  sh {"name": "tight"} None
            sh { name=rollback timeout=5m }  =>  sh {"name": "rollback", "timeout": "5m"} None
            sh {name="two words" cwd='/tmp x'}  =>  sh {"cwd": "/tmp x", "name": "two words"} None
            sh {empty= next=1}  =>  sh {"empty": "", "next": "1"} None
        "#]],
    );
}

#[test]
fn what_is_neither_is_a_problem() {
    check(
        &["sh name=x", "sh {name}", "sh {a b=c}", r#"sh {name="open}"#, "sh {", "sh {=x}"],
        &expect![[r#"
            sh name=x  =>  sh {} Some("`name=x` is not in braces")
            sh {name}  =>  sh {} Some("`name` has no `=`")
            sh {a b=c}  =>  sh {} Some("`a b` is not one word before `=`")
            sh {name="open}  =>  sh {} Some("the value of `name` has no closing quote")
            sh {  =>  sh {} Some("`{` is not in braces")
            sh {=x}  =>  sh {} Some("`` is not one word before `=`")
        "#]],
    );
}

proptest! {
    #[test]
    fn reading_never_panics(info in ".{0,60}") {
        read(&info);
    }

    #[test]
    fn pairs_are_read_back(name in "[a-z]{1,8}", value in "[a-z0-9 ]{0,8}") {
        let info = read(&format!("sh {{{name}=\"{value}\"}}"));
        prop_assert_eq!(info.attributes.get(&name), Some(&value));
    }
}
