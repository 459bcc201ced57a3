//! Fair generation: who should take which turn, so that everybody carries alike. It proposes, and never applies.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Serialize;

use crate::rota::Range;

/// The most turns of one proposal.
pub const TURNS_MAX: usize = 10_000;
/// A night begins at this hour and ends at [`NIGHT_END`], where the person lives.
const NIGHT_BEGIN: i8 = 22;
const NIGHT_END: i8 = 7;

/// What an hour on call weighs, in hundredths of an ordinary one. The heaviest that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// On working days, 07:00 to 22:00.
    pub day: u32,
    /// From 22:00 to 07:00.
    pub night: u32,
    /// On Saturday and Sunday.
    pub weekend: u32,
    /// On a holiday.
    pub holiday: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { day: 100, night: 150, weekend: 200, holiday: 250 }
    }
}

/// Somebody who may take turns.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who.
    pub name: String,
    /// Where nights, weekends and holidays are meant.
    pub zone: TimeZone,
    /// No turn meets these: vacations, and what a sleep debt forbids.
    pub away: Vec<Range>,
    /// Days that weigh more.
    pub holidays: BTreeSet<Date>,
    /// What was carried before, in weighted minutes; people who are new begin with the mean of the others.
    pub load: u64,
    /// The end of the last turn before these.
    pub last_until: Option<Timestamp>,
}

/// What must hold between turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// How many people are on call together.
    pub seats: usize,
    /// At least so long between two turns of one person.
    pub rest: SignedDuration,
    /// Nobody has two turns in a row, if anybody else can have the second.
    pub consecutive: Consecutive,
    /// Never on call together.
    pub apart: Vec<(String, String)>,
    /// When the first is on call the second is too, if free.
    pub together: Vec<(String, String)>,
}

/// Whether one person may have two turns in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consecutive {
    /// Only when nobody else can.
    Avoided,
    /// As loads have it.
    Allowed,
}

/// One turn with its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who; fewer than the seats when nobody else could.
    pub people: Vec<String>,
    /// What was given up to fill it.
    pub notes: Vec<String>,
}

/// What one person carries by the proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Who.
    pub person: String,
    /// How many turns.
    pub turns: u32,
    /// The time on call.
    pub minutes: u64,
    /// The same, weighted, in hundredths of minutes.
    pub weighted: u64,
    /// Of everybody's weighted time.
    pub part_ratio: f64,
}

/// How fair a proposal is. All numbers are for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fairness {
    /// The part of seats and time that is filled.
    pub coverage_ratio: f64,
    /// The mean, over all pairs of people, of the smaller load by the greater one; 1 is equal.
    pub balance_ratio: f64,
    /// 0 is equal, towards 1 one person carries everything.
    pub gini: f64,
    /// By name.
    pub shares: Vec<Share>,
}

/// Who should take which turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// By time.
    pub assignments: Vec<Assignment>,
    /// How fair it is.
    pub fairness: Fairness,
}

/// Fills turns in the order of time: whoever carries least comes first, of equals whoever has paused longest, then
/// by name. The same questions have the same answers.
pub fn propose(
    turns: &[Range],
    candidates: &[Candidate],
    constraints: &Constraints,
    weights: Weights,
) -> Proposal {
    let mut people: Vec<Runner<'_>> =
        candidates.iter().map(|it| Runner::new(it, weights)).collect();
    people.sort_by(|one, other| one.who.name.cmp(&other.who.name));
    let mut assignments = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for turn in turns.iter().take(TURNS_MAX) {
        let (chosen, notes) = fill(&people, *turn, &before, constraints);
        for place in &chosen {
            if let Some(person) = people.get_mut(*place) {
                person.take(*turn);
            }
        }
        let names = chosen.iter().filter_map(|it| people.get(*it)).map(|it| it.who.name.clone());
        let people = names.collect();
        assignments.push(Assignment { from: turn.from, until: turn.until, people, notes });
        before = chosen;
    }
    let fairness = fairness(&assignments, constraints.seats, &people);
    Proposal { assignments, fairness }
}

