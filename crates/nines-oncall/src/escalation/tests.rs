use std::fmt::Write;

use expect_test::{Expect, expect};
use nines_base::Origin;

use super::*;
use crate::{Contact, Person, Roster, Schedule, rota};

/// Ana and ben by inbox at once and by e-mail after two minutes; cyd by nothing.
fn roster() -> Roster {
    let origin = Origin::default;
    let contact = |channel, minutes| Contact { channel, delay: SignedDuration::from_mins(minutes) };
    let person = |name: &str, contacts| Person {
        name: name.to_owned(),
        display_name: name.to_owned(),
        contacts,
        origin: origin(),
    };
    let email = |name: &str| Channel::Email { address: format!("{name}@example.org") };
    let reachable =
        |name: &str| person(name, vec![contact(Channel::Inbox, 0), contact(email(name), 2)]);
    let people = [reachable("ana"), reachable("ben"), person("cyd", Vec::new())];
    let start = "1970-01-01T00:00".parse().unwrap();
    let schedule = Schedule::weekly("shop", jiff::tz::TimeZone::UTC, start, 1, &["ana"]);
    Roster {
        people: people.into_iter().map(|it| (it.name.clone(), it)).collect(),
        schedules: BTreeMap::from([("shop".to_owned(), schedule)]),
        policies: BTreeMap::new(),
    }
}

fn policy(targets: &[&[Target]], repeat: u32) -> Policy {
    let wait = SignedDuration::from_mins(5);
    let step = |targets: &&[Target]| Step { targets: targets.to_vec(), wait };
    let steps = targets.iter().map(step).collect();
    Policy { name: "shop-primary".to_owned(), steps, repeat, origin: Origin::default() }
}

fn on_call() -> Target {
    Target::Schedule("shop".to_owned())
}

fn person(name: &str) -> Target {
    Target::Person(name.to_owned())
}

fn answer() -> Command {
    Command::Acknowledge { by: "ana".to_owned(), via: "link".to_owned() }
}

/// Starts the policy, obeys every wake-up, and applies `script` (minute, command) on the way.
#[track_caller]
fn check(policy: Policy, script: &[(i64, Command)], expect: &Expect) {
    let minute = |it| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it);
    let mut script = script.iter().map(|(at, it)| (minute(*at), it.clone())).peekable();
    let mut next = Some((minute(0), Command::Start(policy)));
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let (mut state, mut out) = (State::default(), String::new());
    while let Some((now, command)) = next {
        let elapsed = |at: Timestamp| at.duration_since(minute(0)).as_mins();
        write!(out, "{:02}m", elapsed(now)).unwrap();
        match decide(&state, command, duty, now) {
            Ok(facts) => {
                for fact in &facts {
                    evolve(&mut state, fact, now);
                    match fact {
                        Fact::PageIntended { page, channel, due } => {
                            let due = elapsed(*due);
                            write!(out, " page {} by {channel} at {due:02}m;", page.person)
                                .unwrap();
                        }
                        Fact::StepEntered { round, step, .. } => {
                            write!(out, " step {round}.{step};").unwrap();
                        }
                        other => write!(out, " {};", word(other)).unwrap(),
                    }
                }
            }
            Err(refusal) => write!(out, " refused: {refusal}").unwrap(),
        }
        out.push('\n');
        let wake = state.wake_at().map(|at| (at, Command::Wake));
        let scripted = script.next_if(|(at, _)| wake.as_ref().is_none_or(|(wake, _)| at <= wake));
        next = scripted.or(wake);
    }
    expect.assert_eq(&out);
}

fn word(fact: &Fact) -> &'static str {
    match fact {
        Fact::Started { .. } => "started",
        Fact::StepEntered { .. } | Fact::PageIntended { .. } => "shown above",
        Fact::Acknowledged { .. } => "acknowledged",
        Fact::Resolved => "resolved",
        Fact::Exhausted => "exhausted",
    }
}

#[test]
fn without_an_answer_every_step_of_every_round_is_told() {
    check(
        policy(&[&[on_call()], &[person("ben")]], 1),
        &[],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            05m step 0.1; page ben by inbox at 05m; page ben by email at 07m;
            10m step 1.0; page ana by inbox at 10m; page ana by email at 12m;
            15m step 1.1; page ben by inbox at 15m; page ben by email at 17m;
            20m exhausted;
        "#]],
    );
}

#[test]
fn an_answer_stops_the_escalation_once() {
    check(
        policy(&[&[on_call()], &[person("ben")]], 0),
        &[(7, answer()), (8, answer()), (9, Command::Resolve), (9, answer())],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            05m step 0.1; page ben by inbox at 05m; page ben by email at 07m;
            07m acknowledged;
            08m refused: nobody is waiting for an answer: ana has acknowledged
            09m resolved;
            09m refused: nobody is waiting for an answer: the alert is resolved
        "#]],
    );
}

#[test]
fn an_answer_after_the_last_step_still_counts() {
    check(
        policy(&[&[on_call()]], 0),
        &[(30, answer())],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            05m exhausted;
            30m acknowledged;
        "#]],
    );
}

#[test]
fn a_step_that_reaches_nobody_is_passed_at_once() {
    check(
        policy(&[&[person("cyd")], &[person("nobody")], &[person("ben")]], 0),
        &[(1, Command::Resolve)],
        &expect![[r#"
            00m started; step 0.0; step 0.1; step 0.2; page ben by inbox at 00m; page ben by email at 02m;
            01m resolved;
        "#]],
    );
}

#[test]
fn a_person_behind_two_targets_is_told_once() {
    check(
        policy(&[&[on_call(), person("ana")]], 0),
        &[(1, Command::Resolve)],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            01m resolved;
        "#]],
    );
}

#[test]
fn a_policy_that_reaches_nobody_is_exhausted_at_once() {
    check(
        policy(&[&[person("cyd")]], 2),
        &[],
        &expect![[r#"
            00m started; step 0.0; step 1.0; step 2.0; exhausted;
        "#]],
    );
    check(
        policy(&[], 0),
        &[],
        &expect![[r#"
            00m refused: escalation policy `shop-primary` has no steps
        "#]],
    );
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect![[r#"
        {"Started":{"policy":{"name":"shop-primary","steps":[{"targets":[{"Schedule":"shop"}],"wait":"PT5M"}],"repeat":0,"origin":{"file":"","line":0}}}}
        {"StepEntered":{"round":0,"step":0,"deadline":"1970-01-01T00:05:00Z","reached":[{"target":{"Schedule":"shop"},"person":"ana","shift":{"person":"ana","index":0,"from":"1970-01-01T00:00:00Z","until":"1970-01-08T00:00:00Z"}}]}}
        {"PageIntended":{"page":{"round":0,"step":0,"person":"ana","contact":0},"channel":"Inbox","due":"1970-01-01T00:00:00Z"}}
        {"PageIntended":{"page":{"round":0,"step":0,"person":"ana","contact":1},"channel":{"Email":{"address":"ana@example.org"}},"due":"1970-01-01T00:02:00Z"}}
        {"Acknowledged":{"by":"ana","via":"link"}}
        "Resolved"
        "Exhausted"
    "#]];
    let start = Command::Start(policy(&[&[on_call()]], 0));
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let mut facts = decide(&State::default(), start, duty, Timestamp::UNIX_EPOCH).unwrap();
    let (by, via) = ("ana".to_owned(), "link".to_owned());
    facts.extend([Fact::Acknowledged { by, via }, Fact::Resolved, Fact::Exhausted]);
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}
