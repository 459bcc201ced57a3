//! Executes runbook steps under limits: own process group, cleared environment, bounded output, deadline.
//!
//! It must not know runbooks, runs or the journal; it gets one attempt and tells how it ended.

#![expect(clippy::disallowed_methods, reason = "this crate does the IO: a deadline needs a clock")]
#![warn(missing_docs)]

mod capture;
mod process;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use nines_port::{CapturedOutput, StepEnd, StepOutcome, StepRequest, StepRunner};

/// After TERM a command has so long to end before KILL.
pub const TERM_GRACE: Duration = Duration::from_secs(10);

/// Where interpreters and commands are looked for, unless told otherwise.
const PATH_DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs each attempt as a process group of its own.
///
/// When the command ends, what it left running in its group is killed. A process that leaves the group
/// (`setsid`) is out of reach; it cannot delay the answer beyond the deadline.
#[derive(Debug, Clone)]
pub struct ProcessRunner {
    path: OsString,
    home: Option<PathBuf>,
    term_grace: Duration,
}

impl Default for ProcessRunner {
    fn default() -> Self {
        Self { path: PATH_DEFAULT.into(), home: None, term_grace: TERM_GRACE }
    }
}

impl ProcessRunner {
    /// With this `PATH` for steps, and this `HOME`; without one it is the step's folder.
    pub fn new(path: impl Into<OsString>, home: Option<PathBuf>) -> Self {
        Self { path: path.into(), home, ..Self::default() }
    }

    /// With another time between TERM and KILL than [`TERM_GRACE`].
    #[must_use]
    pub fn with_term_grace(self, term_grace: Duration) -> Self {
        Self { term_grace, ..self }
    }
}

impl StepRunner for ProcessRunner {
    fn run(&self, request: &StepRequest) -> StepOutcome {
        let started = Instant::now();
        let timeout = Duration::try_from(request.timeout).unwrap_or_default();
        let deadline = started.checked_add(timeout).unwrap_or(started);
        let home = self.home.as_deref().unwrap_or(&request.folder);
        let (end, stdout, stderr) = match process::start(request, &self.path, home) {
            Ok(process) => process.finish(deadline, self.term_grace),
            Err(reason) => {
                let nothing = CapturedOutput::default;
                (StepEnd::Failed { reason }, nothing(), nothing())
            }
        };
        let took = SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::MAX);
        StepOutcome { end, stdout, stderr, took }
    }
}

#[cfg(test)]
mod tests;
