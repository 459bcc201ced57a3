//! Files, or parts of files, that are made from others and checked in, so that readers find them.
//!
//! Each is a pure function of the tracked files; `cargo xtask tidy` fails when one is not current.

#[cfg(test)]
mod tests;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::repository::{File, Repository};
use crate::tidy::LAYERS;

/// A part of a file that is generated, between two marks.
struct Part {
    path: &'static str,
    name: &'static str,
    make: fn(&[File]) -> String,
}

const PARTS: &[Part] = &[Part { path: "ARCHITECTURE.md", name: "crates", make: crates }];

/// Writes what is not current, or with `--check` only names it.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let only_check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: cargo xtask gen [--check]"),
    };
    let files = repository.files()?;
    for part in PARTS {
        let file = files.iter().find(|it| it.path == part.path);
        let file = file.with_context(|| format!("{} is missing", part.path))?;
        let current = renewed(&file.text, part, &files)
            .with_context(|| format!("{} has no marks for `{}`", part.path, part.name))?;
        let state = match (file.text == current, only_check) {
            (true, _) => "current",
            (false, true) => "not current",
            (false, false) => {
                fs::write(repository.root.join(part.path), current)?;
                "written"
            }
        };
        println!("{}: the part `{}` is {state}", part.path, part.name);
        if state == "not current" {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Every generated part is what it would be.
pub(crate) fn check(files: &[File], problems: &mut Vec<String>) {
    for part in PARTS {
        let Some(file) = files.iter().find(|it| it.path == part.path) else {
            problems.push(format!("{} is missing", part.path));
            continue;
        };
        if renewed(&file.text, part, files).as_ref() != Some(&file.text) {
            problems.push(format!(
                "{}: `{}` is not current; run `cargo xtask gen`",
                part.path, part.name
            ));
        }
    }
}

/// The text with the part between its marks made again; `None` without marks.
fn renewed(text: &str, part: &Part, files: &[File]) -> Option<String> {
    let begin = format!("<!-- {}: written by cargo xtask gen -->\n", part.name);
    let end = format!("<!-- /{} -->", part.name);
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{}{end}{after}", (part.make)(files)))
}

/// The crates by layer, bottom first, as their manifests describe them.
fn crates(files: &[File]) -> String {
    let mut table = "| layer | crate | job |\n|---|---|---|\n".to_owned();
    for (layer, names) in LAYERS.iter().enumerate() {
        for name in *names {
            let manifest = files.iter().find(|it| it.path == format!("crates/{name}/Cargo.toml"));
            let job = manifest.and_then(|it| description(&it.text)).unwrap_or_default();
            table.push_str(&format!("| {layer} | `{name}` | {job} |\n"));
        }
    }
    table
}

fn description(manifest: &str) -> Option<&str> {
    let value = manifest.lines().find_map(|it| it.strip_prefix("description = \""))?;
    value.strip_suffix('"')
}
