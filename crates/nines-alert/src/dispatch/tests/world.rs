//! A stand-in for the engine: decides, writes facts as JSON, folds them into two states, obeys every wake-up.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::SignedDuration;
use nines_base::Id;

use super::super::*;
use crate::silence;

/// What becomes of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// They arrive at once.
    Up,
    /// They stay on their way.
    Down,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) state: State,
    /// Folded from what the journal holds, and never configured.
    pub(super) replayed: State,
    pub(super) journal: Vec<(Timestamp, String)>,
    pub(super) silences: silence::State,
    pub(super) network: Network,
    /// Notices on their way.
    pub(super) open: Vec<Notice>,
    pub(super) log: String,
    pub(super) notices: Vec<(Timestamp, Notice)>,
    labels: BTreeMap<AlertKey, Labels>,
    ids: u128,
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

pub(super) fn second(at: Timestamp) -> String {
    let elapsed = at.duration_since(Timestamp::UNIX_EPOCH);
    match elapsed.subsec_nanos() {
        0 => format!("{}s", elapsed.as_secs()),
        _ => format!("{}s", elapsed.as_secs_f64()),
    }
}

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        let mut state = State::default();
        state.configure(&std::sync::Arc::new(rules));
        Self {
            state,
            replayed: State::default(),
            journal: Vec::new(),
            silences: silence::State::default(),
            network: Network::Up,
            open: Vec::new(),
            log: String::new(),
            notices: Vec::new(),
            labels: BTreeMap::new(),
            ids: 0,
        }
    }

    /// Decides, and folds what came of it.
    pub(super) fn act(&mut self, command: Command, now: Timestamp) -> Decided {
        let ids = &mut self.ids;
        let mut next = || {
            *ids += 1;
            Id::from_parts(now, *ids)
        };
        let decided = decide(&self.state, command, &self.silences, &mut next, now).unwrap();
        for fact in &decided.facts {
            self.fold(fact, now);
        }
        self.state.keep_up(&decided.upkeep);
        for Refused { place, why } in &decided.refused {
            writeln!(self.log, "{} alert {place} refused: {why}", second(now)).unwrap();
        }
        decided
    }

    fn fold(&mut self, fact: &Fact, now: Timestamp) {
        let text = serde_json::to_string(fact).unwrap();
        let read: Fact = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, fact, "{text}");
        let seq = self.journal.len() as u64 + 1;
        self.journal.push((now, text));
        evolve(&mut self.state, fact, now, seq);
        evolve(&mut self.replayed, &read, now, seq);
        assert_eq!(self.state, self.replayed);
        let alerts = self.state.alerts().iter();
        self.labels.extend(alerts.map(|(key, it)| (*key, it.labels.clone())));
        if let Fact::Flushed(flushed) = fact {
            let taken: Vec<Notice> = flushed
                .outcomes
                .iter()
                .filter_map(|it| match it {
                    Outcome::Notice(notice) => Some(notice.clone()),
                    Outcome::Quiet { .. } => None,
                })
                .collect();
            self.tell(flushed);
            for notice in taken {
                self.notices.push((now, notice.clone()));
                match self.network {
                    Network::Up => drop(self.act(Command::Accepted(Box::new(notice)), now)),
                    Network::Down => self.open.push(notice),
                }
            }
        }
    }

    fn tell(&mut self, flushed: &Flushed) {
        let time = second(flushed.at);
        for Judged { key, muted, .. } in &flushed.alerts {
            if let Some(muted) = muted {
                writeln!(self.log, "{time} {}: {}", self.name(*key), self.word(muted)).unwrap();
            }
        }
        for outcome in &flushed.outcomes {
            match outcome {
                Outcome::Notice(it) => {
                    let (firing, resolved) = (self.names(&it.firing), self.names(&it.resolved));
                    let Notice { receiver, integration, reason, .. } = it;
                    let line = format!("{time} {receiver}/{integration} {reason:?}");
                    writeln!(self.log, "{line}: firing [{firing}], resolved [{resolved}]").unwrap();
                }
                Outcome::Quiet { integration, why } => {
                    let receiver = &flushed.receiver;
                    let why = match why {
                        Quiet::NeverTold => "never told".to_owned(),
                        Quiet::Known { since } => format!("known since {}", second(*since)),
                        Quiet::NotWanted { .. } => "not wanted".to_owned(),
                        Quiet::Open { .. } => "on its way".to_owned(),
                        Quiet::Withdrawn { .. } => "withdrawn".to_owned(),
                    };
                    writeln!(self.log, "{time} {receiver}/{integration} quiet: {why}").unwrap();
                }
            }
        }
    }

    fn word(&self, muted: &Muted) -> String {
        match muted {
            Muted::Inhibited(by) => format!("inhibited by {}", self.name(*by)),
            other => other.to_string(),
        }
    }

    /// The labels of an alert that was ever told of.
    pub(super) fn known(&self, key: AlertKey) -> String {
        self.labels.get(&key).map_or_else(|| "?".to_owned(), ToString::to_string)
    }

    /// The label `name` of an alert.
    fn name(&self, key: AlertKey) -> String {
        self.state.alert(key).map_or("?", |it| it.labels.value("alertname")).to_owned()
    }

    fn names(&self, keys: &[AlertKey]) -> String {
        let names: BTreeSet<String> = keys.iter().map(|it| self.name(*it)).collect();
        names.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// Obeys every wake-up until `now`, that instant included.
    pub(super) fn wait(&mut self, now: Timestamp) {
        let mut last = None;
        let mut count = 0;
        while let Some(due) = self.state.wake_at().filter(|it| *it <= now) {
            count = if last == Some(due) { count + 1 } else { 0 };
            assert!(count < 1_000, "no end of wake-ups at {due}");
            last = Some(due);
            let asleep = self.journal.last().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
            self.act(Command::Wake, due.max(asleep));
        }
    }

    /// Makes a silence.
    pub(super) fn silence(&mut self, terms: silence::Terms, now: Timestamp) {
        self.ids += 1;
        let (id, terms) = (Id::from_parts(now, self.ids), Box::new(terms));
        let set = silence::Command::Set { id: None, terms };
        for fact in silence::decide(&self.silences, set, id, now).unwrap() {
            silence::evolve(&mut self.silences, &fact, now);
        }
    }

    /// From here on these rules decide.
    pub(super) fn configure(&mut self, rules: Rules, now: Timestamp) {
        self.state.configure(&std::sync::Arc::new(rules));
        self.act(Command::Regroup, now);
    }

    /// Forgets all that no fact holds.
    pub(super) fn restart(&mut self, now: Timestamp) {
        let rules = std::sync::Arc::clone(self.state.rules().unwrap());
        let text = serde_json::to_string(&self.replayed).unwrap();
        self.state = serde_json::from_str(&text).unwrap();
        assert_eq!(self.state, self.replayed);
        self.state.configure(&rules);
        self.state.give_grace(now);
        self.act(Command::Regroup, now);
    }
}
