//! Running the program: one command to its end, or a server that tells when it is ready.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a server may take until it is ready, on a busy machine.
const READY_MAX: Duration = Duration::from_mins(1);

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nines"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).env("XDG_STATE_HOME", home);
    command
}

pub(crate) fn nines(home: &Path, args: &[&str]) -> Output {
    let output = program(home).args(args).stdin(Stdio::null()).output().unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server process; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Running {
    /// Starts `args` with a ready file, and waits for it.
    pub(crate) fn start(home: &Path, args: &[&str]) -> Self {
        let ready = home.join("ready.json");
        let mut command = program(home);
        command.args(args).arg("--ready-file").arg(&ready);
        Self::launch(command, &ready)
    }

    /// Runs a command that writes this ready file, and waits for it.
    pub(crate) fn launch(mut command: Command, ready: &Path) -> Self {
        drop(std::fs::remove_file(ready));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(ready) {
                let ready: Value = serde_json::from_str(&text).unwrap();
                let text = |name: &str| ready[name].as_str().unwrap().to_owned();
                return Self { child, url: text("url"), token: text("token") };
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended before it was ready: {ended:?}");
            assert!(started.elapsed() < READY_MAX, "{command:?} is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGKILL, at whatever instruction it is.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it `STOP` or another signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// SIGTERM; gives the exit code and the time it took.
    pub(crate) fn stop(mut self) -> (i32, Duration) {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), started.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `kill` or `stop` there is nothing left to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
