use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{
    GroupBy, Incoming, Integration, Receiver, Route, Rules, Settings, Source, Timing,
};
use nines_base::{MatchOp, Matcher};
use nines_port::Delivery;
use proptest::prelude::*;

use super::*;
use crate::command::{AckTarget, Command, Send};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::tests::{TestJournal, accepted, config, installation, second};
use crate::state::State;

fn route(matchers: &[(&str, &str)], receiver: &str) -> Route {
    let matcher = |(name, value): &(&str, &str)| Matcher::new(name, MatchOp::Equal, value).unwrap();
    Route {
        matchers: matchers.iter().map(matcher).collect(),
        receiver: receiver.to_owned(),
        group_by: GroupBy::Labels(vec!["alertname".to_owned()]),
        timing: Timing::default(),
        mute_intervals: Vec::new(),
        active_intervals: Vec::new(),
        continues: false,
        leading_edge: false,
        children: Vec::new(),
        origin: Origin { file: "routes.yaml".to_owned(), line: 7 },
    }
}

fn receiver(name: &str, settings: Settings) -> (String, Receiver) {
    let integrations = vec![Integration { send_resolved: true, settings }];
    let receiver = Receiver { name: name.to_owned(), integrations, origin: Origin::default() };
    (name.to_owned(), receiver)
}

/// A webhook for everything; alerts of the shop go to its people, by service, at once.
pub(crate) fn with_routes() -> Arc<Config> {
    let people = Route {
        group_by: GroupBy::Labels(vec!["service".to_owned()]),
        leading_edge: true,
        ..route(&[("shop", "yes")], "people")
    };
    let root = Route { children: vec![people], ..route(&[], "hook") };
    let receivers = [
        receiver("hook", Settings::Webhook { max_alerts: 0 }),
        receiver("people", Settings::Escalation("shop-primary".to_owned())),
    ];
    let rules = Rules { root, receivers: receivers.into(), ..Rules::default() };
    Arc::new(Config { dispatch: Arc::new(rules), ..Config::clone(&config()) })
}

pub(crate) struct Lab {
    journal: TestJournal,
    pub(crate) engine: Engine,
    now: i64,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let journal = TestJournal::default();
        let mut lab = Self { engine: recover(&journal, 0), journal, now: 0 };
        lab.ask(Command::ApplyConfig(with_routes()), 0).unwrap();
        lab
    }

    pub(crate) fn ask(&mut self, command: Command, at: i64) -> Result<Reply, Refusal> {
        self.now = at;
        self.engine.cycle(vec![command], second(at)).unwrap().remove(0)
    }

    /// The journal says what the memory does.
    fn check(&self) {
        let mut folded = State::default();
        for record in self.journal.lines() {
            let fact = Fact::decode(&record).unwrap();
            if record.version == fact.version() {
                assert_eq!(fact.encode(), record.body, "a fact reads as it was written");
            }
            folded.evolve(&fact, record.at, record.seq, record.epoch);
            folded.head = record.hash;
        }
        let shown = self.engine.published().read();
        assert_eq!(folded, *shown, "the journal says what readers see");
    }

    /// The facts about alerts.
    pub(crate) fn dispatched(&self) -> Vec<(dispatch::Fact, Timestamp)> {
        let records = self.journal.lines();
        let facts = records.iter().map(|it| (Fact::decode(it).unwrap(), it.at));
        let dispatched = facts.filter_map(|(fact, at)| match fact {
            Fact::Dispatch(fact) => Some((fact, at)),
            _ => None,
        });
        dispatched.collect()
    }

    pub(crate) fn post(&mut self, alerts: &[Incoming], at: i64) {
        let command = Command::ObserveAlerts { source: Source::Api, alerts: alerts.to_vec() };
        self.ask(command, at).unwrap();
    }

    /// Lets time pass until `at`, each wake-up at its own instant.
    pub(crate) fn pass(&mut self, at: i64) {
        while let Some(due) = self.engine.wake_at().filter(|it| *it <= second(at)) {
            let due = due.max(second(self.now));
            self.engine.cycle(vec![Command::Wake], due).unwrap().remove(0).unwrap();
        }
        self.now = at;
    }

    fn take(&mut self, at: i64) -> Vec<Send> {
        match self.ask(Command::TakeSends { count_max: 100 }, at) {
            Ok(Reply::Sends(sends)) => sends,
            other => panic!("sends were asked for: {other:?}"),
        }
    }

    fn receipt(&mut self, send: &Send, delivery: Delivery, at: i64) {
        let (intent, attempt) = (send.intent.clone(), send.attempt);
        self.ask(Command::Receipt { intent, attempt, delivery }, at).unwrap();
    }

    /// What leaves at `at`, each of it accepted.
    pub(crate) fn delivered(&mut self, at: i64) -> Vec<String> {
        self.pass(at);
        let sends = self.take(at);
        for send in &sends {
            self.receipt(send, accepted(), at);
        }
        self.check();
        let line =
            |it: &Send| format!("{} by {}: {}", it.message.person, it.channel, it.message.subject);
        sends.iter().map(line).collect()
    }
}

