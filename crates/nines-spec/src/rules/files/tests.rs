use super::matches;

#[test]
fn patterns_match_whole_names() {
    for (pattern, name, is_match) in [
        ("*.yaml", "a.yaml", true),
        ("*.yaml", "a.yml", false),
        ("*.rules", ".rules", true),
        ("rules-?.yml", "rules-1.yml", true),
        ("rules-?.yml", "rules-12.yml", false),
        ("*a*b", "xxaxxbxxb", true),
        ("*a*b", "xxaxxbxxc", false),
        ("a", "a", true),
        ("a", "ab", false),
        ("", "", true),
        ("*", "", true),
        ("?", "", false),
    ] {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), is_match, "{pattern} on {name}");
    }
}

#[test]
fn many_stars_take_no_long_time() {
    let (pattern, name) = ("*a".repeat(50) + "b", "a".repeat(5_000));
    assert!(!matches(pattern.as_bytes(), name.as_bytes()));
}
