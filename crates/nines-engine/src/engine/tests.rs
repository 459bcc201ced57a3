use std::collections::BTreeMap;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use nines_alert::{Evidence, WindowEvidence};
use nines_base::{Labels, Origin};
use nines_oncall::{Contact, Person, Policy, Roster, Step, Target};
use nines_port::{Channel, Delivery, Urgency};

use super::*;
use crate::command::{AckTarget, Coverage, Observation};
use crate::exclusions;
use crate::fact::Of;
use crate::outbox;

/// A journal whose records outlive the engine, and whose next append may fail before or after it wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestJournal {
    records: Arc<Mutex<Vec<Record>>>,
    epoch: u64,
    fail_next: Arc<Mutex<Option<FailAt>>>,
    is_low: Arc<Mutex<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailAt {
    BeforeWriting,
    AfterWriting,
    /// The store says that nothing was written.
    Cleanly,
}

impl TestJournal {
    pub(crate) fn reopen(&self) -> Self {
        Self { epoch: self.epoch + 1, ..self.clone() }
    }

    /// With records of these kinds and bodies, all of version 1 and recorded at once.
    pub(crate) fn with(self, bodies: &[(&str, String)]) -> Self {
        let mut head = [0; HASH_BYTES];
        for (seq, (kind, body)) in (1..).zip(bodies) {
            let (kind, body) = ((*kind).to_owned(), body.clone().into_bytes());
            let (at, hash) = (second(0), [0; HASH_BYTES]);
            let mut record = Record { seq, epoch: 0, at, kind, version: 1, body, hash };
            record.hash = chain::hash(&head, &record);
            head = record.hash;
            self.records.lock().unwrap().push(record);
        }
        self
    }

    pub(crate) fn lines(&self) -> Vec<Record> {
        self.records.lock().unwrap().clone()
    }
}

impl Journal for TestJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let error = || JournalError::unknown("append to", "made up");
        let fail = self.fail_next.lock().unwrap().take();
        if fail == Some(FailAt::BeforeWriting) {
            return Err(error());
        }
        if fail == Some(FailAt::Cleanly) {
            return Err(JournalError::rolled_back("append to", "the disk is full"));
        }
        self.records.lock().unwrap().extend_from_slice(records);
        if fail == Some(FailAt::AfterWriting) { Err(error()) } else { Ok(()) }
    }

    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        let records = self.records.lock().unwrap();
        Ok(records.iter().filter(|it| after_seq < it.seq).take(count_max).cloned().collect())
    }

    fn room(&mut self) -> Room {
        if *self.is_low.lock().unwrap() { Room::Low } else { Room::Ample }
    }
}

pub(crate) fn installation() -> Installation {
    Installation {
        secret: [7; 32],
        external_url: "http://127.0.0.1:7777".to_owned(),
        version: "test".to_owned(),
    }
}

pub(crate) fn config() -> Arc<Config> {
    let webhook = Channel::Webhook { url: "http://127.0.0.1:9/hook".to_owned(), secret: None };
    let contact = |channel, minutes| Contact { channel, delay: SignedDuration::from_mins(minutes) };
    let person = |name: &str| Person {
        name: name.to_owned(),
        display_name: name.to_owned(),
        contacts: vec![contact(Channel::Inbox, 0), contact(webhook.clone(), 1)],
        ..Person::default()
    };
    let step =
        |name: &str| Step::new(vec![Target::Person(name.to_owned())], SignedDuration::from_mins(5));
    let policy = Policy {
        name: "shop-primary".to_owned(),
        steps: vec![step("ana"), step("ben")],
        repeat: 0,
        origin: Origin { file: "oncall.yaml".to_owned(), line: 3 },
        ..Policy::default()
    };
    let people = ["ana", "ben"].map(|it| (it.to_owned(), person(it)));
    Arc::new(Config {
        revision: "r1".to_owned(),
        files: 1,
        roster: Roster {
            people: people.into(),
            schedules: BTreeMap::new(),
            policies: BTreeMap::from([(policy.name.clone(), policy)]),
            ..Roster::default()
        },
        dispatch: Arc::default(),
        heartbeats: BTreeMap::new(),
        templates: Arc::default(),
        fallbacks: crate::Fallbacks::default(),
        depends_on: BTreeMap::new(),
        runbooks: BTreeMap::new(),
        release: nines_release::Rulebook::default(),
    })
}

