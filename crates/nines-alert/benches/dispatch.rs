//! What alerts cost: a batch of new ones, the same ones again, their groups' ticks, and memory.
//!
//! Does what the engine does around it: one decision, two folds, the JSON of the facts; the journal is left out.
//! Prints one JSON object. Without arguments it runs small, as a test; with the number of alerts it measures. Time is
//! the processor's, as the kernel counts it for this process.

#![expect(clippy::print_stdout, reason = "the result goes there")]

use std::sync::Arc;
use std::{env, fs};

use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{
    Command, Fact, GroupBy, Incoming, Integration, Outcome, Receiver, Rules, Settings, Source,
    State, decide, evolve,
};
use nines_alert::silence;
use nines_base::{Id, Labels, Origin};
use serde_json::json;

/// As many as Prometheus sends at once.
const BATCH: usize = 64;
const SMALL: usize = 1_000;

fn main() {
    let count = env::args().skip(1).find_map(|it| it.parse().ok()).unwrap_or(SMALL);
    let grouped = run(count, GroupBy::Labels(vec!["alertname".to_owned()]));
    let alone = run(count, GroupBy::All);
    println!("{}", json!({ "alerts": count, "grouped": grouped, "each_its_own_group": alone }));
}

/// Both states of an engine.
struct World {
    working: State,
    published: State,
    journal_bytes: usize,
    ids: u128,
}

fn run(count: usize, group_by: GroupBy) -> serde_json::Value {
    let rules = Arc::new(rules(group_by));
    let now = Timestamp::UNIX_EPOCH;
    let mut world =
        World { working: State::default(), published: State::default(), journal_bytes: 0, ids: 0 };
    world.working.configure(&rules);
    world.published.attach(&rules);
    let before = rss_bytes();
    let numbers: Vec<usize> = (0..count).collect();
    let fresh = time(|| post(&mut world, &numbers, now), count);
    let bytes = world.journal_bytes;
    let again = now + SignedDuration::from_secs(10);
    let (renewed, making) = (
        time(|| post(&mut world, &numbers, again), count),
        time(|| numbers.chunks(BATCH).for_each(|it| drop(batch(it, again))), count),
    );
    let tick = now + SignedDuration::from_secs(30);
    let ticks = time(|| wake(&mut world, tick), count);
    let (groups, after) = (world.working.groups().len(), rss_bytes());
    json!({
        "groups": groups,
        "new_ns": fresh.saturating_sub(making),
        "renewed_ns": renewed.saturating_sub(making),
        "making_ns": making,
        "tick_ns_per_alert": ticks,
        "journal_bytes_per_alert": bytes / count,
        "memory_bytes_per_alert": after.saturating_sub(before) / count as u64,
    })
}

fn rules(group_by: GroupBy) -> Rules {
    let integrations =
        vec![Integration { send_resolved: true, settings: Settings::Webhook { max_alerts: 0 } }];
    let team = Receiver { name: "team".to_owned(), integrations, origin: Origin::default() };
    let mut rules = Rules::default();
    rules.receivers.insert("team".to_owned(), team);
    "team".clone_into(&mut rules.root.receiver);
    rules.root.group_by = group_by;
    rules
}

/// Seven labels, three annotations, as the targets of alerting are given for.
fn batch(numbers: &[usize], now: Timestamp) -> Vec<Incoming> {
    let incoming = |number: &usize| {
        let labels = [
            ("alertname", format!("HighLatency{}", number % 50)),
            ("cluster", "eu-west-1".to_owned()),
            ("instance", format!("10.0.{}.{}:9090", number / 256, number % 256)),
            ("job", format!("service-{}", number % 20)),
            ("namespace", "production".to_owned()),
            ("severity", "warning".to_owned()),
            ("team", "checkout".to_owned()),
        ];
        let annotations = [
            ("description", "the 99th percentile of latency is above 1 s for ten minutes"),
            ("runbook_url", "https://runbooks.example.com/high-latency"),
            ("summary", "latency is high"),
        ];
        Incoming {
            labels: Labels::new(labels).expect("names are unique"),
            annotations: annotations.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            starts_at: Some(Timestamp::UNIX_EPOCH),
            ends_at: Some(now + SignedDuration::from_mins(4)),
            generator_url: "http://prometheus.example.com/graph?g0.expr=latency".to_owned(),
            detail: None,
        }
    };
    numbers.iter().map(incoming).collect()
}

fn post(world: &mut World, numbers: &[usize], now: Timestamp) {
    for numbers in numbers.chunks(BATCH) {
        let alerts = batch(numbers, now);
        let observe = Command::Observe { source: Source::Api, alerts, is_complete: false };
        act(world, observe, now);
    }
}

fn act(world: &mut World, command: Command, now: Timestamp) {
    let World { working, published, journal_bytes, ids } = world;
    let silences = silence::State::default();
    let mut next = || {
        *ids += 1;
        Id::from_parts(now, *ids)
    };
    let decided = decide(working, command, &silences, &mut next, now).expect("it is configured");
    let mut notices = Vec::new();
    for fact in &decided.facts {
        evolve(working, fact, now, 1);
        *journal_bytes += serde_json::to_vec(fact).expect("facts are JSON").len();
        evolve(published, fact, now, 1);
        if let Fact::Flushed(flushed) = fact {
            notices.extend(flushed.outcomes.iter().filter_map(|it| match it {
                Outcome::Notice(notice) => Some(notice.clone()),
                Outcome::Quiet { .. } => None,
            }));
        }
    }
    working.keep_up(&decided.upkeep);
    published.keep_up(&decided.upkeep);
    for notice in notices {
        act(world, Command::Accepted(Box::new(notice)), now);
    }
}

fn wake(world: &mut World, now: Timestamp) {
    while world.working.wake_at().is_some_and(|it| it <= now) {
        act(world, Command::Wake, now);
    }
}

/// Nanoseconds of the processor, for each of `count`.
fn time(work: impl FnOnce(), count: usize) -> u64 {
    let before = cpu_ns();
    work();
    (cpu_ns() - before) / count as u64
}

fn cpu_ns() -> u64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn rss_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|it| it.strip_prefix("RssAnon:")).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    kib * 1_024
}
