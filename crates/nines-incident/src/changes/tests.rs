use expect_test::expect;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn change(id: &str, started: i64) -> Change {
    Change {
        id: id.to_owned(),
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some("v2.33".to_owned()),
        sha: Some("9f31c2".to_owned()),
        kind: ChangeKind::Deploy,
        author: Some("ana".to_owned()),
        started: at(started),
        finished: None,
        summary: "new cart".to_owned(),
        source: "github".to_owned(),
        url: None,
    }
}

fn record(state: &mut State, change: Change) -> Result<Vec<Fact>, Refusal> {
    let facts = decide(state, Command::Record(change), at(1_000_000))?;
    for fact in &facts {
        evolve(state, fact, at(1_000_000), 1);
    }
    Ok(facts)
}

#[test]
fn an_identity_is_the_external_one_else_what_and_when() {
    let with_version = change("", 60);
    let without = Change { version: None, ..with_version.clone() };
    let ids = [
        change_id(&with_version, Some("1234")),
        change_id(&with_version, None),
        change_id(&without, None),
    ];
    expect![[r#"
        github:1234
        checkout@prod v2.33 1970-01-01T00:01:00Z
        checkout@prod deploy 1970-01-01T00:01:00Z"#]]
    .assert_eq(&ids.join("\n"));
}

#[test]
fn a_repeat_is_nothing_and_an_end_is_told_once() {
    let mut state = State::default();
    assert_eq!(record(&mut state, change("", 5)).unwrap().len(), 1);
    assert_eq!(record(&mut state, change("", 5)).unwrap(), []);
    let ended = Change { finished: Some(at(65)), ..change("", 5) };
    let id = change_id(&ended, None);
    let finished = Fact::ChangeFinished { id: id.clone(), finished: at(65) };
    assert_eq!(record(&mut state, ended.clone()).unwrap(), [finished]);
    assert_eq!(record(&mut state, ended).unwrap(), []);
    assert_eq!(record(&mut state, change("", 5)).unwrap(), []);
    assert_eq!(state.get(&id).unwrap().change.finished, Some(at(65)));
}

#[test]
fn bad_changes_are_refused_with_a_reason() {
    let mut state = State::default();
    let bad = [
        Change { service: " ".to_owned(), ..change("a", 5) },
        Change { summary: "x".repeat(5_000), ..change("a", 5) },
        Change { finished: Some(at(4)), ..change("a", 5) },
        change("a", 1_003_601),
    ];
    let refusals = bad.map(|it| record(&mut state, it).unwrap_err().to_string());
    expect![[r#"
        the change has no service
        the summary of the change has 5000 bytes; at most 4096 are allowed
        the change ended at 1970-01-01T00:00:04Z, before it began at 1970-01-01T00:00:05Z
        the change began at 1970-01-12T14:46:41Z, but it is 1970-01-12T13:46:40Z; check the sender's clock"#]].assert_eq(&refusals.join("\n"));
    assert_eq!(state, State::default());
}

#[test]
fn the_oldest_are_forgotten_and_do_not_come_back() {
    let mut state = State::default();
    for it in 0..=CHANGES_MAX {
        let started = i64::try_from(it).unwrap();
        record(&mut state, change(&format!("c{it}"), started)).unwrap();
    }
    assert_eq!(state.iter().count(), CHANGES_MAX);
    assert!(state.get("c0").is_none());
    let again = record(&mut state, change("c0", 0));
    assert_eq!(again, Err(Refusal::TooOld { started: at(0) }));
    assert!(state.iter().is_sorted_by_key(|it| it.change.started));
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let facts = [
        Fact::ChangeRecorded(change("github:1", 60)),
        Fact::ChangeFinished { id: "github:1".to_owned(), finished: at(120) },
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    expect![[r#"
        {"ChangeRecorded":{"id":"github:1","service":"checkout","env":"prod","version":"v2.33","sha":"9f31c2","kind":"Deploy","author":"ana","started":"1970-01-01T00:01:00Z","finished":null,"summary":"new cart","source":"github","url":null}}
        {"ChangeFinished":{"id":"github:1","finished":"1970-01-01T00:02:00Z"}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}
