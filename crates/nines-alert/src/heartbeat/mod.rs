//! Heartbeats: jobs that say that they ran, and alerts when they do not.
//!
//! ```text
//! new ─► up ─► grace ─► down        start ─► started ─► down, without an end within the grace
//!         ▲──────────────┘ by a success; a failure is down at once; paused until resumed or the next success
//! ```
//! Source: the pinging API of Healthchecks.

mod calendar;

use std::collections::BTreeMap;
use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_base::{LabelError, Labels, Origin};
use serde::{Deserialize, Serialize};

use crate::Evidence;
use crate::dispatch::{Detail, Incoming};

pub use calendar::{Calendar, CalendarError};

/// The `alertname` of all alerts about heartbeats.
pub const HEARTBEAT_ALERT: &str = "HeartbeatMissing";
/// The longest text that is kept of a ping, in bytes.
pub const BODY_BYTES_MAX: usize = 10_000;
/// The most heartbeats that pings create by themselves.
pub const CREATED_MAX: usize = 1_000;
/// The longest id of one run.
const RUN_BYTES_MAX: usize = 64;
/// What a heartbeat expects that a ping created.
const CREATED_EVERY: SignedDuration = SignedDuration::from_hours(24);
const CREATED_GRACE: SignedDuration = SignedDuration::from_hours(1);

/// What is expected of one job, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// Unique; the slug of its address.
    pub name: String,
    /// When pings are expected.
    pub schedule: Schedule,
    /// How late a ping may be, and how long a run may take.
    pub grace: SignedDuration,
    /// Of its alerts, beside `alertname` and `heartbeat`.
    pub labels: Labels,
    /// The runbook to begin with.
    pub runbook: Option<String>,
    /// Who is told; else the routes decide.
    pub escalation: Option<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// When pings are expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// So long after the last.
    Every(SignedDuration),
    /// At these clock times.
    Calendar {
        /// Which.
        calendar: Calendar,
        /// Where they are meant.
        zone: TimeZone,
    },
}

impl Heartbeat {
    /// What a heartbeat expects that a ping created.
    pub fn created(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            schedule: Schedule::Every(CREATED_EVERY),
            grace: CREATED_GRACE,
            labels: Labels::empty(),
            runbook: None,
            escalation: None,
            origin: Origin::default(),
        }
    }

    /// When the ping after one at `at` is expected. Clock times are instants before the grace is added to them.
    pub fn expected_after(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(period) => at.checked_add(*period).ok(),
            Schedule::Calendar { calendar, zone } => calendar.next(at, zone),
        }
    }
}

/// What a ping says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// The job is done, and all is well.
    Success,
    /// The job begins.
    Start,
    /// The job failed.
    Failure,
    /// The job ended with this status; 0 is success.
    Exit(u8),
    /// Something for people to read.
    Log,
}

