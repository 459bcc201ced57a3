//! The stage: tracker and engine on virtual time, with a journal in memory and channels that take everything.

use std::sync::Arc;

use jiff::Timestamp;
use nines_alert::AlertKey;
use nines_base::SampleBatch;
use nines_engine::outbox::Purpose;
use nines_engine::{
    Command, Engine, EngineError, Installation, Observation, Refusal, Reply, SECRET_BYTES, State,
    observe_burns, policy_inputs,
};
use nines_port::{Delivery, Urgency};
use nines_release::{Change, Decision, GateQuestion, PolicyInput};
use nines_slo::{SloStatus, Tracker, TrackerConfig};
use nines_store::MemoryJournal;

use crate::Setup;

/// Messages that are taken at once.
const SENDS_MAX: usize = 1_000;
/// More rounds between two instants mean that the engine does not come to rest.
const ROUNDS_MAX: usize = 1_000;

/// Why a rehearsal cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The engine stopped.
    #[error("the engine stopped")]
    Engine(#[from] EngineError),
    /// The engine did not do what it must do.
    #[error("the engine refused {what}: {why}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Its words.
        why: String,
    },
    /// The engine wants to be woken again and again.
    #[error("the engine does not come to rest at {at}")]
    Restless {
        /// When.
        at: Timestamp,
    },
}

/// A message that would have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub person: String,
    /// How: `inbox`, `webhook`, `email`.
    pub channel: String,
    /// Whether somebody must answer.
    pub purpose: Purpose,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// About which alert.
    pub alert: AlertKey,
    /// In a line.
    pub subject: String,
    /// In full.
    pub text: String,
}

impl SentMessage {
    /// Whether it wakes somebody.
    pub fn is_page(&self) -> bool {
        self.purpose == Purpose::Page && self.urgency == Urgency::Page
    }
}

/// Tracker and engine of one rehearsal.
#[derive(Debug)]
pub struct Stage {
    setup: Setup,
    tracker: Tracker,
    engine: Engine,
    /// Whether policies ask how long budgets last.
    needs_outlook: bool,
    sent: Vec<SentMessage>,
}

