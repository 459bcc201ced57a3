//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to find out.

mod summary;

use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;

use self::summary::Summary;
use crate::browser;
use crate::programs::{self, Demand};
use crate::repository::Repository;
use crate::steps::{Outcome, Report};
use crate::tidy;

/// Runs all steps, for `packages` or for everything if there are none.
pub(crate) fn run(repository: &Repository, packages: &[String]) -> ExitCode {
    let runner = Runner::of_machine();
    let mut report = Report::new(Demand::of_environment());
    let mut summary = Summary::default();
    let cargo = |arguments: &[&str]| Cargo::new(repository, arguments);
    let chosen = Chosen(packages);

    report.step("fmt", || chosen.of_fmt(cargo(&["fmt", "--check"])).outcome());
    report.step("tidy", || Ok(tidy_outcome(&tidy::problems(repository)?)));
    report.step("clippy", || {
        let clippy = cargo(&["clippy", "--locked", "--all-targets"]);
        chosen.of_workspace(clippy).with(&["--", "-D", "warnings"]).outcome()
    });
    report.step("build tests", || chosen.of_workspace(cargo(runner.build())).outcome());
    if report.has_passed("build tests") {
        report.step("test", || chosen.of_workspace(cargo(runner.run())).watched(&mut summary));
        for what in programs::missing(&repository.root) {
            report.missing(what);
        }
    }
    report.step("docs", || {
        let mut doc = chosen.of_workspace(cargo(&["doc", "--locked", "--no-deps"]));
        doc.0.env("RUSTDOCFLAGS", "-D warnings");
        doc.outcome()
    });
    if packages.is_empty() {
        report.step("browser", || browser::test(repository, &[]));
    }

    println!("\n── steps\n{}", report.table());
    if runner == Runner::CargoTest {
        println!("cargo-nextest is not installed; the tests ran under cargo test");
    }
    let failed = report.failed();
    if !failed.is_empty() {
        println!("FAILED: {}", failed.join(", "));
    }
    println!("{summary}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tidy_outcome(problems: &[String]) -> Outcome {
    for problem in problems {
        println!("tidy: {problem}");
    }
    match problems.len() {
        0 => Outcome::Passed,
        count => Outcome::Failed(format!("{count} problems")),
    }
}

/// What runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Nextest,
    CargoTest,
}

impl Runner {
    fn of_machine() -> Self {
        match programs::find("cargo-nextest") {
            Some(_) => Self::Nextest,
            None => Self::CargoTest,
        }
    }

    fn build(self) -> &'static [&'static str] {
        match self {
            Self::Nextest => &["nextest", "run", "--locked", "--no-run"],
            Self::CargoTest => &["test", "--locked", "--no-run"],
        }
    }

    fn run(self) -> &'static [&'static str] {
        match self {
            Self::Nextest => &["nextest", "run", "--locked", "--no-fail-fast", "--color=never"],
            Self::CargoTest => &["test", "--locked", "--no-fail-fast", "--color=never"],
        }
    }
}

/// The packages that were asked for.
struct Chosen<'a>(&'a [String]);

impl Chosen<'_> {
    fn of_workspace(&self, cargo: Cargo) -> Cargo {
        self.arguments("--workspace", cargo)
    }

    fn of_fmt(&self, cargo: Cargo) -> Cargo {
        self.arguments("--all", cargo)
    }

    fn arguments(&self, all: &str, mut cargo: Cargo) -> Cargo {
        match self.0 {
            [] => cargo.0.arg(all),
            some => cargo.0.args(some.iter().flat_map(|it| ["-p", it])),
        };
        cargo
    }
}

/// One call of cargo.
struct Cargo(Command);

impl Cargo {
    fn new(repository: &Repository, arguments: &[&str]) -> Self {
        let mut command = Command::new(programs::cargo());
        command.args(arguments).current_dir(&repository.root).stdin(Stdio::null());
        Self(command)
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.0.args(arguments);
        self
    }

    fn outcome(mut self) -> anyhow::Result<Outcome> {
        let status = self.0.status().context("failed to start cargo")?;
        Ok(if status.success() { Outcome::Passed } else { Outcome::Failed(status.to_string()) })
    }

    /// Runs it, shows its output as it comes, and keeps the summary in it.
    fn watched(mut self, summary: &mut Summary) -> anyhow::Result<Outcome> {
        let mut child = self
            .0
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("failed to start cargo")?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (stdout.context("piped")?, stderr.context("piped")?);
        summary::watch(stdout, stderr, summary);
        let status = child.wait()?;
        Ok(if status.success() { Outcome::Passed } else { Outcome::Failed(status.to_string()) })
    }
}
