//! One command from start to end: started as a process group, watched by threads, killed when late.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nines_port::{CapturedOutput, StepEnd, StepRequest};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use crate::capture::Capture;

/// What a command started in the background may still write after the command itself has ended.
const LINGER: Duration = Duration::from_secs(1);
/// How long a killed process may take to disappear, and its pipes to close.
const KILL_WAIT: Duration = Duration::from_secs(5);
/// The size of one read.
const CHUNK_BYTES: usize = 16 * 1_024;

/// A command that runs.
pub(crate) struct Process {
    child: Child,
    group: Pid,
    events: Receiver<Event>,
    stdout: Arc<Mutex<Capture>>,
    stderr: Arc<Mutex<Capture>>,
    /// Pipes that are still open.
    open_pipes: u32,
}

/// What the threads tell; at most three in all.
enum Event {
    /// The command has ended and is not yet reaped.
    Ended,
    /// A pipe has no writer any more.
    Closed,
}

/// Starts the command and the threads that watch it.
///
/// # Errors
/// In words for people: what could not be started, and why.
pub(crate) fn start(request: &StepRequest, path: &OsStr, home: &Path) -> Result<Process, String> {
    let StepRequest { key, interpreter, script, environment, folder, .. } = request;
    if !folder.is_dir() {
        return Err(format!("the folder `{}` does not exist", folder.display()));
    }
    if let Some(name) = environment.keys().find(|it| it.is_empty() || it.contains(['=', '\0'])) {
        return Err(format!("`{name}` cannot name an environment variable"));
    }
    let mut command = Command::new(interpreter);
    command.arg("-c").arg(script).current_dir(folder).process_group(0);
    command.env_clear().envs(environment);
    command.env("PATH", path).env("HOME", home).env("NINES_STEP_KEY", key);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no program `{interpreter}` in the PATH"),
        _ => format!("`{interpreter}` could not be started: {error}"),
    })?;
    watch(child).map_err(|error| format!("the command could not be watched: {error}"))
}

/// Without its threads a command must not go on.
fn watch(mut child: Child) -> io::Result<Process> {
    let (sender, events) = channel();
    let group = Pid::from_child(&child);
    let stdout = Arc::new(Mutex::new(Capture::default()));
    let stderr = Arc::new(Mutex::new(Capture::default()));
    let pipes = (child.stdout.take(), child.stderr.take());
    let spawned = spawn("step-wait", || wait(group, sender.clone()))
        .and_then(|()| spawn("step-stdout", || read(pipes.0, &stdout, &sender)))
        .and_then(|()| spawn("step-stderr", || read(pipes.1, &stderr, &sender)));
    match spawned {
        Ok(()) => Ok(Process { child, group, events, stdout, stderr, open_pipes: 2 }),
        Err(error) => {
            signal(group, Signal::KILL);
            child.wait()?;
            Err(error)
        }
    }
}

/// Starts the thread whose work `make` gives.
fn spawn<W: FnOnce() + Send + 'static>(name: &str, make: impl FnOnce() -> W) -> io::Result<()> {
    // Nobody joins: a process that left its group may keep a pipe open for ever.
    thread::Builder::new().name(name.to_owned()).spawn(make()).map(drop)
}

/// Waits for the end and leaves the reaping, so that the group's number is not given to others before.
fn wait(pid: Pid, events: Sender<Event>) -> impl FnOnce() + Send + 'static {
    move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|it| it == rustix::io::Errno::INTR) {}
        // A failure means that nobody waits for the answer any more.
        drop(events.send(Event::Ended));
    }
}

/// Reads to the end.
fn read(
    pipe: Option<impl Read + Send + 'static>,
    capture: &Arc<Mutex<Capture>>,
    events: &Sender<Event>,
) -> impl FnOnce() + Send + 'static {
    let (capture, events) = (Arc::clone(capture), events.clone());
    move || {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut pipe = pipe;
        while let Some(open) = &mut pipe {
            match open.read(&mut chunk) {
                Ok(0) => pipe = None,
                Ok(size) => {
                    let read = chunk.get(..size).unwrap_or_default();
                    capture.lock().unwrap_or_else(PoisonError::into_inner).push(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => pipe = None,
            }
        }
        drop(events.send(Event::Closed));
    }
}

impl Process {
    /// Waits for the end, or for `deadline` and then kills; what it wrote is given in every case.
    pub(crate) fn finish(
        mut self,
        deadline: Instant,
        term_grace: Duration,
    ) -> (StepEnd, CapturedOutput, CapturedOutput) {
        let in_time = self.await_end(deadline);
        let ended = in_time || self.kill(term_grace);
        if in_time {
            self.drain(deadline.min(Instant::now() + LINGER));
        }
        // What it left running must not outlive the step.
        signal(self.group, Signal::KILL);
        let status = if ended { self.child.wait() } else { Err(io::ErrorKind::TimedOut.into()) };
        self.drain(Instant::now() + KILL_WAIT);
        let end = match (in_time, status) {
            (false, _) => StepEnd::TimedOut,
            (true, Ok(status)) => end_of(status),
            (true, Err(error)) => {
                StepEnd::Failed { reason: format!("its exit status could not be read: {error}") }
            }
        };
        let text = |it: &Mutex<Capture>| it.lock().unwrap_or_else(PoisonError::into_inner).text();
        (end, text(&self.stdout), text(&self.stderr))
    }

    /// TERM, then KILL; whether the command is gone.
    fn kill(&mut self, term_grace: Duration) -> bool {
        signal(self.group, Signal::TERM);
        if self.await_end(Instant::now() + term_grace) {
            return true;
        }
        signal(self.group, Signal::KILL);
        self.await_end(Instant::now() + KILL_WAIT)
    }

    /// Waits until the command has ended; whether that was before `deadline`.
    fn await_end(&mut self, deadline: Instant) -> bool {
        loop {
            match self.next(deadline) {
                Some(Event::Ended) => return true,
                Some(Event::Closed) => {}
                None => return false,
            }
        }
    }

    /// Waits until both pipes are closed, or `deadline`.
    fn drain(&mut self, deadline: Instant) {
        while 0 < self.open_pipes && self.next(deadline).is_some() {}
    }

    fn next(&mut self, deadline: Instant) -> Option<Event> {
        let left = deadline.saturating_duration_since(Instant::now());
        let event = self.events.recv_timeout(left).ok()?;
        if matches!(event, Event::Closed) {
            self.open_pipes = self.open_pipes.saturating_sub(1);
        }
        Some(event)
    }
}

/// To the whole group, and to the command itself in case that it left its group.
fn signal(group: Pid, signal: Signal) {
    // The command is not reaped yet, so its number is its own. Who is gone needs no signal.
    kill_process_group(group, signal).unwrap_or_default();
    kill_process(group, signal).unwrap_or_default();
}

fn end_of(status: ExitStatus) -> StepEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => StepEnd::Exited { code },
        (None, Some(signal)) => StepEnd::Killed { signal },
        (None, None) => StepEnd::Failed { reason: format!("ended in an unknown way: {status}") },
    }
}
