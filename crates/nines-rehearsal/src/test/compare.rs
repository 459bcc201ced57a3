//! One expectation against the stage.

use jiff::Timestamp;
use nines_alert::AlertKey;
use nines_base::Labels;
use nines_release::Decision;
use nines_slo::{GoalStatus, SloStatus};
use nines_spec::{
    Expectation, ExpectedAlert, ExpectedBudget, ExpectedDecision, ExpectedPage, ExpectedState,
    GoalName, Lists, Percent,
};

use super::{Failure, describe};
use crate::{RehearsalError, SentMessage, Stage};

/// What is not as expected. `pages_seen` counts the messages that earlier expectations have looked at.
pub(super) fn compare(
    expected: &Expectation,
    stage: &mut Stage,
    now: Timestamp,
    pages_seen: &mut usize,
) -> Result<Vec<Failure>, RehearsalError> {
    stage.reach(expected.at)?;
    let mut decisions = Vec::new();
    for it in &expected.decisions {
        decisions.push((it, stage.ask_gate(&it.change, expected.at)?));
    }
    let look = Look { expected, stage, statuses: stage.statuses(now) };
    let mut failures = Vec::new();
    if let Some(alerts) = &expected.alerts {
        failures.extend(look.alerts(alerts));
    }
    if let Some(pages) = &expected.pages {
        failures.extend(look.pages(pages, pages_seen));
    }
    failures.extend(look.not_paged());
    failures.extend(expected.budgets.iter().filter_map(|it| look.budget(it)));
    failures.extend(expected.states.iter().filter_map(|it| look.state(it)));
    failures.extend(decisions.iter().filter_map(|(it, found)| look.decision(it, found)));
    Ok(failures)
}

/// One look at the stage.
struct Look<'a> {
    expected: &'a Expectation,
    stage: &'a Stage,
    statuses: Vec<SloStatus>,
}

/// An alert that fires.
struct Firing {
    key: AlertKey,
    labels: Labels,
    goal: Option<GoalName>,
}

