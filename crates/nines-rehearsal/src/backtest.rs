//! Backtests: a configuration on recorded samples, with everything that would have come of it.
//!
//! Objectives are independent of each other, so they are counted and judged on several threads, a day at a time, and
//! tell only what changed. The engine then plays these changes in the order of time. What it decides is what it would
//! have decided live: between two changes a live engine is told the same again and again, which is no news to it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_base::Labels;
use nines_engine::{Observation, policy_inputs};
use nines_promql::{SeriesSource, SourceError};
use nines_release::{Change, GateQuestion};
use nines_slo::{SloName, SloStatus, TrackerConfig};

use crate::time::{instant, millis};
use crate::{RehearsalError, Setup, Stage};

mod player;
mod report;

use player::{Player, Told, What};
pub use report::{AskedGate, FiredAlert, GoalAtEnd, LevelSpan, Report, ToldPerson};

/// Samples of so long are in memory at once.
const BLOCK_MS: i64 = 86_400_000;
/// The most judgements of one objective.
const STEPS_MAX: i64 = 2_000_000;
/// Every backtest has the same ids.
const SEED: u64 = 1;

/// What is tested back.
#[derive(Debug, Clone)]
pub struct Plan {
    /// From and until when; samples before it are counted, but nothing is judged.
    pub range: Range<Timestamp>,
    /// From one judgement to the next.
    pub step: SignedDuration,
    /// From one look of policies to the next; a multiple of `step`.
    pub policy_step: SignedDuration,
    /// Changes that would have asked a gate, with their instants.
    pub changes: Vec<(Timestamp, Change)>,
    /// How many threads count.
    pub threads: usize,
}

impl Plan {
    /// Judged every minute, with policies every five, on one thread.
    pub fn new(range: Range<Timestamp>) -> Self {
        let (step, policy_step) = (SignedDuration::from_mins(1), SignedDuration::from_mins(5));
        Self { range, step, policy_step, changes: Vec::new(), threads: 1 }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// The samples cannot be read.
    #[error("cannot read the samples of the past")]
    Samples(#[from] SourceError),
    /// The engine stopped.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// Too long, or in too small steps.
    #[error(
        "a backtest has at most {limit} steps, not {steps}; take a shorter range or a longer step"
    )]
    TooLong {
        /// So many.
        steps: i64,
        /// How many there may be.
        limit: i64,
    },
}

/// Plays a configuration on the samples of the past.
///
/// # Errors
/// Samples cannot be read, or there are too many steps.
pub fn backtest(
    setup: &Setup,
    source: &dyn SeriesSource,
    plan: &Plan,
) -> Result<Report, BacktestError> {
    Ok(rehearse(setup, source, plan)?.0)
}

/// As [`backtest`], with the stage as it is at the end.
pub(crate) fn rehearse(
    setup: &Setup,
    source: &dyn SeriesSource,
    plan: &Plan,
) -> Result<(Report, Stage), BacktestError> {
    let (start_ms, end_ms) = (plan.range.start.as_millisecond(), plan.range.end.as_millisecond());
    let step_ms = millis(plan.step).max(1);
    let steps = end_ms.saturating_sub(start_ms) / step_ms;
    if STEPS_MAX < steps {
        return Err(BacktestError::TooLong { steps, limit: STEPS_MAX });
    }
    let config = TrackerConfig::default();
    let looks = looks(plan, step_ms);
    let mut players = player::cast(setup, &config, plan.range.start);
    let stage = Stage::open(setup.clone(), config, SEED, plan.range.start)?;
    let mut book = Book::new(stage, plan);
    let warm_up_ms = players.iter().map(Player::warm_up_ms).max().unwrap_or(0);
    let begin_ms = start_ms.saturating_sub(warm_up_ms);
    for from_ms in (begin_ms..start_ms).step_by(usize::try_from(BLOCK_MS).unwrap_or(1)) {
        let until_ms = from_ms.saturating_add(BLOCK_MS).min(start_ms);
        on_threads(&mut players, plan.threads, |it| {
            it.warm_up(source, from_ms..until_ms).map(|()| Vec::new())
        })?;
    }
    let steps_of_block = (BLOCK_MS / step_ms).max(1);
    let mut first = 0;
    while first <= steps {
        let last = (first + steps_of_block - 1).min(steps);
        let at: Vec<i64> = (first..=last).map(|it| start_ms + it * step_ms).collect();
        let told = on_threads(&mut players, plan.threads, |it| it.play(source, &at, &looks))?;
        book.play(told)?;
        first = last + 1;
    }
    let statuses: Vec<SloStatus> =
        players.iter().flat_map(|it| it.statuses(plan.range.end)).collect();
    book.close(&statuses)
}

/// When budgets are looked at: for policies, and for changes at the last judgement before them.
fn looks(plan: &Plan, step_ms: i64) -> BTreeMap<i64, Vec<usize>> {
    let (start_ms, end_ms) = (plan.range.start.as_millisecond(), plan.range.end.as_millisecond());
    let policy_ms = (millis(plan.policy_step) / step_ms).max(1) * step_ms;
    let mut looks: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    let mut at_ms = start_ms;
    while at_ms <= end_ms {
        looks.insert(at_ms, Vec::new());
        at_ms += policy_ms;
    }
    for (index, (at, _)) in plan.changes.iter().enumerate() {
        let at_ms = at.as_millisecond();
        if (start_ms..=end_ms).contains(&at_ms) {
            let look_ms = start_ms + (at_ms - start_ms) / step_ms * step_ms;
            looks.entry(look_ms).or_default().push(index);
        }
    }
    looks
}

