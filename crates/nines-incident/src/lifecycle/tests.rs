use std::fmt::Write;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn minute(it: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it)
}

fn alert(fingerprint: &str) -> AlertRef {
    AlertRef {
        fingerprint: fingerprint.to_owned(),
        summary: format!("alert {fingerprint}"),
        slo: Some("checkout/errors".to_owned()),
    }
}

fn open() -> Command {
    Command::Open {
        number: 42,
        title: "checkout fails".to_owned(),
        severity: IncidentSeverity::Sev2,
        service: "checkout".to_owned(),
        alert: alert("a1"),
        impact_start: minute(-5),
        by: "nines".to_owned(),
    }
}

fn stop(fingerprint: &str) -> Command {
    Command::AlertResolved { fingerprint: fingerprint.to_owned() }
}

fn acknowledge(by: &str) -> Command {
    Command::Acknowledge { by: by.to_owned(), via: "link".to_owned() }
}

fn note(text: &str) -> Command {
    Command::Note { by: "ana".to_owned(), text: text.to_owned() }
}

fn status(status: Status) -> Command {
    Command::SetStatus { status, by: "ana".to_owned() }
}

fn severity(severity: IncidentSeverity, reason: Option<&str>) -> Command {
    let reason = reason.map(str::to_owned);
    Command::SetSeverity { severity, reason, by: "ana".to_owned() }
}

fn resolve(reason: Option<&str>) -> Command {
    Command::Resolve { by: "ana".to_owned(), reason: reason.map(str::to_owned) }
}

fn paged() -> Command {
    let text = str::to_owned;
    Command::Paged { person: text("ana"), channel: text("inbox"), page_id: text("p1") }
}

fn run_started() -> Command {
    let text = str::to_owned;
    Command::RunbookStarted { run: text("run_1"), runbook: text("rollback"), by: text("ana") }
}

fn run_stepped() -> Command {
    let text = str::to_owned;
    Command::RunbookStep { run: text("run_1"), step: text("act"), outcome: text("exit code 1\nx") }
}

fn run_ended() -> Command {
    Command::RunbookEnded { run: "run_1".to_owned(), result: "succeeded".to_owned() }
}

/// Applies one command per minute, the first at minute 0.
fn fold(script: Vec<Command>) -> (State, Vec<Fact>, String) {
    let (mut state, mut facts, mut refusals) = (State::default(), Vec::new(), String::new());
    for (now, command) in (0..).map(minute).zip(script) {
        match decide(&state, command, now) {
            Ok(new) => {
                for fact in new {
                    facts.push(fact);
                    evolve(&mut state, facts.last().unwrap(), now, facts.len() as u64);
                }
            }
            Err(refusal) => {
                let elapsed = now.duration_since(minute(0)).as_mins();
                writeln!(refusals, "{elapsed:02}m refused: {refusal}").unwrap();
            }
        }
    }
    (state, facts, refusals)
}

#[track_caller]
fn check(script: Vec<Command>, expect: &Expect) {
    let (state, _, mut out) = fold(script);
    for Entry { at, kind, text, evidence } in &state.timeline {
        let elapsed = at.duration_since(minute(0)).as_mins();
        writeln!(out, "{elapsed:02}m E-{evidence} {kind}: {text}").unwrap();
    }
    let mitigated = state
        .mitigated
        .map(|it| format!("{}m {}", it.at.duration_since(minute(0)).as_mins(), it.provenance));
    let (severity, status) = (state.severity, state.status);
    writeln!(
        out,
        "{severity} {status}, {} firing, mitigated {mitigated:?}",
        state.firing().count()
    )
    .unwrap();
    expect.assert_eq(&out);
}