impl Look<'_> {
    fn failure(&self, what: &'static str, place: String) -> Failure {
        let (expected, got, why) = (Vec::new(), Vec::new(), Vec::new());
        Failure { at: self.expected.at, what, place, expected, got, why }
    }

    fn alerts(&self, expected: &[ExpectedAlert]) -> Option<Failure> {
        let slos = &self.stage.setup().slos;
        let firing: Vec<Firing> = self.stage.read(|state| {
            let firing = state.firing().map(|(key, record)| {
                let labels = record.labels.clone();
                let goal = describe::goal_of(slos, &labels);
                Firing { key, labels, goal }
            });
            firing.collect()
        });
        let is_same = |wanted: &ExpectedAlert, it: &Firing| is_alert(wanted, it);
        if is_matched(expected, &firing, is_same, self.expected.lists) {
            return None;
        }
        let mut why: Vec<String> = Vec::new();
        for it in expected.iter().filter(|wanted| !firing.iter().any(|it| is_same(wanted, it))) {
            for (status, goal) in self.goals(&it.goal) {
                why.extend(describe::measured(status, goal));
            }
        }
        for it in firing.iter().filter(|it| !expected.iter().any(|wanted| is_same(wanted, it))) {
            why.extend(describe::chain(self.stage, it.key));
        }
        Some(Failure {
            expected: expected.iter().map(describe::expected_alert).collect(),
            got: firing.iter().map(|it| describe::alert(&it.labels, it.goal.as_ref())).collect(),
            why,
            ..self.failure("alerts", self.expected.origin.to_string())
        })
    }

    fn pages(&self, expected: &[ExpectedPage], seen: &mut usize) -> Option<Failure> {
        let pages: Vec<&SentMessage> = self.stage.sent().iter().filter(|it| it.is_page()).collect();
        let until = pages.partition_point(|it| it.at <= self.expected.at);
        let news = pages.get(*seen..until).unwrap_or_default();
        *seen = until.max(*seen);
        let is_same = |wanted: &ExpectedPage, it: &&SentMessage| is_page(wanted, it);
        if is_matched(expected, news, is_same, self.expected.lists) {
            return None;
        }
        let mut keys: Vec<AlertKey> = news.iter().map(|it| it.alert).collect();
        if keys.is_empty() {
            keys = self.stage.read(|state| state.firing().map(|(key, _)| key).collect());
        }
        keys.dedup();
        Some(Failure {
            expected: expected.iter().map(describe::expected_page).collect(),
            got: news.iter().map(|it| describe::page(it)).collect(),
            why: keys.into_iter().flat_map(|it| describe::chain(self.stage, it)).collect(),
            ..self.failure("pages", self.expected.origin.to_string())
        })
    }

    fn not_paged(&self) -> Option<Failure> {
        let pages = self.stage.sent().iter().filter(|it| it.is_page());
        let wrong: Vec<&SentMessage> =
            pages.filter(|it| self.expected.not_paged.contains(&it.person)).collect();
        let mut keys: Vec<AlertKey> = wrong.iter().map(|it| it.alert).collect();
        keys.dedup();
        (!wrong.is_empty()).then(|| Failure {
            got: wrong.iter().map(|it| describe::page(it)).collect(),
            why: keys.into_iter().flat_map(|it| describe::chain(self.stage, it)).collect(),
            ..self.failure("not_paged", self.expected.origin.to_string())
        })
    }

    fn budget(&self, expected: &ExpectedBudget) -> Option<Failure> {
        let (mut wanted, mut got, mut why) = (Vec::new(), Vec::new(), Vec::new());
        for (status, goal) in self.goals(&expected.goal) {
            let counts = goal.budget.counts;
            let numbers = [
                ("good", expected.good, counts.good()),
                ("total", expected.total, counts.total),
                ("bad", expected.bad, counts.bad),
            ];
            let mut differs = false;
            for (name, expected, found) in numbers {
                if let Some(expected) = expected.filter(|it| *it != found) {
                    wanted.push(format!("{name}: {expected}"));
                    got.push(format!("{name}: {found}"));
                    differs = true;
                }
            }
            if let Some(percent) = expected.remaining {
                let found = goal.remaining_billionths.map(|it| rounded(it, percent.digits));
                if found != Some(percent) {
                    wanted.push(format!("remaining: {}", describe::percent(percent)));
                    let found = found.map_or_else(|| "not known".to_owned(), describe::percent);
                    got.push(format!("remaining: {found}"));
                    differs = true;
                }
            }
            if differs {
                why.extend(describe::measured(status, goal));
            }
        }
        self.differing("budgets", expected.origin.to_string(), (wanted, got, why), &expected.goal)
    }

    fn state(&self, expected: &ExpectedState) -> Option<Failure> {
        let (mut wanted, mut got, mut why) = (Vec::new(), Vec::new(), Vec::new());
        let GoalName { objective, window, .. } = &expected.goal;
        let is_whole = objective.is_none() && window.is_none();
        for (status, goal) in self.goals(&expected.goal) {
            let found = if is_whole { status.state } else { goal.state };
            if found != expected.state {
                wanted.push(format!("state: {}", describe::state(expected.state)));
                got.push(format!("state: {}", describe::state(found)));
                why.extend(describe::measured(status, goal));
            }
        }
        wanted.dedup();
        got.dedup();
        self.differing("states", expected.origin.to_string(), (wanted, got, why), &expected.goal)
    }

    fn decision(&self, expected: &ExpectedDecision, found: &Decision) -> Option<Failure> {
        let parts = [
            ("gate", Some(expected.gate.to_string()), found.verdict.to_string()),
            ("level", expected.level.clone(), found.policy.level.clone()),
            ("cause", expected.cause.clone(), found.cause.to_string()),
        ];
        let differing = parts
            .into_iter()
            .filter(|(_, wanted, got)| wanted.as_ref().is_some_and(|wanted| wanted != got));
        let (mut wanted, mut got) = (Vec::new(), Vec::new());
        for (name, expected, found) in differing {
            wanted.push(format!("{name}: {}", expected.unwrap_or_default()));
            got.push(format!("{name}: {found}"));
        }
        let failure = self.failure("decisions", expected.origin.to_string());
        let why = describe::decision(found);
        (!wanted.is_empty()).then_some(Failure { expected: wanted, got, why, ..failure })
    }

    /// A failure if something differs, or if there is no such goal.
    fn differing(
        &self,
        what: &'static str,
        place: String,
        (expected, got, why): (Vec<String>, Vec<String>, Vec<String>),
        goal: &GoalName,
    ) -> Option<Failure> {
        if self.goals(goal).next().is_none() {
            let expected = vec![goal_text(goal)];
            let got = vec!["no such objective and window".to_owned()];
            return Some(Failure { expected, got, ..self.failure(what, place) });
        }
        let failure = self.failure(what, place);
        (!expected.is_empty()).then_some(Failure { expected, got, why, ..failure })
    }

    /// The goals that a name means: all that it does not rule out.
    fn goals<'s>(
        &'s self,
        name: &'s GoalName,
    ) -> impl Iterator<Item = (&'s SloStatus, &'s GoalStatus)> {
        let statuses = self.statuses.iter();
        let statuses =
            statuses.filter(|it| name.slo.as_ref().is_none_or(|slo| it.name.to_string() == *slo));
        let goals = statuses.flat_map(|status| status.goals.iter().map(move |it| (status, it)));
        goals.filter(|(_, it)| {
            name.objective.as_ref().is_none_or(|name| it.objective == *name)
                && name.window.as_ref().is_none_or(|window| it.window.to_string() == *window)
        })
    }
}

