//! The form of every member's manifest: versions, lints and metadata come from the workspace.
//!
//! Manifests are read as lines, not as TOML: the form is part of what is checked.

#[cfg(test)]
mod tests;

use crate::repository::File;

/// What `[package]` takes from the workspace.
const INHERITED: &[&str] = &["edition", "license", "publish", "rust-version", "version"];

const DEPENDENCIES: &[&str] = &["[dependencies]", "[dev-dependencies]", "[build-dependencies]"];

/// Every member's manifest has the form.
pub(super) fn check(files: &[File], problems: &mut Vec<String>) {
    for file in files {
        let Some(folder) = member_folder(&file.path) else { continue };
        let library = format!("{folder}/src/lib.rs");
        let mut found = problems_of(&file.text);
        if files.iter().any(|it| it.path == library) {
            demand(&file.text, "[lib]", "doctest = false", &mut found);
        }
        for problem in found {
            problems.push(format!("{}: {problem}", file.path));
        }
    }
}

/// `crates/nines-slo` of `crates/nines-slo/Cargo.toml`.
fn member_folder(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    (folder == "xtask" || folder.starts_with("crates/")).then_some(folder)
}

fn problems_of(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for key in INHERITED {
        demand(text, "[package]", &format!("{key}.workspace = true"), &mut problems);
    }
    demand(text, "[lints]", "workspace = true", &mut problems);
    if !lines_of(text, "[package]").any(|it| it.starts_with("description = ")) {
        problems.push("[package] needs a description".to_owned());
    }
    if text.lines().any(|it| it == "[features]") {
        problems.push("[features]: nines has no features".to_owned());
    }
    for section in DEPENDENCIES {
        check_dependencies(text, section, &mut problems);
    }
    problems
}

fn demand(text: &str, section: &str, line: &str, problems: &mut Vec<String>) {
    if !lines_of(text, section).any(|it| it == line) {
        problems.push(format!("{section} needs `{line}`"));
    }
}

fn check_dependencies(text: &str, section: &str, problems: &mut Vec<String>) {
    let names: Vec<&str> = lines_of(text, section).filter_map(name_of).collect();
    for line in lines_of(text, section) {
        let is_inherited =
            line.contains(".workspace = true") || line.contains("{ workspace = true");
        if name_of(line).is_some() && !is_inherited {
            problems.push(format!(
                "{section} `{line}`: the version belongs into the workspace's table"
            ));
        }
    }
    if !names.is_sorted() {
        problems.push(format!("{section} is not sorted"));
    }
}

/// The name before `.workspace` or `=`; comments have none.
fn name_of(line: &str) -> Option<&str> {
    let is_name = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let length = line.chars().take_while(is_name).count();
    line.get(..length).filter(|it| !it.is_empty())
}

/// The lines of a section that say something.
fn lines_of<'a>(text: &'a str, section: &str) -> impl Iterator<Item = &'a str> {
    let after = text.lines().map(str::trim).skip_while(move |it| it != &section).skip(1);
    after.take_while(|it| !it.starts_with('[')).filter(|it| !it.is_empty())
}
