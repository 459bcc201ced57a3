use std::fmt::Write;

use expect_test::{Expect, expect};
use jiff::civil::Weekday;
use nines_base::Origin;
use proptest::prelude::*;

use super::*;
use crate::{
    Acks, ClockRange, Condition, Contact, Duty, Hours, Person, Roster, Rule, Schedule, Step, Team,
    Weekdays, rota,
};

/// Ana and ben by inbox at once and by e-mail after two minutes; cyd by nothing.
fn roster() -> Roster {
    let contact = |channel, minutes| Contact { channel, delay: SignedDuration::from_mins(minutes) };
    let person = |name: &str, contacts| Person {
        name: name.to_owned(),
        display_name: name.to_owned(),
        contacts,
        ..Person::default()
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
        ..Roster::default()
    }
}

fn policy(targets: &[&[Target]], repeat: u32) -> Policy {
    let wait = SignedDuration::from_mins(5);
    let step = |targets: &&[Target]| Step::new(targets.to_vec(), wait);
    let steps = targets.iter().map(step).collect();
    Policy { repeat, ..Policy::new("shop-primary", steps) }
}

fn start(policy: Policy) -> Command {
    Command::Start(Box::new(Start { policy, about: About::default(), turn: 0 }))
}

fn hours(day: i8, begin_minute: u16, end_minute: u16) -> Hours {
    let day = Weekday::from_monday_one_offset(day).unwrap();
    let weekdays = Weekdays::NONE.with(day);
    let range = ClockRange { weekdays, begin_minute, end_minute };
    Hours { zone: "UTC".to_owned(), ranges: vec![range] }
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

/// More turns than any script takes.
const TURNS_MAX: usize = 40;

/// Starts the policy, obeys every wake-up, and applies `script` (minute, command) on the way.
#[track_caller]
fn check(policy: Policy, script: &[(i64, Command)], expect: &Expect) {
    let minute = |it| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it);
    let mut script = script.iter().map(|(at, it)| (minute(*at), it.clone())).peekable();
    let mut next = Some((minute(0), start(policy)));
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let (mut state, mut out) = (State::default(), String::new());
    for _ in 0..TURNS_MAX {
        let Some((now, command)) = next else { break };
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
                        Fact::StepEntered { round, step, entry: 0, .. } => {
                            write!(out, " step {round}.{step};").unwrap();
                        }
                        Fact::StepEntered { round, step, .. } => {
                            write!(out, " step {round}.{step} again;").unwrap();
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

fn word(fact: &Fact) -> String {
    match fact {
        Fact::Started { .. } => "started".to_owned(),
        Fact::StepEntered { .. } | Fact::PageIntended { .. } => "shown above".to_owned(),
        Fact::Acknowledged { .. } => "acknowledged".to_owned(),
        Fact::Resolved => "resolved".to_owned(),
        Fact::Exhausted => "exhausted".to_owned(),
        Fact::Restarted { round } => format!("round {round} is the first again"),
        Fact::StepPassed { round, step, .. } => format!("step {round}.{step} does not count"),
        Fact::ReceiverIntended { receiver, .. } => format!("tell receiver {receiver}"),
        Fact::ActionIntended { action, .. } => format!("{action:?}"),
        Fact::AlertsChanged { about, joined } => format!("{} fire, {joined} new", about.alerts),
        Fact::Answered { by, .. } => format!("{by} answered"),
        Fact::Snoozed { by, .. } => format!("{by} snoozed"),
        Fact::Progressed { by } => format!("news by {by}"),
        Fact::Asked { holder, .. } => format!("{holder} is asked"),
        Fact::Declined { by, .. } => format!("{by} is not able"),
        Fact::Added { by, .. } => format!("{by} adds"),
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

/// Reads and writes the shapes of facts. This text may gain lines and never change one.
const RELEASED: &str = r#"
{"Started":{"policy":{"name":"shop-primary","steps":[{"targets":[{"Schedule":"shop"}],"wait":"PT5M"}],"repeat":0,"origin":{"file":"","line":0}}}}
{"StepEntered":{"round":0,"step":0,"deadline":"1970-01-01T00:05:00Z","reached":[{"target":{"Schedule":"shop"},"person":"ana","shift":{"person":"ana","index":0,"from":"1970-01-01T00:00:00Z","until":"1970-01-08T00:00:00Z"}}]}}
{"PageIntended":{"page":{"round":0,"step":0,"person":"ana","contact":0},"channel":"Inbox","due":"1970-01-01T00:00:00Z"}}
{"PageIntended":{"page":{"round":0,"step":0,"person":"ana","contact":1},"channel":{"Email":{"address":"ana@example.org"}},"due":"1970-01-01T00:02:00Z"}}
{"Acknowledged":{"by":"ana","via":"link"}}
"Resolved"
"Exhausted"
"#;

#[test]
fn facts_of_the_first_release_are_still_read() {
    let read: Vec<Fact> =
        RELEASED.trim().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let mut state = State::default();
    for it in &read {
        evolve(&mut state, it, Timestamp::UNIX_EPOCH);
    }
    assert_eq!(state.about, About::default());
    assert_eq!(state.policy.unwrap().ack_expiry, None, "it began before this could be said");
    let page = read.iter().find(|it| matches!(it, Fact::PageIntended { .. }));
    let Some(Fact::PageIntended { page, .. }) = page else { panic!("there is a page") };
    assert_eq!(page.to_string(), "0.0.ana.0", "ids of messages stay");
}

#[test]
fn facts_read_as_they_are_written() {
    let golden = expect![[r#"
        {"Started":{"policy":{"name":"shop-primary","steps":[{"targets":[{"Schedule":"shop"},{"NextOnCall":"shop"},{"RoundRobin":["ana"]},{"Team":"shop"},{"Receiver":"room"}],"wait":"PT5M","when":[{"During":{"zone":"UTC","ranges":[{"weekdays":1,"begin_minute":540,"end_minute":1020}]}},{"MoreAlerts":{"count":3,"within":"PT5M"}},{"Severity":["critical"]}],"acks":"Each","actions":[{"DeclareIncident":{"severity":"SEV2"}},{"StartRunbook":{"runbook":"restart"}}]}],"repeat":0,"origin":{"file":"","line":0},"last_resort":[{"Person":"ben"}],"ack_expiry":"PT30M"},"about":{"urgency":"Ticket","severity":"warning","alerts":2},"turn":7}}
        {"Restarted":{"round":3}}
        {"StepEntered":{"round":0,"step":1,"deadline":"1970-01-01T00:00:00Z","reached":[{"target":{"Person":"ben"},"person":"ben","shift":null}],"entry":0}}
        {"StepPassed":{"round":0,"step":0,"condition":1}}
        {"PageIntended":{"page":{"round":0,"step":1,"person":"ana","contact":0,"entry":2},"channel":"Inbox","due":"1970-01-01T00:00:00Z"}}
        {"ReceiverIntended":{"round":0,"step":1,"entry":0,"receiver":"room"}}
        {"ActionIntended":{"step":1,"action":{"StartRunbook":{"runbook":"restart"}}}}
        {"AlertsChanged":{"about":{"urgency":"Ticket","severity":"warning","alerts":2},"joined":1}}
        {"Acknowledged":{"by":"ana","via":"link"}}
        {"Answered":{"by":"ana","via":"link"}}
        {"Snoozed":{"by":"ana","until":"1970-01-01T00:00:00Z"}}
        {"Progressed":{"by":"ana"}}
        {"Asked":{"holder":"ana","entry":1,"deadline":"1970-01-01T00:00:00Z"}}
        {"Declined":{"by":"ana","why":"on a train"}}
        {"Added":{"by":"ana","entry":2,"reached":[{"target":{"Person":"ben"},"person":"ben","shift":null}],"deadline":null}}
        "Resolved"
        "Exhausted"
    "#]];
    let hours = hours(1, 540, 1_020);
    let mut policy = policy(&[&[on_call()]], 0);
    policy.ack_expiry = Some(SignedDuration::from_mins(30));
    policy.last_resort = vec![person("ben")];
    policy.steps[0].acks = Acks::Each;
    policy.steps[0].when = vec![
        Condition::During(hours),
        Condition::MoreAlerts { count: 3, within: SignedDuration::from_mins(5) },
        Condition::Severity(vec!["critical".to_owned()]),
    ];
    policy.steps[0].actions = vec![
        Action::DeclareIncident { severity: Some("SEV2".to_owned()) },
        Action::StartRunbook { runbook: "restart".to_owned() },
    ];
    policy.steps[0].targets.extend([
        Target::NextOnCall("shop".to_owned()),
        Target::RoundRobin(vec!["ana".to_owned()]),
        Target::Team("shop".to_owned()),
        Target::Receiver("room".to_owned()),
    ]);
    let epoch = Timestamp::UNIX_EPOCH;
    let (by, via, holder) = ("ana".to_owned(), "link".to_owned(), "ana".to_owned());
    let reached =
        vec![Reached { target: person("ben"), person: Some("ben".to_owned()), shift: None }];
    let page = Page { round: 0, step: 1, person: "ana".to_owned(), contact: 0, entry: 2 };
    let about = About { urgency: Urgency::Ticket, severity: "warning".to_owned(), alerts: 2 };
    let action = policy.steps[0].actions[1].clone();
    let facts = [
        Fact::Started { policy, about: about.clone(), turn: 7 },
        Fact::Restarted { round: 3 },
        Fact::StepEntered {
            round: 0,
            step: 1,
            deadline: epoch,
            reached: reached.clone(),
            entry: 0,
        },
        Fact::StepPassed { round: 0, step: 0, condition: 1 },
        Fact::PageIntended { page, channel: Channel::Inbox, due: epoch },
        Fact::ReceiverIntended { round: 0, step: 1, entry: 0, receiver: "room".to_owned() },
        Fact::ActionIntended { step: 1, action },
        Fact::AlertsChanged { about, joined: 1 },
        Fact::Acknowledged { by: by.clone(), via: via.clone() },
        Fact::Answered { by: by.clone(), via },
        Fact::Snoozed { by: by.clone(), until: epoch },
        Fact::Progressed { by: by.clone() },
        Fact::Asked { holder, entry: 1, deadline: epoch },
        Fact::Declined { by: by.clone(), why: "on a train".to_owned() },
        Fact::Added { by, entry: 2, reached, deadline: None },
        Fact::Resolved,
        Fact::Exhausted,
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

fn held(by: &str) -> Command {
    Command::Acknowledge { by: by.to_owned(), via: "link".to_owned() }
}

fn escalate(by: &str) -> Command {
    Command::Escalate { by: by.to_owned(), why: String::new() }
}

fn add(target: Target) -> Command {
    Command::Add { targets: vec![target], by: "eve".to_owned() }
}

fn changed(urgency: Urgency, alerts: u32, joined: u32) -> Command {
    let about = About { urgency, severity: "critical".to_owned(), alerts };
    Command::AlertsChanged { about, joined }
}

fn expiring(policy: Policy) -> Policy {
    Policy { ack_expiry: Some(SignedDuration::from_mins(30)), ..policy }
}

#[test]
fn whoever_acknowledged_and_is_not_heard_of_is_asked_and_then_the_step_begins_again() {
    check(
        expiring(policy(&[&[on_call()], &[person("ben")]], 0)),
        &[(6, held("ben")), (20, Command::Progress { by: "ben".to_owned() }), (60, held("ana"))],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            05m step 0.1; page ben by inbox at 05m; page ben by email at 07m;
            06m acknowledged;
            20m news by ben;
            50m ben is asked; page ben by inbox at 50m; page ben by email at 52m;
            55m step 0.1 again; page ben by inbox at 55m; page ben by email at 57m;
            60m acknowledged;
            90m ana is asked; page ana by inbox at 90m; page ana by email at 92m;
            95m step 0.1 again; page ben by inbox at 95m; page ben by email at 97m;
            100m exhausted;
        "#]],
    );
}

#[test]
fn an_answer_to_the_question_holds_for_as_long_again() {
    check(
        expiring(policy(&[&[on_call()]], 0)),
        &[(1, answer()), (32, answer()), (40, answer()), (71, Command::Resolve)],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            01m acknowledged;
            31m ana is asked; page ana by inbox at 31m; page ana by email at 33m;
            32m acknowledged;
            40m acknowledged;
            70m ana is asked; page ana by inbox at 70m; page ana by email at 72m;
            71m resolved;
        "#]],
    );
}

#[test]
fn whoever_is_not_able_hands_it_to_the_next_step_at_once_and_is_left_out_from_then_on() {
    check(
        policy(&[&[on_call()], &[person("ben"), person("ana")]], 1),
        &[(1, escalate("ana")), (2, held("ben")), (3, escalate("ben")), (4, escalate("eve"))],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            01m ana is not able; step 0.1; page ben by inbox at 01m; page ben by email at 03m;
            02m acknowledged;
            03m ben is not able; step 1.0; step 1.1; exhausted;
            04m round 2 is the first again; eve is not able; step 2.0; page ana by inbox at 04m; page ana by email at 06m;
            09m step 2.1; page ben by inbox at 09m; page ben by email at 11m; page ana by inbox at 09m; page ana by email at 11m;
            14m step 3.0; page ana by inbox at 14m; page ana by email at 16m;
            19m step 3.1; page ben by inbox at 19m; page ben by email at 21m; page ana by inbox at 19m; page ana by email at 21m;
            24m exhausted;
        "#]],
    );
}

#[test]
fn the_last_resort_is_told_again_and_again_but_not_for_ever() {
    let mut policy = policy(&[&[on_call()]], 1);
    policy.last_resort = vec![person("ben")];
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let mut state = State::default();
    let mut now = Timestamp::UNIX_EPOCH;
    let mut command = start(policy);
    let mut entered = Vec::new();
    loop {
        for fact in decide(&state, command, duty, now).unwrap() {
            evolve(&mut state, &fact, now);
            if let Fact::StepEntered { round, step, .. } = fact {
                entered.push((round, step));
            }
        }
        let Some(wake) = state.wake_at() else { break };
        (now, command) = (wake, Command::Wake);
    }
    let rounds = 2 + LAST_RESORTS_MAX;
    assert_eq!(entered, (0..rounds).map(|it| (it, 0)).collect::<Vec<_>>());
    assert_eq!(state.standing(), Standing::Closed(Reason::Unanswered));
    assert_eq!(
        now,
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24) + SignedDuration::from_mins(10)
    );
}

#[test]
fn an_exhausted_escalation_begins_again_when_somebody_wants_it() {
    check(
        policy(&[&[on_call()]], 0),
        &[(30, escalate("eve")), (50, escalate("ana"))],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            05m exhausted;
            30m round 1 is the first again; eve is not able; step 1.0; page ana by inbox at 30m; page ana by email at 32m;
            35m exhausted;
            50m round 2 is the first again; ana is not able; step 2.0; exhausted;
        "#]],
    );
}

#[test]
fn what_can_wait_is_told_once_until_it_cannot_wait_any_more() {
    let about = About { urgency: Urgency::Ticket, severity: String::new(), alerts: 1 };
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let policy = policy(&[&[on_call()], &[person("ben")]], 2);
    let start = Command::Start(Box::new(Start { policy, about, turn: 0 }));
    let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    let mut state = State::default();
    let mut apply = |command, now| {
        let facts = decide(&state, command, duty, now).unwrap();
        for it in &facts {
            evolve(&mut state, it, now);
        }
        facts.iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(apply(start, at(0))[0], "started");
    assert_eq!(apply(Command::Wake, at(5)), ["exhausted"]);
    let worse = apply(changed(Urgency::Page, 2, 1), at(6));
    assert_eq!(worse[..2], ["2 fire, 1 new", "round 1 is the first again"]);
    assert_eq!(apply(changed(Urgency::Ticket, 1, 0), at(7)), ["1 fire, 0 new"]);
    assert_eq!(state.wake_at(), Some(at(11)));
    assert_eq!(state.about.urgency, Urgency::Page, "it does not become what can wait");
    assert_eq!(state.next(), Next::Targets(&[person("ben")]));
}

#[test]
fn a_step_may_need_the_answer_of_everybody() {
    let mut policy = policy(&[&[on_call(), person("ben")], &[person("cyd")]], 0);
    policy.steps[0].acks = Acks::Each;
    check(
        policy.clone(),
        &[(1, held("ana")), (2, held("ana")), (3, held("ben")), (4, held("ben"))],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m; page ben by inbox at 00m; page ben by email at 02m;
            01m ana answered;
            02m refused: nobody is waiting for an answer: ana has answered, others have not
            03m acknowledged;
            04m refused: nobody is waiting for an answer: ben has acknowledged
        "#]],
    );
    // Whoever takes it without having been told takes it for all; without all answers it goes on.
    check(
        policy.clone(),
        &[(1, held("ana")), (2, held("eve"))],
        &expect![[r#"
        00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m; page ben by inbox at 00m; page ben by email at 02m;
        01m ana answered;
        02m acknowledged;
    "#]],
    );
    check(
        policy,
        &[(1, held("ana")), (6, Command::Resolve)],
        &expect![[r#"
        00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m; page ben by inbox at 00m; page ben by email at 02m;
        01m ana answered;
        05m step 0.1; exhausted;
        06m resolved;
    "#]],
    );
}

#[test]
fn an_answer_that_is_one_of_several_stops_only_ones_own_messages() {
    let mut policy = policy(&[&[on_call(), person("ben")]], 0);
    policy.steps[0].acks = Acks::Each;
    let (roster, rota) = (roster(), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let mut state = State::default();
    for command in [start(policy), held("ana")] {
        for fact in decide(&state, command, duty, Timestamp::UNIX_EPOCH).unwrap() {
            evolve(&mut state, &fact, Timestamp::UNIX_EPOCH);
        }
    }
    assert!(!state.wants("ana") && state.wants("ben"));
}

#[test]
fn people_are_added_by_hand() {
    check(
        policy(&[&[on_call()]], 0),
        &[
            (1, held("ana")),
            (2, add(person("ben"))),
            (3, held("ben")),
            (4, held("ben")),
            (5, add(person("cyd"))),
            (6, Command::Resolve),
            (7, add(person("ben"))),
        ],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            01m acknowledged;
            02m eve adds; page ben by inbox at 02m; page ben by email at 04m;
            03m ben answered;
            04m refused: nobody is waiting for an answer: ana has acknowledged
            05m refused: person cyd would tell nobody
            06m resolved;
            07m refused: the alert is resolved
        "#]],
    );
    check(
        policy(&[&[on_call()]], 0),
        &[(30, add(person("ben")))],
        &expect![[r#"
        00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
        05m exhausted;
        30m eve adds; page ben by inbox at 30m; page ben by email at 32m;
        35m exhausted;
    "#]],
    );
}

#[test]
fn a_snooze_ends_with_the_question() {
    let until = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    let snooze = |minutes| Command::Snooze { by: "ana".to_owned(), until: until(minutes) };
    check(
        policy(&[&[on_call()]], 0),
        &[(1, snooze(0)), (2, snooze(8 * 24 * 60)), (3, snooze(100)), (101, answer())],
        &expect![[r#"
            00m started; step 0.0; page ana by inbox at 00m; page ana by email at 02m;
            01m refused: a snooze ends in the future and within 7 days; 1970-01-01T00:00:00Z does not
            02m refused: a snooze ends in the future and within 7 days; 1970-01-09T00:00:00Z does not
            03m ana snoozed;
            100m ana is asked; page ana by inbox at 100m; page ana by email at 102m;
            101m acknowledged;
        "#]],
    );
}

#[test]
fn conditions_are_judged_when_a_step_begins() {
    let mut policy =
        policy(&[&[on_call()], &[person("ben")], &[person("ben")], &[person("ana")]], 0);
    let mornings = hours(4, 5, 60);
    policy.steps[0].when = vec![Condition::During(mornings)];
    policy.steps[1].when = vec![Condition::Severity(vec!["critical".to_owned()])];
    let within = SignedDuration::from_mins(5);
    policy.steps[3].when = vec![Condition::MoreAlerts { count: 3, within }];
    // The epoch was a Thursday.
    check(
        policy.clone(),
        &[(3, changed(Urgency::Page, 4, 4)), (6, Command::Resolve)],
        &expect![[r#"
            00m started; step 0.0 does not count; step 0.1 does not count; step 0.2; page ben by inbox at 00m; page ben by email at 02m;
            03m 4 fire, 4 new;
            05m step 0.3; page ana by inbox at 05m; page ana by email at 07m;
            06m resolved;
        "#]],
    );
    check(
        policy,
        &[(1, changed(Urgency::Page, 3, 2))],
        &expect![[r#"
        00m started; step 0.0 does not count; step 0.1 does not count; step 0.2; page ben by inbox at 00m; page ben by email at 02m;
        01m 3 fire, 2 new;
        05m step 0.3 does not count; exhausted;
    "#]],
    );
}

#[test]
fn targets_stand_for_teams_turns_and_rooms() {
    let mut roster = roster();
    let members = vec!["ana".to_owned(), "ben".to_owned()];
    let team = Team {
        name: "shop".to_owned(),
        members: members.clone(),
        escalation: None,
        silence_max: None,
        origin: Origin::default(),
    };
    roster.teams.insert("shop".to_owned(), team);
    let rota = rota::State::default();
    let duty = Duty { roster: &roster, rota: &rota };
    let told = |target: Target, turn| {
        let policy = policy(&[&[target]], 0);
        let start = Command::Start(Box::new(Start { policy, about: About::default(), turn }));
        let facts = decide(&State::default(), start, duty, Timestamp::UNIX_EPOCH).unwrap();
        let told = facts.iter().filter_map(|it| match it {
            Fact::PageIntended { page, .. } if page.contact == 0 => Some(page.person.clone()),
            Fact::ReceiverIntended { receiver, .. } => Some(format!("room {receiver}")),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(Target::Team("shop".to_owned()), 0), ["ana", "ben"]);
    assert_eq!(told(Target::RoundRobin(members.clone()), 0), ["ana"]);
    assert_eq!(told(Target::RoundRobin(members.clone()), 1), ["ben"]);
    assert_eq!(told(Target::RoundRobin(members), 2), ["ana"]);
    assert_eq!(told(Target::Receiver("shop-chat".to_owned()), 0), ["room shop-chat"]);
    assert_eq!(told(Target::Team("nobody".to_owned()), 0), Vec::<String>::new());
}

#[test]
fn what_can_wait_uses_the_low_list_in_working_hours() {
    let mut roster = roster();
    let work = hours(4, 540, 1_020);
    let ana = roster.people.get_mut("ana").unwrap();
    let rule = |contact, minutes| Rule { contact, delay: SignedDuration::from_mins(minutes) };
    ana.rules.high = vec![rule(1, 0), rule(0, 1), rule(1, 5)];
    ana.rules.low = vec![rule(0, 0)];
    ana.rules.hours = Some(work);
    let rota = rota::State::default();
    let duty = Duty { roster: &roster, rota: &rota };
    let told = |urgency| {
        let about = About { urgency, ..About::default() };
        let policy = policy(&[&[person("ana")]], 0);
        let start = Command::Start(Box::new(Start { policy, about, turn: 0 }));
        let facts = decide(&State::default(), start, duty, Timestamp::UNIX_EPOCH).unwrap();
        let told = facts.iter().filter_map(|it| match it {
            Fact::PageIntended { channel, due, .. } => Some(format!("{channel} {due}")),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let high =
        ["email 1970-01-01T00:00:00Z", "inbox 1970-01-01T00:01:00Z", "email 1970-01-01T00:05:00Z"];
    assert_eq!(told(Urgency::Page), high);
    assert_eq!(told(Urgency::Ticket), ["inbox 1970-01-01T09:00:00Z"]);
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let names = || vec!["ana".to_owned(), "ben".to_owned(), "gone".to_owned()];
    let target = prop_oneof![
        prop::sample::select(vec!["ana", "ben", "cyd", "gone"]).prop_map(person),
        Just(on_call()),
        Just(Target::RoundRobin(names())),
        Just(Target::Receiver("room".to_owned())),
        Just(Target::Team("gone".to_owned())),
    ];
    prop::collection::vec(target, 0..3)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (targets(), 0..20_i64, 0..3_u32, any::<bool>()).prop_map(|(targets, wait, count, each)| {
            let within = SignedDuration::from_mins(10);
            let when = (0 < count).then_some(Condition::MoreAlerts { count, within });
            Step {
                when: when.into_iter().collect(),
                acks: if each { Acks::Each } else { Acks::One },
                ..Step::new(targets, SignedDuration::from_mins(wait))
            }
        });
    prop::collection::vec(step, 1..4)
}

fn commands() -> impl Strategy<Value = Vec<(i64, Command)>> {
    let who = || prop::sample::select(vec!["ana", "ben", "cyd", "eve"]);
    let command = prop_oneof![
        who().prop_map(held),
        who().prop_map(escalate),
        targets().prop_map(|targets| Command::Add { targets, by: "eve".to_owned() }),
        (0..10_000_i64).prop_map(|minutes| Command::Snooze {
            by: "ben".to_owned(),
            until: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes),
        }),
        Just(Command::Progress { by: "ben".to_owned() }),
        Just(Command::Wake),
        (any::<bool>(), 0..9_u32, 0..3_u32).prop_map(|(wakes, alerts, joined)| {
            changed(if wakes { Urgency::Page } else { Urgency::Ticket }, alerts, joined)
        }),
    ];
    prop::collection::vec((0..3_000_i64, command), 0..12)
}

proptest! {
    /// The promise of alerting.md §5.4: open with a due time, held by somebody who is asked in time, or closed
    /// with a reason; and nobody is told anything after the end.
    #[test]
    fn an_escalation_is_never_lost(
        steps in steps(), last_resort in targets(), repeat in 0..3_u32, is_low in any::<bool>(),
        mut commands in commands(), resolve_at in prop::option::of(0..4_000_i64),
    ) {
        let minute = |it| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it);
        let policy = Policy { repeat, last_resort, ..expiring(Policy::new("shop", steps)) };
        let urgency = if is_low { Urgency::Ticket } else { Urgency::Page };
        let about = About { urgency, ..About::default() };
        commands.extend(resolve_at.map(|it| (it, Command::Resolve)));
        commands.sort_by_key(|(at, _)| *at);
        let mut script = commands.into_iter().map(|(at, it)| (minute(at), it)).peekable();
        let (roster, rota) = (roster(), rota::State::default());
        let duty = Duty { roster: &roster, rota: &rota };
        let mut state = State::default();
        let start = Command::Start(Box::new(Start { policy, about, turn: 0 }));
        let mut next = Some((minute(0), start));
        let mut orders = BTreeSet::new();
        let mut turns = 0;
        while let Some((now, command)) = next {
            let is_over = state.phase == Phase::Resolved;
            let is_wake = command == Command::Wake;
            let due = state.wake_at();
            let facts = decide(&state, command, duty, now).unwrap_or_default();
            prop_assert!(!is_over || facts.is_empty(), "something happened after the end");
            for fact in &facts {
                if let Fact::PageIntended { page, due, .. } = fact {
                    prop_assert!(orders.insert(page.to_string()), "{page} was ordered twice");
                    prop_assert!(now <= *due);
                }
                evolve(&mut state, fact, now);
            }
            match state.standing() {
                Standing::Idle => prop_assert!(false, "it has started"),
                Standing::Open { due } => prop_assert!(now <= due),
                Standing::Held { due, .. } => {
                    prop_assert!(due.is_some() || state.about.urgency == Urgency::Ticket);
                }
                Standing::Closed(_) => {}
            }
            if is_wake && due == Some(now) {
                // Time always moves it: it never wants to be woken at the same instant for ever.
                turns += 1;
                prop_assert!(turns < 2_000, "it does not come to rest");
            }
            let wake = state.wake_at().map(|at| (at.max(now), Command::Wake));
            let is_near = |at: Timestamp| at <= minute(5_000);
            let wake = wake.filter(|(at, _)| is_near(*at));
            let scripted = script.next_if(|(at, _)| wake.as_ref().is_none_or(|(wake, _)| at <= wake));
            next = scripted.or(wake);
        }
        if resolve_at.is_some() {
            prop_assert_eq!(state.standing(), Standing::Closed(Reason::Resolved));
            prop_assert!(["ana", "ben", "cyd"].iter().all(|it| !state.wants(it)));
        }
    }
}