fn goal_text(goal: &GoalName) -> String {
    let parts = [&goal.slo, &goal.objective, &goal.window];
    parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
}

fn is_alert(expected: &ExpectedAlert, found: &Firing) -> bool {
    let ExpectedAlert { goal, labels, origin: _ } = expected;
    let is_goal = match &found.goal {
        Some(it) => {
            let agrees = |wanted: &Option<String>, found: &Option<String>| {
                wanted.is_none() || wanted == found
            };
            agrees(&goal.slo, &it.slo)
                && agrees(&goal.objective, &it.objective)
                && agrees(&goal.window, &it.window)
        }
        None => *goal == GoalName::default(),
    };
    is_goal && labels.iter().all(|(name, value)| found.labels.value(name) == value)
}

fn is_page(expected: &ExpectedPage, found: &SentMessage) -> bool {
    let ExpectedPage { person, channel, at, because, origin: _ } = expected;
    person.as_ref().is_none_or(|it| *it == found.person)
        && channel.as_ref().is_none_or(|it| *it == found.channel)
        && at.is_none_or(|it| it.as_second() == found.at.as_second())
        && because.as_ref().is_none_or(|it| found.text.contains(it.as_str()))
}

/// Whether each expected thing is another found one, and, where lists are exact, the other way round.
///
/// Expected things may be vague, so the first that fits may be wanted by a stricter one: paths are augmented.
/// Source: H. W. Kuhn, "The Hungarian method for the assignment problem" (1955), for weights of 0 and 1.
fn is_matched<E, F>(
    expected: &[E],
    found: &[F],
    is_same: impl Fn(&E, &F) -> bool,
    lists: Lists,
) -> bool {
    let fits = match lists {
        Lists::Exact => expected.len() == found.len(),
        Lists::Contained => expected.len() <= found.len(),
    };
    if !fits {
        return false;
    }
    let mut taken_by: Vec<Option<usize>> = vec![None; found.len()];
    (0..expected.len()).all(|it| {
        let mut visited = vec![false; found.len()];
        augment(it, expected, found, &is_same, (&mut taken_by, &mut visited))
    })
}

fn augment<E, F>(
    wanted: usize,
    expected: &[E],
    found: &[F],
    is_same: &impl Fn(&E, &F) -> bool,
    (taken_by, visited): (&mut Vec<Option<usize>>, &mut Vec<bool>),
) -> bool {
    for index in 0..found.len() {
        if visited[index] || !is_same(&expected[wanted], &found[index]) {
            continue;
        }
        visited[index] = true;
        let is_free = match taken_by[index] {
            None => true,
            Some(other) => augment(other, expected, found, is_same, (taken_by, visited)),
        };
        if is_free {
            taken_by[index] = Some(wanted);
            return true;
        }
    }
    false
}

/// A share in billionths as a percentage with so many digits; half away from zero.
fn rounded(billionths: i128, digits: u32) -> Percent {
    let unit = 10_i128.pow(7_u32.saturating_sub(digits));
    let half = if billionths < 0 { -(unit / 2) } else { unit / 2 };
    let value = i64::try_from((billionths + half) / unit).unwrap_or(i64::MAX);
    Percent { value, digits }
}
