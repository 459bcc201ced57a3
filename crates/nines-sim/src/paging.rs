//! Paging under faults: a burn begins, people are told, somebody may answer, the burn ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use nines_alert::Evidence;
use nines_base::Labels;
use nines_engine::outbox::{Phase, Purpose};
use nines_engine::{
    AckTarget, Command, Config, Engine, Installation, Observation, Reply, SLO_ALERT, Send, State,
};
use nines_oncall::{Contact, Person, Policy, Roster, Step, Target};
use nines_port::{Channel, Urgency};
use nines_store::MemoryJournal;

use crate::world::{FlakyJournal, World};

/// More turns than any story takes.
const TURNS_MAX: u32 = 5_000;
/// How far the clock goes between two looks.
const TICK: SignedDuration = SignedDuration::from_secs(15);
/// Restarts in a row before the world must have let one through.
const RESTARTS_MAX: u32 = 1_000;

struct Run {
    seed: u64,
    world: World,
    journal: MemoryJournal,
    engine: Engine,
    config: Arc<Config>,
    now: Timestamp,
    /// Messages that a worker has, with the time at which the channel is done.
    in_flight: Vec<(Timestamp, Send)>,
}

/// Plays the story of `seed`, and panics with the seed when something is lost, repeated without a mark, sent
/// after an answer, or remembered otherwise after a restart.
///
/// # Panics
/// An invariant does not hold.
pub fn simulate_paging(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let world = World::seeded(rng.u64(..), rng.f64() * 0.15);
    let config = config(rng.usize(1..4));
    let journal = MemoryJournal::default();
    let now = Timestamp::UNIX_EPOCH;
    let engine = recover(&world, &journal, seed, now);
    let mut run = Run { seed, world, journal, engine, config, now, in_flight: Vec::new() };
    run.reconfigure();

    let answer_at = now + SignedDuration::from_secs(rng.i64(0..2_400));
    let end_at = now + SignedDuration::from_secs(rng.i64(1_200..4_000));
    let mut answered = None;
    for turn in 0.. {
        assert!(turn < TURNS_MAX, "seed {seed}: the engine does not come to rest");
        if end_at <= run.now {
            break;
        }
        run.until_taken(&Command::ObserveBurns(vec![burn()]));
        if run.engine.wake_at().is_some_and(|at| at <= run.now) {
            run.until_taken(&Command::Wake);
        }
        run.work();
        if answered.is_none() && answer_at <= run.now {
            run.until_taken(&acknowledge());
            answered = Some(run.now);
        }
        run.now += TICK;
    }
    run.world.calm_down();
    run.until_taken(&Command::ObserveBurns(Vec::new()));
    for _ in 0..300 {
        run.now += TICK;
        run.work();
    }
    run.check(answered);
}

impl Run {
    /// The engine dies; what was in flight may have arrived, but nobody is left to say so.
    fn restart(&mut self) {
        for (_, send) in std::mem::take(&mut self.in_flight) {
            if self.world.below(2) == 0 {
                drop(self.world.deliver(&send.message));
            }
        }
        let before = self.engine.published().read();
        self.engine =
            recover(&self.world, &self.journal, self.seed ^ self.world.below(1 << 32), self.now);
        let after = self.engine.published().read();
        // What was published was durable: nothing of it may be missing or different.
        assert!(before.seq <= after.seq, "seed {}: facts were lost", self.seed);
        for (key, record) in before.alerts() {
            let found = after.alert(key);
            assert!(found.is_some(), "seed {}: an alert was forgotten", self.seed);
            if before.seq + 1 == after.seq {
                assert_eq!(
                    found,
                    Some(record),
                    "seed {}: an alert changed in a restart",
                    self.seed
                );
            }
        }
        drop(after);
        self.reconfigure();
    }

    fn reconfigure(&mut self) {
        let config = Command::ApplyConfig(Arc::clone(&self.config));
        for _ in 0..RESTARTS_MAX {
            match self.engine.cycle(vec![config.clone()], self.now) {
                Ok(_) => return,
                Err(_) => {
                    self.engine = recover(&self.world, &self.journal, self.seed, self.now);
                }
            }
        }
        panic!("seed {}: no restart succeeds", self.seed);
    }

    /// Clients repeat themselves until they have an answer.
    fn until_taken(&mut self, command: &Command) -> Option<Reply> {
        for _ in 0..RESTARTS_MAX {
            match self.engine.cycle(vec![command.clone()], self.now) {
                Ok(mut answers) => {
                    if self.world.fails() {
                        self.restart();
                    }
                    // A refusal is an answer: somebody was faster.
                    return answers.pop().and_then(Result::ok);
                }
                Err(_) => self.restart(),
            }
        }
        panic!("seed {}: no command is taken", self.seed);
    }

