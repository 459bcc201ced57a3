use expect_test::expect;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minute)
}

fn exclusion(name: &str) -> Exclusion {
    Exclusion {
        name: name.to_owned(),
        slos: "checkout/*".to_owned(),
        from: at(60),
        to: at(90),
        effect: Effect::Exclude,
        keeps_alerts: false,
        author: "ana".to_owned(),
        reason: "announced maintenance".to_owned(),
        evidence: Some("https://example.org/42".to_owned()),
    }
}

fn create(name: &str, revision: Option<u64>) -> Command {
    Command::Create { exclusion: exclusion(name), revision }
}

/// Carries out each command a minute after the other; facts and refusals as lines.
fn play(commands: Vec<Command>) -> (State, Vec<String>) {
    let (mut state, mut lines, mut seq) = (State::default(), Vec::new(), 10);
    for (minute, command) in (0..).zip(commands) {
        match decide(&state, command) {
            Ok(facts) if facts.is_empty() => lines.push("no news".to_owned()),
            Ok(facts) => {
                for fact in facts {
                    seq += 1;
                    evolve(&mut state, &fact, at(minute), seq);
                    let (Fact::Created(Exclusion { name, .. }) | Fact::Withdrawn { name, .. }) =
                        &fact;
                    lines.push(format!("{seq} {name}"));
                }
            }
            Err(refusal) => lines.push(refusal.to_string()),
        }
    }
    (state, lines)
}

#[test]
fn whoever_changes_or_withdraws_must_have_seen_the_newest_revision() {
    let withdraw =
        |revision| Command::Withdraw { name: "db".to_owned(), revision, by: "ben".to_owned() };
    let other =
        Command::Create { exclusion: Exclusion { to: at(120), ..exclusion("db") }, revision: None };
    let (state, lines) = play(vec![
        create("db", None),
        create("db", None),
        other,
        create("db", Some(11)),
        withdraw(11),
        withdraw(12),
        withdraw(12),
        create("", None),
        create("", None),
        create("gone", Some(12)),
    ]);
    expect![[r#"
        11 db
        no news
        the exclusion `db` is at revision 11, not at none; look at it again
        12 db
        the exclusion `db` is at revision 12, not at 11; look at it again
        13 db
        there is no exclusion `db`; those in files are changed there
        14 EXC-1
        15 EXC-2
        there is no exclusion `gone`; those in files are changed there"#]]
    .assert_eq(&lines.join("\n"));
    assert_eq!(state.iter().len(), 2);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let with = |change: fn(&mut Exclusion)| {
        let mut exclusion = exclusion("db");
        change(&mut exclusion);
        decide(&State::default(), Command::Create { exclusion, revision: None }).unwrap_err()
    };
    let refusals = [
        with(|it| it.reason = " ".to_owned()),
        with(|it| it.name = "a b".to_owned()),
        with(|it| it.to = it.from),
        with(|it| it.effect = Effect::Correct { good: 2, total: 1 }),
        with(|it| it.reason = "x".repeat(1_001)),
    ];
    let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    expect![[r#"
        the exclusion has no reason
        `a b` is no name of an exclusion: use letters, digits, `-`, `_` and `.`
        the exclusion ends at 1970-01-01T01:00:00Z, not after it begins at 1970-01-01T01:00:00Z
        a correction to 2 good of 1 events is none: good is part of total
        the reason of the exclusion has 1001 bytes; at most 1000 are allowed"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn only_what_was_announced_silences_alerts() {
    let recorded =
        |minute| Recorded { exclusion: exclusion("db"), revision: 1, created: at(minute) };
    assert_eq!(recorded(60).overlay().alerts, OverlayAlerts::Mute);
    assert_eq!(recorded(61).overlay().alerts, OverlayAlerts::Keep, "it explains the past");
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect![[r#"
        {"Created":{"name":"db","slos":"checkout/*","from":"1970-01-01T01:00:00Z","to":"1970-01-01T01:30:00Z","effect":"Exclude","keeps_alerts":false,"author":"ana","reason":"announced maintenance","evidence":"https://example.org/42"}}
        {"Created":{"name":"db","slos":"checkout/*","from":"1970-01-01T01:00:00Z","to":"1970-01-01T01:30:00Z","effect":{"Correct":{"good":9,"total":10}},"keeps_alerts":true,"author":"ana","reason":"announced maintenance","evidence":null}}
        {"Withdrawn":{"name":"db","by":"ben"}}
    "#]];
    let correction = Exclusion {
        effect: Effect::Correct { good: 9, total: 10 },
        keeps_alerts: true,
        evidence: None,
        ..exclusion("db")
    };
    let facts = [
        Fact::Created(exclusion("db")),
        Fact::Created(correction),
        Fact::Withdrawn { name: "db".to_owned(), by: "ben".to_owned() },
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}