pub(crate) fn burn() -> Observation {
    let labels = [("alertname", "SLOBurn"), ("service", "checkout"), ("slo", "availability")];
    let window = WindowEvidence {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::UNIX_EPOCH,
        bad: 20,
        total: 2_740,
        value: "14.6×".to_owned(),
        limit: "14.4×".to_owned(),
    };
    Observation {
        labels: Labels::new(labels).unwrap(),
        annotations: BTreeMap::from([("summary".to_owned(), "checkout burns".to_owned())]),
        evidence: Evidence {
            subject: "checkout/availability".to_owned(),
            sentence: "at this rate the budget is gone in 5 h".to_owned(),
            windows: vec![window],
            origin: Origin { file: "slo.yaml".to_owned(), line: 4 },
        },
        gist: "1h".to_owned(),
        urgency: Urgency::Page,
        escalation: Some("shop-primary".to_owned()),
        impact_start: Timestamp::UNIX_EPOCH,
    }
}

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn recover(journal: &TestJournal, at: i64) -> Engine {
    let journal = Box::new(journal.reopen());
    let mut engine = Engine::recover(journal, installation(), None, 1, second(at)).unwrap();
    engine.cycle(vec![Command::ApplyConfig(config())], second(at)).unwrap();
    engine
}

fn ask(engine: &mut Engine, command: Command, at: i64) -> Result<Reply, Refusal> {
    engine.cycle(vec![command], second(at)).unwrap().remove(0)
}

/// Takes what is due and answers each attempt with `delivery`.
pub(crate) fn deliver(engine: &mut Engine, at: i64, delivery: &Delivery) -> usize {
    let taken = ask(engine, Command::TakeSends { count_max: 100 }, at).unwrap();
    let Reply::Sends(sends) = taken else { panic!("sends were asked for") };
    for send in &sends {
        let (intent, attempt, delivery) = (send.intent.clone(), send.attempt, delivery.clone());
        ask(engine, Command::Receipt { intent, attempt, delivery }, at).unwrap();
    }
    sends.len()
}

pub(crate) fn accepted() -> Delivery {
    Delivery::Accepted { reference: "200".to_owned() }
}

/// One line for each fact.
#[track_caller]
fn check(journal: &TestJournal, expect: &Expect) {
    let mut out = String::new();
    for record in journal.lines() {
        let fact = Fact::decode(&record).unwrap();
        let word = match &fact {
            Fact::Alert(it) => name_of(&it.fact),
            Fact::Dispatch(it) => name_of(it),
            Fact::Escalation(it) => name_of(&it.fact),
            Fact::Incident(it) => name_of(&it.fact),
            Fact::Outbox(Of { id, fact }) => {
                let (_, message) = id.split_once('/').unwrap();
                format!("{} {message}", name_of(fact))
            }
            Fact::Run(it) => name_of(&it.fact),
            other => name_of(other),
        };
        let at = record.at.as_second();
        out.push_str(&format!("{:>3}s {:<10} {word}\n", at, record.kind));
    }
    expect.assert_eq(&out);
}

/// The name of an enum's variant.
fn name_of(fact: &impl std::fmt::Debug) -> String {
    let text = format!("{fact:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

#[test]
fn alerts_of_rules_and_burns_end_apart_and_only_when_everything_is_known() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    let labels = Labels::new([("alertname", "Down"), ("service", "cart")]).unwrap();
    let down = Observation { labels: labels.clone(), ..burn() };
    let rules = |firing, coverage| Command::ObserveRules { firing, coverage };
    let firing = |engine: &Engine| engine.working.firing().count();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    ask(&mut engine, rules(vec![down.clone()], Coverage::Partial), 2).unwrap();
    assert_eq!(firing(&engine), 2);
    ask(&mut engine, rules(Vec::new(), Coverage::Partial), 3).unwrap();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 4).unwrap();
    assert_eq!(firing(&engine), 2, "what was not judged yet goes on");
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 5).unwrap();
    assert_eq!(firing(&engine), 1, "a burn's end ends no rule's alert");
    let mut engine = recover(&journal, 6);
    ask(&mut engine, rules(vec![down], Coverage::Complete), 7).unwrap();
    let alert = engine.working.alert(nines_alert::AlertKey::of(&labels)).unwrap();
    assert_eq!(alert.activation.number, 1, "the same activation");
    ask(&mut engine, rules(Vec::new(), Coverage::Complete), 8).unwrap();
    assert_eq!(firing(&engine), 0);
}

