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

#[test]
fn files_that_are_named_are_read_once_whatever_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    let group =
        |name: &str| format!("groups: [{{name: {name}, rules: [{{record: a, expr: b}}]}}]\n");
    write(
        "prometheus.yml",
        "rule_files: ['more/*.rules', one.yaml, more/../one.yaml, nobody.yaml]\n",
    );
    write("one.yaml", &group("one"));
    write("more/two.rules", &group("two"));
    write("more/two.txt", &group("three"));
    let file = folder.path().join("prometheus.yml");
    for (paths, expected) in [
        (vec![folder.path().to_owned()], vec!["one.yaml one", "more/two.rules two"]),
        (vec![file.clone()], vec!["more/two.rules two", "one.yaml one"]),
        (vec![file, folder.path().join("one.yaml")], vec!["more/two.rules two", "one.yaml one"]),
    ] {
        let reading = crate::read_paths(&paths).unwrap();
        assert!(reading.findings.is_empty(), "{:?}", reading.findings);
        let groups = reading.spec.rule_groups.iter().map(|it| format!("{} {}", it.file, it.name));
        assert_eq!(groups.collect::<Vec<_>>(), expected);
    }
}
