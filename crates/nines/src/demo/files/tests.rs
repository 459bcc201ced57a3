use super::*;

#[test]
fn the_program_holds_every_file_of_the_example() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let mut found = Vec::new();
    let mut folders = vec![example.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&example).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort_unstable();
    let held: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
    assert_eq!(found, held);
}

#[test]
fn what_is_written_is_clean_and_changes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path()).unwrap();
    let reading = nines_spec::read_dir(dir.path()).unwrap();
    assert!(reading.findings.is_empty(), "{:?}", reading.findings);
    fs::write(dir.path().join("release.yaml"), "# mine\n").unwrap();
    write(dir.path()).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("release.yaml")).unwrap(), "# mine\n");
}