#[test]
fn a_burn_becomes_an_incident_and_pages_until_somebody_answers() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 2).unwrap();
    assert_eq!(deliver(&mut engine, 2, &accepted()), 1, "the webhook is due a minute later");
    assert_eq!(engine.wake_at(), Some(second(301)));
    let target = AckTarget::Incident(1);
    let (by, via) = ("ana".to_owned(), "cli".to_owned());
    ask(&mut engine, Command::Acknowledge { target, by, via }, 30).unwrap();
    let tick = engine.wake_at();
    assert_eq!(tick, Some(second(301)), "the group's next tick, and no escalation");
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 600).unwrap();
    check(
        &journal,
        &expect![[r#"
              0s epoch      EpochStarted
              0s config     ConfigApplied
              1s dispatch   Observed
              1s dispatch   Flushed
              1s incident   Opened
              1s route      Routed
              1s escalation Started
              1s escalation StepEntered
              1s escalation PageIntended
              1s outbox     Recorded 0.0.ana.0
              1s escalation PageIntended
              1s outbox     Recorded 0.0.ana.1
              1s dispatch   Told
              2s outbox     AttemptStarted 0.0.ana.0
              2s outbox     ReceiptRecorded 0.0.ana.0
              2s incident   Paged
             30s escalation Acknowledged
             30s outbox     Cancelled 0.0.ana.1
             30s incident   Acknowledged
            600s dispatch   Observed
            600s escalation Resolved
            600s incident   AlertResolved
            600s dispatch   Flushed
            600s dispatch   Told
        "#]],
    );
}

#[test]
fn an_alert_that_fires_again_before_the_next_tick_pages_again() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 0).unwrap();
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 60).unwrap();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 90).unwrap();
    let open = engine.working.escalations.values().filter(|it| it.state.is_open());
    assert_eq!(open.map(|it| it.alerts.clone()).collect::<Vec<_>>().len(), 1);
    assert_eq!(engine.working.escalations.len(), 2);
    assert_eq!(engine.working, *engine.published().read());
}

#[test]
fn whoever_was_told_outside_of_nines_learns_the_end() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 0).unwrap();
    assert_eq!(deliver(&mut engine, 60, &accepted()), 2);
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 90).unwrap();
    let taken = ask(&mut engine, Command::TakeSends { count_max: 100 }, 90).unwrap();
    let Reply::Sends(sends) = taken else { panic!("sends were asked for") };
    let subjects: Vec<&str> = sends.iter().map(|it| it.message.subject.as_str()).collect();
    assert_eq!(subjects, ["[resolved] INC-1 checkout burns"]);
}

#[test]
fn a_restart_folds_the_same_state_and_owes_what_was_owed() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 0).unwrap();
    let taken = ask(&mut engine, Command::TakeSends { count_max: 1 }, 0).unwrap();
    let Reply::Sends(sends) = taken else { panic!("sends were asked for") };
    assert!(!sends[0].message.possible_repeat);
    let before = engine.working.clone();
    drop(engine);

    // The process died between the first byte and the receipt.
    let mut engine = recover(&journal, 10);
    let lost = &engine.working.outbox[&sends[0].intent];
    assert_eq!(lost.phase, outbox::Phase::Waiting { not_before: second(10) });
    assert_eq!(engine.working.dispatch, before.dispatch);
    assert_eq!(engine.working.routed, before.routed);
    assert_eq!(engine.working.escalations, before.escalations);
    let taken = ask(&mut engine, Command::TakeSends { count_max: 1 }, 10).unwrap();
    let Reply::Sends(again) = taken else { panic!("sends were asked for") };
    assert!(again[0].message.possible_repeat, "a repeat is marked");
    assert_eq!(again[0].message.key, sends[0].message.key, "and has the same key");
    drop(engine);

    // It dies there once more: the inbox drops repeats, so one more does no harm.
    let mut engine = recover(&journal, 20);
    let taken = ask(&mut engine, Command::TakeSends { count_max: 1 }, 20).unwrap();
    let Reply::Sends(again) = taken else { panic!("sends were asked for") };
    assert_eq!((again[0].attempt, &again[0].message.key), (3, &sends[0].message.key));
    // The escalation goes on by its own clock, late but with its true deadline.
    ask(&mut engine, Command::Wake, 400).unwrap();
    let taken = ask(&mut engine, Command::TakeSends { count_max: 9 }, 400).unwrap();
    let Reply::Sends(sends) = taken else { panic!("sends were asked for") };
    let people: Vec<&str> = sends.iter().map(|it| it.message.person.as_str()).collect();
    assert_eq!(people, ["ana", "ben"], "ana's webhook was still owed");
    assert_eq!(engine.working, *engine.published().read());
}

