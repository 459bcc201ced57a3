use super::*;

#[test]
fn nothing_is_an_import_of_nothing() {
    let import = import(ImportFormat::Sloth, Vec::new(), &ImportOptions::default());
    assert!(import.files.is_empty() && import.losses.is_empty() && import.findings.is_empty());
}
