use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn rule(action: RelabelAction, source: &[&str], pattern: &str) -> Relabel {
    Relabel {
        action,
        source_labels: source.iter().map(|it| (*it).to_owned()).collect(),
        pattern: Pattern::new(pattern).unwrap(),
        ..Relabel::default()
    }
}

fn to(rule: Relabel, target: &str, replacement: &str) -> Relabel {
    Relabel { target_label: target.to_owned(), replacement: replacement.to_owned(), ..rule }
}

fn shown(rules: &[Relabel]) -> String {
    let pairs = [("a", "foo"), ("b", "bar"), ("c", "Baz"), ("__tmp_x", "foo")];
    match relabel(&Labels::new(pairs).unwrap(), rules) {
        Ok(Some(labels)) => labels.to_string(),
        Ok(None) => "dropped".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(cases: &[Relabel], expect: &Expect) {
    let lines: Vec<String> = cases.iter().map(|it| shown(std::slice::from_ref(it))).collect();
    expect.assert_eq(&lines.join("\n"));
}

#[test]
fn replace_writes_groups_and_removes_by_emptiness() {
    use RelabelAction::Replace;
    check(
        &[
            to(rule(Replace, &["a", "b"], "(.*);(.*)"), "d", "${2}-$1"),
            to(rule(Replace, &["a"], "f(?P<rest>.*)"), "d", "$rest$$"),
            to(rule(Replace, &["a"], "o"), "d", "part of it"),
            to(rule(Replace, &["a"], "foo"), "a", ""),
            to(rule(Replace, &["b"], "(b)(.*)"), "$1", "named by a group $2"),
            to(rule(Replace, &["absent"], "(.*)"), "d", "always"),
            to(rule(Replace, &["a"], "(.*)"), "d", "$1x"),
            to(rule(Replace, &["a"], "nothing|(f)oo"), "d", "$1"),
        ],
        &expect![[r#"
            {__tmp_x="foo", a="foo", b="bar", c="Baz", d="bar-foo"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz", d="oo$"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz"}
            {__tmp_x="foo", b="bar", c="Baz"}
            {__tmp_x="foo", a="foo", b="named by a group ar", c="Baz"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz", d="always"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz", d="f"}"#]],
    );
}

#[test]
fn sets_are_kept_and_dropped() {
    use RelabelAction::{Drop, DropEqual, Keep, KeepEqual};
    check(
        &[
            rule(Keep, &["a"], "f.*"),
            rule(Keep, &["a"], "f"),
            rule(Drop, &["a", "b"], "foo;bar"),
            rule(Drop, &["absent"], ".+"),
            to(rule(KeepEqual, &["__tmp_x"], "(.*)"), "a", ""),
            to(rule(KeepEqual, &["b"], "(.*)"), "a", ""),
            to(rule(DropEqual, &["__tmp_x"], "(.*)"), "a", ""),
        ],
        &expect![[r#"
            {__tmp_x="foo", a="foo", b="bar", c="Baz"}
            dropped
            dropped
            {__tmp_x="foo", a="foo", b="bar", c="Baz"}
            {__tmp_x="foo", a="foo", b="bar", c="Baz"}
            dropped
            dropped"#]],
    );
}

#[test]
fn names_are_mapped_dropped_and_kept() {
    use RelabelAction::{LabelDrop, LabelKeep, LabelMap};
    check(
        &[
            to(rule(LabelMap, &[], "__tmp_(.+)"), "", "got_$1"),
            rule(LabelDrop, &[], "__.*"),
            rule(LabelKeep, &[], "a|b"),
        ],
        &expect![[r#"
            {__tmp_x="foo", a="foo", b="bar", c="Baz", got_x="foo"}
            {a="foo", b="bar", c="Baz"}
            {a="foo", b="bar"}"#]],
    );
}

/// The number comes from another implementation of MD5: Python's.
#[test]
fn values_are_hashed_and_cased() {
    use RelabelAction::{HashMod, Lowercase, Uppercase};
    let hash = Relabel { modulus: 1_000, ..to(rule(HashMod, &["c"], "(.*)"), "d", "$1") };
    check(
        &[
            hash,
            to(rule(Lowercase, &["c"], "(.*)"), "c", ""),
            to(rule(Uppercase, &["a", "b"], "(.*)"), "c", ""),
        ],
        &expect![[r#"
            {__tmp_x="foo", a="foo", b="bar", c="Baz", d="940"}
            {__tmp_x="foo", a="foo", b="bar", c="baz"}
            {__tmp_x="foo", a="foo", b="bar", c="FOO;BAR"}"#]],
    );
}

#[test]
fn rules_see_what_earlier_rules_have_done() {
    let first = to(rule(RelabelAction::Replace, &["a"], "(.*)"), "__tmp", "$1");
    let second = to(rule(RelabelAction::Replace, &["__tmp"], "foo"), "d", "found");
    let third = rule(RelabelAction::Drop, &["d"], "found");
    assert!(shown(&[first.clone(), second.clone()]).contains("d=\"found\""));
    assert_eq!(shown(&[first, second, third]), "dropped");
}

#[test]
fn a_pattern_that_is_none_says_why() {
    let error = Pattern::new("(").unwrap_err();
    assert!(error.contains("unclosed group"), "{error}");
    assert!(Pattern::new(&"(a{1000}){1000}".repeat(3)).is_err(), "too large");
}

proptest! {
    #[test]
    fn any_rule_leaves_a_label_set(
        pattern in "[ab.*()|]{0,6}", target in "[$1{}ab]{0,5}", replacement in "[$1{}ab]{0,5}", pick in 0..11_usize,
    ) {
        let words = ["replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap",
            "labeldrop", "labelkeep", "lowercase", "uppercase"];
        let action = RelabelAction::from_word(words[pick]).unwrap();
        if let Ok(pattern) = Pattern::new(&pattern) {
            let rule = Relabel { action, pattern, source_labels: vec!["a".to_owned()], ..Relabel::default() };
            let rule = to(rule, &target, &replacement);
            prop_assert!(relabel(&Labels::new([("a", "b"), ("b", "a")]).unwrap(), &[rule]).is_ok());
        }
    }
}
