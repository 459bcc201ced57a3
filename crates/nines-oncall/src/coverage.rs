//! Coverage: whether a page would reach somebody who is ready, at every minute ahead.
//!
//! It is computed on boundaries, where it changes who is on call or away. What makes a person ready it is told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::rota::Range;
use crate::stretch::{Cover, LOOK_MAX, Stretch, later};
use crate::{Duty, Person, Policy, Target};

/// The most findings that are told.
pub const FINDINGS_MAX: usize = 1_000;
/// The most reasons of one gap that are told.
const REASONS_MAX: usize = 4;

/// Whether a person can be told, apart from being away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitness {
    /// The ways to tell that are known to work.
    pub contacts: u32,
    /// Why there is none, or what is wrong with the others.
    pub because: String,
}

/// A way that pages take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRoute {
    /// What people call it: the SLO or the route, with its place.
    pub name: String,
    /// The escalation policy that it leads to.
    pub policy: String,
}

/// What is wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A page would reach nobody who is ready.
    Gap,
    /// One unready contact from a gap.
    Thin,
    /// Nobody is meant to be on call.
    Buffer,
}

/// A stretch that is not simply covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The policy.
    pub policy: String,
    /// The routes that lead to it.
    pub routes: Vec<String>,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// What is wrong.
    pub verdict: Verdict,
    /// Why.
    pub cause: String,
    /// What mends it.
    pub fix: String,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// By policy, then by time.
    pub findings: Vec<Finding>,
    /// Findings beyond [`FINDINGS_MAX`].
    pub left_out: usize,
    /// Policies that were looked at.
    pub policies: usize,
}

impl Coverage {
    /// Whether a page can be lost.
    pub fn has_gap(&self) -> bool {
        0 < self.left_out || self.findings.iter().any(|it| it.verdict == Verdict::Gap)
    }
}

/// Looks at [`from`, `until`) for every policy that a route leads to. `fitness` is asked once for each person: what
/// is known of contacts is known as of now.
pub fn coverage(
    duty: Duty<'_>,
    routes: &[PageRoute],
    fitness: &dyn Fn(&Person) -> Fitness,
    from: Timestamp,
    until: Timestamp,
) -> Coverage {
    let mut by_policy: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for route in routes {
        by_policy.entry(&route.policy).or_default().push(route.name.clone());
    }
    let mut look = Look { duty, from, until, lanes: BTreeMap::new(), people: BTreeMap::new() };
    for (name, person) in &duty.roster.people {
        let away = duty.rota.away(name, from, until);
        look.people.insert(name, Known { fitness: fitness(person), away });
    }
    let mut coverage = Coverage { policies: by_policy.len(), ..Coverage::default() };
    for (name, routes) in by_policy {
        let found = match duty.roster.policies.get(name) {
            Some(policy) => look.policy(policy, &routes),
            None => vec![look.missing(name, &routes)],
        };
        let room = FINDINGS_MAX - coverage.findings.len();
        coverage.left_out += found.len().saturating_sub(room);
        coverage.findings.extend(found.into_iter().take(room));
    }
    coverage
}

struct Known {
    fitness: Fitness,
    away: Vec<Range>,
}

struct Look<'a> {
    duty: Duty<'a>,
    from: Timestamp,
    until: Timestamp,
    /// Stretches by schedule, and for the next on call.
    lanes: BTreeMap<(&'a str, Which), Vec<Stretch>>,
    people: BTreeMap<&'a str, Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Now,
    Next,
}

