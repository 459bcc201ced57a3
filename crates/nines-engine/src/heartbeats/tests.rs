use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_alert::heartbeat::{Command as Ping, HEARTBEAT_ALERT, Heartbeat, Schedule, Signal};

use crate::engine::tests::{TestJournal, config, installation};
use crate::{Command, Config, Engine};

fn minute(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(number)
}

fn ping(signal: Signal) -> Command {
    let (name, run, body) = ("backup".to_owned(), None, "disk full".to_owned());
    Command::Heartbeat(Ping::Ping { name, signal, run, body, creates: false })
}

/// Every hour, and ana and ben are told.
fn watching() -> Arc<Config> {
    let backup = Heartbeat {
        schedule: Schedule::Every(SignedDuration::from_hours(1)),
        grace: SignedDuration::from_mins(10),
        escalation: Some("shop-primary".to_owned()),
        ..Heartbeat::created("backup")
    };
    let heartbeats = BTreeMap::from([("backup".to_owned(), backup)]);
    Arc::new(Config { heartbeats, ..Config::clone(&config()) })
}

fn engine() -> Engine {
    let journal = Box::new(TestJournal::default());
    Engine::recover(journal, installation(), None, 1, minute(0)).unwrap()
}

fn firing(engine: &Engine) -> Vec<String> {
    let published = engine.published().read();
    published.firing().map(|(_, it)| it.labels.to_string()).collect()
}

#[test]
fn a_heartbeat_that_is_missing_pages_and_one_that_comes_resolves() {
    let mut engine = engine();
    engine.cycle(vec![Command::ApplyConfig(watching())], minute(0)).unwrap();
    engine.cycle(vec![ping(Signal::Success)], minute(1)).unwrap();
    assert_eq!(engine.wake_at(), Some(minute(71)));
    engine.cycle(vec![Command::Wake], minute(71)).unwrap();
    let alert = format!("{{alertname={HEARTBEAT_ALERT:?}, heartbeat=\"backup\"}}");
    assert_eq!(firing(&engine), [alert]);
    let paged = engine.published().read().escalations.len();
    assert_eq!(paged, 1);
    engine.cycle(vec![ping(Signal::Success)], minute(80)).unwrap();
    assert!(firing(&engine).is_empty());
}

#[test]
fn a_heartbeat_that_no_file_names_any_more_is_not_missed() {
    let mut engine = engine();
    engine.cycle(vec![Command::ApplyConfig(watching()), ping(Signal::Failure)], minute(0)).unwrap();
    assert_eq!(firing(&engine).len(), 1);
    engine.cycle(vec![Command::ApplyConfig(config())], minute(1)).unwrap();
    assert!(firing(&engine).is_empty());
}