impl Signal {
    fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::Exit(1..))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Start => f.write_str("start"),
            Self::Failure => f.write_str("failure"),
            Self::Exit(status) => write!(f, "exit status {status}"),
            Self::Log => f.write_str("log"),
        }
    }
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A job speaks.
    Ping {
        /// Whose.
        name: String,
        /// What it says.
        signal: Signal,
        /// Names one run of the job, so that its end finds its start.
        run: Option<String>,
        /// What else it says; cut off at [`BODY_BYTES_MAX`].
        body: String,
        /// Whether an unknown name makes a heartbeat.
        creates: bool,
    },
    /// A person wants nothing expected of it.
    Pause {
        /// Whose.
        name: String,
        /// Who.
        by: String,
    },
    /// A person wants pings expected again, from the next one on.
    Resume {
        /// Whose.
        name: String,
        /// Who.
        by: String,
    },
    /// Time has passed; sent at or after [`State::wake_at`].
    Wake,
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A ping made a heartbeat that no file names.
    Created {
        /// Its name.
        name: String,
    },
    /// A job spoke.
    Pinged {
        /// Whose.
        name: String,
        /// What it said.
        signal: Signal,
        /// Names one run of the job.
        run: Option<String>,
        /// What else it said.
        body: String,
        /// When it is down without another ping; nothing is expected while it is none.
        due: Option<Timestamp>,
    },
    /// What was expected did not come.
    WentDown {
        /// Whose.
        name: String,
        /// When it was due.
        due: Timestamp,
        /// Whether a run has begun and not ended.
        has_started: bool,
    },
    /// Nothing is expected of it.
    Paused {
        /// Whose.
        name: String,
        /// Who wanted it.
        by: String,
    },
    /// Pings are expected again, from the next one on.
    Resumed {
        /// Whose.
        name: String,
        /// Who wanted it.
        by: String,
    },
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such heartbeat.
    #[error(
        "there is no heartbeat `{0}`; name it in a file of kind Heartbeat, or ping it with `create=1`"
    )]
    Unknown(String),
    /// Anybody with the key could make any number.
    #[error("pings have created {CREATED_MAX} heartbeats already; name new ones in a file")]
    TooMany,
    /// It may be a part of an address.
    #[error("`{0}` is no name of a heartbeat: lower-case letters, digits, `-` and `_`, at most 64")]
    BadName(String),
    /// Ids of runs are short.
    #[error("the id of a run has at most {RUN_BYTES_MAX} bytes")]
    BadRun,
}

/// Why a heartbeat is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// It was due then, and nothing came.
    Silent(Timestamp),
    /// A run has begun and was to end by then.
    Unfinished(Timestamp),
    /// The job says so.
    Failed(Signal),
}

/// What is known of one heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Whether a ping created it.
    pub is_created: bool,
    /// The last ping that was no start and no log.
    pub last: Option<(Timestamp, Signal)>,
    /// What the last ping said besides.
    pub body: String,
    /// The last start without an end, and its run.
    pub started: Option<(Timestamp, Option<String>)>,
    /// How long the last run took whose start is known.
    pub took: Option<SignedDuration>,
    /// Since when and why it is down.
    pub down: Option<(Timestamp, Cause)>,
    /// Whether nothing is expected of it.
    pub is_paused: bool,
    /// When it is down without another ping.
    pub due: Option<Timestamp>,
}

/// In the words of the API of Healthchecks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has never said anything.
    New,
    /// A run has begun.
    Started,
    /// All is well.
    Up,
    /// Late, but within the grace.
    Grace,
    /// Too late, or failed.
    Down,
    /// Nothing is expected.
    Paused,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Started => "started",
            Self::Up => "up",
            Self::Grace => "grace",
            Self::Down => "down",
            Self::Paused => "paused",
        })
    }
}

impl Beat {
    /// Where it stands.
    pub fn phase(&self, expects: &Heartbeat, now: Timestamp) -> Phase {
        let is_late = |(at, _): (Timestamp, Signal)| {
            expects.expected_after(at).is_some_and(|expected| expected < now)
        };
        match (self.is_paused, &self.down, &self.started, self.last) {
            (true, ..) => Phase::Paused,
            (_, Some(_), ..) => Phase::Down,
            (_, _, Some(_), _) => Phase::Started,
            (_, _, _, None) => Phase::New,
            (_, _, _, Some(last)) if is_late(last) => Phase::Grace,
            (..) => Phase::Up,
        }
    }

    /// When it is down without another ping, after one at `at`.
    fn due(&self, expects: &Heartbeat) -> Option<Timestamp> {
        if self.is_paused || self.down.is_some() {
            return None;
        }
        let expected = self.last.and_then(|(at, _)| expects.expected_after(at));
        let began = self.started.as_ref().map(|(at, _)| *at);
        let late = [expected, began].into_iter().flatten();
        late.filter_map(|it| it.checked_add(expects.grace).ok()).min()
    }

