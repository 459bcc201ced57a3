//! A list of steps: each is timed, and none can fail or be skipped without being named at the end.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::programs::Demand;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// With what is wrong, in one line.
    Failed(String),
    /// With what is missing, and the package to install.
    Skipped(String),
}

/// What became of all steps so far.
#[derive(Debug)]
pub(crate) struct Report {
    demand: Demand,
    steps: Vec<(String, Duration, Outcome)>,
    skipped: Vec<String>,
}

impl Report {
    pub(crate) fn new(demand: Demand) -> Self {
        Self { demand, steps: Vec::new(), skipped: Vec::new() }
    }

    /// Runs one step. An error of the step is a failure of it, and the next steps still run.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> anyhow::Result<Outcome>) {
        println!("\n── {name}");
        let start = Instant::now();
        let outcome = run().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        self.add(name, start.elapsed(), outcome);
    }

    fn add(&mut self, name: &str, took: Duration, outcome: Outcome) {
        let outcome = match (outcome, self.demand) {
            (Outcome::Skipped(reason), Demand::All) => {
                Outcome::Failed(format!("NINES_REQUIRE=all, but {reason}"))
            }
            (Outcome::Skipped(reason), Demand::WhatIsThere) => {
                self.skipped.push(format!("{name}: {reason}"));
                Outcome::Skipped(reason)
            }
            (other, _) => other,
        };
        self.steps.push((name.to_owned(), took, outcome));
    }

    /// Names something within a step that tests will skip by themselves.
    pub(crate) fn missing(&mut self, what: String) {
        match self.demand {
            Demand::WhatIsThere => self.skipped.push(what),
            Demand::All => {
                let outcome = Outcome::Failed(format!("NINES_REQUIRE=all, but {what}"));
                self.steps.push(("peers".to_owned(), Duration::ZERO, outcome));
            }
        }
    }

    /// The names of the steps that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        let failed = self.steps.iter().filter(|(_, _, it)| matches!(it, Outcome::Failed(_)));
        failed.map(|(name, _, _)| name.as_str()).collect()
    }

    /// Whether this step has passed.
    pub(crate) fn has_passed(&self, name: &str) -> bool {
        self.steps.iter().any(|(step, _, it)| step == name && *it == Outcome::Passed)
    }

    /// The seconds of each step, what failed, and everything that was skipped.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for (name, took, outcome) in &self.steps {
            let end = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(reason) => format!("FAILED: {reason}"),
                Outcome::Skipped(_) => "skipped".to_owned(),
            };
            table.push_str(&format!("{name:<12} {:>7.1} s  {end}\n", took.as_secs_f64()));
        }
        let total: Duration = self.steps.iter().map(|(_, took, _)| *took).sum();
        table.push_str(&format!("{:<12} {:>7.1} s\n", "together", total.as_secs_f64()));
        match self.skipped.as_slice() {
            [] => table.push_str("nothing was skipped\n"),
            skipped => {
                for what in skipped {
                    table.push_str(&format!("skipped: {what}\n"));
                }
            }
        }
        table
    }
}