fn recover(journal: &TestJournal, at: i64) -> Engine {
    Engine::recover(Box::new(journal.reopen()), installation(), None, 1, second(at)).unwrap()
}

pub(crate) fn alert(name: &str, more: &[(&str, &str)]) -> Incoming {
    let labels = more.iter().copied().chain([("alertname", name)]);
    Incoming {
        labels: Labels::new(labels).unwrap(),
        annotations: BTreeMap::new(),
        starts_at: None,
        ends_at: None,
        generator_url: "http://prometheus/graph".to_owned(),
        detail: None,
    }
}

pub(crate) fn until(alert: &Incoming, at: i64) -> Incoming {
    Incoming { starts_at: Some(second(0)), ends_at: Some(second(at)), ..alert.clone() }
}

#[track_caller]
fn check(lines: &[String], expect: &Expect) {
    expect.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_group_is_told_once_by_the_webhook_and_again_when_it_is_over() {
    let mut lab = Lab::new();
    let (one, two) = (alert("Disk", &[("host", "a")]), alert("Disk", &[("host", "b")]));
    lab.post(&[until(&one, 400), until(&two, 400)], 1);
    assert!(lab.delivered(30).is_empty(), "the group waits");
    lab.pass(31);
    let sends = lab.take(31);
    let body = &sends[0].message.payload.as_ref().unwrap().body;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], "firing");
    assert_eq!(body["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(body["groupKey"], r#"{}:{alertname="Disk"}"#);
    lab.receipt(&sends[0], accepted(), 31);
    assert!(lab.delivered(331).is_empty(), "nothing is new");
    // Without a renewal both are over, which the next tick says.
    check(
        &lab.delivered(631),
        &expect![[r#"
        hook by webhook: [resolved] {alertname="Disk"}
    "#]],
    );
    assert!(lab.engine.published().read().dispatch.groups().is_empty());
    let outbox = &lab.engine.published().read().outbox;
    assert!(outbox.values().all(|it| it.intent.payload.is_none()), "words are not kept");
}

#[test]
fn a_receiver_that_was_down_hears_the_present_once() {
    let mut lab = Lab::new();
    let (one, two) = (alert("Disk", &[("host", "a")]), alert("Disk", &[("host", "b")]));
    lab.post(&[until(&one, 9_000)], 0);
    lab.pass(30);
    let first = lab.take(30).remove(0);
    // The first is on its way when the second is ordered, which therefore waits.
    lab.post(&[until(&two, 9_000)], 40);
    lab.pass(330);
    assert!(lab.take(330).is_empty());
    let reason = "503".to_owned();
    lab.receipt(&first, Delivery::Temporary { reason, after: None }, 331);
    let sends = lab.take(331);
    let subjects: Vec<&str> = sends.iter().map(|it| it.message.subject.as_str()).collect();
    assert_eq!(subjects, [r#"[firing:2] {alertname="Disk"}"#], "and not what was true before");
    lab.receipt(&sends[0], accepted(), 332);
    assert!(lab.delivered(3_000).is_empty());
}

#[test]
fn what_was_refused_is_said_again_at_the_next_tick() {
    let mut lab = Lab::new();
    lab.post(&[until(&alert("Disk", &[]), 9_000)], 0);
    lab.pass(30);
    let send = lab.take(30).remove(0);
    lab.receipt(&send, Delivery::Refused { reason: "404".to_owned() }, 30);
    assert_eq!(lab.delivered(329), [""; 0]);
    assert_eq!(lab.delivered(330).len(), 1);
}

#[test]
fn alerts_of_others_page_people_and_join_an_open_escalation() {
    let mut lab = Lab::new();
    let down = alert("Down", &[("shop", "yes"), ("service", "cart"), ("severity", "critical")]);
    let slow = alert("Slow", &[("shop", "yes"), ("service", "cart"), ("severity", "warning")]);
    lab.post(&[until(&down, 9_000)], 0);
    check(
        &lab.delivered(0),
        &expect![[r#"
        ana by inbox: [page] INC-1 {alertname="Down", service="cart", severity="critical", shop="yes"}
    "#]],
    );
    lab.post(&[until(&slow, 9_000)], 10);
    lab.pass(60);
    let state = lab.engine.published().read();
    let record = state.escalations.values().next().unwrap();
    assert_eq!((state.escalations.len(), record.alerts.len()), (1, 2), "it joined");
    drop(state);
    // The next step names what joined.
    lab.pass(300);
    let sends = lab.take(300);
    let to_ben = sends.iter().find(|it| it.message.person == "ben").unwrap();
    assert!(to_ben.message.subject.ends_with("and 1 more"), "{}", to_ben.message.subject);
    assert!(
        to_ben.message.text.contains(r#"also     {alertname="Slow""#),
        "{}",
        to_ben.message.text
    );
    for it in &sends {
        lab.receipt(it, accepted(), 300);
    }
    // It ends with its last alert.
    lab.post(&[until(&down, 400)], 400);
    assert!(lab.engine.published().read().escalations.values().any(|it| it.state.is_open()));
    lab.post(&[until(&slow, 500)], 500);
    assert!(lab.engine.published().read().escalations.values().all(|it| !it.state.is_open()));
}

#[test]
fn a_ticket_wakes_nobody_until_something_joins_that_does() {
    let mut lab = Lab::new();
    let slow = alert("Slow", &[("shop", "yes"), ("service", "cart"), ("severity", "warning")]);
    let down = alert("Down", &[("shop", "yes"), ("service", "cart")]);
    lab.post(&[until(&slow, 9_000)], 0);
    assert!(lab.delivered(0)[0].contains("[ticket]"));
    assert!(lab.engine.published().read().incidents.is_empty());
    lab.post(&[until(&slow, 9_000), until(&down, 9_000)], 10);
    let lines = lab.delivered(30);
    assert!(lines[0].contains("[page] INC-1"), "{lines:?}");
    let state = lab.engine.published().read();
    let open = state.escalations.values().filter(|it| it.state.is_open());
    assert_eq!(open.map(|it| it.urgency).collect::<Vec<_>>(), [Urgency::Page]);
}

#[test]
fn an_answer_to_one_alert_answers_its_group_once() {
    let mut lab = Lab::new();
    let labels = |host| [("shop", "yes"), ("service", "cart"), ("host", host)];
    let alerts = ["a", "b"].map(|host| until(&alert("Down", &labels(host)), 9_000));
    lab.post(&alerts, 0);
    let (by, via) = ("ana".to_owned(), "cli".to_owned());
    let target = AckTarget::Incident(1);
    let answer = lab.ask(Command::Acknowledge { target, by, via }, 5).unwrap();
    let Reply::Acknowledged(keys) = answer else { panic!("{answer:?}") };
    assert_eq!(keys.len(), 2);
    let state = lab.engine.published().read();
    assert_eq!(state.escalations.values().filter(|it| it.state.is_open()).count(), 0);
}

#[test]
fn bad_alerts_are_named_and_good_ones_hold() {
    let mut lab = Lab::new();
    let empty = Incoming { labels: Labels::empty(), ..alert("Disk", &[]) };
    let alerts = vec![empty, until(&alert("Disk", &[]), 60)];
    let answer = lab.ask(Command::ObserveAlerts { source: Source::Api, alerts }, 0).unwrap();
    let Reply::Alerts { taken, refused } = answer else { panic!("{answer:?}") };
    assert_eq!((taken, refused.len(), refused[0].place), (1, 1, 0));
    assert_eq!(lab.engine.published().read().firing().count(), 1);
}

#[test]
fn re_sends_cost_no_facts_and_keep_an_alert_alive() {
    let mut lab = Lab::new();
    let disk = alert("Disk", &[]);
    for at in (0..600).step_by(15) {
        lab.pass(at);
        lab.post(&[until(&disk, at + 60)], at);
    }
    let kinds = lab.journal.lines().iter().fold(BTreeMap::new(), |mut kinds, it| {
        let body = String::from_utf8(it.body.clone()).unwrap();
        let name = body.split('"').nth(1).unwrap().to_owned();
        *kinds.entry((it.kind.clone(), name)).or_insert(0) += 1;
        kinds
    });
    let of = |name: &str| kinds.get(&("dispatch".to_owned(), name.to_owned())).copied();
    assert_eq!(of("Observed"), Some(1), "{kinds:?}");
    assert!(of("LeasesExtended").is_some_and(|it| it <= 10), "{kinds:?}");
    assert_eq!(lab.engine.published().read().firing().count(), 1);
    // Nobody renews it any more; a restart gives a grace all the same.
    lab.engine = recover(&lab.journal, 620);
    lab.ask(Command::ApplyConfig(with_routes()), 620).unwrap();
    lab.pass(900);
    assert_eq!(lab.engine.published().read().firing().count(), 1);
    lab.pass(921);
    assert_eq!(lab.engine.published().read().firing().count(), 0);
}

#[test]
fn alerts_of_the_time_before_groups_go_on_and_page_nobody_twice() {
    let key = AlertKey::of(&Labels::new([("alertname", "SLOBurn"), ("severity", "page")]).unwrap());
    let escalation = "esc_00000000000000000000000001";
    let origin = r#"{"file":"slo.yaml","line":4}"#;
    let evidence = format!(r#"{{"subject":"s","sentence":"","windows":[],"origin":{origin}}}"#);
    let policy = serde_json::to_string(&config().roster.policies["shop-primary"]).unwrap();
    let bodies = [
        ("epoch", r#"{"program":"0.1"}"#.to_owned()),
        (
            "alert",
            format!(
                r#"{{"id":"{key}","fact":{{"Fired":{{"labels":{{"alertname":"SLOBurn","severity":"page"}},"annotations":{{"summary":"burns"}},"evidence":{evidence},"gist":"1h"}}}}}}"#
            ),
        ),
        (
            "route",
            format!(
                r#"{{"alert":"{key}","activation":1,"decision":{{"escalation":"shop-primary","because":"named by the rule itself","origin":{origin},"rejected":[]}},"urgency":"Page","escalation":"{escalation}","incident":null}}"#
            ),
        ),
        (
            "escalation",
            format!(r#"{{"id":"{escalation}","fact":{{"Started":{{"policy":{policy}}}}}}}"#),
        ),
        (
            "escalation",
            format!(
                r#"{{"id":"{escalation}","fact":{{"StepEntered":{{"round":0,"step":0,"deadline":"1970-01-01T00:05:00Z","reached":[]}}}}}}"#
            ),
        ),
        (
            "alert",
            format!(
                r#"{{"id":"{key}","fact":{{"Changed":{{"annotations":{{"summary":"burns more"}},"evidence":{evidence},"gist":"1h 6h"}}}}}}"#
            ),
        ),
    ];
    let journal = TestJournal::default().with(&bodies);
    let mut lab = Lab { engine: recover(&journal, 10), journal, now: 10 };
    lab.engine.cycle(vec![Command::ApplyConfig(config())], second(10)).unwrap();
    let firing = lab.engine.published().read();
    let (_, known) = firing.firing().next().unwrap();
    assert_eq!((known.gist(), known.activation.number), ("1h 6h", 1));
    drop(firing);
    let observation = Observation {
        labels: Labels::new([("alertname", "SLOBurn"), ("severity", "page")]).unwrap(),
        annotations: BTreeMap::new(),
        evidence: nines_alert::Evidence::default(),
        gist: "1h 6h".to_owned(),
        urgency: Urgency::Page,
        escalation: Some("shop-primary".to_owned()),
        impact_start: second(0),
    };
    lab.engine.cycle(vec![Command::ObserveBurns(vec![observation])], second(11)).unwrap();
    lab.pass(60);
    assert_eq!(lab.engine.published().read().escalations.len(), 1, "no second escalation");
    lab.engine.cycle(vec![Command::ObserveBurns(Vec::new())], second(70)).unwrap();
    let state = lab.engine.published().read();
    assert!(state.escalations.values().all(|it| !it.state.is_open()));
}

/// A released shape never changes: a difference here needs a new version of its kind.
#[test]
fn facts_are_written_like_this() {
    let mut lab = Lab::new();
    let disk = until(&alert("Disk", &[]), 700);
    let down = until(&alert("Down", &[("shop", "yes"), ("service", "cart")]), 50);
    lab.post(&[disk.clone(), down], 0);
    lab.pass(30);
    lab.take(30);
    lab.post(&[until(&disk, 800)], 60);
    lab.pass(130);
    let command = Box::new(Command::Wake);
    let (key, request) = ("k".to_owned(), "r".to_owned());
    lab.ask(Command::Once { key, request, command }, 131).unwrap();
    let kinds = ["dispatch", "route", "outbox", "answer"];
    let lines = lab.journal.lines().into_iter().filter(|it| kinds.contains(&it.kind.as_str()));
    let lines = lines
        .map(|it| format!("{} {} {}", it.kind, it.version, String::from_utf8(it.body).unwrap()));
    check(
        &lines.collect::<Vec<_>>(),
        &expect![[r#"
        dispatch 1 {"Observed":{"source":"Api","opened":[{"group":0,"route":"{}","route_index":0,"labels":{"alertname":"Disk"},"due":"1970-01-01T00:00:30Z","leading_edge":false},{"group":1,"route":"{}/{shop=\"yes\"}","route_index":0,"labels":{"service":"cart"},"due":"1970-01-01T00:00:00Z","leading_edge":true}],"alerts":[{"key":"ec46590cdcd657bb","event":{"Fired":{"labels":{"alertname":"Disk"},"body":{"annotations":{},"generator_url":"http://prometheus/graph","detail":null},"span":{"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:11:40Z","is_timeout":false},"groups":[0]}}},{"key":"82634809a6504ad4","event":{"Fired":{"labels":{"alertname":"Down","service":"cart","shop":"yes"},"body":{"annotations":{},"generator_url":"http://prometheus/graph","detail":null},"span":{"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:00:50Z","is_timeout":false},"groups":[1]}}}]}}
        dispatch 1 {"Flushed":{"group":1,"at":"1970-01-01T00:00:00Z","next":"1970-01-01T00:00:30Z","receiver":"people","alerts":[{"key":"82634809a6504ad4","is_resolved":false,"muted":null}],"outcomes":[{"Notice":{"id":"ntc_0000000000qtrrhq4qwpnbbzhx","group":"{}/{shop=\"yes\"}:{service=\"cart\"}","group_labels":{"service":"cart"},"receiver":"people","integration":0,"at":"1970-01-01T00:00:00Z","reason":"First","firing":["82634809a6504ad4"],"resolved":[]}}],"done":[],"forgotten":[]}}
        route 2 {"group":{"group":"{}/{shop=\"yes\"}:{service=\"cart\"}","receiver":"people","integration":0},"alerts":[{"alert":"82634809a6504ad4","activation":1,"incident":"inc_00000000008t3ceryyes6pzrdg"}],"decision":{"escalation":"shop-primary","because":"shop=\"yes\"","origin":{"file":"routes.yaml","line":7},"rejected":[]},"urgency":"Page","escalation":"esc_0000000000mv4wfx75rh69adbt"}
        outbox 1 {"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.0","fact":{"Recorded":{"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.0","escalation":"esc_0000000000mv4wfx75rh69adbt","alert":"82634809a6504ad4","purpose":"Page","urgency":"Page","person":"ana","channel":"Inbox","due":"1970-01-01T00:00:00Z","subject":"[page] INC-1 {alertname=\"Down\", service=\"cart\", shop=\"yes\"}","text":"{alertname=\"Down\", service=\"cart\", shop=\"yes\"}\nsince    1970-01-01T00:00:00Z\nwhy you  named in step 1; escalation shop-primary, shop=\"yes\" (routes.yaml:7)\nnext     person ben at 1970-01-01T00:05:00Z, unless somebody acknowledges\n","details":{"alert":"82634809a6504ad4","incident":"INC-1","label_alertname":"Down","label_service":"cart","label_shop":"yes"},"notice":null,"payload":null}}}
        outbox 1 {"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.1","fact":{"Recorded":{"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.1","escalation":"esc_0000000000mv4wfx75rh69adbt","alert":"82634809a6504ad4","purpose":"Page","urgency":"Page","person":"ana","channel":{"Webhook":{"url":"http://127.0.0.1:9/hook","secret":null}},"due":"1970-01-01T00:01:00Z","subject":"[page] INC-1 {alertname=\"Down\", service=\"cart\", shop=\"yes\"}","text":"{alertname=\"Down\", service=\"cart\", shop=\"yes\"}\nsince    1970-01-01T00:00:00Z\nwhy you  named in step 1; escalation shop-primary, shop=\"yes\" (routes.yaml:7)\nnext     person ben at 1970-01-01T00:05:00Z, unless somebody acknowledges\n","details":{"alert":"82634809a6504ad4","incident":"INC-1","label_alertname":"Down","label_service":"cart","label_shop":"yes"},"notice":null,"payload":null}}}
        dispatch 1 {"Told":{"notice":"ntc_0000000000qtrrhq4qwpnbbzhx","group":"{}/{shop=\"yes\"}:{service=\"cart\"}","receiver":"people","integration":0,"firing":["82634809a6504ad4"],"resolved":[],"forget_at":"1970-01-01T08:00:00Z"}}
        dispatch 1 {"Flushed":{"group":0,"at":"1970-01-01T00:00:30Z","next":"1970-01-01T00:05:30Z","receiver":"hook","alerts":[{"key":"ec46590cdcd657bb","is_resolved":false,"muted":null}],"outcomes":[{"Notice":{"id":"ntc_0000000x9g3qtxjcqfchgxz8sa","group":"{}:{alertname=\"Disk\"}","group_labels":{"alertname":"Disk"},"receiver":"hook","integration":0,"at":"1970-01-01T00:00:30Z","reason":"First","firing":["ec46590cdcd657bb"],"resolved":[]}}],"done":[],"forgotten":[]}}
        outbox 1 {"id":"ntc_0000000x9g3qtxjcqfchgxz8sa","fact":{"Recorded":{"id":"ntc_0000000x9g3qtxjcqfchgxz8sa","escalation":null,"alert":"ec46590cdcd657bb","purpose":"Notice","urgency":"Ticket","person":"hook","channel":{"Receiver":{"receiver":"hook","integration":0,"kind":"webhook"}},"due":"1970-01-01T00:00:30Z","subject":"[firing:1] {alertname=\"Disk\"}","text":"1 firing, 0 resolved","details":{},"notice":{"id":"ntc_0000000x9g3qtxjcqfchgxz8sa","group":"{}:{alertname=\"Disk\"}","group_labels":{"alertname":"Disk"},"receiver":"hook","integration":0,"at":"1970-01-01T00:00:30Z","reason":"First","firing":["ec46590cdcd657bb"],"resolved":[]},"payload":{"body":"{\"receiver\":\"hook\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"Disk\"},\"annotations\":{},\"startsAt\":\"1970-01-01T00:00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://prometheus/graph\",\"fingerprint\":\"ec46590cdcd657bb\"}],\"groupLabels\":{\"alertname\":\"Disk\"},\"commonLabels\":{\"alertname\":\"Disk\"},\"commonAnnotations\":{},\"externalURL\":\"http://127.0.0.1:7777\",\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"Disk\\\"}\",\"truncatedAlerts\":0}\n","fields":{}}}}}
        outbox 1 {"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.0","fact":{"AttemptStarted":{"attempt":1}}}
        outbox 1 {"id":"ntc_0000000x9g3qtxjcqfchgxz8sa","fact":{"AttemptStarted":{"attempt":1}}}
        dispatch 1 {"Expired":[{"key":"82634809a6504ad4","ends_at":"1970-01-01T00:00:50Z","seen_at":"1970-01-01T00:00:00Z"}]}
        outbox 1 {"id":"esc_0000000000mv4wfx75rh69adbt/0.0.ana.1","fact":{"Cancelled":{"why":"Resolved"}}}
        dispatch 1 {"Flushed":{"group":1,"at":"1970-01-01T00:01:00Z","next":"1970-01-01T00:06:00Z","receiver":"people","alerts":[{"key":"82634809a6504ad4","is_resolved":true,"muted":null}],"outcomes":[{"Notice":{"id":"ntc_0000001tk0z0rjmxws29xswce8","group":"{}/{shop=\"yes\"}:{service=\"cart\"}","group_labels":{"service":"cart"},"receiver":"people","integration":0,"at":"1970-01-01T00:01:00Z","reason":"AllResolved","firing":[],"resolved":["82634809a6504ad4"]}}],"done":["82634809a6504ad4"],"forgotten":[]}}
        dispatch 1 {"Told":{"notice":"ntc_0000001tk0z0rjmxws29xswce8","group":"{}/{shop=\"yes\"}:{service=\"cart\"}","receiver":"people","integration":0,"firing":[],"resolved":["82634809a6504ad4"],"forget_at":"1970-01-01T08:01:00Z"}}
        dispatch 1 {"LeasesExtended":[{"lease":{"ends_at":"1970-01-01T00:13:20Z","is_timeout":false,"seen_at":"1970-01-01T00:01:00Z"},"alerts":["ec46590cdcd657bb"]}]}
        answer 1 {"key":"k","request":"r","answer":"Done"}
    "#]],
    );
}

#[derive(Debug, Clone)]
enum Deed {
    Post(Vec<(u8, i64)>),
    Burn(bool),
    Acknowledge,
    Send,
    Answer(u8),
    Pass(i64),
    Reconfigure(bool),
    Restart,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => proptest::collection::vec((0_u8..6, -20_i64..400), 1..4).prop_map(Deed::Post),
        2 => any::<bool>().prop_map(Deed::Burn),
        1 => Just(Deed::Acknowledge),
        3 => Just(Deed::Send),
        3 => (0_u8..4).prop_map(Deed::Answer),
        4 => (0_i64..700).prop_map(Deed::Pass),
        1 => any::<bool>().prop_map(Deed::Reconfigure),
        1 => Just(Deed::Restart),
    ]
}

fn failed() -> Delivery {
    Delivery::Temporary { reason: "503".to_owned(), after: None }
}

/// Sends what is due at each of its times until `to`; before `works` the channels of `fails` do not. Gives when
/// what arrived where.
fn deliver_until(
    lab: &mut Lab,
    (from, to): (i64, i64),
    works: i64,
    fails: impl Fn(&Channel) -> bool,
) -> Vec<(i64, String)> {
    let mut arrived = Vec::new();
    for at in from..=to {
        lab.pass(at);
        for send in lab.take(at) {
            if at < works && fails(&send.channel) {
                lab.receipt(&send, failed(), at);
            } else {
                lab.receipt(&send, accepted(), at);
                arrived.push((at, format!("{} {}", send.channel, send.message.subject)));
            }
        }
    }
    arrived
}

#[test]
fn a_receiver_that_fails_for_forty_seconds_hears_of_five_alerts_five_times() {
    let mut lab = Lab::new();
    let alerts = ["A", "B", "C", "D", "E"].map(|it| until(&alert(it, &[]), 9_000));
    lab.post(&alerts, 0);
    let arrived = deliver_until(&mut lab, (0, 300), 70, |_| true);
    let mut subjects: Vec<&String> = arrived.iter().map(|(_, it)| it).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!((arrived.len(), subjects.len()), (5, 5), "{arrived:?}");
    assert!(arrived.iter().all(|(at, _)| (70..=85).contains(at)), "{arrived:?}");
    lab.check();
}

#[test]
fn a_page_whose_provider_fails_reaches_the_next_contact_at_once() {
    let is_hook = |it: &Channel| matches!(it, Channel::Webhook { .. });
    let paged = |fails_until: i64| {
        let mut lab = Lab::new();
        // The first contact is the hook, the inbox comes five minutes later.
        let mut config = Config::clone(&with_routes());
        for person in config.roster.people.values_mut() {
            person.contacts.reverse();
            person.contacts[0].delay = SignedDuration::ZERO;
            person.contacts[1].delay = SignedDuration::from_mins(5);
        }
        lab.ask(Command::ApplyConfig(Arc::new(config)), 0).unwrap();
        lab.post(&[until(&alert("Down", &[("shop", "yes")]), 9_000)], 1);
        let arrived = deliver_until(&mut lab, (1, 290), fails_until, is_hook);
        lab.check();
        arrived.into_iter().map(|(at, it)| (at, it.split(' ').next().unwrap().to_owned())).collect()
    };
    let alone: Vec<(i64, String)> = paged(0);
    assert_eq!(alone, [(1, "webhook".to_owned())]);
    let moved: Vec<(i64, String)> = paged(290);
    assert_eq!(moved[0].1, "inbox");
    assert!(moved[0].0 < 10, "five failures are enough: {moved:?}");
}

#[test]
fn what_a_receiver_refuses_its_fallback_hears_and_what_fails_long_too() {
    let mut config = Config::clone(&with_routes());
    let mut rules = Rules::clone(&config.dispatch);
    rules.receivers.extend([receiver("spare", Settings::Webhook { max_alerts: 0 })]);
    config.dispatch = Arc::new(rules);
    config.fallbacks.last_resort = Some("spare".to_owned());
    let config = Arc::new(config);
    for (delivery, expected) in
        [(Delivery::Refused { reason: "404".to_owned() }, 30), (failed(), 150)]
    {
        let mut lab = Lab::new();
        lab.ask(Command::ApplyConfig(Arc::clone(&config)), 0).unwrap();
        lab.post(&[until(&alert("Disk", &[]), 9_000)], 0);
        let mut heard = Vec::new();
        for at in 0..=250 {
            lab.pass(at);
            for send in lab.take(at) {
                let Channel::Receiver { receiver, .. } = &send.channel else { continue };
                if receiver == "spare" {
                    lab.receipt(&send, accepted(), at);
                    heard.push((at, send.message.details["instead_of"].clone()));
                } else {
                    lab.receipt(&send, delivery.clone(), at);
                }
            }
        }
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0].1, "hook");
        assert!((expected..expected + 70).contains(&heard[0].0), "{heard:?}");
        lab.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_journal_says_what_the_memory_does_whatever_happens(deeds in proptest::collection::vec(deed(), 1..30)) {
        let mut lab = Lab::new();
        let mut sends: Vec<Send> = Vec::new();
        for deed in deeds {
            let now = lab.now;
            match deed {
                Deed::Post(alerts) => {
                    let alerts: Vec<Incoming> = alerts.iter().map(|(which, ends)| {
                        let shop = if which % 2 == 0 { "yes" } else { "" };
                        let severity = if which % 3 == 0 { "warning" } else { "" };
                        let host = which.to_string();
                        let it = alert("Disk", &[("host", &host), ("shop", shop), ("severity", severity)]);
                        until(&it, now + ends)
                    }).collect();
                    drop(lab.ask(Command::ObserveAlerts { source: Source::Api, alerts }, now));
                }
                Deed::Burn(burns) => {
                    let it = alert("SLOBurn", &[("service", "cart")]);
                    let observation = Observation {
                        labels: it.labels,
                        annotations: BTreeMap::new(),
                        evidence: nines_alert::Evidence::default(),
                        gist: "1h".to_owned(),
                        urgency: Urgency::Page,
                        escalation: Some("shop-primary".to_owned()),
                        impact_start: second(now),
                    };
                    let burning = if burns { vec![observation] } else { Vec::new() };
                    lab.ask(Command::ObserveBurns(burning), now).unwrap();
                }
                Deed::Acknowledge => {
                    let (by, via) = ("ana".to_owned(), "cli".to_owned());
                    drop(lab.ask(Command::Acknowledge { target: AckTarget::All, by, via }, now));
                }
                Deed::Send => sends.extend(lab.take(now)),
                Deed::Answer(how) => {
                    let reason = "it is so".to_owned();
                    let delivery = match how {
                        0 => accepted(),
                        1 => Delivery::Temporary { reason, after: None },
                        2 => Delivery::Refused { reason },
                        _ => Delivery::Unknown { reason },
                    };
                    if let Some(send) = sends.pop() {
                        lab.receipt(&send, delivery, now);
                    }
                }
                Deed::Pass(seconds) => lab.pass(now + seconds),
                Deed::Reconfigure(routes) => {
                    let config = if routes { with_routes() } else { config() };
                    lab.ask(Command::ApplyConfig(config), now).unwrap();
                }
                Deed::Restart => {
                    lab.engine = recover(&lab.journal, now);
                    lab.ask(Command::ApplyConfig(with_routes()), now).unwrap();
                }
            }
            lab.check();
        }
    }
}