    fn hear(&mut self, signal: Signal, run: Option<&String>, body: &str, at: Timestamp) {
        body.clone_into(&mut self.body);
        match signal {
            Signal::Log => return,
            Signal::Start => {
                self.started = Some((at, run.cloned()));
                return;
            }
            Signal::Success | Signal::Failure | Signal::Exit(_) => {}
        }
        self.took = None;
        if let Some((began, of)) = &self.started {
            if of.as_ref() == run {
                self.took = Some(at.duration_since(*began));
                self.started = None;
            } else if signal.is_failure() || run.is_none() {
                self.started = None;
            }
        }
        self.last = Some((at, signal));
        self.down = signal.is_failure().then_some((at, Cause::Failed(signal)));
        self.is_paused = false;
    }
}

/// The fold of all facts about heartbeats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// By name; those of files too, once they have spoken.
    pub beats: BTreeMap<String, Beat>,
}

impl State {
    /// When a heartbeat is due next, of those that are watched.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.beats.values().filter_map(|it| it.due).min()
    }

    /// What is expected of the heartbeat: by its file, or as a ping created it.
    pub fn expects(&self, name: &str, watched: &BTreeMap<String, Heartbeat>) -> Option<Heartbeat> {
        let created = || self.beats.get(name).filter(|it| it.is_created);
        watched.get(name).cloned().or_else(|| created().map(|_| Heartbeat::created(name)))
    }
}

/// What `command` would make happen.
///
/// # Errors
/// Nothing happens then.
pub fn decide(
    state: &State,
    command: Command,
    watched: &BTreeMap<String, Heartbeat>,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Ping { name, signal, run, body, creates } => {
            if run.as_ref().is_some_and(|it| RUN_BYTES_MAX < it.len()) {
                return Err(Refusal::BadRun);
            }
            let mut facts = Vec::new();
            let expects = match state.expects(&name, watched) {
                Some(expects) => expects,
                None if creates => {
                    facts.push(create(state, &name)?);
                    Heartbeat::created(&name)
                }
                None => return Err(Refusal::Unknown(name)),
            };
            let body = cut(body);
            let mut beat = state.beats.get(&name).cloned().unwrap_or_default();
            beat.hear(signal, run.as_ref(), &body, now);
            let due = beat.due(&expects);
            facts.push(Fact::Pinged { name, signal, run, body, due });
            Ok(facts)
        }
        Command::Pause { name, by } => {
            known(state, &name, watched)?;
            let is_paused = state.beats.get(&name).is_some_and(|it| it.is_paused);
            Ok((!is_paused).then_some(Fact::Paused { name, by }).into_iter().collect())
        }
        Command::Resume { name, by } => {
            known(state, &name, watched)?;
            let is_paused = state.beats.get(&name).is_some_and(|it| it.is_paused);
            Ok(is_paused.then_some(Fact::Resumed { name, by }).into_iter().collect())
        }
        Command::Wake => {
            let due = state.beats.iter().filter_map(|(name, it)| Some((name, it, it.due?)));
            let due = due.filter(|(_, _, due)| *due <= now);
            // The first instant after the grace is late; files that changed since count as they are now.
            Ok(due.map(|(name, beat, due)| went_down(name, beat, due)).collect())
        }
    }
}

fn went_down(name: &str, beat: &Beat, due: Timestamp) -> Fact {
    Fact::WentDown { name: name.to_owned(), due, has_started: beat.started.is_some() }
}

fn known(state: &State, name: &str, watched: &BTreeMap<String, Heartbeat>) -> Result<(), Refusal> {
    state.expects(name, watched).map(drop).ok_or_else(|| Refusal::Unknown(name.to_owned()))
}

fn create(state: &State, name: &str) -> Result<Fact, Refusal> {
    let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_".contains(it);
    if name.is_empty() || 64 < name.len() || !name.chars().all(is_name) {
        return Err(Refusal::BadName(name.to_owned()));
    }
    if CREATED_MAX <= state.beats.values().filter(|it| it.is_created).count() {
        return Err(Refusal::TooMany);
    }
    Ok(Fact::Created { name: name.to_owned() })
}