/// What the players of one thread tell, each with its number.
type Turn = Vec<(usize, Vec<Told>)>;

/// What every player tells, in the order of the players.
fn on_threads(
    players: &mut [Player],
    threads: usize,
    work: impl Fn(&mut Player) -> Result<Vec<Told>, SourceError> + Sync,
) -> Result<Vec<Told>, SourceError> {
    let count = players.len();
    if threads <= 1 || count <= 1 {
        let told: Result<Vec<Vec<Told>>, SourceError> = players.iter_mut().map(work).collect();
        return Ok(told?.into_iter().flatten().collect());
    }
    let queue = Mutex::new(players.iter_mut().enumerate());
    let next = || queue.lock().expect("nobody panics while holding the queue").next();
    let (work, next) = (&work, &next);
    let told: Vec<Result<Turn, SourceError>> = thread::scope(|scope| {
        let turn = || {
            let mut told = Vec::new();
            while let Some((index, player)) = next() {
                told.push((index, work(player)?));
            }
            Ok(told)
        };
        let handles: Vec<_> = (0..threads.min(count)).map(|_| scope.spawn(turn)).collect();
        let join = |it: thread::ScopedJoinHandle<'_, _>| {
            it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        handles.into_iter().map(join).collect()
    });
    let mut all = Vec::new();
    for it in told {
        all.extend(it?);
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().flat_map(|(_, told)| told).collect())
}

/// The engine's side: changes in the order of time, and what comes of them.
struct Book<'a> {
    stage: Stage,
    plan: &'a Plan,
    /// What burns now, by objective.
    burning: BTreeMap<SloName, Vec<Observation>>,
    open: BTreeMap<Labels, FiredAlert>,
    fired: Vec<(AlertKey, FiredAlert)>,
    decisions: Vec<AskedGate>,
}

impl<'a> Book<'a> {
    fn new(stage: Stage, plan: &'a Plan) -> Self {
        let (burning, open) = (BTreeMap::new(), BTreeMap::new());
        Self { stage, plan, burning, open, fired: Vec::new(), decisions: Vec::new() }
    }

    /// One block of changes.
    fn play(&mut self, mut told: Vec<Told>) -> Result<(), RehearsalError> {
        told.sort_by_key(|it| it.at_ms);
        let mut told = told.into_iter().peekable();
        while let Some(first) = told.next() {
            let at_ms = first.at_ms;
            let mut all = vec![first];
            while let Some(it) = told.next_if(|it| it.at_ms == at_ms) {
                all.push(it);
            }
            self.play_instant(at_ms, all)?;
        }
        Ok(())
    }

    fn play_instant(&mut self, at_ms: i64, told: Vec<Told>) -> Result<(), RehearsalError> {
        let now = instant(at_ms);
        let (mut statuses, mut changes, mut is_look) = (Vec::new(), Vec::new(), false);
        for it in told {
            match it.what {
                What::Burning(burning) => {
                    for (slo, observations) in burning {
                        self.burning.insert(slo, observations);
                    }
                }
                What::Budgets { statuses: some, changes: asked } => {
                    statuses.extend(some);
                    changes = asked;
                    is_look = true;
                }
            }
        }
        let burning: Vec<Observation> = self.burning.values().flatten().cloned().collect();
        self.note(&burning, now);
        statuses.sort_by(|one: &SloStatus, other| one.name.cmp(&other.name));
        let inputs = policy_inputs(&statuses);
        let since_start_ms = at_ms - self.plan.range.start.as_millisecond();
        let is_for_policies = since_start_ms % millis(self.plan.policy_step).max(1) == 0;
        let policies = (is_look && is_for_policies).then(|| inputs.clone());
        self.stage.observe(burning, policies, now)?;
        for index in changes {
            let Some((at, change)) = self.plan.changes.get(index) else { continue };
            self.stage.reach(*at)?;
            let input = inputs.iter().find(|it| it.service == change.service).cloned();
            let question = GateQuestion::new(change.clone(), input.unwrap_or_default());
            let decision = self.stage.decide(question, *at)?;
            self.decisions.push(AskedGate::new(&decision));
        }
        Ok(())
    }

    /// Which alerts begin and end.
    fn note(&mut self, burning: &[Observation], now: Timestamp) {
        let over: Vec<Labels> = self
            .open
            .keys()
            .filter(|labels| !burning.iter().any(|it| it.labels == **labels))
            .cloned()
            .collect();
        for labels in over {
            if let Some(mut it) = self.open.remove(&labels) {
                it.until = Some(now);
                self.fired.push((AlertKey::of(&labels), it));
            }
        }
        for it in burning {
            self.open.entry(it.labels.clone()).or_insert_with(|| FiredAlert::new(it, now));
        }
    }

    fn close(mut self, statuses: &[SloStatus]) -> Result<(Report, Stage), BacktestError> {
        self.stage.reach(self.plan.range.end)?;
        let open = std::mem::take(&mut self.open).into_iter();
        self.fired.extend(open.map(|(labels, it)| (AlertKey::of(&labels), it)));
        let report = Report::new(self.plan, &self.stage, self.fired, self.decisions, statuses);
        Ok((report, self.stage))
    }
}

#[cfg(test)]
mod tests;
