use super::*;

#[test]
fn files_are_found_in_folders_and_sorted_and_dots_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["slo", ".git", "a/b"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    for file in ["slo/x.yaml", "slo.yml", "a/b/c.MD", ".git/y.yaml", "notes.txt", ".z.yaml"] {
        fs::write(root.path().join(file), file).unwrap();
    }
    let loaded = load(root.path()).unwrap();
    let paths: Vec<&str> = loaded.files.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["a/b/c.MD", "slo.yml", "slo/x.yaml"]);
}

#[test]
fn one_file_is_a_configuration_too() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("one.yaml"), "x").unwrap();
    let loaded = load(&root.path().join("one.yaml")).unwrap();
    assert_eq!(loaded.files.first().map(|it| it.path.as_str()), Some("one.yaml"));
}

#[test]
fn a_missing_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    let error = load(&root.path().join("no")).unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }), "{error}");
    assert!(error.to_string().ends_with("no\" does not exist"), "{error}");
}

#[test]
fn a_file_that_is_too_large_is_left_out() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.yaml"), " ".repeat(FILE_BYTES_MAX + 1)).unwrap();
    let loaded = load(root.path()).unwrap();
    let bytes = FILE_BYTES_MAX as u64 + 1;
    assert_eq!(loaded.damages, [(0, Damage::TooLarge { bytes })]);
}