    /// The outbox worker: brings receipts of what is done, takes what is due.
    fn work(&mut self) {
        let is_done = |(at, _): &(Timestamp, Send)| *at <= self.now;
        let done: Vec<_> = self.in_flight.extract_if(.., |it| is_done(it)).collect();
        for (_, send) in done {
            let delivery = self.world.deliver(&send.message);
            let Send { intent, attempt, .. } = send;
            self.until_taken(&Command::Receipt { intent, attempt, delivery });
        }
        let epoch = self.engine.published().read().epoch;
        let taken = self.until_taken(&Command::TakeSends { count_max: 8 });
        let now_epoch = self.engine.published().read().epoch;
        if let Some(Reply::Sends(sends)) = taken.filter(|_| epoch == now_epoch) {
            let delay = |it: u64| SignedDuration::from_secs(i64::try_from(it).unwrap_or(0));
            for send in sends {
                let at = self.now + delay(self.world.below(12));
                self.in_flight.push((at, send));
            }
        }
    }

    fn check(&self, answered: Option<Timestamp>) {
        let seed = self.seed;
        let state: &State = &self.engine.published().read();
        let arrived = self.world.arrived();
        for (key, it) in &arrived {
            assert!(it.unmarked <= 1, "seed {seed}: {key} was repeated without a mark: {it:?}");
            assert!(it.marked <= 1, "seed {seed}: {key} was repeated more than once: {it:?}");
        }
        assert_eq!(state.firing().count(), 0, "seed {seed}: the burn is over");
        assert_eq!(state.incidents.len(), 1, "seed {seed}: one burn is one incident");
        let mut pages = 0;
        for outgoing in state.outbox.values() {
            let (id, phase) = (&outgoing.intent.id, &outgoing.phase);
            let at_rest = !matches!(phase, Phase::Waiting { .. } | Phase::Sending);
            assert!(at_rest, "seed {seed}: {id} is {phase:?} for ever");
            pages += u32::from(outgoing.intent.purpose == Purpose::Page);
        }
        assert!(0 < pages, "seed {seed}: nobody was told");
        for escalation in state.escalations.values() {
            for (page, (_, due)) in &escalation.state.pages {
                let after_answer = answered.is_some_and(|at| at < *due);
                assert!(!after_answer, "seed {seed}: {page:?} was ordered after the answer");
            }
        }
    }
}

fn recover(world: &World, journal: &MemoryJournal, seed: u64, now: Timestamp) -> Engine {
    for attempt in 0..RESTARTS_MAX {
        let journal = FlakyJournal { world: world.clone(), journal: journal.reopen() };
        let installation = Installation {
            secret: [7; 32],
            external_url: "http://nines.example".to_owned(),
            version: "simulated".to_owned(),
        };
        let seed = seed.wrapping_add(u64::from(attempt));
        if let Ok(engine) = Engine::recover(Box::new(journal), installation, None, seed, now) {
            return engine;
        }
    }
    panic!("seed {seed}: no restart succeeds");
}

fn config(steps: usize) -> Arc<Config> {
    let names = ["ana", "ben", "cyd"];
    let person = |name: &str| Person {
        name: name.to_owned(),
        display_name: name.to_owned(),
        contacts: vec![Contact {
            channel: Channel::Email { address: format!("{name}@example.org") },
            delay: SignedDuration::ZERO,
        }],
        ..Person::default()
    };
    let step = |name: &&str| {
        Step::new(vec![Target::Person((*name).to_owned())], SignedDuration::from_mins(5))
    };
    let policy = Policy {
        name: "primary".to_owned(),
        steps: names.iter().take(steps).map(step).collect(),
        repeat: 1,
        ..Policy::default()
    };
    Arc::new(Config {
        revision: "simulated".to_owned(),
        files: 1,
        roster: Roster {
            people: names.iter().map(|it| ((*it).to_owned(), person(it))).collect(),
            schedules: BTreeMap::new(),
            policies: BTreeMap::from([("primary".to_owned(), policy)]),
            ..Roster::default()
        },
        dispatch: Arc::default(),
        heartbeats: BTreeMap::new(),
        templates: Arc::default(),
        fallbacks: nines_engine::Fallbacks::default(),
        depends_on: BTreeMap::new(),
        runbooks: BTreeMap::new(),
        release: nines_release::Rulebook::default(),
    })
}

fn burn() -> Observation {
    let labels = [("alertname", SLO_ALERT), ("service", "checkout"), ("slo", "availability")];
    Observation {
        labels: Labels::new(labels).expect("three different names"),
        annotations: BTreeMap::new(),
        evidence: Evidence::default(),
        gist: "1h".to_owned(),
        urgency: Urgency::Page,
        escalation: Some("primary".to_owned()),
        impact_start: Timestamp::UNIX_EPOCH,
    }
}

fn acknowledge() -> Command {
    let (target, by, via) = (AckTarget::All, "ana".to_owned(), "cli".to_owned());
    Command::Acknowledge { target, by, via }
}

#[cfg(test)]
mod tests;
