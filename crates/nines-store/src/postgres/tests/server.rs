//! A PostgreSQL server for one test: the system's, in a temporary folder, on a socket in it. It ends with the value.

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long it may take to start, on a busy machine.
const READY_MAX: Duration = Duration::from_mins(1);
/// The user that Debian's package makes; the server refuses to be root.
const USER: &str = "postgres";

/// The server, its folder, and how to start it again.
#[derive(Debug)]
pub(crate) struct Server {
    programs: PathBuf,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// Starts one, or says on standard error that a test is skipped.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
            assert!(
                !required,
                "NINES_REQUIRE=all, but no postgres; install the package postgresql"
            );
            let said = "skipped: no postgres; install the package postgresql";
            drop(writeln!(std::io::stdout(), "{said}"));
            return None;
        };
        let folder = tempfile::Builder::new().prefix("nines-pg-").tempdir().unwrap();
        if is_root() {
            let id = |flag: &str| {
                let output = Command::new("id").args([flag, USER]).output().unwrap().stdout;
                String::from_utf8(output).unwrap().trim().parse::<u32>().unwrap()
            };
            chown(folder.path(), Some(id("-u")), Some(id("-g"))).unwrap();
        }
        let mut server = Self { programs, folder, child: None };
        let data = server.folder.path().join("data");
        let mut initdb = server.command("initdb");
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8"]);
        let made = initdb.stdout(Stdio::null()).status().unwrap();
        assert!(made.success(), "initdb: {made}");
        server.run();
        Some(server)
    }

    /// Starts the server on its folder, and waits until it answers.
    pub(crate) fn run(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        // It must not wait for the disk of a test machine: what is killed is the server, not the system.
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "log_min_messages=panic",
        ]);
        self.child = Some(command.stdout(Stdio::null()).spawn().unwrap());
        let started = Instant::now();
        loop {
            let mut ready = self.command("pg_isready");
            ready.arg("-h").arg(self.folder.path()).stdout(Stdio::null());
            if ready.status().unwrap().success() {
                return;
            }
            assert!(started.elapsed() < READY_MAX, "postgres does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it without its farewell, as the power does: the next start recovers.
    pub(crate) fn crash(&mut self) {
        if let Some(mut child) = self.child.take() {
            let signal = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            assert!(signal.unwrap().success());
            child.wait().unwrap();
        }
    }

    /// The address of its database, for `--journal`.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?user={USER}&host={}", self.folder.path().display())
    }

    /// A program of the server, as somebody who may run it.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.starts_with(b"0")
}

/// The folder of the newest server that is installed as Debian does it.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    let folders = versions.filter_map(|it| Some(it.ok()?.path().join("bin")));
    folders.filter(|it| it.join("initdb").exists() && it.join("postgres").exists()).max()
}
