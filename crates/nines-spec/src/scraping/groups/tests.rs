use super::*;

#[test]
fn groups_are_read_with_their_labels() {
    let groups = read_target_groups(
        "- targets: ['a:1', b:2]\n  labels: {env: prod, __meta_port: 80, on: true}\n- targets: []\n",
    );
    let groups = groups.unwrap();
    assert_eq!(groups[0].targets, ["a:1", "b:2"]);
    let labels: Vec<(&str, &str)> =
        groups[0].labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(labels, [("__meta_port", "80"), ("env", "prod"), ("on", "true")]);
    assert!(groups[1].targets.is_empty());
    assert_eq!(read_target_groups("").unwrap(), []);
}

#[test]
fn mistakes_have_their_line() {
    let said = |text: &str| read_target_groups(text).unwrap_err();
    assert_eq!(said("a: 1"), "line 1: a mapping instead of a list of groups");
    assert_eq!(said("- 1"), "line 1: a number instead of a group with `targets`");
    assert_eq!(said("- labels: {}\n  targets: a"), "line 2: text instead of a list of targets");
    assert_eq!(said("- targets: [[a]]"), "line 1: a list instead of text");
    assert_eq!(said("- target: [a]"), "line 1: unknown field `target`");
    assert!(said("- targets: [a").starts_with("line 1: "), "{}", said("- targets: [a"));
}
