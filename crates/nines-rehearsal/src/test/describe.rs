//! What is there, and what was expected, in the words of a test file.

use nines_alert::AlertKey;
use nines_base::{Labels, format_duration};
use nines_engine::{SLO_ALERT, burn_key, why};
use nines_release::Decision;
use nines_slo::{GoalStatus, Slo, SloState, SloStatus};
use nines_spec::{ExpectedAlert, ExpectedPage, GoalName, Percent};

use crate::{SentMessage, Stage};

/// A chain says no more than this.
const LINES_MAX: usize = 40;

/// `{slo: checkout/availability, severity: page, window: 28d}`
fn braces(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, it)| format!("{name}: {it}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// The goal of a burn alert, as a test would name it.
pub(super) fn goal_of(slos: &[Slo], labels: &Labels) -> Option<GoalName> {
    let key = burn_key(slos, labels).filter(|_| labels.value("alertname") == SLO_ALERT)?;
    Some(GoalName {
        slo: Some(key.slo.to_string()),
        objective: Some(key.objective),
        window: Some(key.window),
    })
}

pub(super) fn alert(labels: &Labels, goal: Option<&GoalName>) -> String {
    let mut pairs = Vec::new();
    match goal {
        Some(goal) => {
            pairs.extend(goal_pairs(goal));
            pairs.push(("severity", labels.value("severity").to_owned()));
        }
        None => pairs.extend(labels.iter().map(|(name, it)| (name, it.to_owned()))),
    }
    braces(&pairs)
}

fn goal_pairs(goal: &GoalName) -> Vec<(&'static str, String)> {
    let parts = [("slo", &goal.slo), ("objective", &goal.objective), ("window", &goal.window)];
    parts.into_iter().filter_map(|(name, it)| Some((name, it.clone()?))).collect()
}

pub(super) fn expected_alert(it: &ExpectedAlert) -> String {
    let mut pairs = goal_pairs(&it.goal);
    let labels: Vec<(String, String)> =
        it.labels.iter().map(|(name, it)| (name.to_owned(), it.to_owned())).collect();
    pairs.retain(|(_, it)| !it.is_empty());
    let mut all: Vec<(&str, String)> = pairs;
    all.extend(labels.iter().map(|(name, it)| (name.as_str(), it.clone())));
    braces(&all)
}

pub(super) fn page(it: &SentMessage) -> String {
    braces(&[
        ("person", it.person.clone()),
        ("channel", it.channel.clone()),
        ("at", it.at.to_string()),
    ])
}

pub(super) fn expected_page(it: &ExpectedPage) -> String {
    let parts = [
        ("person", it.person.clone()),
        ("channel", it.channel.clone()),
        ("at", it.at.map(|it| it.to_string())),
        ("because", it.because.clone()),
    ];
    let parts: Vec<(&str, String)> =
        parts.into_iter().filter_map(|(name, it)| Some((name, it?))).collect();
    braces(&parts)
}

/// `96.03%`
pub(super) fn percent(it: Percent) -> String {
    let unit = 10_u64.pow(it.digits.min(7));
    let (sign, value) = (if it.value < 0 { "-" } else { "" }, it.value.unsigned_abs());
    match usize::try_from(it.digits).unwrap_or(0) {
        0 => format!("{sign}{value}%"),
        digits => format!("{sign}{}.{:0digits$}%", value / unit, value % unit),
    }
}

pub(super) fn state(it: SloState) -> &'static str {
    match it {
        SloState::Fine => "fine",
        SloState::Ticket => "ticket",
        SloState::Page => "page",
        SloState::Spent => "spent",
        SloState::NoData => "no data",
        SloState::NoEvents => "no events",
    }
}

/// Why a goal burns or does not: its counts against every pair.
pub(super) fn measured(status: &SloStatus, goal: &GoalStatus) -> Vec<String> {
    let counts = goal.budget.counts;
    let mut lines = vec![format!(
        "{} {} over {}: {} bad of {}, {} allowed, {:.2}% left, {:.0}% known, {}",
        status.name,
        goal.target,
        goal.window,
        counts.bad,
        counts.total,
        goal.allowed.whole_events(),
        goal.remaining_ratio * 100.0,
        goal.budget.coverage_ratio() * 100.0,
        state(goal.state),
    )];
    for it in &goal.burns {
        let (long, short) = (it.long.counts, it.short.counts);
        let verdict = match (it.holds, it.is_held_back) {
            (true, _) => "holds",
            (false, true) => "held back: so few may be bad by luck",
            (false, false) => "does not hold",
        };
        lines.push(format!(
            "{} {}: {} burns {:.1}× ({} bad of {}), {} burns {:.1}× ({} bad of {}); {verdict}",
            it.pair.severity,
            it.pair.factor,
            format_duration(it.pair.long),
            it.burn_long,
            long.bad,
            long.total,
            format_duration(it.pair.short),
            it.burn_short,
            short.bad,
            short.total,
        ));
    }
    lines
}

/// Why a gate said what it said.
pub(super) fn decision(it: &Decision) -> Vec<String> {
    let policy = &it.policy;
    let head = format!(
        "{} by policy {} ({}), level {}",
        it.verdict, policy.name, policy.origin, policy.level
    );
    let checks = it
        .checks
        .iter()
        .map(|it| format!("{} {}: {}, needs {}", it.result, it.name, it.have, it.need));
    std::iter::once(head).chain(checks).collect()
}

/// The chain of an alert, from samples to people.
pub(super) fn chain(stage: &Stage, key: AlertKey) -> Vec<String> {
    let Some(chain) = stage.read(|state| why::why(state, key)) else { return Vec::new() };
    let link = |it: &why::Link| match it.at {
        Some(at) => format!("{:<9} {at}  {}", it.part, it.text),
        None => format!("{:<9} {}", it.part, it.text),
    };
    let lines = std::iter::once(chain.title.clone()).chain(chain.links.iter().map(link));
    lines.take(LINES_MAX).collect()
}