#[test]
fn nobody_is_answered_before_the_journal_has_it() {
    for fail in [FailAt::BeforeWriting, FailAt::AfterWriting] {
        let journal = TestJournal::default();
        let mut engine = recover(&journal, 0);
        let published = engine.published();
        *journal.fail_next.lock().unwrap() = Some(fail);
        let error = engine.cycle(vec![Command::ObserveBurns(vec![burn()])], second(1)).unwrap_err();
        assert!(matches!(error, EngineError::Journal(_)), "{fail:?}");
        assert!(published.read().dispatch.alerts().is_empty(), "readers see only what is durable");
        // Start is the recovery, whichever way it went.
        let mut engine = recover(&journal, 2);
        ask(&mut engine, Command::ObserveBurns(vec![burn()]), 2).unwrap();
        assert_eq!(engine.working.firing().count(), 1);
        assert_eq!(engine.working.outbox.len(), 2, "{fail:?}: no page is ordered twice");
    }
}

#[test]
fn a_changed_record_breaks_the_chain() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 0).unwrap();
    drop(engine);
    journal.records.lock().unwrap()[2].body.push(b' ');
    let reopened = Box::new(journal.reopen());
    let error = Engine::recover(reopened, installation(), None, 1, second(1)).unwrap_err();
    assert!(matches!(error, EngineError::Chain { seq: 3 }), "{error}");
}

#[test]
fn engine_time_never_goes_back() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 100);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 50).unwrap();
    let times: Vec<Timestamp> = journal.lines().iter().map(|it| it.at).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn the_chain_of_a_page_names_samples_rule_person_and_receipt() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    deliver(&mut engine, 2, &accepted());
    let (by, via) = ("ana".to_owned(), "link".to_owned());
    let target = AckTarget::All;
    ask(&mut engine, Command::Acknowledge { target, by, via }, 40).unwrap();
    let (key, _) = engine.working.firing().next().unwrap();
    let chain = crate::why::why(&engine.working, key).unwrap();
    expect![[r#"
        checkout burns  (e1021a24bc633045)
        fired     01-01 00:00:01  slo.yaml:4  {alertname="SLOBurn", service="checkout", slo="availability"} (activation 1, fact 3)
        measured  01-01 00:00:00  14.6× > 14.4× (20 bad of 2740, 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z)
        impact                    at this rate the budget is gone in 5 h
        group     01-01 00:00:01  escalation/shop-primary:{alertname="SLOBurn", service="checkout", slo="availability"}, 1 alerts, speaks next at 1970-01-01T00:05:01Z
        told      01-01 00:00:01  escalation/shop-primary, integration 0, has heard of it
        routed                    slo.yaml:4  page: named by the rule itself → escalation shop-primary
        incident  01-01 00:00:01  INC-1 SEV2 checkout burns
        step      01-01 00:00:01  round 1 step 1: person ana → ana
        page      01-01 00:00:02  ana by inbox accepted 200
        page      01-01 00:00:40  ana by webhook not sent: somebody had acknowledged
        ack       01-01 00:00:40  ana by link
    "#]]
    .assert_eq(&crate::why::render(&chain, &jiff::tz::TimeZone::UTC));
}

#[test]
fn a_snapshot_and_the_tail_are_the_whole_journal() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    let saved = snapshot::encode(&engine.working, "test").unwrap();
    deliver(&mut engine, 2, &accepted());
    let open = |saved: Option<&[u8]>| {
        let journal = TestJournal {
            records: Arc::new(Mutex::new(journal.lines())),
            epoch: 9,
            fail_next: Arc::default(),
            is_low: Arc::default(),
        };
        Engine::recover(Box::new(journal), installation(), saved, 1, second(5)).unwrap().working
    };
    let whole = open(None);
    assert_eq!(open(Some(&saved)), whole);
    // A snapshot of another program, of another journal, or of nobody is no shortcut and no harm.
    let foreign = snapshot::encode(&engine.working, "other").unwrap();
    let mut elsewhere = engine.working.clone();
    elsewhere.head[0] ^= 1;
    let elsewhere = snapshot::encode(&elsewhere, "test").unwrap();
    for useless in [foreign.as_slice(), elsewhere.as_slice(), &saved[..saved.len() / 2], b""] {
        assert_eq!(open(Some(useless)), whole);
    }
}