impl Stage {
    /// Opens with nothing known. `seed` makes ids.
    ///
    /// # Errors
    /// The engine does not start.
    pub fn open(
        setup: Setup,
        config: TrackerConfig,
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, RehearsalError> {
        let mut tracker = Tracker::new(setup.slos.clone(), config);
        tracker.set_overlays(setup.overlays.clone());
        let installation = Installation {
            secret: [0; SECRET_BYTES],
            external_url: "http://nines.example".to_owned(),
            version: "rehearsal".to_owned(),
        };
        let journal = Box::new(MemoryJournal::default());
        let engine = Engine::recover(journal, installation, None, seed, now)?;
        let needs_outlook = setup.config.release.asks_how_long_budgets_last();
        let mut stage = Self { setup, tracker, engine, needs_outlook, sent: Vec::new() };
        let config = Arc::clone(&stage.setup.config);
        stage.ask("the configuration", Command::ApplyConfig(config), now)?;
        Ok(stage)
    }

    /// Counts samples, as one scrape or write request.
    pub fn feed(&mut self, batch: &[SampleBatch]) {
        self.tracker.observe(batch);
    }

    /// Lets time pass until `now`, then judges.
    ///
    /// # Errors
    /// The engine stopped.
    pub fn step(&mut self, now: Timestamp) -> Result<(), RehearsalError> {
        let alerts = self.tracker.evaluate(now);
        let burning = observe_burns(&alerts, &self.setup.slos, &self.tracker, now);
        let statuses =
            if self.needs_outlook { self.statuses(now) } else { self.tracker.standings(now) };
        let policies = policy_inputs(&statuses);
        self.observe(burning, Some(policies), now)
    }

    /// Something happens at `at`, and what follows from it.
    ///
    /// # Errors
    /// The engine stopped, or refused.
    pub(crate) fn happen(
        &mut self,
        what: &'static str,
        command: Command,
        at: Timestamp,
    ) -> Result<(), RehearsalError> {
        self.reach(at)?;
        self.ask(what, command, at)?;
        self.settle(at)
    }

    /// What a gate says to a change.
    ///
    /// # Errors
    /// The engine stopped.
    pub fn ask_gate(
        &mut self,
        change: &Change,
        now: Timestamp,
    ) -> Result<Box<Decision>, RehearsalError> {
        let is_of_service = |it: &SloStatus| it.name.service == change.service;
        let mut statuses = self.statuses(now);
        statuses.retain(is_of_service);
        let input = policy_inputs(&statuses).pop().unwrap_or_default();
        self.decide(GateQuestion::new(change.clone(), input), now)
    }

    pub(crate) fn decide(
        &mut self,
        question: GateQuestion,
        now: Timestamp,
    ) -> Result<Box<Decision>, RehearsalError> {
        match self.ask("a gate", Command::AskGate(Box::new(question)), now)? {
            Reply::Decision(decision) => Ok(decision),
            _ => {
                let why = "it did not decide".to_owned();
                Err(RehearsalError::Refused { what: "a gate", why })
            }
        }
    }

    /// As [`Self::step`], with what burns and what policies look at already known.
    pub(crate) fn observe(
        &mut self,
        burning: Vec<Observation>,
        policies: Option<Vec<PolicyInput>>,
        now: Timestamp,
    ) -> Result<(), RehearsalError> {
        self.pass(now)?;
        self.ask("what burns", Command::ObserveBurns(burning), now)?;
        if let Some(policies) = policies {
            self.ask("what policies look at", Command::ObservePolicies(policies), now)?;
        }
        self.settle(now)
    }

    /// Escalations and messages that are due before `now`, each at its own instant.
    fn pass(&mut self, now: Timestamp) -> Result<(), RehearsalError> {
        for _ in 0..ROUNDS_MAX {
            match self.due() {
                Some(at) if at < now => self.settle(at)?,
                _ => return Ok(()),
            }
        }
        Err(RehearsalError::Restless { at: now })
    }

    /// As [`Self::pass`], with what is due at `now`; nothing is judged.
    pub(crate) fn reach(&mut self, now: Timestamp) -> Result<(), RehearsalError> {
        self.pass(now)?;
        self.settle(now)
    }

    fn due(&self) -> Option<Timestamp> {
        let send_at = self.read(State::send_at);
        [self.engine.wake_at(), send_at].into_iter().flatten().min()
    }

    /// Does what is due at `at`.
    fn settle(&mut self, at: Timestamp) -> Result<(), RehearsalError> {
        for _ in 0..ROUNDS_MAX {
            if self.engine.wake_at().is_some_and(|it| it <= at) {
                self.ask("to be woken", Command::Wake, at)?;
            }
            let take = Command::TakeSends { count_max: SENDS_MAX };
            let Reply::Sends(sends) = self.ask("its messages", take, at)? else { return Ok(()) };
            for send in sends {
                self.write_down(&send.intent, at);
                let (intent, attempt) = (send.intent, send.attempt);
                let delivery = Delivery::Accepted { reference: "rehearsal".to_owned() };
                self.ask("a receipt", Command::Receipt { intent, attempt, delivery }, at)?;
            }
            if self.due().is_none_or(|it| at < it) {
                return Ok(());
            }
        }
        Err(RehearsalError::Restless { at })
    }

    fn write_down(&mut self, intent: &str, at: Timestamp) {
        let sent = self.read(|state| {
            let intent = &state.outbox.get(intent)?.intent;
            Some(SentMessage {
                at,
                person: intent.person.clone(),
                channel: intent.channel.to_string(),
                purpose: intent.purpose,
                urgency: intent.urgency,
                alert: intent.alert,
                subject: intent.subject.clone(),
                text: intent.text.clone(),
            })
        });
        self.sent.extend(sent);
    }

    pub(crate) fn ask(
        &mut self,
        what: &'static str,
        command: Command,
        now: Timestamp,
    ) -> Result<Reply, RehearsalError> {
        let answer = self.engine.cycle(vec![command], now)?.pop();
        let refused = |it: Refusal| RehearsalError::Refused { what, why: it.to_string() };
        answer.unwrap_or(Ok(Reply::Done)).map_err(refused)
    }

    /// What the engine knows.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let state = self.engine.published().read();
        look(&state)
    }

    /// How all SLOs stand.
    pub fn statuses(&self, now: Timestamp) -> Vec<SloStatus> {
        self.tracker.statuses(now)
    }

    /// Every message so far, oldest first.
    pub fn sent(&self) -> &[SentMessage] {
        &self.sent
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }
}
