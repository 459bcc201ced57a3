//! Composites among the SLOs that are followed: who their members are, and the verdicts of their slices.

use std::collections::BTreeMap;

use super::{Count, Tracked, Tracker};
use crate::composite::{CompositeMeter, Part, shown};
use crate::meter::Meter;
use crate::plan::{Plan, is_by_slices};
use crate::verdict::Verdicts;
use crate::{CompositeSli, Goal, OnMissing, SliKind, Slo};

/// Composites of composites are read down to this depth; deeper members are missing.
const DEPTH_MAX: usize = 4;

/// No composite has more members.
const MEMBERS_MAX: usize = 64;

/// One composite.
#[derive(Debug)]
pub(super) struct Composite {
    sli: CompositeSli,
    /// The indexes of its members; nothing for those that do not exist, or that it is a member of itself.
    members: Vec<Option<usize>>,
    /// Of its slices; nothing when it is read over whole windows.
    verdicts: Option<Verdicts>,
}

impl Composite {
    /// Nothing for other kinds of SLIs.
    pub(super) fn new(slo: &Slo, span_ms: i64) -> Option<Self> {
        let SliKind::Composite(sli) = &slo.sli.kind else { return None };
        let rules = Plan::new(slo).verdicts.filter(|_| is_by_slices(sli.rule));
        let verdicts = rules.map(|it| Verdicts::new(it, span_ms));
        let mut sli = sli.clone();
        sli.members.truncate(MEMBERS_MAX);
        Some(Self { sli, members: Vec::new(), verdicts })
    }

    pub(super) fn width_ms(&self) -> Option<i64> {
        self.verdicts.as_ref().map(|it| it.rules().width_ms)
    }
}

/// Finds the members of all composites. Returns the composites, each after its members.
pub(super) fn link(tracked: &mut [Tracked]) -> Vec<usize> {
    let mut links = BTreeMap::new();
    for (index, it) in tracked.iter().enumerate() {
        if let Count::Composite(composite) = &it.count {
            let find = |name| tracked.binary_search_by(|it| it.slo.name.cmp(name)).ok();
            let members = composite.sli.members.iter().map(|it| find(&it.slo));
            links.insert(index, members.collect::<Vec<Option<usize>>>());
        }
    }
    let mut order = Vec::new();
    for index in links.keys().copied().collect::<Vec<_>>() {
        visit(index, &mut links, &mut Vec::new(), &mut order);
    }
    for (index, members) in links {
        if let Count::Composite(composite) = &mut tracked[index].count {
            composite.members = members;
        }
    }
    order
}

/// Puts a composite behind its members, and cuts the links that lead back to where they came from.
fn visit(
    index: usize,
    links: &mut BTreeMap<usize, Vec<Option<usize>>>,
    path: &mut Vec<usize>,
    order: &mut Vec<usize>,
) {
    if order.contains(&index) {
        return;
    }
    path.push(index);
    for position in 0..links.get(&index).map_or(0, Vec::len) {
        let Some(member) = links.get(&index).and_then(|it| it[position]) else { continue };
        if path.contains(&member) {
            links.entry(index).and_modify(|it| it[position] = None);
        } else if links.contains_key(&member) {
            visit(member, links, path, order);
        }
    }
    path.pop();
    order.push(index);
}

impl Tracker {
    /// What a goal of an SLO is judged by.
    pub(super) fn meter<'a>(&'a self, tracked: &'a Tracked, goal: &'a Goal) -> Box<dyn Meter + 'a> {
        self.meter_at(tracked, goal, 0)
    }

    fn meter_at<'a>(
        &'a self,
        tracked: &'a Tracked,
        goal: &'a Goal,
        depth: usize,
    ) -> Box<dyn Meter + 'a> {
        match &tracked.count {
            Count::Tally(tally) => Box::new(tally.total()),
            Count::Composite(composite) => Box::new(CompositeMeter {
                sli: &composite.sli,
                parts: self.parts(composite, depth),
                verdicts: composite.verdicts.as_ref(),
                allowed: goal.latest().allowed(),
            }),
        }
    }

    fn parts<'a>(&'a self, composite: &'a Composite, depth: usize) -> Vec<Part<'a>> {
        let part = |(member, index): (&'a crate::Member, &Option<usize>)| {
            let tracked = index.and_then(|it| self.tracked.get(it));
            let tracked = tracked.filter(|_| depth < DEPTH_MAX);
            Part {
                slo: &member.slo,
                weight: member.weight.billionths.max(0),
                meter: tracked.map(|it| self.meter_at(it, it.slo.primary(), depth + 1)),
                allowed: tracked.map_or(0, |it| it.slo.primary().latest().allowed()),
                is_of_slices: tracked.is_some_and(Tracked::is_of_slices),
            }
        };
        composite.sli.members.iter().zip(&composite.members).map(part).collect()
    }

    /// Judges the slices of composites whose members have changed; `changed_ms` has the earliest instant of each.
    pub(super) fn settle_composites(&mut self, mut changed_ms: BTreeMap<usize, i64>, now_ms: i64) {
        for position in 0..self.composites.len() {
            let index = self.composites[position];
            let Count::Composite(composite) = &mut self.tracked[index].count else { continue };
            let members: Vec<usize> = composite.members.iter().flatten().copied().collect();
            let Some(mut verdicts) = composite.verdicts.take() else { continue };
            let from_ms = members.iter().filter_map(|it| changed_ms.get(it)).min();
            if let (Some(from_ms), Some(until_ms)) = (from_ms, verdicts.until_ms()) {
                verdicts.mark(from_ms.saturating_sub(1), until_ms);
            }
            let ready_ms = members.iter().map(|it| self.ready_ms(*it, now_ms)).min();
            let first = members.iter().filter_map(|it| self.first_ms(*it));
            let Count::Composite(composite) = &self.tracked[index].count else { continue };
            let first_ms = match composite.sli.on_missing {
                OnMissing::NoData => first.max(),
                OnMissing::Drop => first.min(),
            };
            let parts = self.parts(composite, 0);
            let width_ms = verdicts.rules().width_ms;
            let changed = verdicts.settle(first_ms, ready_ms.unwrap_or(i64::MIN), &|end_ms| {
                shown(&composite.sli, &parts, end_ms.saturating_sub(width_ms), end_ms)
            });
            drop(parts);
            if changed.is_some() {
                self.tracked[index].judged = None;
            }
            changed_ms.extend(changed.map(|it| (index, it)));
            if let Count::Composite(composite) = &mut self.tracked[index].count {
                composite.verdicts = Some(verdicts);
            }
        }
    }

    /// The latest instant up to which all that matters to an SLO has come.
    fn ready_ms(&self, index: usize, now_ms: i64) -> i64 {
        match &self.tracked[index].count {
            Count::Tally(tally) => tally.total().ready_ms(now_ms),
            Count::Composite(it) => match &it.verdicts {
                Some(verdicts) => verdicts.until_ms().unwrap_or(i64::MIN),
                None => {
                    let members = it.members.iter().flatten().map(|it| self.ready_ms(*it, now_ms));
                    members.min().unwrap_or(i64::MIN)
                }
            },
        }
    }

    /// The first instant with data.
    fn first_ms(&self, index: usize) -> Option<i64> {
        match &self.tracked[index].count {
            Count::Tally(tally) => tally.total().first_ms(),
            Count::Composite(it) => {
                it.members.iter().flatten().filter_map(|it| self.first_ms(*it)).min()
            }
        }
    }
}
