use std::fmt::Write;

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{Person, Schedule};

/// `shop` turns weekly from Monday 2026-06-01 09:00: ana, ben, cyd.
fn roster() -> Roster {
    let person = |name: &str| Person {
        name: name.to_owned(),
        display_name: name.to_owned(),
        ..Person::default()
    };
    let start = "2026-06-01T09:00".parse().unwrap();
    let shop = Schedule::weekly("shop", TimeZone::UTC, start, 1, &["ana", "ben", "cyd"]);
    Roster {
        people: ["ana", "ben", "cyd", "dee"].map(|it| (it.to_owned(), person(it))).into(),
        schedules: [("shop".to_owned(), shop)].into(),
        ..Roster::default()
    }
}

/// `06-02 10:00`.
fn at(text: &str) -> Timestamp {
    format!("2026-{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn short(at: Timestamp) -> String {
    at.strftime("%m-%d %H:%M").to_string()
}

fn entry(what: What, from: &str, until: &str) -> Command {
    let (by, reason) = ("ana".to_owned(), String::new());
    Command::Enter(Entry { what, from: at(from), until: at(until), by, reason })
}

fn change(change: Change, from: &str, until: &str) -> Command {
    entry(What::Override { schedule: "shop".to_owned(), change, swap: None }, from, until)
}

fn replace(whom: &str, with: &str, from: &str, until: &str) -> Command {
    change(Change::Replace { whom: whom.to_owned(), with: with.to_owned() }, from, until)
}

fn add(person: &str, from: &str, until: &str) -> Command {
    change(Change::Add { person: person.to_owned() }, from, until)
}

fn remove(person: &str, from: &str, until: &str) -> Command {
    change(Change::Remove { person: person.to_owned() }, from, until)
}

fn only(people: &[&str], from: &str, until: &str) -> Command {
    let people = people.iter().map(|it| (*it).to_owned()).collect();
    entry(What::Temporary { schedule: "shop".to_owned(), people }, from, until)
}

fn take(person: &str, until: Option<&str>) -> Command {
    Command::Take {
        schedule: "shop".to_owned(),
        person: person.to_owned(),
        until: until.map(at),
        by: person.to_owned(),
        reason: String::new(),
    }
}

fn withdraw(number: u32) -> Command {
    Command::Withdraw { number, by: "ana".to_owned() }
}

fn offer(by: &str, to: Option<&str>, from: &str, until: &str) -> Command {
    Command::Offer(Offer {
        schedule: "shop".to_owned(),
        range: Range { from: at(from), until: at(until) },
        by: by.to_owned(),
        to: to.map(str::to_owned),
        reason: String::new(),
    })
}

/// Plays commands, each at its time, and tells what came of them; then who is on call in the fortnight.
#[track_caller]
fn check(script: Vec<(&str, Command)>, expect: &Expect) {
    let roster = roster();
    let (mut state, mut out) = (State::default(), String::new());
    for (now, command) in script {
        let now = at(now);
        while let Some(wake) = state.wake_at().filter(|it| *it <= now) {
            for fact in decide(&state, Command::Wake, &roster, wake).unwrap() {
                tell(&mut out, &state, &fact, wake);
                evolve(&mut state, &fact, wake);
            }
        }
        match decide(&state, command, &roster, now) {
            Ok(facts) => {
                for fact in facts {
                    tell(&mut out, &state, &fact, now);
                    evolve(&mut state, &fact, now);
                }
            }
            Err(refusal) => writeln!(out, "{} refused: {refusal}", short(now)).unwrap(),
        }
    }
    let duty = Duty { roster: &roster, rota: &state };
    for it in duty.stretches("shop", at("06-01 09:00"), at("06-15 09:00")) {
        let names = it.cover.names().join("+");
        let sources = it.cover.on_duty().iter().filter_map(|it| it.source.as_ref());
        let sources: Vec<String> = sources.map(ToString::to_string).collect();
        let line = format!("{} {} {names} {}", short(it.from), short(it.until), sources.join(", "));
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    expect.assert_eq(&out);
}

fn tell(out: &mut String, state: &State, fact: &Fact, now: Timestamp) {
    let what = match fact {
        Fact::Entered { number, entry } => {
            format!("O-{number} {} {} {}", entry.what, short(entry.from), short(entry.until))
        }
        Fact::Withdrawn { number, until, .. } => format!("O-{number} ends {}", short(*until)),
        Fact::Offered { number, .. } => format!("O-{number} offered"),
        Fact::Answered { number, by, .. } => format!("O-{number} taken by {by}"),
        Fact::Confirmed { number, .. } => format!("O-{number} agreed"),
        Fact::Reminded { number, reminder } => format!("O-{number} reminder {reminder}"),
        Fact::Lapsed { number } => format!("O-{number} lapsed"),
        Fact::FeedNoted { feed, away } => format!("{feed}: {} away", away.len()),
        Fact::CalendarRevoked { calendar, .. } => format!("{calendar} revoked"),
        Fact::HandedOver { stood, .. } => {
            format!("hand-off to {} until {}", stood.cover.names().join("+"), short(stood.until))
        }
    };
    writeln!(out, "{} {what}", short(now)).unwrap();
    for Notice { person, text } in notices(state, fact) {
        writeln!(out, "  → {person}: {text}").unwrap();
    }
}

#[test]
fn overrides_hold_for_their_time_and_replace_only_whoever_is_on_call() {
    check(
        vec![
            ("06-01 10:00", replace("ana", "dee", "06-03 12:00", "06-09 12:00")),
            ("06-01 10:00", add("cyd", "06-10 00:00", "06-11 00:00")),
            ("06-01 10:00", remove("ben", "06-12 00:00", "06-13 00:00")),
        ],
        &expect![[r#"
            06-01 10:00 O-1 dee for ana 06-03 12:00 06-09 12:00
              → dee: you are on call for shop, 2026-06-03 12:00Z to 2026-06-09 12:00Z (by ana)
            06-01 10:00 O-2 cyd too 06-10 00:00 06-11 00:00
              → cyd: you are on call for shop, 2026-06-10 00:00Z to 2026-06-11 00:00Z (by ana)
            06-01 10:00 O-3 without ben 06-12 00:00 06-13 00:00
              → ben: you are not on call for shop, 2026-06-12 00:00Z to 2026-06-13 00:00Z (by ana)
            06-01 09:00 06-03 12:00 ana
            06-03 12:00 06-08 09:00 dee override O-1
            06-08 09:00 06-10 00:00 ben
            06-10 00:00 06-11 00:00 ben+cyd override O-2
            06-11 00:00 06-12 00:00 ben
            06-12 00:00 06-13 00:00
            06-13 00:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn a_temporary_shift_replaces_everybody() {
    check(
        vec![
            ("06-01 10:00", only(&["cyd", "dee"], "06-07 00:00", "06-09 00:00")),
            ("06-01 10:00", add("ana", "06-08 00:00", "06-10 00:00")),
        ],
        &expect![[r#"
            06-01 10:00 O-1 only cyd, dee 06-07 00:00 06-09 00:00
              → cyd: you are on call for shop, 2026-06-07 00:00Z to 2026-06-09 00:00Z (by ana)
              → dee: you are on call for shop, 2026-06-07 00:00Z to 2026-06-09 00:00Z (by ana)
            06-01 10:00 refused: it contradicts O-1 (only cyd, dee); withdraw that first
            06-01 09:00 06-07 00:00 ana
            06-07 00:00 06-09 00:00 cyd+dee temporary shift O-1, temporary shift O-1
            06-09 00:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn what_contradicts_is_refused_with_the_other_one_named() {
    check(
        vec![
            ("06-01 10:00", replace("ana", "dee", "06-03 12:00", "06-04 12:00")),
            ("06-01 10:00", replace("ana", "cyd", "06-04 00:00", "06-05 00:00")),
            ("06-01 10:00", remove("dee", "06-04 00:00", "06-05 00:00")),
            ("06-01 10:00", replace("ana", "cyd", "06-04 12:00", "06-05 00:00")),
            ("06-01 10:00", only(&["ben"], "06-04 00:00", "06-05 00:00")),
            ("06-01 10:00", replace("dee", "cyd", "06-03 13:00", "06-03 14:00")),
            ("06-01 10:00", replace("ben", "cyd", "06-03 00:00", "06-04 00:00")),
            ("06-01 10:00", replace("ana", "eve", "06-05 00:00", "06-06 00:00")),
            ("06-01 10:00", add("dee", "06-01 09:00", "06-06 00:00")),
            ("06-01 10:00", add("dee", "06-05 00:00", "06-05 00:00")),
            ("06-01 10:00", add("dee", "06-05 00:00:30", "06-06 00:00")),
        ],
        &expect![[r#"
            06-01 10:00 O-1 dee for ana 06-03 12:00 06-04 12:00
              → dee: you are on call for shop, 2026-06-03 12:00Z to 2026-06-04 12:00Z (by ana)
            06-01 10:00 refused: it contradicts O-1 (dee for ana); withdraw that first
            06-01 10:00 refused: it contradicts O-1 (dee for ana); withdraw that first
            06-01 10:00 O-2 cyd for ana 06-04 12:00 06-05 00:00
              → cyd: you are on call for shop, 2026-06-04 12:00Z to 2026-06-05 00:00Z (by ana)
            06-01 10:00 refused: it contradicts O-1 (dee for ana); withdraw that first
            06-01 10:00 O-3 cyd for dee 06-03 13:00 06-03 14:00
              → dee: cyd is on call instead of you for shop, 2026-06-03 13:00Z to 2026-06-03 14:00Z (by ana)
              → cyd: you are on call for shop, 2026-06-03 13:00Z to 2026-06-03 14:00Z (by ana)
            06-01 10:00 refused: ben is not on call for `shop` then
            06-01 10:00 refused: there is no person `eve`
            06-01 10:00 refused: it begins in the past, and who was on call is a fact; begin it now or later
            06-01 10:00 refused: it ends before it begins
            06-01 10:00 refused: hand-offs are on whole minutes
            06-01 09:00 06-03 12:00 ana
            06-03 12:00 06-03 13:00 dee override O-1
            06-03 13:00 06-03 14:00 cyd override O-3
            06-03 14:00 06-04 12:00 dee override O-1
            06-04 12:00 06-05 00:00 cyd override O-2
            06-05 00:00 06-08 09:00 ana
            06-08 09:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn taking_now_relieves_whoever_is_on_call_until_the_shift_ends() {
    check(
        vec![
            ("06-03 03:12:11", take("dee", None)),
            ("06-03 04:00", take("dee", None)),
            ("06-08 08:30", take("cyd", Some("06-08 11:30"))),
        ],
        &expect![[r#"
            06-03 03:12 O-1 dee for ana 06-03 03:12 06-08 09:00
              → ana: dee is on call instead of you for shop, 2026-06-03 03:12Z to 2026-06-08 09:00Z (by dee)
            06-03 04:00 refused: dee is on call for `shop` already
            06-08 08:30 O-2 cyd for ben 06-08 08:30 06-08 11:30
              → ben: cyd is on call instead of you for shop, 2026-06-08 08:30Z to 2026-06-08 11:30Z (by cyd)
            06-08 08:30 O-3 cyd for dee 06-08 08:30 06-08 11:30
              → dee: cyd is on call instead of you for shop, 2026-06-08 08:30Z to 2026-06-08 11:30Z (by cyd)
            06-01 09:00 06-03 03:12 ana
            06-03 03:12 06-08 08:30 dee override O-1
            06-08 08:30 06-08 09:00 cyd override O-3
            06-08 09:00 06-08 11:30 cyd override O-2
            06-08 11:30 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn taking_over_from_a_temporary_shift_cuts_it() {
    check(
        vec![
            ("06-01 10:00", only(&["cyd"], "06-02 00:00", "06-05 00:00")),
            ("06-03 03:12", take("dee", Some("06-03 06:00"))),
        ],
        &expect![[r#"
            06-01 10:00 O-1 only cyd 06-02 00:00 06-05 00:00
              → cyd: you are on call for shop, 2026-06-02 00:00Z to 2026-06-05 00:00Z (by ana)
            06-03 03:12 O-1 ends 06-03 03:12
              → cyd: dee has withdrawn O-1 (only cyd)
            06-03 03:12 O-2 only dee 06-03 03:12 06-03 06:00
            06-03 03:12 O-3 only cyd 06-03 06:00 06-05 00:00
              → cyd: you are on call for shop, 2026-06-03 06:00Z to 2026-06-05 00:00Z (by ana)
            06-01 09:00 06-02 00:00 ana
            06-02 00:00 06-03 03:12 cyd temporary shift O-1
            06-03 03:12 06-03 06:00 dee temporary shift O-2
            06-03 06:00 06-05 00:00 cyd temporary shift O-3
            06-05 00:00 06-08 09:00 ana
            06-08 09:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn a_change_that_is_withdrawn_stays_in_the_past() {
    check(
        vec![
            ("06-01 10:00", replace("ana", "dee", "06-02 00:00", "06-05 00:00")),
            ("06-01 10:00", add("cyd", "06-09 00:00", "06-10 00:00")),
            ("06-03 00:00", withdraw(1)),
            ("06-03 00:00", withdraw(2)),
            ("06-03 01:00", withdraw(1)),
            ("06-03 01:00", withdraw(9)),
        ],
        &expect![[r#"
            06-01 10:00 O-1 dee for ana 06-02 00:00 06-05 00:00
              → dee: you are on call for shop, 2026-06-02 00:00Z to 2026-06-05 00:00Z (by ana)
            06-01 10:00 O-2 cyd too 06-09 00:00 06-10 00:00
              → cyd: you are on call for shop, 2026-06-09 00:00Z to 2026-06-10 00:00Z (by ana)
            06-03 00:00 O-1 ends 06-03 00:00
              → dee: ana has withdrawn O-1 (dee for ana)
            06-03 00:00 O-2 ends 06-09 00:00
              → cyd: ana has withdrawn O-2 (cyd too)
            06-03 01:00 refused: O-1 is over
            06-03 01:00 refused: there is no change O-9
            06-01 09:00 06-02 00:00 ana
            06-02 00:00 06-03 00:00 dee override O-1
            06-03 00:00 06-08 09:00 ana
            06-08 09:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn a_swap_is_offered_taken_and_confirmed_and_then_holds_both_ways() {
    let give = Some(Range { from: at("06-10 00:00"), until: at("06-11 00:00") });
    let answer = |by: &str, give| Command::Answer { number: 1, by: by.to_owned(), give };
    let confirm = |by: &str| Command::Confirm { number: 1, by: by.to_owned() };
    check(
        vec![
            ("06-01 10:00", offer("ana", Some("ben"), "06-06 00:00", "06-07 00:00")),
            ("06-01 11:00", confirm("ana")),
            ("06-01 11:00", answer("cyd", give)),
            ("06-01 11:00", answer("ana", give)),
            ("06-01 12:00", answer("ben", give)),
            ("06-01 13:00", confirm("ben")),
            ("06-01 14:00", confirm("ana")),
            ("06-01 14:00", withdraw(1)),
        ],
        &expect![[r#"
            06-01 10:00 O-1 offered
              → ben: ana asks you to take shop 2026-06-06 00:00Z to 2026-06-07 00:00Z: `nines oncall swap take O-1`
            06-01 11:00 refused: offer O-1 is open
            06-01 11:00 refused: that is for ben to answer
            06-01 11:00 refused: that is for ben to answer
            06-01 12:00 O-1 taken by ben
              → ana: ben takes your shift: `nines oncall swap confirm O-1` makes it hold
            06-01 13:00 refused: that is for ana to answer
            06-01 14:00 O-1 agreed
            06-01 14:00 O-2 ben for ana 06-06 00:00 06-07 00:00
              → ben: you are on call for shop, 2026-06-06 00:00Z to 2026-06-07 00:00Z (by ana)
            06-01 14:00 O-3 ana for ben 06-10 00:00 06-11 00:00
              → ben: ana is on call instead of you for shop, 2026-06-10 00:00Z to 2026-06-11 00:00Z (by ana)
            06-01 14:00 refused: offer O-1 is agreed
            06-01 09:00 06-06 00:00 ana
            06-06 00:00 06-07 00:00 ben swap O-1
            06-07 00:00 06-08 09:00 ana
            06-08 09:00 06-10 00:00 ben
            06-10 00:00 06-11 00:00 ana swap O-1
            06-11 00:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn an_offer_that_nobody_answers_is_recalled_and_lapses() {
    check(
        vec![
            ("06-01 10:00", offer("ana", None, "06-03 09:00", "06-04 09:00")),
            ("06-01 10:00", offer("ana", Some("dee"), "06-02 09:00", "06-04 09:00")),
            ("06-01 10:00", offer("ben", None, "06-02 09:00", "06-04 09:00")),
            ("06-05 10:00", Command::Wake),
        ],
        &expect![[r#"
            06-01 10:00 O-1 offered
            06-01 10:00 O-2 offered
              → dee: ana asks you to take shop 2026-06-02 09:00Z to 2026-06-04 09:00Z: `nines oncall swap take O-2`
            06-01 10:00 refused: ben is not on call for `shop` then
            06-02 05:00 hand-off to ana until 06-08 09:00
            06-02 05:00 O-2 reminder 3
              → dee: swap O-2 of shop is not settled; it begins 2026-06-02 09:00Z
            06-02 09:00 O-1 reminder 2
              → ana: swap O-1 of shop is not settled; it begins 2026-06-03 09:00Z
            06-02 09:00 O-2 lapsed
              → ana: nobody took O-2: you are on call for shop
            06-03 05:00 O-1 reminder 3
              → ana: swap O-1 of shop is not settled; it begins 2026-06-03 09:00Z
            06-03 09:00 O-1 lapsed
              → ana: nobody took O-1: you are on call for shop
            06-01 09:00 06-08 09:00 ana
            06-08 09:00 06-15 09:00 ben
        "#]],
    );
}

#[test]
fn what_was_stays_whatever_the_files_say_later() {
    let mut roster = roster();
    let mut state = State::default();
    let read = |state: &mut State, roster: &Roster, now: &str| {
        let facts = decide(state, Command::Reconfigured, roster, at(now)).unwrap();
        for it in &facts {
            evolve(state, it, at(now));
        }
        facts.len()
    };
    assert_eq!(read(&mut state, &roster, "06-02 00:00"), 1);
    assert_eq!(read(&mut state, &roster, "06-02 01:00"), 0);
    assert_eq!(state.wake_at(), Some(at("06-08 09:00")));
    let start = "2026-06-01T00:00".parse().unwrap();
    let daily = Schedule::weekly("shop", TimeZone::UTC, start, 1, &["cyd", "dee"]);
    roster.schedules.insert("shop".to_owned(), daily);
    let names = |state: &State, roster: &Roster, now: &str| {
        let duty = Duty { roster, rota: state };
        let shifts = duty.on_call("shop", at(now)).into_iter();
        shifts.map(|it| it.person).collect::<Vec<_>>().join("+")
    };
    // Whoever is on call stays until the hand-off that was planned.
    assert_eq!(read(&mut state, &roster, "06-04 00:00"), 0);
    assert_eq!(names(&state, &roster, "06-08 08:59"), "ana");
    assert_eq!(names(&state, &roster, "06-08 09:00"), "dee");
    // Unless the files say that it is for now.
    roster.schedules.get_mut("shop").unwrap().edits = crate::Edits::Now;
    assert_eq!(read(&mut state, &roster, "06-05 00:00"), 1);
    assert_eq!(names(&state, &roster, "06-04 23:59"), "ana");
    assert_eq!(names(&state, &roster, "06-05 00:00"), "cyd");
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect![[r#"
        {"HandedOver":{"schedule":"shop","stood":{"from":"2026-06-02T00:00:00Z","until":"2026-06-08T09:00:00Z","cover":{"Staffed":[{"person":"ana","source":null,"index":0}]}}}}
        {"Entered":{"number":1,"entry":{"what":{"Override":{"schedule":"shop","change":{"Replace":{"whom":"ana","with":"dee"}},"swap":null}},"from":"2026-06-03T12:00:00Z","until":"2026-06-04T12:00:00Z","by":"ana","reason":""}}}
        {"Entered":{"number":2,"entry":{"what":{"Override":{"schedule":"shop","change":{"Add":{"person":"dee"}},"swap":null}},"from":"2026-06-02T12:00:00Z","until":"2026-06-02T13:00:00Z","by":"ana","reason":""}}}
        {"Entered":{"number":3,"entry":{"what":{"Override":{"schedule":"shop","change":{"Remove":{"person":"ana"}},"swap":null}},"from":"2026-06-02T13:00:00Z","until":"2026-06-02T14:00:00Z","by":"ana","reason":""}}}
        {"Entered":{"number":4,"entry":{"what":{"Temporary":{"schedule":"shop","people":["cyd"]}},"from":"2026-06-09T00:00:00Z","until":"2026-06-09T12:00:00Z","by":"ana","reason":""}}}
        {"Entered":{"number":5,"entry":{"what":{"Vacation":{"person":"ana"}},"from":"2026-06-10T00:00:00Z","until":"2026-06-11T00:00:00Z","by":"ana","reason":""}}}
        {"Withdrawn":{"number":4,"by":"ana","until":"2026-06-09T00:00:00Z"}}
        {"Offered":{"number":6,"offer":{"schedule":"shop","range":{"from":"2026-06-06T00:00:00Z","until":"2026-06-07T00:00:00Z"},"by":"ana","to":null,"reason":""}}}
        {"Answered":{"number":6,"by":"ben","give":{"from":"2026-06-10T00:00:00Z","until":"2026-06-11T00:00:00Z"}}}
        {"Confirmed":{"number":6,"by":"ana"}}
        {"Entered":{"number":7,"entry":{"what":{"Override":{"schedule":"shop","change":{"Replace":{"whom":"ana","with":"ben"}},"swap":6}},"from":"2026-06-06T00:00:00Z","until":"2026-06-07T00:00:00Z","by":"ana","reason":""}}}
        {"Entered":{"number":8,"entry":{"what":{"Override":{"schedule":"shop","change":{"Replace":{"whom":"ben","with":"ana"}},"swap":6}},"from":"2026-06-10T00:00:00Z","until":"2026-06-11T00:00:00Z","by":"ana","reason":""}}}
        {"FeedNoted":{"feed":"holidays","away":[{"from":"2026-06-20T00:00:00Z","until":"2026-06-22T00:00:00Z","person":"ana"}]}}
        {"CalendarRevoked":{"calendar":"person/ana","by":"ana"}}
        {"Reminded":{"number":7,"reminder":1}}
        {"Lapsed":{"number":7}}
    "#]];
    let roster = roster();
    let mut state = State::default();
    let give = Some(Range { from: at("06-10 00:00"), until: at("06-11 00:00") });
    let away = Away { from: at("06-20 00:00"), until: at("06-22 00:00"), person: "ana".to_owned() };
    let script = [
        Command::Wake,
        replace("ana", "dee", "06-03 12:00", "06-04 12:00"),
        add("dee", "06-02 12:00", "06-02 13:00"),
        remove("ana", "06-02 13:00", "06-02 14:00"),
        only(&["cyd"], "06-09 00:00", "06-09 12:00"),
        entry(What::Vacation { person: "ana".to_owned() }, "06-10 00:00", "06-11 00:00"),
        withdraw(4),
        offer("ana", None, "06-06 00:00", "06-07 00:00"),
        Command::Answer { number: 6, by: "ben".to_owned(), give },
        Command::Confirm { number: 6, by: "ana".to_owned() },
        Command::NoteFeed { feed: "holidays".to_owned(), away: vec![away] },
        Command::RevokeCalendar { calendar: "person/ana".to_owned(), by: "ana".to_owned() },
    ];
    let mut facts = Vec::new();
    for command in script {
        for fact in decide(&state, command, &roster, at("06-02 00:00")).unwrap() {
            evolve(&mut state, &fact, at("06-02 00:00"));
            facts.push(fact);
        }
    }
    facts.extend([Fact::Reminded { number: 7, reminder: 1 }, Fact::Lapsed { number: 7 }]);
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let name = || prop::sample::select(vec!["ana", "ben", "cyd", "dee"]).prop_map(str::to_owned);
    let change = prop_oneof![
        name().prop_map(|person| Change::Add { person }),
        name().prop_map(|person| Change::Remove { person }),
        (name(), name()).prop_map(|(whom, with)| Change::Replace { whom, with }),
    ];
    let what = prop_oneof![
        4 => change.prop_map(|change| {
            What::Override { schedule: "shop".to_owned(), change, swap: None }
        }),
        1 => prop::collection::vec(name(), 1..3).prop_map(|people| {
            What::Temporary { schedule: "shop".to_owned(), people }
        }),
    ];
    (what, 0..20_i64 * 24, 1..100_i64).prop_map(|(what, from, hours)| {
        let from = at("06-01 09:00") + SignedDuration::from_hours(from);
        let until = from + SignedDuration::from_hours(hours);
        Entry { what, from, until, by: "ana".to_owned(), reason: String::new() }
    })
}

/// Who is on call at `at`, change by change.
fn naive(duty: Duty<'_>, at: Timestamp) -> Vec<String> {
    let shop = &duty.roster.schedules["shop"];
    let mut people: Vec<String> = shop.on_call(at).into_iter().map(|it| it.person).collect();
    for entry in duty.rota.entries.values().filter(|it| it.from <= at && at < it.until) {
        match &entry.what {
            What::Temporary { people, .. } => {
                let mut people = people.clone();
                people.sort();
                return people;
            }
            What::Override { change: Change::Add { person }, .. } => people.push(person.clone()),
            What::Override { change: Change::Remove { person }, .. } => {
                people.retain(|it| it != person);
            }
            What::Override { change: Change::Replace { whom, with }, .. } => {
                if people.contains(whom) {
                    people.retain(|it| it != whom);
                    people.push(with.clone());
                }
            }
            What::Vacation { .. } => {}
        }
    }
    people.sort();
    people.dedup();
    people
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_hour_is_covered_as_the_changes_say_one_by_one(
        entries in prop::collection::vec(any_entry(), 1..12),
    ) {
        let roster = roster();
        let mut state = State::default();
        let now = at("06-01 09:00");
        for entry in entries {
            // Many contradict others.
            for fact in decide(&state, Command::Enter(entry), &roster, now).unwrap_or_default() {
                evolve(&mut state, &fact, now);
            }
        }
        let duty = Duty { roster: &roster, rota: &state };
        let until = now + SignedDuration::from_hours(24 * 24);
        let stretches = duty.stretches("shop", now, until);
        prop_assert_eq!(stretches.first().map(|it| it.from), Some(now));
        prop_assert_eq!(stretches.last().map(|it| it.until), Some(until));
        for hour in 0..24 * 24 {
            let at = now + SignedDuration::from_hours(hour);
            let found = stretches.iter().find(|it| it.from <= at && at < it.until).unwrap();
            prop_assert_eq!(found.cover.names(), naive(duty, at));
        }
        for shift in duty.shifts("shop", now, until) {
            let whole = duty.on_call("shop", shift.from);
            prop_assert!(whole.iter().any(|it| it.person == shift.person && it.until >= shift.until));
        }
    }
}
