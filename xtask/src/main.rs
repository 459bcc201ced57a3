//! The tasks of this repository: checks, tests, benchmarks, generated files.
//!
//! Development only. It must not know what nines does: it knows files, cargo, and the binary's face.

#![expect(clippy::disallowed_methods, reason = "this program does the IO")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to a terminal")]

mod bench;
mod browser;
mod generate;
mod mutants;
mod programs;
mod repository;
mod steps;
mod test;
mod tidy;

use std::env;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::repository::Repository;

const USAGE: &str = "\
usage: cargo xtask TASK

  test [-p CRATE]...   everything that must hold; NINES_REQUIRE=all allows no skipped step
  tidy                 the shape of the repository: layers, purity, licences, versions, manifests
  browser [ROUTE]...   the console in a real browser, against the demo
  bench [NAME]         without a name: what there is to measure
  mutants [WORD]...    deliberate mistakes that tests must see; changes files while it runs
  gen [--check]        write the generated files, or only say which are not current";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let Some((task, rest)) = arguments.split_first() else {
        bail!("no task given\n{USAGE}");
    };
    let repository = Repository::find().context("failed to find the repository")?;
    match task.as_str() {
        "test" => Ok(test::run(&repository, &packages(rest)?)),
        "tidy" => tidy::run(&repository),
        "browser" => browser::run(&repository, rest),
        "bench" => bench::run(&repository, rest),
        "mutants" => mutants::run(&repository, rest),
        "gen" => generate::run(&repository, rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("unknown task `{task}`\n{USAGE}"),
    }
}

/// The crates of `-p CRATE`, repeated; none means all.
fn packages(arguments: &[String]) -> anyhow::Result<Vec<String>> {
    let pairs = arguments.chunks(2);
    pairs
        .map(|pair| match pair {
            [flag, name] if flag == "-p" || flag == "--package" => Ok(name.clone()),
            _ => bail!("unknown argument `{}`\n{USAGE}", pair.join(" ")),
        })
        .collect()
}
