//! `cargo xtask mutants`: deliberate mistakes that the tests must see.
//!
//! A test that passes proves little until it has failed. Each mistake of the list is made, the tests that should see it
//! run, and the file is put back. It changes files of the working tree for as long as it runs.

use std::fs;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};

use crate::repository::Repository;

const LIST: &str = include_str!("mutants/list.txt");

/// A mistake to make.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mutant {
    name: String,
    file: String,
    package: String,
    /// What the names of the tests contain.
    filter: String,
    before: String,
    after: String,
}

/// Makes those mistakes whose names contain any of `wanted`; none means all.
pub(crate) fn run(repository: &Repository, wanted: &[String]) -> anyhow::Result<ExitCode> {
    let mutants = parse(LIST)?;
    let is_wanted =
        |it: &&Mutant| wanted.is_empty() || wanted.iter().any(|word| it.name.contains(word));
    let (mut seen, mut survived) = (0, Vec::new());
    for mutant in mutants.iter().filter(is_wanted) {
        let verdict = try_one(repository, mutant)?;
        println!(
            "{} {}",
            if verdict == Verdict::Seen { "seen    " } else { "SURVIVED" },
            mutant.name
        );
        match verdict {
            Verdict::Seen => seen += 1,
            Verdict::Survived => survived.push(mutant.name.as_str()),
        }
    }
    println!("{seen} seen, {} survived", survived.len());
    Ok(if survived.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Seen,
    Survived,
}

fn try_one(repository: &Repository, mutant: &Mutant) -> anyhow::Result<Verdict> {
    let path = repository.root().join(&mutant.file);
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", mutant.file))?;
    let count = text.matches(&mutant.before).count();
    ensure!(count == 1, "`{}`: its text is {count} times in {}", mutant.name, mutant.file);
    fs::write(&path, text.replacen(&mutant.before, &mutant.after, 1))?;
    let verdict = judge(repository, mutant);
    fs::write(&path, text).with_context(|| format!("failed to put {} back", mutant.file))?;
    verdict
}

/// A mistake that does not compile proves nothing, so that is an error.
fn judge(repository: &Repository, mutant: &Mutant) -> anyhow::Result<Verdict> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).args(["-p", &mutant.package]).current_dir(repository.root());
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    if !cargo(&["test", "--quiet", "--no-run", "--lib"])?.success() {
        bail!("`{}` does not compile", mutant.name);
    }
    let passed = cargo(&["nextest", "run", "--lib", &mutant.filter])?.success();
    Ok(if passed { Verdict::Survived } else { Verdict::Seen })
}

fn parse(list: &str) -> anyhow::Result<Vec<Mutant>> {
    let mut mutants: Vec<Mutant> = Vec::new();
    for line in list.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        if let Some(name) = line.strip_prefix("mistake ") {
            mutants.push(Mutant { name: name.to_owned(), ..Mutant::default() });
            continue;
        }
        let mutant = mutants.last_mut().with_context(|| format!("`{line}` has no mistake"))?;
        if let Some(file) = line.strip_prefix("file ") {
            file.clone_into(&mut mutant.file);
        } else if let Some((package, filter)) =
            line.strip_prefix("tests ").and_then(|it| it.split_once(' '))
        {
            (mutant.package, mutant.filter) = (package.to_owned(), filter.to_owned());
        } else if let Some(text) = line.strip_prefix('-') {
            push_line(&mut mutant.before, text);
        } else if let Some(text) = line.strip_prefix('+') {
            push_line(&mut mutant.after, text);
        } else {
            bail!("`{line}` is not understood");
        }
    }
    Ok(mutants)
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_mistake_is_in_its_file_once() {
        let repository = Repository::find().unwrap();
        let mutants = parse(LIST).unwrap();
        assert!(30 <= mutants.len());
        for it in mutants {
            let text = fs::read_to_string(repository.root().join(&it.file)).unwrap();
            assert_eq!(text.matches(&it.before).count(), 1, "{}", it.name);
            assert!(it.before != it.after && !it.filter.is_empty(), "{}", it.name);
        }
    }
}