#[test]
fn the_timeline_is_the_facts() {
    check(
        vec![
            open(),
            paged(),
            acknowledge("ana"),
            status(Status::Investigating),
            note("a deploy went out"),
            run_started(),
            run_stepped(),
            run_ended(),
            severity(IncidentSeverity::Sev1, None),
            stop("a1"),
            status(Status::Monitoring),
            resolve(None),
        ],
        &expect![[r#"
            00m E-1 status: SEV2 opened by nines: alert a1
            01m E-2 page: ana was paged by inbox
            02m E-3 ack: ana acknowledged by link
            03m E-4 status: ana changed declared to investigating
            04m E-5 note: ana: a deploy went out
            05m E-6 runbook: ana started the runbook rollback (run_1)
            06m E-7 runbook: step act: exit code 1 x
            07m E-8 runbook: the runbook rollback ended: succeeded
            08m E-9 severity: ana changed SEV2 to SEV1
            09m E-10 alert: alert a1 stopped
            10m E-11 status: ana changed investigating to monitoring
            11m E-12 status: ana resolved it
            SEV1 resolved, 0 firing, mitigated Some("10m recorded")
        "#]],
    );
}

#[test]
fn repeats_are_harmless() {
    check(
        vec![
            open(),
            open(),
            paged(),
            paged(),
            acknowledge("ana"),
            acknowledge("ana"),
            acknowledge("ben"),
            Command::AttachAlert(alert("a1")),
            stop("a1"),
            stop("a1"),
            stop("a2"),
            run_started(),
            run_started(),
            severity(IncidentSeverity::Sev2, None),
            status(Status::Declared),
            resolve(None),
            resolve(None),
            acknowledge("ben"),
        ],
        &expect![[r#"
            01m refused: the incident is open already
            16m refused: the incident is resolved
            00m E-1 status: SEV2 opened by nines: alert a1
            02m E-2 page: ana was paged by inbox
            04m E-3 ack: ana acknowledged by link
            06m E-4 ack: ben acknowledged by link
            08m E-5 alert: alert a1 stopped
            11m E-6 runbook: ana started the runbook rollback (run_1)
            15m E-7 status: ana resolved it
            SEV2 resolved, 0 firing, mitigated Some("8m derived")
        "#]],
    );
}

#[test]
fn resolving_while_an_alert_fires_needs_a_reason() {
    check(
        vec![
            open(),
            Command::AttachAlert(alert("a2")),
            stop("a1"),
            resolve(None),
            resolve(Some(" ")),
            resolve(Some("the probe is broken")),
            stop("a2"),
            Command::AttachAlert(alert("a1")),
            note("learned later"),
        ],
        &expect![[r#"
            03m refused: linked alerts still fire (1, such as alert a2); give a reason to resolve all the same
            04m refused: linked alerts still fire (1, such as alert a2); give a reason to resolve all the same
            07m refused: the incident is resolved
            00m E-1 status: SEV2 opened by nines: alert a1
            01m E-2 alert: alert a2 fires
            02m E-3 alert: alert a1 stopped
            05m E-4 status: ana resolved it while linked alerts fired (1): the probe is broken
            06m E-5 alert: alert a2 stopped
            08m E-6 note: ana: learned later
            SEV2 resolved, 0 firing, mitigated Some("6m derived")
        "#]],
    );
}

#[test]
fn an_alert_that_fires_again_takes_back_what_its_silence_said() {
    check(
        vec![open(), stop("a1"), Command::AttachAlert(alert("a1"))],
        &expect![[r#"
            00m E-1 status: SEV2 opened by nines: alert a1
            01m E-2 alert: alert a1 stopped
            02m E-3 alert: alert a1 fires
            SEV2 declared, 1 firing, mitigated None
        "#]],
    );
    check(
        vec![
            open(),
            status(Status::Monitoring),
            Command::AttachAlert(alert("a2")),
            stop("a1"),
            stop("a2"),
        ],
        &expect![[r#"
            00m E-1 status: SEV2 opened by nines: alert a1
            01m E-2 status: ana changed declared to monitoring
            02m E-3 alert: alert a2 fires
            03m E-4 alert: alert a1 stopped
            04m E-5 alert: alert a2 stopped
            SEV2 monitoring, 0 firing, mitigated Some("1m recorded")
        "#]],
    );
    check(
        vec![open(), status(Status::Monitoring), status(Status::Mitigating)],
        &expect![[r#"
            00m E-1 status: SEV2 opened by nines: alert a1
            01m E-2 status: ana changed declared to monitoring
            02m E-3 status: ana changed monitoring to mitigating
            SEV2 mitigating, 1 firing, mitigated None
        "#]],
    );
}

#[test]
fn what_people_must_not_do_is_refused_with_a_reason() {
    check(
        vec![
            note("before"),
            open(),
            severity(IncidentSeverity::Sev3, None),
            severity(IncidentSeverity::Sev3, Some("a workaround exists")),
            status(Status::Resolved),
            note(" \n"),
            note(&"x".repeat(TEXT_BYTES_MAX + 1)),
            acknowledge(""),
        ],
        &expect![[r#"
            00m refused: there is no such incident
            02m refused: lowering the severity from SEV2 to SEV3 needs a reason
            04m refused: `resolved` is not set as a status; resolve the incident
            05m refused: the note is empty
            06m refused: the note has 4097 bytes; at most 4096 are allowed
            07m refused: the person is empty
            01m E-1 status: SEV2 opened by nines: alert a1
            03m E-2 severity: ana changed SEV2 to SEV3: a workaround exists
            SEV3 declared, 1 firing, mitigated None
        "#]],
    );
}

#[test]
fn a_full_timeline_counts_what_it_does_not_show() {
    let mut script = vec![open()];
    script.extend((0..TIMELINE_ENTRIES_MAX).map(|_| note("again")));
    script.extend([run_stepped(), stop("a1"), resolve(None)]);
    let (state, _, refusals) = fold(script);
    assert_eq!(refusals.lines().count(), 1, "{refusals}");
    assert_eq!((state.timeline.len(), state.timeline_omitted), (TIMELINE_ENTRIES_MAX, 3));
    assert!(!state.is_open());
}

#[test]
fn an_incident_links_a_limited_number_of_alerts() {
    let mut script = vec![open()];
    script.extend((0..ALERTS_MAX).map(|it| Command::AttachAlert(alert(&format!("b{it}")))));
    let (state, _, refusals) = fold(script);
    assert_eq!(state.alerts.len(), ALERTS_MAX);
    assert_eq!(refusals.lines().count(), 1, "{refusals}");
}

#[test]
fn severities_read_back() {
    for severity in IncidentSeverity::ALL {
        assert_eq!(severity.to_string().parse(), Ok(severity));
        assert_eq!(severity.number().to_string().parse(), Ok(severity));
    }
    assert!("sev6".parse::<IncidentSeverity>().is_err());
    assert!("".parse::<IncidentSeverity>().is_err());
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let (_, facts, refusals) = fold(vec![
        open(),
        Command::AttachAlert(alert("a2")),
        stop("a2"),
        paged(),
        acknowledge("ana"),
        note("a deploy\nwent out"),
        run_started(),
        run_stepped(),
        run_ended(),
        severity(IncidentSeverity::Sev1, None),
        severity(IncidentSeverity::Sev5, Some("a drill")),
        status(Status::Investigating),
        status(Status::Identified),
        status(Status::Mitigating),
        status(Status::Monitoring),
        resolve(Some("over")),
    ]);
    assert_eq!(refusals, "");
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    expect![[r#"
        {"Opened":{"number":42,"title":"checkout fails","severity":"Sev2","service":"checkout","alert":{"fingerprint":"a1","summary":"alert a1","slo":"checkout/errors"},"impact_start":"1969-12-31T23:55:00Z","by":"nines"}}
        {"AlertAttached":{"fingerprint":"a2","summary":"alert a2","slo":"checkout/errors"}}
        {"AlertResolved":{"fingerprint":"a2"}}
        {"Paged":{"person":"ana","channel":"inbox","page_id":"p1"}}
        {"Acknowledged":{"by":"ana","via":"link"}}
        {"Noted":{"by":"ana","text":"a deploy\nwent out"}}
        {"RunbookStarted":{"run":"run_1","runbook":"rollback","by":"ana"}}
        {"RunbookStepped":{"run":"run_1","step":"act","outcome":"exit code 1 x"}}
        {"RunbookEnded":{"run":"run_1","result":"succeeded"}}
        {"SeverityChanged":{"from":"Sev2","to":"Sev1","reason":null,"by":"ana"}}
        {"SeverityChanged":{"from":"Sev1","to":"Sev5","reason":"a drill","by":"ana"}}
        {"StatusChanged":{"from":"Declared","to":"Investigating","by":"ana"}}
        {"StatusChanged":{"from":"Investigating","to":"Identified","by":"ana"}}
        {"StatusChanged":{"from":"Identified","to":"Mitigating","by":"ana"}}
        {"StatusChanged":{"from":"Mitigating","to":"Monitoring","by":"ana"}}
        {"Resolved":{"by":"ana","reason":"over","firing_total":1}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

fn any_command() -> impl Strategy<Value = Command> {
    let alerts = (0..3_u8).prop_map(|it| format!("a{it}"));
    let statuses = (0..6_usize).prop_map(|it| {
        use Status::{Declared, Identified, Investigating, Mitigating, Monitoring, Resolved};
        [Declared, Investigating, Identified, Mitigating, Monitoring, Resolved][it]
    });
    let severities = (0..5_usize, any::<bool>());
    prop_oneof![
        Just(open()),
        alerts.clone().prop_map(|it| Command::AttachAlert(alert(&it))),
        alerts.prop_map(|it| stop(&it)),
        "[ab]".prop_map(|by| acknowledge(&by)),
        Just(note("hello")),
        Just(paged()),
        Just(run_started()),
        Just(run_stepped()),
        Just(run_ended()),
        statuses.prop_map(status),
        severities.prop_map(|(it, why)| severity(IncidentSeverity::ALL[it], why.then_some("why"))),
        any::<bool>().prop_map(|why| resolve(why.then_some("why"))),
    ]
}

proptest! {
    #[test]
    fn a_resolved_incident_without_a_reason_has_no_firing_alert(
        commands in proptest::collection::vec(any_command(), 0..60),
    ) {
        let (state, facts, _) = fold([open()].into_iter().chain(commands).collect());
        let forced = facts.iter().any(|it| matches!(it, Fact::Resolved { reason: Some(_), .. }));
        if state.resolved_at.is_some() && !forced {
            prop_assert_eq!(state.firing().count(), 0);
        }
        let resolved = facts.iter().filter(|it| matches!(it, Fact::Resolved { .. })).count();
        prop_assert!(resolved <= 1);
        prop_assert_eq!(state.timeline.len(), facts.len());
        prop_assert_eq!(state.resolved_at.is_some(), state.status == Status::Resolved);
        if state.firing().next().is_some() {
            let derived = state.mitigated.filter(|it| it.provenance == Provenance::Derived);
            prop_assert_eq!(derived, None);
        }
    }
}
