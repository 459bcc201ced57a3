//! The console in a real browser, against the demo: `tests/browser/run.mjs` does the looking.

pub(crate) mod demo;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};

use self::demo::{Build, Demo};
use crate::programs;
use crate::repository::Repository;
use crate::steps::Outcome;

/// The script, its dependencies, and the default routes.
const FOLDER: &str = "tests/browser";

/// Looks at `routes`, or at those of `routes.json`.
pub(crate) fn run(repository: &Repository, routes: &[String]) -> anyhow::Result<ExitCode> {
    match test(repository, routes)? {
        Outcome::Passed => Ok(ExitCode::SUCCESS),
        Outcome::Failed(reason) | Outcome::Skipped(reason) => {
            println!("browser: {reason}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The same as a step of `cargo xtask test`.
pub(crate) fn test(repository: &Repository, routes: &[String]) -> anyhow::Result<Outcome> {
    let Some(node) = programs::find("node") else {
        return Ok(Outcome::Skipped("no node; install the package nodejs".to_owned()));
    };
    let Some(chromium) = programs::chromium() else {
        return Ok(Outcome::Skipped("no chromium; install the package chromium".to_owned()));
    };
    let folder = repository.root.join(FOLDER);
    if !folder.join("node_modules").is_dir() && !install(&folder)? {
        return Ok(Outcome::Skipped(format!("`npm ci` failed in {FOLDER}; see above")));
    }

    // First the checks themselves: a look that finds nothing wrong anywhere would always pass.
    let mut own = Command::new(&node);
    own.args(["--test", "look.test.mjs"]).current_dir(&folder).env("CHROMIUM", &chromium);
    let status = own.stdin(Stdio::null()).status().context("failed to start node")?;
    if !status.success() {
        return Ok(Outcome::Failed(format!("the tests of {FOLDER} failed; see above")));
    }

    let place = repository.target()?.join("browser");
    if place.is_dir() {
        fs::remove_dir_all(&place)
            .with_context(|| format!("failed to empty {}", place.display()))?;
    }
    let screenshots = place.join("screenshots");
    fs::create_dir_all(&screenshots)?;

    let demo = Demo::start(repository, Build::Debug, &place)?;
    println!("browser: the demo is ready after {:.1} s", demo.ready_after().as_secs_f64());
    let mut script = Command::new(node);
    script.arg(folder.join("run.mjs")).arg(demo.url()).arg("--screenshots").arg(&screenshots);
    if let Some(token) = demo.token() {
        script.env("NINES_TOKEN", token); // not an argument: everybody sees those
    }
    if routes.is_empty() {
        script.arg("--routes").arg(folder.join("routes.json"));
    } else {
        script.args(routes);
    }
    let status = script
        .env("CHROMIUM", chromium)
        .stdin(Stdio::null())
        .status()
        .context("failed to start node")?;
    let stopped = demo.stop();
    println!("browser: screenshots are in {}", screenshots.display());
    if !status.success() {
        return Ok(Outcome::Failed("the console has problems; see above".to_owned()));
    }
    stopped?;
    Ok(Outcome::Passed)
}

/// The exact versions of `package-lock.json`. Whether it went well: there may be no network.
fn install(folder: &Path) -> anyhow::Result<bool> {
    let npm = programs::find("npm").context("no npm; install the package npm")?;
    let arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    let status =
        Command::new(npm).args(arguments).current_dir(folder).stdin(Stdio::null()).status()?;
    ensure!(status.code().is_some(), "npm was killed");
    Ok(status.success())
}
