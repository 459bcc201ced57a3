//! Pager load: what being on call costs people, from what happened.
//!
//! One call is what one person got of one step of an escalation, by however many contacts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{Person, Shift, State};

/// Shifts are cut into pieces of this length, so that long and short ones are judged alike.
pub const PIECE: SignedDuration = SignedDuration::from_hours(12);
/// More incidents in a piece are too many.
pub const INCIDENTS_MAX: usize = 2;
/// At most one piece of so many may have too many: 95 % are within.
pub const PIECES_PER_BAD: u64 = 20;
/// A night of life: from 23:00 to 06:00 in the person's zone.
const NIGHT: (i8, i8) = (23, 6);
/// So long without a call pays a sleep debt off.
pub const REST: SignedDuration = SignedDuration::from_hours(8);

/// What one person got of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who.
    pub person: String,
    /// When the first message was due.
    pub at: Timestamp,
    /// What the alert belongs to, such as `INC-12`; else the alert itself.
    pub matter: String,
    /// When this person answered.
    pub answered_at: Option<Timestamp>,
    /// Whether something was done about it; absent when nobody said.
    pub was_actionable: Option<bool>,
}

/// The calls of one escalation, oldest first.
pub fn calls(state: &State, matter: &str, was_actionable: Option<bool>) -> Vec<Call> {
    let mut first: BTreeMap<(u32, u32, u32, &str), Timestamp> = BTreeMap::new();
    for (page, (_, due)) in &state.pages {
        let key = (page.round, page.step, page.entry, page.person.as_str());
        let at = first.entry(key).or_insert(*due);
        *at = (*at).min(*due);
    }
    let answered = |person: &str| {
        let (by, _, at) = state.acknowledged.as_ref()?;
        (by == person).then_some(*at)
    };
    let call = |((.., person), at): ((u32, u32, u32, &str), Timestamp)| Call {
        person: person.to_owned(),
        at,
        matter: matter.to_owned(),
        answered_at: answered(person).filter(|it| at <= *it),
        was_actionable,
    };
    let mut calls: Vec<Call> = first.into_iter().map(call).collect();
    calls.sort_by(|one, other| (one.at, &one.person).cmp(&(other.at, &other.person)));
    calls
}

/// What being on call cost one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Who.
    pub person: String,
    /// Calls.
    pub calls: usize,
    /// Different matters.
    pub matters: usize,
    /// Calls about a matter of which the person had been called before.
    pub repeats: usize,
    /// Calls by hour of life, in the person's zone; UTC where it is not known.
    pub by_hour: [u32; 24],
    /// Calls from 23:00 to 06:00 of life.
    pub at_night: u32,
    /// Half of the answers came within so many seconds; absent without an answer.
    pub answer_median_seconds: Option<i64>,
    /// Of the calls of which somebody said so, something was done about these.
    pub actionable: usize,
    /// Calls of which somebody said whether something was done.
    pub judged: usize,
    /// Since when the person owes sleep: a call at night that was answered, and no 8 hours of rest since.
    pub sleep_debt_since: Option<Timestamp>,
}

/// What calls in [`from`, `until`) cost each person, by name. Debts are as of `until`.
pub fn loads(
    calls: &[Call],
    people: &BTreeMap<String, Person>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Load> {
    let mut by_person: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for it in calls.iter().filter(|it| from <= it.at && it.at < until) {
        by_person.entry(&it.person).or_default().push(it);
    }
    let load = |(person, mut calls): (&str, Vec<&Call>)| {
        calls.sort_by_key(|it| it.at);
        let zone = zone_of(people.get(person));
        let (mut by_hour, mut at_night) = ([0; 24], 0);
        for it in &calls {
            let hour = zone.to_datetime(it.at).hour();
            by_hour[usize::try_from(hour).unwrap_or(0)] += 1;
            at_night += u32::from(is_night(hour));
        }
        let matters: BTreeSet<&str> = calls.iter().map(|it| it.matter.as_str()).collect();
        let judged = calls.iter().filter_map(|it| it.was_actionable);
        Load {
            person: person.to_owned(),
            calls: calls.len(),
            matters: matters.len(),
            repeats: calls.len() - matters.len(),
            by_hour,
            at_night,
            answer_median_seconds: median(&calls),
            actionable: judged.clone().filter(|it| *it).count(),
            judged: judged.count(),
            sleep_debt_since: sleep_debt(&calls, &zone, until),
        }
    };
    by_person.into_iter().map(load).collect()
}

fn zone_of(person: Option<&Person>) -> TimeZone {
    let zone = person.and_then(|it| it.rules.zone.as_deref());
    zone.and_then(|it| TimeZone::get(it).ok()).unwrap_or(TimeZone::UTC)
}

fn is_night(hour: i8) -> bool {
    let (from, until) = NIGHT;
    from <= hour || hour < until
}

fn median(calls: &[&Call]) -> Option<i64> {
    let times = calls.iter().filter_map(|it| Some(it.answered_at?.duration_since(it.at).as_secs()));
    let mut times: Vec<i64> = times.collect();
    times.sort_unstable();
    let half = times.len().checked_sub(1)? / 2;
    times.get(half).copied()
}

/// A debt is opened by a call answered at night, and closed by 8 hours without a call.
fn sleep_debt(calls: &[&Call], zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let mut since: Option<Timestamp> = None;
    let mut last: Option<Timestamp> = None;
    for it in calls {
        if last.is_some_and(|last| last + REST <= it.at) {
            since = None;
        }
        let answered = it.answered_at.filter(|at| is_night(zone.to_datetime(*at).hour()));
        since = since.or(answered);
        last = last.max(Some(it.answered_at.unwrap_or(it.at)));
    }
    since.filter(|_| last.is_some_and(|last| now < last + REST))
}

/// How the promise to people is kept: at most [`INCIDENTS_MAX`] matters in 12 hours, in 95 % of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LoadObjective {
    /// Pieces of 12 hours on call, the last of a shift may be shorter.
    pub pieces: u64,
    /// Those with too many matters.
    pub bad: u64,
}