fn cut(mut body: String) -> String {
    let mut end = BODY_BYTES_MAX.min(body.len());
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    body.truncate(end);
    body
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    let (Fact::Created { name }
    | Fact::Pinged { name, .. }
    | Fact::WentDown { name, .. }
    | Fact::Paused { name, .. }
    | Fact::Resumed { name, .. }) = fact;
    let beat = state.beats.entry(name.clone()).or_default();
    match fact {
        Fact::Created { .. } => beat.is_created = true,
        Fact::Pinged { signal, run, body, due, .. } => {
            beat.hear(*signal, run.as_ref(), body, at);
            beat.due = *due;
        }
        Fact::WentDown { due, has_started, .. } => {
            let cause = if *has_started { Cause::Unfinished(*due) } else { Cause::Silent(*due) };
            (beat.down, beat.due) = (Some((at, cause)), None);
        }
        Fact::Paused { .. } => (beat.is_paused, beat.due, beat.down) = (true, None, None),
        Fact::Resumed { .. } => {
            (beat.is_paused, beat.last, beat.started) = (false, None, None);
        }
    }
}

/// The alerts that fire: all heartbeats that are down and still expected.
pub fn alerts(state: &State, watched: &BTreeMap<String, Heartbeat>) -> Vec<Incoming> {
    let down = state.beats.iter().filter_map(|(name, it)| Some((name, it, it.down.as_ref()?)));
    down.filter_map(|(name, beat, (since, cause))| {
        let expects = state.expects(name, watched)?;
        alert(&expects, beat, *since, cause).ok()
    })
    .collect()
}

fn alert(
    expects: &Heartbeat,
    beat: &Beat,
    since: Timestamp,
    cause: &Cause,
) -> Result<Incoming, LabelError> {
    let name = &expects.name;
    let last = match beat.last {
        Some((at, signal)) => format!("the last ping came {at} ({signal})"),
        None => "it has never reported an end".to_owned(),
    };
    let (sentence, gist) = match cause {
        Cause::Silent(due) => (format!("nothing came by {due}; {last}"), "silent"),
        Cause::Unfinished(due) => (format!("a run that began did not end by {due}; {last}"), "run"),
        Cause::Failed(signal) => (format!("the job reports: {signal}"), "failed"),
    };
    let own = [("alertname", HEARTBEAT_ALERT), ("heartbeat", name.as_str())];
    let given = expects.labels.iter().filter(|(it, _)| own.iter().all(|(own, _)| own != it));
    let labels = Labels::new(given.chain(own).map(|(name, value)| (name.to_owned(), value)))?;
    let summary = match cause {
        Cause::Failed(_) => format!("heartbeat {name} failed"),
        Cause::Silent(_) | Cause::Unfinished(_) => format!("heartbeat {name} is missing"),
    };
    let mut annotations = BTreeMap::from([
        ("summary".to_owned(), summary),
        ("description".to_owned(), sentence.clone()),
    ]);
    annotations.extend(expects.runbook.clone().map(|it| ("runbook".to_owned(), it)));
    if !beat.body.is_empty() {
        let line = beat.body.lines().next_back().unwrap_or_default();
        annotations.insert("last_line".to_owned(), line.chars().take(200).collect());
    }
    Ok(Incoming {
        labels,
        annotations,
        starts_at: Some(since),
        ends_at: None,
        generator_url: String::new(),
        detail: Some(Detail {
            evidence: Evidence {
                subject: name.clone(),
                sentence,
                windows: Vec::new(),
                origin: expects.origin.clone(),
            },
            gist: gist.to_owned(),
            escalation: expects.escalation.clone(),
            wakes: true,
            impact_start: since,
        }),
    })
}

#[cfg(test)]
mod tests;