/// A candidate on the way.
struct Runner<'a> {
    who: &'a Candidate,
    weights: Weights,
    load: u64,
    last_until: Option<Timestamp>,
    turns: u32,
    minutes: u64,
    weighted: u64,
}

impl<'a> Runner<'a> {
    fn new(who: &'a Candidate, weights: Weights) -> Self {
        let (load, last_until) = (who.load.saturating_mul(100), who.last_until);
        Self { who, weights, load, last_until, turns: 0, minutes: 0, weighted: 0 }
    }

    fn take(&mut self, turn: Range) {
        let weighed = weigh(turn, self.who, self.weights);
        self.load = self.load.saturating_add(weighed);
        self.weighted = self.weighted.saturating_add(weighed);
        self.minutes += minutes(turn);
        self.turns += 1;
        self.last_until = Some(turn.until);
    }

    fn is_away(&self, turn: Range) -> bool {
        self.who.away.iter().any(|it| it.from < turn.until && turn.from < it.until)
    }

    fn has_rested(&self, turn: Range, rest: SignedDuration) -> bool {
        self.last_until.is_none_or(|it| rest <= turn.from.duration_since(it))
    }
}

fn fill(
    people: &[Runner<'_>],
    turn: Range,
    before: &[usize],
    constraints: &Constraints,
) -> (Vec<usize>, Vec<String>) {
    let (mut chosen, mut notes): (Vec<usize>, Vec<String>) = (Vec::new(), Vec::new());
    let name = |place: usize| people.get(place).map_or("", |it| it.who.name.as_str());
    let joins = |list: &[(String, String)], one: usize, other: usize| {
        let (one, other) = (name(one), name(other));
        list.iter().any(|(a, b)| (a == one && b == other) || (a == other && b == one))
    };
    let mut order: Vec<usize> = (0..people.len()).collect();
    order.sort_by_key(|it| people.get(*it).map(|it| (it.load, it.last_until)));
    while chosen.len() < constraints.seats {
        let free = |it: &usize| {
            let person = people.get(*it);
            person.is_some_and(|it| !it.is_away(turn))
                && !chosen.contains(it)
                && !chosen.iter().any(|other| joins(&constraints.apart, *it, *other))
        };
        let rested =
            |it: &usize| people.get(*it).is_some_and(|it| it.has_rested(turn, constraints.rest));
        let is_new =
            |it: &usize| constraints.consecutive == Consecutive::Allowed || !before.contains(it);
        let companion = |it: &usize| {
            let wants = |one: &usize| {
                constraints.together.iter().any(|(a, b)| a == name(*one) && b == name(*it))
            };
            chosen.iter().any(wants)
        };
        let all: Vec<usize> = order.iter().copied().filter(free).collect();
        let best = |test: &dyn Fn(&usize) -> bool| {
            let mut fitting = all.iter().copied().filter(|it| test(it));
            let first = fitting.clone().find(|it| companion(it));
            first.or_else(|| fitting.next())
        };
        let (next, note) = if let Some(it) = best(&|it| rested(it) && is_new(it)) {
            (it, None)
        } else if let Some(it) = best(&rested) {
            (it, Some("twice in a row"))
        } else if let Some(it) = best(&|_| true) {
            (it, Some("without the rest"))
        } else {
            notes.push("nobody is free".to_owned());
            break;
        };
        notes.extend(note.map(|it| format!("{}: {it}", name(next))));
        chosen.push(next);
    }
    (chosen, notes)
}

fn minutes(range: Range) -> u64 {
    u64::try_from(range.until.duration_since(range.from).as_mins()).unwrap_or(0)
}

/// What `turn` weighs for a person, in hundredths of minutes, where the person lives.
fn weigh(turn: Range, who: &Candidate, weights: Weights) -> u64 {
    let mut total = 0_u64;
    let mut at = turn.from;
    while at < turn.until {
        let civil = who.zone.to_datetime(at);
        let date = civil.date();
        let is_night = civil.hour() < NIGHT_END || NIGHT_BEGIN <= civil.hour();
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut weight = if is_night { weights.night } else { weights.day };
        if weekend {
            weight = weight.max(weights.weekend);
        }
        if who.holidays.contains(&date) {
            weight = weight.max(weights.holiday);
        }
        let end = next_change(civil.hour(), date, &who.zone, at).min(turn.until);
        total = total.saturating_add(minutes(Range { from: at, until: end }) * u64::from(weight));
        at = end;
    }
    total
}

/// The next 07:00, 22:00 or midnight, whichever comes first; later than `at` in any case.
fn next_change(hour: i8, date: Date, zone: &TimeZone, at: Timestamp) -> Timestamp {
    let time = |hour| Time::constant(hour, 0, 0, 0);
    let next = if hour < NIGHT_END {
        date.to_datetime(time(NIGHT_END))
    } else if hour < NIGHT_BEGIN {
        date.to_datetime(time(NIGHT_BEGIN))
    } else {
        date.checked_add(Span::new().days(1)).unwrap_or(date).to_datetime(Time::midnight())
    };
    let found = zone.to_timestamp(next).ok().filter(|it| at < *it);
    found.unwrap_or_else(|| crate::stretch::later(at, SignedDuration::from_hours(1)))
}

fn fairness(assignments: &[Assignment], seats: usize, people: &[Runner<'_>]) -> Fairness {
    let minutes_of = |it: &Assignment| minutes(Range { from: it.from, until: it.until });
    let wanted: u64 = assignments.iter().map(|it| minutes_of(it) * seats as u64).sum();
    let filled: u64 = assignments.iter().map(|it| minutes_of(it) * it.people.len() as u64).sum();
    let total: u64 = people.iter().map(|it| it.weighted).sum();
    let shares: Vec<Share> = people
        .iter()
        .map(|it| Share {
            person: it.who.name.clone(),
            turns: it.turns,
            minutes: it.minutes,
            weighted: it.weighted,
            part_ratio: ratio(it.weighted, total),
        })
        .collect();
    let loads: Vec<u64> = people.iter().map(|it| it.weighted).collect();
    Fairness {
        coverage_ratio: ratio(filled, wanted),
        balance_ratio: balance(&loads),
        gini: gini(&loads),
        shares,
    }
}

/// `part` of `whole`; nothing of nothing is everything.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The mean over all pairs of the smaller by the greater.
fn balance(loads: &[u64]) -> f64 {
    let mut sum = 0.0;
    let mut pairs = 0_u32;
    for (index, one) in loads.iter().enumerate() {
        for other in loads.iter().skip(index + 1) {
            sum += ratio(*one.min(other), *one.max(other));
            pairs += 1;
        }
    }
    if pairs == 0 { 1.0 } else { sum / f64::from(pairs) }
}

/// Source: C. Gini, 1912; by the sorted values, G = 2 Σ i·xᵢ / (n Σ xᵢ) − (n + 1) / n.
fn gini(loads: &[u64]) -> f64 {
    let mut sorted = loads.to_vec();
    sorted.sort_unstable();
    let total: u64 = sorted.iter().sum();
    if total == 0 {
        return 0.0;
    }
    let count = sorted.len() as f64;
    let ranked: f64 = (1_u32..).zip(&sorted).map(|(rank, it)| f64::from(rank) * *it as f64).sum();
    (2.0 * ranked / (count * total as f64) - (count + 1.0) / count).max(0.0)
}

/// How much each person carries of what is on call already, weighted: what [`Candidate::load`] begins with.
pub fn carried(
    shifts: &[crate::Shift],
    people: &BTreeMap<String, Candidate>,
    weights: Weights,
) -> BTreeMap<String, u64> {
    let mut carried: BTreeMap<String, u64> = BTreeMap::new();
    for shift in shifts {
        if let Some(person) = people.get(&shift.person) {
            let range = Range { from: shift.from, until: shift.until };
            *carried.entry(shift.person.clone()).or_default() +=
                weigh(range, person, weights) / 100;
        }
    }
    carried
}

#[cfg(test)]
mod tests;