impl LoadObjective {
    /// Whether no more pieces were bad than may be.
    pub fn is_kept(self) -> bool {
        self.bad * PIECES_PER_BAD <= self.pieces
    }

    /// What is left of the budget: 1 is untouched, 0 is spent, negative is overspent; nothing without a piece.
    pub fn remaining_ratio(self) -> Option<f64> {
        (0 < self.pieces).then(|| 1.0 - self.burn_ratio())
    }

    /// How many times as fast as it may the budget is spent.
    pub fn burn_ratio(self) -> f64 {
        if self.pieces == 0 {
            return 0.0;
        }
        (self.bad * PIECES_PER_BAD) as f64 / self.pieces as f64
    }
}

/// Counts the pieces of all `shifts` that have begun before `now`.
pub fn objective(calls: &[Call], shifts: &[Shift], now: Timestamp) -> LoadObjective {
    let mut objective = LoadObjective::default();
    for shift in shifts {
        let mut from = shift.from;
        while from < shift.until.min(now) {
            let until = (from + PIECE).min(shift.until);
            let inside = calls
                .iter()
                .filter(|it| it.person == shift.person && from <= it.at && it.at < until);
            let matters: BTreeSet<&str> = inside.map(|it| it.matter.as_str()).collect();
            objective.pieces += 1;
            objective.bad += u64::from(INCIDENTS_MAX < matters.len());
            from = until;
        }
    }
    objective
}

/// Shifts and what happened in them, for whoever pays: one line a shift, by beginning.
pub fn pay_csv(
    calls: &[Call],
    shifts: &[(String, Shift)],
    people: &BTreeMap<String, Person>,
) -> String {
    let mut out =
        "schedule,person,from,until,hours,night_hours,weekend_hours,calls,night_calls\n".to_owned();
    let mut shifts: Vec<&(String, Shift)> = shifts.iter().collect();
    shifts.sort_by_key(|(schedule, it)| (it.from, schedule.clone(), it.person.clone()));
    for (schedule, it) in shifts {
        let zone = zone_of(people.get(&it.person));
        let (mut night, mut weekend) = (SignedDuration::ZERO, SignedDuration::ZERO);
        let mut at = it.from;
        while at < it.until {
            // Hours of life begin on whole quarters in every zone.
            let next = (at + SignedDuration::from_mins(15)).min(it.until);
            let local = zone.to_datetime(at);
            let length = next.duration_since(at);
            if is_night(local.hour()) {
                night += length;
            }
            if 6 <= local.date().weekday().to_monday_one_offset() {
                weekend += length;
            }
            at = next;
        }
        let inside = calls
            .iter()
            .filter(|call| call.person == it.person && it.from <= call.at && call.at < it.until);
        let at_night = inside.clone().filter(|it| is_night(zone.to_datetime(it.at).hour()));
        let (from, until) = (it.from, it.until);
        let (total, calls, at_night) =
            (it.until.duration_since(it.from), inside.count(), at_night.count());
        let [total, night, weekend] = [total, night, weekend].map(quarters);
        let (schedule, person) = (quoted(schedule), quoted(&it.person));
        writeln!(
            out,
            "{schedule},{person},{from},{until},{total},{night},{weekend},{calls},{at_night}"
        )
        .expect("a String takes everything");
    }
    out
}

/// `7.25`: hours, down to a quarter.
fn quarters(it: SignedDuration) -> String {
    let quarters = it.as_secs() / 900;
    format!("{}.{:02}", quarters / 4, quarters % 4 * 25)
}

/// As CSV wants it; a leading sign that spreadsheets take for a formula is quoted away.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '_' | ' '))
        || (text.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '_' | ' ' | '-'))
            && !text.starts_with('-'));
    if is_plain {
        return text.to_owned();
    }
    let safe =
        if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", safe.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
