use std::fmt::Write;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use nines_port::CapturedOutput;
use proptest::prelude::*;

use super::*;
use crate::StepKind;

fn step(name: &str, kind: StepKind) -> Step {
    Step {
        name: name.to_owned(),
        kind,
        text: format!("{name} --now\n"),
        timeout: SignedDuration::from_secs(60),
        read_only: false,
        idempotent: false,
        line: 1,
    }
}

fn command(name: &str) -> Step {
    step(name, StepKind::Command { interpreter: "sh".to_owned() })
}

fn run_id() -> RunId {
    RunId::from_parts(Timestamp::UNIX_EPOCH, 1)
}

fn start(steps: Vec<Step>) -> Command {
    Command::Start {
        run: run_id(),
        runbook: "rollback".to_owned(),
        digest: "abc".to_owned(),
        steps,
        inputs: BTreeMap::from([("TARGET".to_owned(), "v2".to_owned())]),
        by: "ana".to_owned(),
        incident: Some("inc_1".to_owned()),
        reason: None,
    }
}

fn outcome(end: StepEnd) -> StepOutcome {
    let (stdout, stderr) = (CapturedOutput::default(), CapturedOutput::default());
    StepOutcome { end, stdout, stderr, took: SignedDuration::from_secs(3) }
}

fn ends(step: &str, attempt: u32, code: i32) -> Command {
    let outcome = outcome(StepEnd::Exited { code });
    Command::Finished { step: step.to_owned(), attempt, outcome }
}

fn answers(step: &str, answer: Answer) -> Command {
    Command::Answer { step: step.to_owned(), answer, by: "ben".to_owned() }
}

fn skip() -> Answer {
    Answer::Skip { reason: "not needed".to_owned() }
}

fn abort() -> Command {
    Command::Abort { by: "ben".to_owned(), reason: "wrong runbook".to_owned() }
}

fn say(fact: &Fact) -> String {
    match fact {
        Fact::Started { .. } => "started".to_owned(),
        Fact::StepIntended { step, attempt, repeat, .. } => {
            format!("intended {step}/{attempt}{}", if *repeat { " as a repeat" } else { "" })
        }
        Fact::StepFinished { step, attempt, outcome } => {
            format!("finished {step}/{attempt}: {}", describe(outcome))
        }
        Fact::StepUnknown { step, attempt } => format!("unknown {step}/{attempt}"),
        Fact::StepAnswered { step, answer, by } => format!("{by} answered {answer} for {step}"),
        Fact::Ended { result, .. } => format!("ended: {result}"),
    }
}

