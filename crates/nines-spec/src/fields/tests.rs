use super::*;

#[test]
fn a_close_word_is_suggested_and_a_far_one_is_not() {
    let known = ["window", "objective", "alerting"];
    assert_eq!(suggestion("windw", known), Some("window"));
    assert_eq!(suggestion("Objectiv", known), Some("objective"));
    assert_eq!(suggestion("wnidow", known), Some("window"));
    assert_eq!(suggestion("runbook", known), None);
    assert_eq!(suggestion("", known), None);
}
