//! Who would have been on call before and after: our schedule against a model of the tool's own rules.
//!
//! The model is meant to be read, not to be fast: it asks each layer about each instant, in clock time.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;

use super::{COMPARED, FoundSchedule};

/// No more differences of one schedule are listed.
const DIFFERENCES_MAX: usize = 100;
const DAY_SECONDS: i64 = 86_400;

/// One layer of a foreign schedule.
#[derive(Debug, Clone)]
pub(super) struct ForeignLayer {
    /// Of all layers that put somebody on call those with the highest level count, all of them.
    pub(super) level: i64,
    pub(super) zone: TimeZone,
    /// The first turn, in clock time; nobody is on call before `from`.
    pub(super) start: DateTime,
    pub(super) turn_seconds: i64,
    /// In the order of their turns.
    pub(super) members: Vec<Vec<String>>,
    /// It counts only then; empty for always.
    pub(super) windows: Vec<Window>,
    pub(super) from: Option<DateTime>,
    pub(super) until: Option<DateTime>,
}

/// A stretch of clock time that comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// On this day of the week; else every day.
    pub(super) day: Option<Weekday>,
    /// Of the day.
    pub(super) begin_second: i64,
    pub(super) seconds: i64,
}

/// A shift as the tool itself has worked it out.
#[derive(Debug, Clone)]
pub(super) struct ToldShift {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) person: String,
}

/// Who would have been on call, and who will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The schedule's name.
    pub schedule: String,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// At so many instants: every hour, and every boundary of both sides.
    pub instants: usize,
    /// Whether the tool's own shifts were in the file; else its rules were worked out again.
    pub by_own_shifts: bool,
    /// Where somebody else is on call; empty when the same people always are.
    pub differences: Vec<Difference>,
}

/// A stretch in which somebody else is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// From then on.
    pub from: Timestamp,
    /// The last instant that was looked at.
    pub until: Timestamp,
    /// Who would have been.
    pub before: BTreeSet<String>,
    /// Who will be.
    pub after: BTreeSet<String>,
}

pub(super) fn compare(found: &FoundSchedule, now: Timestamp) -> Comparison {
    let schedule = &found.schedule;
    let told = &found.told;
    // The tool has worked out only what was asked for.
    let ends = told.iter().map(|it| it.until);
    let from = told.iter().map(|it| it.from).min().unwrap_or(now).max(now);
    let until = ends.max().unwrap_or(Timestamp::MAX).min(now + COMPARED);
    let mut instants = BTreeSet::new();
    let mut at = from;
    while at < until {
        instants.insert(at);
        at += SignedDuration::from_hours(1);
    }
    let stretches = schedule.stretches(from, until);
    let bounds = stretches.iter().map(|it| it.from).chain(told.iter().map(|it| it.from));
    for bound in bounds {
        instants.extend([bound, bound - SignedDuration::from_secs(1)]);
    }
    instants.retain(|it| from <= *it && *it < until);
    let mut differences: Vec<Difference> = Vec::new();
    let mut is_open = false;
    for at in &instants {
        let after: BTreeSet<String> =
            schedule.on_call(*at).into_iter().map(|it| it.person).collect();
        let before = if told.is_empty() {
            foreign(&found.rules, *at)
        } else {
            let on_call = told.iter().filter(|it| it.from <= *at && *at < it.until);
            on_call.map(|it| it.person.clone()).collect()
        };
        if before == after {
            is_open = false;
            continue;
        }
        let count = differences.len();
        match differences.last_mut() {
            Some(last) if is_open && last.before == before && last.after == after => {
                last.until = *at;
            }
            _ if count < DIFFERENCES_MAX => {
                differences.push(Difference { from: *at, until: *at, before, after });
            }
            _ => {}
        }
        is_open = true;
    }
    Comparison {
        schedule: schedule.name.clone(),
        from,
        until,
        instants: instants.len(),
        by_own_shifts: !told.is_empty(),
        differences,
    }
}

/// Who is on call by the tool's rules.
fn foreign(layers: &[ForeignLayer], at: Timestamp) -> BTreeSet<String> {
    let on_call = layers.iter().filter_map(|it| Some((it.level, it.on_call(at)?)));
    let on_call: Vec<_> = on_call.collect();
    let level = on_call.iter().map(|(level, _)| *level).max();
    let highest = on_call.iter().filter(|(it, _)| Some(*it) == level);
    highest.flat_map(|(_, people)| people.iter().cloned()).collect()
}

impl ForeignLayer {
    fn on_call(&self, at: Timestamp) -> Option<&[String]> {
        let local = self.zone.to_datetime(at);
        let has_begun = self.from.unwrap_or(self.start) <= local;
        let is_over = self.until.is_some_and(|it| it <= local);
        let is_inside = self.windows.is_empty() || self.windows.iter().any(|it| it.holds(local));
        if !has_begun || is_over || !is_inside || self.turn_seconds <= 0 {
            return None;
        }
        let elapsed = local.duration_since(self.start).as_secs();
        let turn = elapsed.div_euclid(self.turn_seconds);
        let count = i64::try_from(self.members.len()).ok().filter(|it| 0 < *it)?;
        let members = self.members.get(usize::try_from(turn.rem_euclid(count)).ok()?)?;
        (!members.is_empty()).then_some(members.as_slice())
    }
}

impl Window {
    fn holds(&self, local: DateTime) -> bool {
        (0..=8_i64).any(|days| {
            let Ok(day) = local.date().checked_sub(days.days()) else { return false };
            let midnight = day.to_datetime(jiff::civil::Time::midnight());
            let since = local.duration_since(midnight).as_secs() - self.begin_second;
            self.day.is_none_or(|it| it == day.weekday()) && (0..self.seconds).contains(&since)
        })
    }

    /// The same as clock ranges of ours: one for each day that it touches.
    pub(super) fn ranges(&self) -> Vec<nines_oncall::ClockRange> {
        use nines_oncall::{ClockRange, Weekdays};
        let minutes = |seconds: i64| u16::try_from(seconds / 60).unwrap_or(0);
        let mut ranges = Vec::new();
        let (mut begin, mut left, mut day) = (self.begin_second, self.seconds, self.day);
        if self.day.is_none() && DAY_SECONDS <= left {
            return ranges;
        }
        while 0 < left {
            let today = left.min(DAY_SECONDS - begin);
            let weekdays = match day {
                Some(day) => Weekdays::NONE.with(day),
                None => Weekdays::ALL,
            };
            let end_minute = minutes(begin + today);
            ranges.push(ClockRange { weekdays, begin_minute: minutes(begin), end_minute });
            (begin, left, day) = (0, left - today, day.map(|it| it.wrapping_add(1)));
        }
        ranges
    }
}