/// Applies the commands in order and writes down the facts, the refusals and what comes of them.
#[track_caller]
fn check(steps: Vec<Step>, script: Vec<Command>, expect: &Expect) {
    let (mut state, mut out, mut seq) = (State::default(), String::new(), 0);
    for command in [start(steps)].into_iter().chain(script) {
        match decide(&state, command, Timestamp::UNIX_EPOCH) {
            Ok(facts) => {
                for fact in &facts {
                    seq += 1;
                    evolve(&mut state, fact, Timestamp::UNIX_EPOCH, seq);
                    writeln!(out, "{}", say(fact)).unwrap();
                }
            }
            Err(refusal) => writeln!(out, "refused: {refusal}").unwrap(),
        }
        let due = state.due().map(|it| it.key.clone());
        let waiting = state.waiting().map(|it| (it.step.step.name.clone(), it.answers()));
        let status = state.status();
        let key = due.as_deref().and_then(|it| it.split_once('/')).map(|(_, key)| key);
        writeln!(out, "  {status} {}", key.unwrap_or("-")).unwrap();
        if let Some((step, answers)) = waiting {
            writeln!(out, "  {step}? {}", answers.join(" | ")).unwrap();
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn steps_run_in_order_and_each_once() {
    check(
        vec![command("look"), command("act")],
        vec![ends("look", 1, 0), ends("look", 1, 0), ends("act", 1, 0), ends("act", 1, 1)],
        &expect![[r#"
            started
            intended look/1
              running look/1
            finished look/1: succeeded after 3s
            intended act/1
              running act/1
              running act/1
            finished act/1: succeeded after 3s
            ended: succeeded
              succeeded -
              succeeded -
        "#]],
    );
}

#[test]
fn a_failed_step_waits_for_a_person() {
    check(
        vec![command("act"), command("verify")],
        vec![
            ends("act", 1, 1),
            answers("act", Answer::NotDone),
            answers("verify", Answer::Done),
            answers("act", Answer::RunAgain),
            answers("act", Answer::Done),
            ends("act", 1, 0),
            ends("act", 2, 0),
            ends("verify", 1, 7),
            answers("verify", skip()),
            answers("verify", skip()),
        ],
        &expect![[r#"
            started
            intended act/1
              running act/1
            finished act/1: exit code 1 after 3s
              waiting -
              act? run-again | done | skip
            refused: `not-done` is no answer for the step `act`, which is failed; answer run-again, done, skip
              waiting -
              act? run-again | done | skip
            refused: the step `verify` is pending; it waits for no answer
              waiting -
              act? run-again | done | skip
            ben answered run-again for act
            intended act/2 as a repeat
              running act/2
            refused: the step `act` is under way; it waits for no answer
              running act/2
              running act/2
            finished act/2: succeeded after 3s
            intended verify/1
              running verify/1
            finished verify/1: exit code 7 after 3s
              waiting -
              verify? run-again | done | skip
            ben answered skip for verify
            ended: failed
              failed -
            refused: the run has ended: failed
              failed -
        "#]],
    );
}

#[test]
fn an_interrupted_step_is_unknown_and_asks() {
    check(
        vec![command("act"), command("verify")],
        vec![
            Command::Recovered,
            Command::Recovered,
            answers("act", Answer::NotDone),
            Command::Recovered,
            answers("act", Answer::RunAgain),
            Command::Recovered,
            answers("act", Answer::Done),
            Command::Recovered,
            ends("verify", 1, 0),
        ],
        &expect![[r#"
            started
            intended act/1
              running act/1
            unknown act/1
              waiting -
              act? done | not-done | run-again | skip
              waiting -
              act? done | not-done | run-again | skip
            ben answered not-done for act
            intended act/2
              running act/2
            unknown act/2
              waiting -
              act? done | not-done | run-again | skip
            ben answered run-again for act
            intended act/3 as a repeat
              running act/3
            unknown act/3
              waiting -
              act? done | not-done | run-again | skip
            ben answered done for act
            intended verify/1
              running verify/1
            unknown verify/1
              waiting -
              verify? done | not-done | run-again | skip
            finished verify/1: succeeded after 3s
            ended: succeeded
              succeeded -
        "#]],
    );
}

#[test]
fn an_interrupted_step_that_does_no_harm_is_repeated() {
    check(
        vec![
            Step { read_only: true, ..command("look") },
            Step { idempotent: true, ..command("set") },
            step("ask", StepKind::Promql),
        ],
        vec![
            Command::Recovered,
            ends("look", 1, 0),
            ends("look", 2, 0),
            Command::Recovered,
            ends("set", 2, 0),
            Command::Recovered,
            ends("ask", 2, 0),
            Command::Recovered,
        ],
        &expect![[r#"
            started
            intended look/1
              running look/1
            intended look/2 as a repeat
              running look/2
              running look/2
            finished look/2: succeeded after 3s
            intended set/1
              running set/1
            intended set/2 as a repeat
              running set/2
            finished set/2: succeeded after 3s
            intended ask/1
              running ask/1
            intended ask/2 as a repeat
              running ask/2
            finished ask/2: succeeded after 3s
            ended: succeeded
              succeeded -
              succeeded -
        "#]],
    );
}

#[test]
fn a_manual_step_waits_for_its_answer() {
    check(
        vec![step("see", StepKind::Manual), step("do", StepKind::Manual), command("act")],
        vec![
            Command::Recovered,
            answers("see", Answer::RunAgain),
            answers("see", Answer::Done),
            answers("do", Answer::NotDone),
            answers("do", Answer::RunAgain),
            answers("do", skip()),
            ends("act", 1, 0),
        ],
        &expect![[r#"
            started
              waiting -
              see? done | not-done | skip
              waiting -
              see? done | not-done | skip
            refused: `run-again` is no answer for the step `see`, which is pending; answer done, not-done, skip
              waiting -
              see? done | not-done | skip
            ben answered done for see
              waiting -
              do? done | not-done | skip
            ben answered not-done for do
              waiting -
              do? done | skip
            refused: `run-again` is no answer for the step `do`, which is not done; answer done, skip
              waiting -
              do? done | skip
            ben answered skip for do
            intended act/1
              running act/1
            finished act/1: succeeded after 3s
            ended: failed
              failed -
        "#]],
    );
}

#[test]
fn an_aborted_run_still_learns_how_its_step_ended() {
    check(
        vec![command("act"), command("verify")],
        vec![abort(), ends("act", 1, 0), abort(), answers("verify", skip())],
        &expect![[r#"
            started
            intended act/1
              running act/1
            ended: aborted
              aborted -
            finished act/1: succeeded after 3s
              aborted -
            refused: the run has ended: aborted
              aborted -
            refused: the run has ended: aborted
              aborted -
        "#]],
    );
    check(
        vec![Step { idempotent: true, ..command("act") }],
        vec![abort(), Command::Recovered],
        &expect![[r#"
            started
            intended act/1
              running act/1
            ended: aborted
              aborted -
            unknown act/1
              aborted -
        "#]],
    );
}

#[test]
fn a_step_is_not_tried_for_ever() {
    let mut state = State::default();
    let steps = vec![Step { read_only: true, ..command("look") }];
    let mut commands = vec![start(steps)];
    commands.extend((0..ATTEMPTS_MAX).map(|_| Command::Recovered));
    for command in commands {
        for fact in decide(&state, command, Timestamp::UNIX_EPOCH).unwrap() {
            evolve(&mut state, &fact, Timestamp::UNIX_EPOCH, 1);
        }
    }
    assert_eq!(state.steps()[0].status, StepStatus::Unknown);
    let again = decide(&state, answers("look", Answer::RunAgain), Timestamp::UNIX_EPOCH);
    assert_eq!(again, Err(Refusal::TooManyAttempts { step: "look".to_owned() }));
}

#[test]
fn what_cannot_start_says_why() {
    let refused = |change: &dyn Fn(&mut Command)| {
        let mut command = start(vec![command("act")]);
        change(&mut command);
        let refusal = decide(&State::default(), command, Timestamp::UNIX_EPOCH).unwrap_err();
        format!("{refusal}\n")
    };
    let input = |name: &'static str, value: &'static str| {
        move |it: &mut Command| {
            if let Command::Start { inputs, .. } = it {
                inputs.insert(name.to_owned(), value.to_owned());
            }
        }
    };
    let mut out = refused(&|it| {
        if let Command::Start { steps, .. } = it {
            steps.clear();
        }
    });
    out += &refused(&|it| {
        if let Command::Start { incident, .. } = it {
            *incident = None;
        }
    });
    out += &refused(&|it| {
        if let Command::Start { by, .. } = it {
            by.clear();
        }
    });
    for (name, value) in [("LD_PRELOAD", "x"), ("PATH", "/tmp"), ("a-b", ""), ("A", "\0"), ("", "")]
    {
        out += &refused(&input(name, value));
    }
    let no_run = decide(&State::default(), Command::Recovered, Timestamp::UNIX_EPOCH);
    out += &no_run.unwrap_err().to_string();
    expect![[r#"
        the runbook has no steps
        a run without an incident needs a reason
        the person is empty
        the input `LD_PRELOAD` has a name that would change how steps run; choose another
        the input `PATH` has a name that would change how steps run; choose another
        the input `a-b` is not a name of letters, digits and `_`
        the input `A` contains a NUL byte
        the input `` is not a name of letters, digits and `_`
        there is no such run"#]]
    .assert_eq(&out);
}

#[test]
fn a_long_output_keeps_its_ends() {
    let mut state = State::default();
    let mut text = "ä".repeat(1_000_000);
    text.insert_str(0, "begin");
    text.push_str("end");
    let bytes = text.len() as u64;
    let stdout = CapturedOutput { text, omitted_bytes: 5 };
    let outcome = StepOutcome { stdout, ..outcome(StepEnd::TimedOut) };
    let finished = Command::Finished { step: "act".to_owned(), attempt: 1, outcome };
    for command in [start(vec![command("act")]), finished] {
        for fact in decide(&state, command, Timestamp::UNIX_EPOCH).unwrap() {
            evolve(&mut state, &fact, Timestamp::UNIX_EPOCH, 1);
        }
    }
    let kept = &state.steps()[0].outcome.as_ref().unwrap().stdout;
    assert!(kept.text.starts_with("beginä") && kept.text.ends_with("äend"));
    assert!(kept.text.len() <= OUTPUT_HEAD_BYTES + OUTPUT_TAIL_BYTES);
    assert_eq!(kept.text.len() as u64 + kept.omitted_bytes, bytes + 5);
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let Command::Start { run, runbook, digest, steps, inputs, by, incident, reason } =
        start(vec![command("act"), step("ask", StepKind::Promql), step("see", StepKind::Manual)])
    else {
        unreachable!("start() starts")
    };
    let name = || "act".to_owned();
    let output = CapturedOutput { text: "hello\n".to_owned(), omitted_bytes: 7 };
    let finished = |end| {
        let outcome = StepOutcome { stdout: output.clone(), ..outcome(end) };
        Fact::StepFinished { step: name(), attempt: 1, outcome }
    };
    let answered = |answer| Fact::StepAnswered { step: name(), answer, by: "ben".to_owned() };
    let facts = [
        Fact::Started { run, runbook, digest, steps, inputs, by, incident, reason },
        Fact::StepIntended {
            step: name(),
            attempt: 2,
            key: "run_0/act/2".to_owned(),
            repeat: true,
        },
        finished(StepEnd::Exited { code: 0 }),
        finished(StepEnd::Killed { signal: 9 }),
        finished(StepEnd::TimedOut),
        finished(StepEnd::Failed { reason: "no such program".to_owned() }),
        Fact::StepUnknown { step: name(), attempt: 1 },
        answered(Answer::Done),
        answered(Answer::NotDone),
        answered(Answer::RunAgain),
        answered(skip()),
        Fact::Ended { result: RunResult::Succeeded, by: None, reason: None },
        Fact::Ended {
            result: RunResult::Aborted,
            by: Some("ben".to_owned()),
            reason: Some("wrong runbook".to_owned()),
        },
        Fact::Ended { result: RunResult::Failed, by: None, reason: None },
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    expect![[r#"
        {"Started":{"run":"run_00000000000000000000000001","runbook":"rollback","digest":"abc","steps":[{"name":"act","kind":{"Command":{"interpreter":"sh"}},"text":"act --now\n","timeout":"PT1M","read_only":false,"idempotent":false,"line":1},{"name":"ask","kind":"Promql","text":"ask --now\n","timeout":"PT1M","read_only":false,"idempotent":false,"line":1},{"name":"see","kind":"Manual","text":"see --now\n","timeout":"PT1M","read_only":false,"idempotent":false,"line":1}],"inputs":{"TARGET":"v2"},"by":"ana","incident":"inc_1","reason":null}}
        {"StepIntended":{"step":"act","attempt":2,"key":"run_0/act/2","repeat":true}}
        {"StepFinished":{"step":"act","attempt":1,"outcome":{"end":{"Exited":{"code":0}},"stdout":{"text":"hello\n","omitted_bytes":7},"stderr":{"text":"","omitted_bytes":0},"took":"PT3S"}}}
        {"StepFinished":{"step":"act","attempt":1,"outcome":{"end":{"Killed":{"signal":9}},"stdout":{"text":"hello\n","omitted_bytes":7},"stderr":{"text":"","omitted_bytes":0},"took":"PT3S"}}}
        {"StepFinished":{"step":"act","attempt":1,"outcome":{"end":"TimedOut","stdout":{"text":"hello\n","omitted_bytes":7},"stderr":{"text":"","omitted_bytes":0},"took":"PT3S"}}}
        {"StepFinished":{"step":"act","attempt":1,"outcome":{"end":{"Failed":{"reason":"no such program"}},"stdout":{"text":"hello\n","omitted_bytes":7},"stderr":{"text":"","omitted_bytes":0},"took":"PT3S"}}}
        {"StepUnknown":{"step":"act","attempt":1}}
        {"StepAnswered":{"step":"act","answer":"Done","by":"ben"}}
        {"StepAnswered":{"step":"act","answer":"NotDone","by":"ben"}}
        {"StepAnswered":{"step":"act","answer":"RunAgain","by":"ben"}}
        {"StepAnswered":{"step":"act","answer":{"Skip":{"reason":"not needed"}},"by":"ben"}}
        {"Ended":{"result":"Succeeded","by":null,"reason":null}}
        {"Ended":{"result":"Aborted","by":"ben","reason":"wrong runbook"}}
        {"Ended":{"result":"Failed","by":null,"reason":null}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        Just(StepKind::Command { interpreter: "sh".to_owned() }),
        Just(StepKind::Promql),
        Just(StepKind::Manual),
    ];
    (kind, any::<bool>(), any::<bool>()).prop_map(|(kind, read_only, idempotent)| Step {
        read_only,
        idempotent,
        ..step("", kind)
    })
}

fn any_command() -> impl Strategy<Value = Command> {
    let name = (0..4_usize).prop_map(|it| format!("s{it}"));
    let answer = prop_oneof![
        Just(Answer::Done),
        Just(Answer::NotDone),
        Just(Answer::RunAgain),
        Just(skip())
    ];
    prop_oneof![
        4 => (name.clone(), 1..4_u32, 0..2_i32).prop_map(|(name, attempt, code)| ends(&name, attempt, code)),
        2 => Just(Command::Recovered),
        4 => (name, answer).prop_map(|(name, answer)| answers(&name, answer)),
        1 => Just(abort()),
    ]
}

proptest! {
    /// The promise of the machine, judged from the facts alone.
    #[test]
    fn no_step_runs_twice_without_a_mark_or_consent(
        steps in proptest::collection::vec(any_step(), 1..4),
        commands in proptest::collection::vec(any_command(), 0..40),
    ) {
        let named = |(index, it): (usize, Step)| Step { name: format!("s{index}"), ..it };
        let steps: Vec<Step> = steps.into_iter().enumerate().map(named).collect();
        let mut state = State::default();
        let mut facts: Vec<Fact> = Vec::new();
        for command in [start(steps.clone())].into_iter().chain(commands) {
            let Ok(new) = decide(&state, command, Timestamp::UNIX_EPOCH) else { continue };
            for fact in new {
                facts.push(fact);
                evolve(&mut state, facts.last().unwrap(), Timestamp::UNIX_EPOCH, facts.len() as u64);
            }
        }
        for (at, fact) in facts.iter().enumerate() {
            let Fact::StepIntended { step, attempt, repeat, .. } = fact else { continue };
            let spec = steps.iter().find(|it| it.name == *step).unwrap();
            prop_assert!(spec.kind != StepKind::Manual);
            let consent = matches!(
                facts.get(at.wrapping_sub(1)),
                Some(Fact::StepAnswered { step: answered, answer, .. })
                    if answered == step && matches!(answer, Answer::RunAgain | Answer::NotDone)
            );
            let harmless = spec.read_only || spec.idempotent || spec.kind == StepKind::Promql;
            prop_assert!(*attempt == 1 || consent || (*repeat && harmless));
            let again = facts[..at].iter().any(|it| matches!(
                it, Fact::StepIntended { step: other, attempt: a, .. } if other == step && a == attempt
            ));
            prop_assert!(!again, "the same attempt twice");
            let succeeded_before = facts[..at].iter().any(|it| matches!(
                it, Fact::StepFinished { step: other, outcome, .. } if other == step && succeeded(outcome)
            ));
            prop_assert!(!succeeded_before, "a finished step ran again");
            let ended = facts[..at].iter().any(|it| matches!(it, Fact::Ended { .. }));
            prop_assert!(!ended, "an ended run goes on");
        }
        // Not over means that something is due or somebody is asked: no run hangs.
        let stuck = !state.is_ended() && state.due().is_none() && state.waiting().is_none();
        prop_assert!(!stuck);
        let mut replayed = State::default();
        for (seq, fact) in (1..).zip(&facts) {
            evolve(&mut replayed, fact, Timestamp::UNIX_EPOCH, seq);
        }
        prop_assert_eq!(replayed, state);
    }
}