/// Whom one target stands for, over time.
enum Source<'l> {
    Always(&'l [String]),
    /// Only one of them is told, and nobody knows which.
    OneOf(&'l [String]),
    Lane(&'l str, &'l [Stretch]),
    Nobody,
}

impl<'a> Look<'a> {
    fn missing(&self, policy: &str, routes: &[String]) -> Finding {
        Finding {
            policy: policy.to_owned(),
            routes: routes.to_vec(),
            from: self.from,
            until: self.until,
            verdict: Verdict::Gap,
            cause: format!("there is no escalation `{policy}`"),
            fix: format!("write a document of kind Escalation named `{policy}`"),
        }
    }

    fn policy(&mut self, policy: &'a Policy, routes: &[String]) -> Vec<Finding> {
        let targets: Vec<&'a Target> = policy.steps.iter().flat_map(|it| &it.targets).collect();
        for target in &targets {
            match target {
                Target::Schedule(name) => self.lane(name, Which::Now),
                Target::NextOnCall(name) => self.lane(name, Which::Next),
                _ => {}
            }
        }
        let look = &*self;
        let sources: Vec<Source<'_>> = targets.iter().map(|it| look.source(it)).collect();
        let cuts = look.cuts(&sources);
        let mut places = vec![0; sources.len()];
        let mut findings: Vec<Finding> = Vec::new();
        for (from, until) in cuts.iter().zip(cuts.iter().skip(1)) {
            for (source, place) in sources.iter().zip(&mut places) {
                if let Source::Lane(_, lane) = source {
                    while lane.get(*place).is_some_and(|it| it.until <= *from) {
                        *place += 1;
                    }
                }
            }
            let Some((verdict, cause, fix)) = look.judge(&sources, &places, (*from, *until)) else {
                continue;
            };
            match findings.last_mut() {
                Some(last)
                    if last.until == *from && last.verdict == verdict && last.cause == cause =>
                {
                    last.until = *until;
                }
                _ => findings.push(Finding {
                    policy: policy.name.clone(),
                    routes: routes.to_vec(),
                    from: *from,
                    until: *until,
                    verdict,
                    cause,
                    fix,
                }),
            }
        }
        findings
    }

    fn lane(&mut self, schedule: &'a str, which: Which) {
        if self.lanes.contains_key(&(schedule, which)) {
            return;
        }
        let lane = match which {
            Which::Now => self.duty.stretches(schedule, self.from, self.until),
            Which::Next => next_lane(self.duty, schedule, self.from, self.until),
        };
        self.lanes.insert((schedule, which), lane);
    }

    fn source<'l>(&'l self, target: &'l Target) -> Source<'l> {
        let lane = |name: &'l str, which| match self.lanes.get(&(name, which)) {
            Some(lane) => Source::Lane(name, lane),
            None => Source::Nobody,
        };
        match target {
            Target::Person(name) => Source::Always(std::slice::from_ref(name)),
            Target::Team(name) => match self.duty.roster.teams.get(name) {
                Some(team) => Source::Always(&team.members),
                None => Source::Nobody,
            },
            Target::RoundRobin(names) => Source::OneOf(names),
            Target::Schedule(name) => lane(name, Which::Now),
            Target::NextOnCall(name) => lane(name, Which::Next),
            // A chat room is no person.
            Target::Receiver(_) => Source::Nobody,
        }
    }

    /// Where it changes who is reached.
    fn cuts(&self, sources: &[Source<'_>]) -> Vec<Timestamp> {
        let mut cuts = vec![self.from, self.until];
        let mut people: Vec<&str> = Vec::new();
        for source in sources {
            match source {
                Source::Always(names) | Source::OneOf(names) => {
                    people.extend(names.iter().map(String::as_str));
                }
                Source::Lane(_, lane) => {
                    cuts.extend(lane.iter().map(|it| it.from));
                    let on_duty = lane.iter().flat_map(|it| it.cover.on_duty());
                    people.extend(on_duty.map(|it| it.person.as_str()));
                    // Few people stand in many stretches.
                    people.sort_unstable();
                    people.dedup();
                }
                Source::Nobody => {}
            }
        }
        let known = people.iter().filter_map(|it| self.people.get(it));
        let away = known.flat_map(|it| &it.away).flat_map(|it| [it.from, it.until]);
        cuts.extend(away.filter(|it| self.from < *it && *it < self.until));
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The ways to tell this person at `at`.
    fn contacts(&self, person: &str, at: Timestamp) -> u32 {
        let Some(known) = self.people.get(person) else { return 0 };
        let is_away = known.away.iter().any(|it| it.from <= at && at < it.until);
        if is_away { 0 } else { known.fitness.contacts }
    }

    fn judge(
        &self,
        sources: &[Source<'_>],
        places: &[usize],
        (from, until): (Timestamp, Timestamp),
    ) -> Option<(Verdict, String, String)> {
        let (mut total, mut last) = (0_u32, "");
        let mut counted: Vec<&str> = Vec::new();
        let mut is_buffer = false;
        for (source, place) in sources.iter().zip(places) {
            match source {
                Source::Always(names) => {
                    for name in *names {
                        if !counted.contains(&name.as_str()) {
                            counted.push(name);
                            let contacts = self.contacts(name, from);
                            total += contacts;
                            last = if 0 < contacts { name } else { last };
                        }
                    }
                }
                Source::OneOf(names) => {
                    let contacts = names.iter().map(|it| (self.contacts(it, from), it.as_str()));
                    if let Some((contacts, name)) = contacts.min() {
                        total += contacts;
                        last = if 0 < contacts { name } else { last };
                    }
                }
                Source::Lane(_, lane) => {
                    let Some(cover) = lane.get(*place).map(|it| &it.cover) else { continue };
                    is_buffer |= *cover == Cover::Buffer;
                    for on in cover.on_duty() {
                        if !counted.contains(&on.person.as_str()) {
                            counted.push(&on.person);
                            let contacts = self.contacts(&on.person, from);
                            total += contacts;
                            last = if 0 < contacts { &on.person } else { last };
                        }
                    }
                }
                Source::Nobody => {}
            }
            if 2 <= total {
                return None;
            }
        }
        if total == 1 {
            let cause = format!("only {last} can be told, in only one way");
            let fix = format!("give {last} a second contact, or add a step");
            return Some((Verdict::Thin, cause, fix));
        }
        if is_buffer && counted.is_empty() {
            let cause = "a buffer slot: nobody is meant to be on call".to_owned();
            let fix = "nothing, if that is meant".to_owned();
            return Some((Verdict::Buffer, cause, fix));
        }
        let (cause, fix) = self.explain(sources, places, (from, until));
        Some((Verdict::Gap, cause, fix))
    }

    /// Why nobody is reached, target by target, and what mends the first of it.
    fn explain(
        &self,
        sources: &[Source<'_>],
        places: &[usize],
        (from, until): (Timestamp, Timestamp),
    ) -> (String, String) {
        let mut reasons: Vec<String> = Vec::new();
        let mut fix = None;
        let times = format!("--from {from} --until {until}");
        for (source, place) in sources.iter().zip(places) {
            let names: Vec<&str> = match source {
                Source::Always(names) | Source::OneOf(names) => {
                    names.iter().map(String::as_str).collect()
                }
                Source::Lane(schedule, lane) => {
                    let names = lane.get(*place).map(|it| it.cover.names()).unwrap_or_default();
                    if names.is_empty() {
                        reasons.push(format!("nobody is on call for {schedule}"));
                        let add = format!("nines oncall override {schedule} --add PERSON {times}");
                        fix.get_or_insert(add);
                    }
                    names
                }
                Source::Nobody => {
                    reasons.push("a step tells no person".to_owned());
                    Vec::new()
                }
            };
            for name in names {
                reasons.push(self.unready(name, from));
                let is_away = self.people.get(name).is_some_and(|it| 0 < it.fitness.contacts);
                let mend = match source {
                    Source::Lane(schedule, _) if is_away => format!(
                        "nines oncall override {schedule} --replace {name} --with PERSON {times}"
                    ),
                    _ => format!("nines page test {name}, or another person in this step"),
                };
                fix.get_or_insert(mend);
            }
        }
        reasons.dedup();
        let more = reasons.len().saturating_sub(REASONS_MAX);
        reasons.truncate(REASONS_MAX);
        if 0 < more {
            reasons.push(format!("{more} more"));
        }
        if reasons.is_empty() {
            reasons.push("the escalation has no step that tells a person".to_owned());
        }
        let fix = fix.unwrap_or_else(|| "add a step that tells a person".to_owned());
        (reasons.join("; "), fix)
    }

    fn unready(&self, person: &str, at: Timestamp) -> String {
        let Some(known) = self.people.get(person) else { return format!("{person} is unknown") };
        match known.away.iter().find(|it| it.from <= at && at < it.until) {
            Some(away) => format!("{person} is away until {}", away.until),
            None => format!("{person} cannot be told: {}", known.fitness.because),
        }
    }
}

/// Who comes after whoever is on call, over time.
fn next_lane(duty: Duty<'_>, schedule: &str, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
    let stretches = duty.stretches(schedule, from, later(until, LOOK_MAX));
    let mut lane: Vec<Stretch> = Vec::new();
    // From the end: what comes after the first of several equal stretches comes after all of them.
    let mut after: Vec<(Vec<&str>, &Cover)> = Vec::new();
    for stretch in stretches.iter().rev() {
        let names = stretch.cover.names();
        let differs = |it: &&(Vec<&str>, &Cover)| !it.0.is_empty() && it.0 != names;
        let next = after.iter().rev().find(differs).map_or(Cover::Nobody, |it| it.1.clone());
        if stretch.from < until {
            let end = stretch.until.min(until);
            lane.push(Stretch { from: stretch.from, until: end, cover: next });
        }
        // Two different ones are enough to answer for any names.
        after.retain(|it| it.0 != names);
        after.push((names, &stretch.cover));
        let surplus = after.len().saturating_sub(3);
        after.drain(..surplus);
    }
    lane.reverse();
    lane
}

#[cfg(test)]
mod tests;
