use super::*;

fn method() -> Method {
    Method {
        person: "ana".to_owned(),
        channel: Channel::Email { address: "a@example.org".to_owned() },
    }
}

fn minute(it: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it)
}

/// Carries out commands at their minutes; gives the facts and refusals, and what is known in the end.
fn play(script: Vec<(i64, Command)>) -> (Vec<String>, Standing) {
    let (mut state, mut out) = (State::default(), Vec::new());
    for (at, command) in script {
        match decide(&state, command, minute(at)) {
            Ok(facts) => {
                for fact in facts {
                    evolve(&mut state, &fact, minute(at));
                    let name = format!("{fact:?}");
                    out.push(name.split(['(', ' ']).next().unwrap_or("").to_owned());
                }
            }
            Err(refusal) => out.push(refusal.to_string()),
        }
    }
    (out, state.standing(&method()).cloned().unwrap_or_default())
}

fn confirm(code: &str) -> Command {
    Command::Confirm { method: method(), code: code.to_owned(), expected: "123456".to_owned() }
}

fn ask() -> Command {
    Command::AskCode(method())
}

#[test]
fn a_code_that_comes_back_proves_a_way_and_enables_it() {
    let stop = Command::Stop(method());
    let (said, standing) =
        play(vec![(0, stop), (1, ask()), (2, confirm("000000")), (3, confirm(" 123456\n"))]);
    assert_eq!(said, ["Disabled", "CodeAsked", "WrongCode", "Confirmed"]);
    assert_eq!(standing, Standing { verified_at: Some(minute(3)), ..Standing::default() });
}

#[test]
fn codes_end_and_cannot_be_guessed() {
    assert_eq!(play(vec![(0, confirm("123456"))]).0, [Refusal::NoCode.to_string()]);
    let (said, _) = play(vec![(0, ask()), (16, confirm("123456"))]);
    assert_eq!(said, ["CodeAsked".to_owned(), Refusal::NoCode.to_string()]);
    let (said, _) = play(vec![(0, ask()), (0, ask()), (1, ask())]);
    let too_soon = Refusal::TooSoon { at: minute(0) }.to_string();
    assert_eq!(said, ["CodeAsked".to_owned(), too_soon, "CodeAsked".to_owned()]);
    let mut script = vec![(0, ask())];
    script.extend((0..6).map(|_| (1, confirm("0"))));
    script.push((1, confirm("123456")));
    let (said, standing) = play(script);
    assert_eq!(said.iter().filter(|it| *it == "WrongCode").count(), 5);
    assert_eq!(said.last(), Some(&Refusal::TooManyWrong.to_string()));
    assert_eq!(standing.verified_at, None);
}

#[test]
fn two_failures_in_a_row_end_the_use_of_a_way_once() {
    let mut state = State::default();
    let fail = |state: &State| decide(state, Command::Fail(method()), minute(9)).unwrap();
    state.note_failure(&method());
    assert_eq!(fail(&state), []);
    state.note_arrival(&method(), minute(1));
    state.note_failure(&method());
    assert_eq!(fail(&state), []);
    state.note_failure(&method());
    let facts = fail(&state);
    assert_eq!(facts, [Fact::Disabled { method: method(), why: Why::Failures }]);
    evolve(&mut state, &facts[0], minute(9));
    assert!(state.is_disabled(&method()));
    assert_eq!(fail(&state), []);
    assert_eq!(state.standing(&method()).unwrap().delivered_at, Some(minute(1)));
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect_test::expect![[r#"
        {"CodeAsked":{"person":"ana","channel":{"Email":{"address":"a@example.org"}}}}
        {"WrongCode":{"person":"ana","channel":{"Email":{"address":"a@example.org"}}}}
        {"Confirmed":{"person":"ana","channel":{"Email":{"address":"a@example.org"}}}}
        {"Disabled":{"method":{"person":"ana","channel":{"Email":{"address":"a@example.org"}}},"why":"Failures"}}
        {"Disabled":{"method":{"person":"ana","channel":{"Email":{"address":"a@example.org"}}},"why":"Stopped"}}
    "#]];
    let facts = [
        Fact::CodeAsked(method()),
        Fact::WrongCode(method()),
        Fact::Confirmed(method()),
        Fact::Disabled { method: method(), why: Why::Failures },
        Fact::Disabled { method: method(), why: Why::Stopped },
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}
