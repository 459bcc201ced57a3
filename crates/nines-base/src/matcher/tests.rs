use super::*;

#[track_caller]
fn check(op: MatchOp, pattern: &str, yes: &[&str], no: &[&str]) {
    let matcher = Matcher::new("code", op, pattern).unwrap();
    for value in yes {
        assert!(matcher.matches_value(value), "{matcher} must match {value:?}");
    }
    for value in no {
        assert!(!matcher.matches_value(value), "{matcher} must not match {value:?}");
    }
}

#[test]
fn every_operator_compares_the_whole_value() {
    check(MatchOp::Equal, "500", &["500"], &["5000", ""]);
    check(MatchOp::NotEqual, "500", &["5000", ""], &["500"]);
    check(MatchOp::Regex, "5..|4..", &["500", "404"], &["5000", "x500", ""]);
    check(MatchOp::NotRegex, "5..", &["200", ""], &["500"]);
    check(MatchOp::Regex, ".*", &["", "a\nb"], &[]);
}

#[test]
fn a_missing_label_is_the_empty_string() {
    assert!(Matcher::equal("job", "").matches(&Labels::empty()));
    assert!(!Matcher::equal("job", "shop").matches(&Labels::empty()));
}

#[test]
fn a_broken_expression_is_named() {
    let error = Matcher::new("code", MatchOp::Regex, "5(").unwrap_err();
    assert_eq!(error.to_string(), "`5(` is not a regular expression");
}

/// Facts hold matchers: this text never changes.
#[test]
fn a_matcher_reads_as_it_was_written() {
    let matcher = Matcher::new("job", MatchOp::NotRegex, "shop.*").unwrap();
    let json = serde_json::to_string(&matcher).unwrap();
    assert_eq!(json, r#"{"name":"job","op":"!~","value":"shop.*"}"#);
    assert_eq!(serde_json::from_str::<Matcher>(&json).unwrap(), matcher);
    for broken in [r#"{"name":"a","op":"~","value":""}"#, r#"{"name":"a","op":"=~","value":"("}"#] {
        serde_json::from_str::<Matcher>(broken).unwrap_err();
    }
}
