use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn minute(number: i64) -> Timestamp {
    "2026-11-25T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(number)
}

/// Every hour, ten minutes of grace.
fn watched() -> BTreeMap<String, Heartbeat> {
    let backup = Heartbeat {
        schedule: Schedule::Every(SignedDuration::from_hours(1)),
        grace: SignedDuration::from_mins(10),
        labels: Labels::new([("team", "shop")]).unwrap(),
        runbook: Some("backup-failed".to_owned()),
        ..Heartbeat::created("backup")
    };
    BTreeMap::from([("backup".to_owned(), backup)])
}

fn ping(signal: Signal) -> Command {
    run(signal, None)
}

fn run(signal: Signal, run: Option<&str>) -> Command {
    let (name, body, run) = ("backup".to_owned(), String::new(), run.map(str::to_owned));
    Command::Ping { name, signal, run, body, creates: false }
}

fn pause() -> Command {
    Command::Pause { name: "backup".to_owned(), by: "ana".to_owned() }
}

fn resume() -> Command {
    Command::Resume { name: "backup".to_owned(), by: "ana".to_owned() }
}

/// Plays a script of (minute, command), wakes whenever it is due, and writes where the heartbeat stands.
#[track_caller]
fn check(script: &[(i64, Command)], until: i64, expect: &Expect) {
    let (watched, mut state, mut out) = (watched(), State::default(), String::new());
    let mut script = script.iter().peekable();
    loop {
        let wake = state.wake_at().filter(|it| *it <= minute(until));
        let (now, command) = match (script.peek(), wake) {
            (Some((at, _)), Some(due)) if due < minute(*at) => (due, Command::Wake),
            (Some(_), _) => {
                let (at, command) = script.next().unwrap();
                (minute(*at), command.clone())
            }
            (None, Some(due)) => (due, Command::Wake),
            (None, None) => break,
        };
        for fact in decide(&state, command, &watched, now).unwrap() {
            evolve(&mut state, &fact, now);
        }
        let beat = &state.beats["backup"];
        let at = now.duration_since(minute(0)).as_mins();
        let alerts: Vec<_> = alerts(&state, &watched);
        let alert = alerts.first().map_or("", |it| it.annotations["description"].as_str());
        let phase = beat.phase(&watched["backup"], now).to_string();
        writeln!(out, "{}", format!("{at}m {phase:<8}{alert}").trim_end()).unwrap();
    }
    expect.assert_eq(&out);
}

#[test]
fn it_is_down_after_the_grace_and_up_again_with_the_next_success() {
    check(
        &[(0, ping(Signal::Success)), (60, ping(Signal::Success)), (200, ping(Signal::Exit(0)))],
        300,
        &expect![[r#"
            0m up
            60m up
            130m down    nothing came by 2026-11-25T12:10:00Z; the last ping came 2026-11-25T11:00:00Z (success)
            200m up
            270m down    nothing came by 2026-11-25T14:30:00Z; the last ping came 2026-11-25T13:20:00Z (exit status 0)
        "#]],
    );
}

#[test]
fn a_failure_is_down_at_once() {
    check(
        &[(0, ping(Signal::Exit(3))), (5, ping(Signal::Success))],
        60,
        &expect![[r#"
            0m down    the job reports: exit status 3
            5m up
        "#]],
    );
}

#[test]
fn a_run_that_does_not_end_is_down_after_the_grace() {
    check(
        &[(0, ping(Signal::Success)), (30, ping(Signal::Start))],
        60,
        &expect![[r#"
            0m up
            30m started
            40m down    a run that began did not end by 2026-11-25T10:40:00Z; the last ping came 2026-11-25T10:00:00Z (success)
        "#]],
    );
}

#[test]
fn the_end_of_another_run_does_not_end_this_one_but_a_failure_does() {
    check(
        &[
            (0, run(Signal::Start, Some("a"))),
            (2, run(Signal::Success, Some("b"))),
            (4, run(Signal::Success, Some("a"))),
            (6, run(Signal::Start, Some("c"))),
            (7, run(Signal::Failure, Some("d"))),
            (8, run(Signal::Start, Some("e"))),
            (9, ping(Signal::Success)),
        ],
        20,
        &expect![[r#"
            0m started
            2m started
            4m up
            6m started
            7m down    the job reports: failure
            8m down    the job reports: failure
            9m up
        "#]],
    );
}

#[test]
fn nothing_is_expected_while_it_is_paused() {
    check(
        &[(0, ping(Signal::Success)), (10, pause()), (500, resume()), (510, ping(Signal::Success))],
        600,
        &expect![[r#"
            0m up
            10m paused
            500m new
            510m up
            580m down    nothing came by 2026-11-25T19:40:00Z; the last ping came 2026-11-25T18:30:00Z (success)
        "#]],
    );
}

#[test]
fn an_unknown_name_is_refused_unless_it_may_be_created() {
    let ping = |name: &str, creates| {
        let (signal, name) = (Signal::Success, name.to_owned());
        let command = Command::Ping { name, signal, run: None, body: String::new(), creates };
        decide(&State::default(), command, &BTreeMap::new(), minute(0))
    };
    assert_eq!(ping("nightly", false), Err(Refusal::Unknown("nightly".to_owned())));
    assert_eq!(ping("no way", true), Err(Refusal::BadName("no way".to_owned())));
    let mut state = State::default();
    for fact in ping("nightly", true).unwrap() {
        evolve(&mut state, &fact, minute(0));
    }
    assert_eq!(state.wake_at(), Some(minute(25 * 60)));
}

#[test]
fn pings_do_not_create_any_number() {
    let mut state = State::default();
    for number in 0..CREATED_MAX {
        evolve(&mut state, &Fact::Created { name: format!("job-{number}") }, minute(0));
    }
    assert_eq!(create(&state, "one-more"), Err(Refusal::TooMany));
}

#[test]
fn a_long_body_is_cut_between_characters() {
    let body = cut("é".repeat(BODY_BYTES_MAX));
    assert_eq!(body.len(), BODY_BYTES_MAX);
    assert_eq!(cut(format!("a{body}é")).len(), BODY_BYTES_MAX - 1);
}

proptest! {
    /// Whatever comes, it is down or has a due time, unless nothing is expected of it.
    #[test]
    fn a_heartbeat_is_never_forgotten(
        script in prop::collection::vec((1_i64..90, 0_usize..7), 1..40),
    ) {
        let commands = [
            ping(Signal::Success), ping(Signal::Failure), ping(Signal::Start), ping(Signal::Log),
            pause(), resume(), Command::Wake,
        ];
        let (watched, mut state, mut now) = (watched(), State::default(), minute(0));
        for (wait, which) in script {
            now += SignedDuration::from_mins(wait);
            for command in [Command::Wake, commands[which].clone()] {
                for fact in decide(&state, command, &watched, now).unwrap() {
                    evolve(&mut state, &fact, now);
                }
            }
            let Some(beat) = state.beats.get("backup") else { continue };
            let is_silent = beat.last.is_none() && beat.started.is_none();
            prop_assert!(beat.is_paused || is_silent || beat.down.is_some() || beat.due.is_some());
            prop_assert!(beat.due.is_none_or(|it| now < it));
        }
    }
}
