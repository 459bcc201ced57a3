use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use tempfile::TempDir;

use super::*;

/// Long enough for any machine; no test waits for it.
const LONG: SignedDuration = SignedDuration::from_secs(60);
const SHORT: SignedDuration = SignedDuration::from_millis(200);
/// Long enough for a shell to start on a busy machine.
const ENOUGH: SignedDuration = SignedDuration::from_secs(2);

fn request(folder: &Path, script: &str, timeout: SignedDuration) -> StepRequest {
    StepRequest {
        key: "run_1/act/1".to_owned(),
        interpreter: "sh".to_owned(),
        script: script.to_owned(),
        environment: BTreeMap::from([("TARGET".to_owned(), "v2 'quoted'".to_owned())]),
        folder: folder.to_owned(),
        timeout,
    }
}

fn runner() -> ProcessRunner {
    ProcessRunner::default()
}

fn run(script: &str, timeout: SignedDuration) -> StepOutcome {
    let folder = TempDir::new().unwrap();
    runner().run(&request(folder.path(), script, timeout))
}

#[track_caller]
fn check(script: &str, expect: &Expect) {
    let StepOutcome { end, stdout, stderr, .. } = run(script, LONG);
    expect.assert_eq(&format!("{end:?}\n{}--\n{}", stdout.text, stderr.text));
}

#[test]
fn output_and_exit_codes_are_told() {
    check(
        "echo out; echo err >&2",
        &expect![[r#"
        Exited { code: 0 }
        out
        --
        err
    "#]],
    );
    check(
        "echo before; exit 7",
        &expect![[r#"
        Exited { code: 7 }
        before
        --
    "#]],
    );
    check(
        "kill -KILL $$",
        &expect![[r#"
        Killed { signal: 9 }
        --
    "#]],
    );
    assert_eq!(run("no-such-command", LONG).end, StepEnd::Exited { code: 127 });
}

#[test]
fn the_environment_is_what_was_given_and_nothing_is_on_the_input() {
    check(
        "env | grep -v '^PWD=\\|^HOME=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | sort; cat; echo end",
        &expect![[r#"
            Exited { code: 0 }
            NINES_STEP_KEY=run_1/act/1
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
            TARGET=v2 'quoted'
            end
            --
        "#]],
    );
}

#[test]
fn the_folder_is_the_given_one_and_the_home() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let outcome = runner().run(&request(&path, "pwd; echo $HOME; echo x > here", LONG));
    let shown = path.display();
    assert_eq!(outcome.stdout.text, format!("{shown}\n{shown}\n"));
    assert!(path.join("here").is_file());
}

#[test]
fn other_interpreters_run_whole_scripts() {
    let folder = TempDir::new().unwrap();
    let script = "import os\nfor it in range(2):\n    print(it, os.environ['NINES_STEP_KEY'])\n";
    let mut request = request(folder.path(), script, LONG);
    request.interpreter = "python3".to_owned();
    assert_eq!(runner().run(&request).stdout.text, "0 run_1/act/1\n1 run_1/act/1\n");
}

#[test]
fn what_cannot_start_says_why() {
    let folder = TempDir::new().unwrap();
    let good = request(folder.path(), "true", LONG);
    let mut environment = good.environment.clone();
    environment.insert("A=B".to_owned(), String::new());
    let bad = [
        StepRequest { interpreter: "no-such-shell".to_owned(), ..good.clone() },
        StepRequest { folder: "/no/such/folder".into(), ..good.clone() },
        StepRequest { script: "a\0b".to_owned(), ..good.clone() },
        StepRequest { environment, ..good },
    ];
    let ends: Vec<String> = bad.iter().map(|it| format!("{:?}", runner().run(it).end)).collect();
    expect![[r#"
        Failed { reason: "there is no program `no-such-shell` in the PATH" }
        Failed { reason: "the folder `/no/such/folder` does not exist" }
        Failed { reason: "`sh` could not be started: nul byte found in provided data" }
        Failed { reason: "`A=B` cannot name an environment variable" }"#]]
    .assert_eq(&ends.join("\n"));
}

#[test]
fn a_huge_output_keeps_its_ends() {
    let outcome = run("echo begin; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo end", LONG);
    let StepOutcome { end, stdout, .. } = outcome;
    assert_eq!(end, StepEnd::Exited { code: 0 });
    assert!(stdout.text.starts_with("begin\nxx") && stdout.text.ends_with("x\nend\n"));
    assert_eq!(stdout.text.len(), capture::HEAD_BYTES + capture::TAIL_BYTES);
    assert_eq!(stdout.text.len() as u64 + stdout.omitted_bytes, 5_000_000 + 11);
}

#[test]
fn a_timeout_keeps_what_was_written() {
    let outcome = run("echo before; sleep 1000", ENOUGH);
    assert_eq!((outcome.end, outcome.stdout.text.as_str()), (StepEnd::TimedOut, "before\n"));
    assert!(ENOUGH <= outcome.took && outcome.took < LONG);
}

#[test]
fn a_command_may_tidy_up_after_term() {
    let outcome = run("trap 'echo tidy; exit 0' TERM; sleep 1000 & wait", ENOUGH);
    assert_eq!((outcome.end, outcome.stdout.text.as_str()), (StepEnd::TimedOut, "tidy\n"));
}

/// Runs the script with a pipe on descriptor 3 and returns when nobody has it open any more.
fn run_until_all_are_gone(script: &str, timeout: SignedDuration) -> StepOutcome {
    let folder = TempDir::new().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = open(&fifo, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let script = format!("exec 3> fifo; {script}");
    let impatient = runner().with_term_grace(Duration::from_millis(200));
    let outcome = impatient.run(&request(folder.path(), &script, timeout));
    // Blocks as long as a process has the other end.
    fcntl_setfl(&reader, OFlags::empty()).unwrap();
    let mut rest = Vec::new();
    File::from(reader).read_to_end(&mut rest).unwrap();
    outcome
}

#[test]
fn a_timeout_kills_grandchildren_that_ignore_term() {
    let script = "trap '' TERM; sh -c 'sleep 1000' & (sh -c 'sleep 1000; true') & wait; wait";
    let outcome = run_until_all_are_gone(script, SHORT);
    assert_eq!(outcome.end, StepEnd::TimedOut);
}

#[test]
fn what_a_step_leaves_in_the_background_ends_with_it() {
    for redirect in ["", "> /dev/null 2>&1"] {
        let outcome = run_until_all_are_gone(&format!("sleep 1000 {redirect} & echo done"), LONG);
        assert_eq!(outcome.end, StepEnd::Exited { code: 0 });
        assert_eq!(outcome.stdout.text, "done\n");
    }
}

#[test]
fn late_output_of_a_background_child_is_not_lost() {
    // The child reads until the shell has ended and its end of the pipe is closed.
    let script = "mkfifo p; (cat p; echo late) & exec 4> p; echo early";
    let outcome = run(script, LONG);
    assert_eq!(outcome.stdout.text, "early\nlate\n");
}

#[test]
fn a_timeout_of_nothing_is_a_timeout() {
    let outcome = run("sleep 1000", SignedDuration::from_secs(-1));
    assert_eq!(outcome.end, StepEnd::TimedOut);
}
