//! The step worker: runs the steps of runbooks, commands by the runner, questions by the query engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use nines_engine::{Command, Reply, StepJob};
use nines_port::{CapturedOutput, StepEnd, StepOutcome, StepRequest, StepRunner};
use nines_promql::{QueryLimits, Value, check};
use nines_runbook::StepKind;

use crate::app::Shared;

/// Steps that run at once.
const STEPS_MAX: usize = 16;
/// The longest pause between two looks.
const IDLE_MAX: Duration = Duration::from_millis(500);

/// What every command of a step gets in its environment.
#[derive(Debug, Clone)]
pub(crate) struct StepEnvironment {
    /// Below it every run has a folder of its own.
    pub(crate) folder: PathBuf,
    /// `NINES`, `NINES_URL`, `NINES_TOKEN_FILE`.
    pub(crate) variables: BTreeMap<String, String>,
}

/// Runs steps until the sender of `commits` is gone.
pub(crate) fn run_steps(
    app: &Arc<Shared>,
    runner: &Arc<dyn StepRunner>,
    environment: &StepEnvironment,
    commits: &Receiver<u64>,
) {
    loop {
        match commits.recv_timeout(IDLE_MAX) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => while commits.try_recv().is_ok() {},
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let is_due = app.engine.read(|state| state.runs.values().any(|it| it.due().is_some()));
        if !is_due || !app.engine.is_active() {
            continue;
        }
        let taken = app.engine.ask(Command::TakeSteps { count_max: STEPS_MAX });
        let Ok(Ok(Reply::Steps(steps))) = taken else { continue };
        for job in steps {
            let (app, runner) = (Arc::clone(app), Arc::clone(runner));
            let environment = environment.clone();
            // A thread for each: a slow step must not hold up another run.
            let thread = std::thread::Builder::new().name("step".to_owned());
            let spawned = thread.spawn(move || run_one(&app, runner.as_ref(), &environment, job));
            if let Err(error) = spawned {
                tracing::error!(%error, "no thread for a step; it is unknown until the next start");
            }
        }
    }
}

fn run_one(app: &Shared, runner: &dyn StepRunner, environment: &StepEnvironment, job: StepJob) {
    let outcome = match &job.step.kind {
        StepKind::Command { interpreter } => run_command(runner, environment, &job, interpreter),
        StepKind::Promql => ask_promql(app, &job),
        StepKind::Manual => return,
    };
    let StepJob { run, step, attempt, .. } = job;
    let finished = Command::StepFinished { run, step: step.name, attempt, outcome };
    match app.engine.ask(finished) {
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => tracing::error!(%refusal, "the end of a step was refused"),
        Err(error) => tracing::error!(%error, "the end of a step was not taken"),
    }
}

fn run_command(
    runner: &dyn StepRunner,
    environment: &StepEnvironment,
    job: &StepJob,
    interpreter: &str,
) -> StepOutcome {
    let folder = environment.folder.join(job.run.to_string());
    if let Err(error) = std::fs::create_dir_all(&folder) {
        return failed(format!("failed to make the folder {}: {error}", folder.display()));
    }
    let mut variables = environment.variables.clone();
    variables.extend(job.inputs.clone());
    runner.run(&StepRequest {
        key: job.key.clone(),
        interpreter: interpreter.to_owned(),
        script: job.step.text.clone(),
        environment: variables,
        folder: absolute(&folder),
        timeout: job.step.timeout,
    })
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// True: a comparison with a result, or a scalar other than 0.
fn ask_promql(app: &Shared, job: &StepJob) -> StepOutcome {
    let started = Instant::now();
    let limit = Duration::try_from(job.step.timeout).unwrap_or_default();
    let cancelled = || limit < started.elapsed();
    let limits = QueryLimits { cancelled: Some(&cancelled), ..QueryLimits::default() };
    let at_ms = app.clock.now().as_millisecond();
    let answered = check(job.step.text.trim())
        .and_then(|query| query.instant(&app.metrics.store, at_ms, &limits));
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => return failed(format!("{error}")),
    };
    let (holds, text) = match answer.value {
        Value::Scalar(sample) => (sample.value != 0.0, sample.value.to_string()),
        Value::Vector(vector) if vector.is_empty() => (false, "no series".to_owned()),
        Value::Vector(vector) => {
            let lines = vector.iter().map(|it| format!("{} {}", it.labels, it.value));
            (true, lines.collect::<Vec<_>>().join("\n"))
        }
        Value::String { .. } | Value::Matrix(_) => {
            return failed("the expression gives no vector and no scalar".to_owned());
        }
    };
    StepOutcome {
        end: StepEnd::Exited { code: i32::from(!holds) },
        stdout: CapturedOutput { text, omitted_bytes: 0 },
        stderr: CapturedOutput::default(),
        took: SignedDuration::try_from(started.elapsed()).unwrap_or_default(),
    }
}

fn failed(reason: String) -> StepOutcome {
    StepOutcome {
        end: StepEnd::Failed { reason },
        stdout: CapturedOutput::default(),
        stderr: CapturedOutput::default(),
        took: SignedDuration::ZERO,
    }
}
