use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{Integration, Receiver, Settings};
use nines_oncall::{Acks, Action, Step, Target};
use nines_port::{Channel, Urgency};

use super::*;
use crate::command::Command;
use crate::engine::Engine;
use crate::engine::tests::{TestJournal, accepted, burn, config, deliver, installation, second};
use crate::{Config, Observation};

/// An engine with the tests' configuration, changed.
fn engine(change: impl FnOnce(&mut Config)) -> Engine {
    let journal = Box::new(TestJournal::default().reopen());
    let mut engine = Engine::recover(journal, installation(), None, 1, second(0)).unwrap();
    let mut config = Config::clone(&config());
    change(&mut config);
    ask(&mut engine, Command::ApplyConfig(Arc::new(config)), 0).unwrap();
    engine
}

fn ask(engine: &mut Engine, command: Command, at: i64) -> Result<Reply, Refusal> {
    engine.cycle(vec![command], second(at)).unwrap().remove(0)
}

fn steps(config: &mut Config) -> &mut Vec<Step> {
    &mut config.roster.policies.get_mut("shop-primary").unwrap().steps
}

fn act(act: Act) -> Command {
    Command::Act { target: AckTarget::All, by: "ana".to_owned(), act }
}

/// Whom messages go to that wait or have left, in the order of their orders.
fn told(engine: &Engine) -> Vec<String> {
    let state = engine.published().read();
    let mut orders: Vec<_> = state.outbox.values().filter(|it| !is_cancelled(it)).collect();
    orders.sort_by_key(|it| it.seq);
    orders.iter().map(|it| format!("{} by {}", it.intent.person, it.intent.channel)).collect()
}

fn is_cancelled(it: &crate::outbox::Outgoing) -> bool {
    matches!(it.phase, crate::outbox::Phase::Cancelled { .. })
}

#[test]
fn whoever_is_not_able_is_left_alone_and_the_next_person_told_in_the_same_commit() {
    let mut engine = engine(|_| {});
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    assert_eq!(told(&engine), ["ana by inbox", "ana by webhook"]);
    let reply = ask(&mut engine, act(Act::Escalate { why: "on a train".to_owned() }), 2).unwrap();
    assert!(matches!(reply, Reply::Escalations(ids) if ids.len() == 1));
    assert_eq!(told(&engine), ["ben by inbox", "ben by webhook"]);
}

#[test]
fn nothing_can_be_done_about_what_nobody_is_told_of() {
    let mut engine = engine(|_| {});
    let refused = ask(&mut engine, act(Act::Escalate { why: String::new() }), 1);
    assert_eq!(refused, Err(Refusal::NobodyTold));
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 2).unwrap();
    let nobody = Act::Add { targets: vec![Target::Person("zoe".to_owned())] };
    let refused = ask(&mut engine, act(nobody), 3).unwrap_err();
    assert_eq!(refused.to_string(), "person zoe would tell nobody");
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 4).unwrap();
    let refused = ask(&mut engine, act(Act::Snooze { until: second(600) }), 5);
    assert_eq!(refused, Err(Refusal::NobodyTold));
}

#[test]
fn one_answer_of_two_stops_only_the_own_messages() {
    let mut engine = engine(|config| {
        let both = ["ana", "ben"].map(|it| Target::Person(it.to_owned())).to_vec();
        let step = Step { acks: Acks::Each, ..Step::new(both, SignedDuration::from_mins(5)) };
        *steps(config) = vec![step];
    });
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    let (target, by, via) = (AckTarget::All, "ana".to_owned(), "cli".to_owned());
    ask(&mut engine, Command::Acknowledge { target, by, via }, 2).unwrap();
    assert_eq!(told(&engine), ["ben by inbox", "ben by webhook"]);
}

#[test]
fn news_of_the_incident_put_the_question_off() {
    let mut engine = engine(|config| {
        let policy = config.roster.policies.get_mut("shop-primary").unwrap();
        policy.ack_expiry = Some(SignedDuration::from_mins(30));
    });
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 0).unwrap();
    let (target, by, via) = (AckTarget::All, "ana".to_owned(), "cli".to_owned());
    ask(&mut engine, Command::Acknowledge { target, by: by.clone(), via }, 60).unwrap();
    let text = "the database is slow".to_owned();
    let note = nines_incident::Command::Note { by, text };
    ask(&mut engine, Command::Incident { number: 1, command: note }, 600).unwrap();
    let expires = |engine: &Engine| -> Option<Timestamp> {
        let state = engine.published().read();
        state.escalations.values().find_map(|it| it.state.wake_at())
    };
    assert_eq!(expires(&engine), Some(second(600 + 1_800)));
    ask(&mut engine, Command::Wake, 600 + 1_800).unwrap();
    assert_eq!(told(&engine), ["ana by inbox", "ana by webhook"], "she is asked");
    assert_eq!(expires(&engine), Some(second(600 + 1_800 + 300)));
}

#[test]
fn a_step_tells_a_room_and_the_room_hears_the_end() {
    let mut engine = engine(|config| {
        let webhook =
            Integration { send_resolved: true, settings: Settings::Webhook { max_alerts: 0 } };
        let name = "shop-chat".to_owned();
        let receiver = Receiver {
            name: name.clone(),
            integrations: vec![webhook],
            origin: nines_base::Origin::default(),
        };
        let mut rules = dispatch::Rules::clone(&config.dispatch);
        rules.receivers.insert(name.clone(), receiver);
        config.dispatch = Arc::new(rules);
        steps(config)[0].targets = vec![Target::Receiver(name)];
    });
    ask(&mut engine, Command::ObserveBurns(vec![burn()]), 1).unwrap();
    assert_eq!(told(&engine), ["shop-chat by webhook"]);
    assert_eq!(deliver(&mut engine, 2, &accepted()), 1);
    ask(&mut engine, Command::ObserveBurns(Vec::new()), 60).unwrap();
    let bodies: Vec<String> = {
        let state = engine.published().read();
        let mut orders: Vec<_> = state.outbox.values().collect();
        orders.sort_by_key(|it| it.seq);
        orders.iter().map(|it| it.intent.payload.as_ref().unwrap().body.clone()).collect()
    };
    let statuses = bodies.iter().map(|it| it.contains(r#""status":"firing""#));
    assert_eq!(statuses.collect::<Vec<_>>(), [true, false], "{bodies:?}");
}

#[test]
fn a_step_declares_an_incident_at_least_so_severe() {
    let mut engine = engine(|config| {
        let severity = Some("SEV1".to_owned());
        steps(config)[0].actions = vec![Action::DeclareIncident { severity }];
    });
    let ticket = Observation { urgency: Urgency::Ticket, ..burn() };
    ask(&mut engine, Command::ObserveBurns(vec![ticket]), 1).unwrap();
    let state = engine.published().read();
    let incidents: Vec<_> = state.incidents.values().map(|it| it.severity).collect();
    assert_eq!(incidents, [IncidentSeverity::Sev1]);
    let record = state.escalations.values().next().unwrap();
    assert!(record.incident.is_some() && record.alerts.len() == 1);
    assert!(matches!(
        state.outbox.values().next().unwrap().intent.channel,
        Channel::Inbox | Channel::Webhook { .. }
    ));
}