#[test]
fn a_repeated_command_gets_the_first_answer_also_from_the_next_process() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    let exclude = |name: &str| {
        Command::Exclude(exclusions::Command::Create {
            exclusion: exclusions::Exclusion {
                name: name.to_owned(),
                slos: "*/*".to_owned(),
                from: second(0),
                to: second(60),
                effect: exclusions::Effect::Exclude,
                keeps_alerts: false,
                author: "ana".to_owned(),
                reason: "a drill".to_owned(),
                evidence: None,
            },
            revision: None,
        })
    };
    let once = |request: &str, command| {
        let (key, request) = ("k1".to_owned(), request.to_owned());
        Command::Once { key, request, command: Box::new(command) }
    };
    let first = ask(&mut engine, once("r", exclude("")), 1).unwrap();
    let records = journal.lines().len();
    assert_eq!(ask(&mut engine, once("r", exclude("")), 2).unwrap(), first, "not a second one");
    let mut engine = recover(&journal, 3);
    assert_eq!(ask(&mut engine, once("r", exclude("")), 3).unwrap(), first);
    assert_eq!(journal.lines().len(), records + 1, "only the start is news");
    let other = ask(&mut engine, once("s", exclude("drill")), 4);
    assert_eq!(other, Err(Refusal::KeyTaken("k1".to_owned())));
    // A refusal is no answer: the client may mend what it asked.
    let wrong = ask(&mut engine, once("r", exclude("a b")), 90_000);
    assert!(wrong.is_err(), "a day later the key is fresh");
    assert!(ask(&mut engine, once("t", exclude("ab")), 90_001).is_ok());
    assert_eq!(engine.working, *engine.published().read());
}

#[test]
fn a_snapshot_is_made_from_the_journal_and_compared_with_what_is_remembered() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ApplyConfig(config()), 1).unwrap();
    let shown = |engine: &Engine| engine.published().read();
    let prove = |last: Option<&[u8]>, shown: &State| {
        let mut journal = journal.clone();
        let mut read = |after, count| journal.read(after, count);
        snapshot::prove(last, shown, "test", &mut read)
    };
    let first = prove(None, &shown(&engine)).unwrap().unwrap();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 2).unwrap();
    let before = shown(&engine);
    deliver(&mut engine, 3, &accepted());
    // What came later is not looked at.
    let second = prove(Some(&first), &before).unwrap().unwrap();
    assert_eq!(Some(&second), snapshot::encode(&before, "test").as_ref());
    assert_eq!(
        prove(Some(&second), &shown(&engine)).unwrap(),
        prove(None, &shown(&engine)).unwrap()
    );
    let mut forgetful = State::clone(&before);
    forgetful.outbox.clear();
    let error = prove(Some(&first), &forgetful).unwrap_err();
    assert!(matches!(error, snapshot::ProofError::Differs { seq } if seq == before.seq));
}

#[test]
fn a_batch_that_the_journal_cannot_take_is_refused_as_if_it_had_never_been_asked() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ApplyConfig(config()), 1).unwrap();
    let before = (engine.working.clone(), journal.lines());
    *journal.fail_next.lock().unwrap() = Some(FailAt::Cleanly);
    let refused = ask(&mut engine, Command::ObserveBurns(vec![burn()]), 2);
    assert_eq!(refused, Err(Refusal::NotDurable("the disk is full".to_owned())));
    assert_eq!((engine.working.clone(), journal.lines()), before);
    assert_eq!(engine.working, *engine.published().read());

    // It goes on, as if nothing had been.
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 3).unwrap();
    assert_eq!(engine.working.firing().count(), 1);
    assert_eq!(recover(&journal.reopen(), 4).working.firing().count(), 1);
}

#[test]
fn what_is_due_waits_a_little_after_a_batch_that_was_rolled_back() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ApplyConfig(config()), 1).unwrap();
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    let due = engine.wake_at().unwrap();
    *journal.fail_next.lock().unwrap() = Some(FailAt::Cleanly);
    let outcome = engine.cycle(vec![Command::Wake], due).unwrap();
    assert!(matches!(*outcome, [Err(Refusal::NotDurable(_))]));
    assert_eq!(engine.wake_at(), Some(due + STALL));
    engine.cycle(vec![Command::Wake], due + STALL).unwrap();
    assert!(due + STALL < engine.wake_at().unwrap());
}

#[test]
fn notes_give_way_while_little_room_is_left_and_pages_do_not() {
    let journal = TestJournal::default();
    let mut engine = recover(&journal, 0);
    ask(&mut engine, Command::ApplyConfig(config()), 1).unwrap();
    *journal.is_low.lock().unwrap() = true;
    let note = || Command::NotePromises(Vec::new());
    assert_eq!(ask(&mut engine, note(), 2), Err(Refusal::NotDurable(NO_ROOM.to_owned())));
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 3).unwrap();
    assert_ne!(deliver(&mut engine, 4, &accepted()), 0);
    *journal.is_low.lock().unwrap() = false;
    ask(&mut engine, note(), 5).unwrap();
}
