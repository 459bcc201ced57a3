//! How SLOs stand, as pages, API and metrics show it: every budget with the counts that it was made from.

use jiff::Timestamp;
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, format_duration};
use nines_slo::{
    Allowed, Basis, Counts, Decimal, Goal, GoalStatus, Method, Permitted, PromqlQueries, Severity,
    SliKind, Slo, SloName, SloState, SloStatus, Standing, Suspect, Tracker, Window,
};
use serde::Serialize;

use crate::app::Shared;
use crate::text;

/// One SLO as it stands. The first of its budgets is shown where there is room for one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SloView {
    pub(crate) slo: SloName,
    pub(crate) service: String,
    /// In one word, that of the worst budget.
    pub(crate) state: String,
    /// `counter`, `histogram`, `boolean`, `slices`, `promql`, `composite`.
    pub(crate) sli: &'static str,
    /// `occurrences`, `timeslices`, `ratio_timeslices`.
    pub(crate) method: &'static str,
    /// What is read, as PromQL, or other SLOs.
    pub(crate) reads: Vec<String>,
    pub(crate) labels: Labels,
    pub(crate) owner: Option<String>,
    pub(crate) runbook: Option<String>,
    pub(crate) origin: String,
    pub(crate) last_sample: Option<Timestamp>,
    pub(crate) problem: Option<String>,
    #[serde(flatten)]
    pub(crate) primary: BudgetView,
    /// Every budget, in the order of the file.
    pub(crate) goals: Vec<GoalView>,
}

/// How one group of an SLO stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GroupView {
    /// The values that make the group; `~other` for those beyond the limit.
    pub(crate) labels: Labels,
    pub(crate) state: String,
    pub(crate) last_sample: Option<Timestamp>,
    pub(crate) goals: Vec<GoalView>,
}

/// One budget, and how it stands in one word.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GoalView {
    pub(crate) state: String,
    #[serde(flatten)]
    pub(crate) budget: BudgetView,
}

/// One error budget: an objective over a window.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BudgetView {
    /// The share that must be good: `99.95%`.
    pub(crate) objective: String,
    /// What the objective is called, such as `slo` or `sla`.
    pub(crate) objective_name: String,
    pub(crate) window: String,
    /// `rolling` or `calendar`.
    pub(crate) window_kind: &'static str,
    /// What was promised when, oldest first.
    pub(crate) versions: Vec<VersionView>,
    /// The window itself; of a calendar window the end lies ahead.
    pub(crate) period_from: Timestamp,
    pub(crate) period_to: Timestamp,
    /// Good share over the window; absent without events.
    pub(crate) now_ratio: Option<f64>,
    pub(crate) now: String,
    /// What is left, exact to billionths: 1 is untouched, 0 is spent, negative is overspent. Absent when unknown.
    pub(crate) remaining: Option<String>,
    /// The same, rounded, for charts.
    pub(crate) remaining_ratio: f64,
    /// What the ratio was made from.
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) total: u64,
    /// Bad events that the objective permits for the total, exact.
    pub(crate) allowed: String,
    /// The same by the versions of the objective that were in force in the window.
    pub(crate) parts: Vec<PartView>,
    /// Whether the counts are those that were sent, neither estimated nor rounded on the way.
    pub(crate) exact: bool,
    pub(crate) coverage_ratio: f64,
    /// The budget of the events seen so far, and that of the whole window.
    pub(crate) bases: BasesView,
    /// The counts as they came, where exclusions or corrections lie over them.
    pub(crate) before_exclusions: Option<CountsView>,
    /// The names of the exclusions and corrections that hold in some part of the window.
    pub(crate) exclusions: Vec<String>,
    /// The exclusion that silences burn alerts now.
    pub(crate) muted_by: Option<String>,
    pub(crate) burns: Vec<BurnView>,
    pub(crate) exhausts_in_seconds: Option<i64>,
    /// The same with the errors of the worst and of the best quarter of the rate's window.
    pub(crate) exhausts_earliest_seconds: Option<i64>,
    pub(crate) exhausts_latest_seconds: Option<i64>,
    /// The window whose rate goes on in `exhausts_in_seconds`.
    pub(crate) rate_window: String,
    pub(crate) empty_in: String,
}

/// A part of a window under one version of the objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PartView {
    pub(crate) objective: String,
    /// Absent for as long as anybody knows.
    pub(crate) effective: Option<Timestamp>,
    pub(crate) total: u64,
    pub(crate) allowed: String,
}

/// A budget on both bases; the bad events are the same on each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct BasesView {
    pub(crate) seen: StandingView,
    pub(crate) whole: StandingView,
}

/// A budget on one basis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StandingView {
    pub(crate) total: u64,
    pub(crate) allowed: String,
    pub(crate) remaining: Option<String>,
    pub(crate) remaining_ratio: f64,
}

/// Events of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct CountsView {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) total: u64,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        Self { good: counts.good(), bad: counts.bad, total: counts.total }
    }
}

/// An objective, and since when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct VersionView {
    /// Absent for as long as anybody knows.
    pub(crate) effective: Option<Timestamp>,
    pub(crate) objective: String,
}

/// One pair of windows.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BurnView {
    pub(crate) severity: String,
    pub(crate) long: String,
    pub(crate) short: String,
    pub(crate) limit: String,
    pub(crate) long_burn: f64,
    pub(crate) short_burn: f64,
    pub(crate) long_bad: u64,
    pub(crate) long_total: u64,
    pub(crate) short_bad: u64,
    pub(crate) short_total: u64,
    pub(crate) holds: bool,
    /// Both windows burn too fast, but so few events may be bad by luck.
    pub(crate) held_back: bool,
}

impl SloView {
    /// Whether it has several objectives or windows.
    pub(crate) fn has_several(&self) -> bool {
        1 < self.goals.len()
    }
}

impl BudgetView {
    /// `slo 99.95% over 28d`, or without the name where nobody gave one.
    pub(crate) fn title(&self) -> String {
        let promise = format!("{} over {}", self.objective, self.window);
        match self.objective_name.as_str() {
            Goal::OBJECTIVE => promise,
            name => format!("{name} {promise}"),
        }
    }

    /// The permitted bad events in tenths: `936.0`.
    pub(crate) fn allowed_tenths(&self) -> String {
        let (whole, decimals) = self.allowed.split_once('.').unwrap_or((&self.allowed, "0"));
        format!("{whole}.{}", decimals.chars().next().unwrap_or('0'))
    }
}

/// The word for how an SLO stands; `fine` says nothing is wrong. Whoever must act now comes first: a page hides
/// `spent`.
pub(crate) fn state_word(status: &SloStatus) -> &'static str {
    word(status.state, status.firing)
}

fn word(state: SloState, firing: Option<Severity>) -> &'static str {
    match state {
        _ if firing == Some(Severity::Page) => "page",
        SloState::Fine => "fine",
        SloState::Ticket => "ticket",
        SloState::Page => "page",
        SloState::Spent => "spent",
        SloState::NoData => "no data",
        SloState::NoEvents => "no events",
    }
}

/// The words for states, worst first.
pub(crate) const STATES: [&str; 6] = ["page", "spent", "ticket", "no data", "no events", "fine"];

fn rank(state: &str) -> usize {
    STATES.iter().position(|it| *it == state).unwrap_or(STATES.len())
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SloOrder {
    /// Worst first, then by budget.
    #[default]
    State,
    /// The emptiest budget first.
    Budget,
    /// The fastest burn first.
    Burn,
    /// Whose budget is gone first.
    Exhaustion,
    /// By service and name.
    Name,
}

impl SloOrder {
    /// The words of the API.
    pub(crate) const WORDS: [(&'static str, Self); 5] = [
        ("state", Self::State),
        ("budget", Self::Budget),
        ("burn", Self::Burn),
        ("empty", Self::Exhaustion),
        ("name", Self::Name),
    ];

    pub(crate) fn sort(self, views: &mut [SloView]) {
        let left = |it: &SloView| {
            it.goals.iter().map(|it| it.budget.remaining_ratio).fold(f64::INFINITY, f64::min)
        };
        let burn = |it: &SloView| {
            let burns = it.goals.iter().flat_map(|it| &it.budget.burns);
            burns.map(|it| it.long_burn).fold(0.0, f64::max)
        };
        let empty = |it: &SloView| {
            let seconds = it.goals.iter().filter_map(|it| it.budget.exhausts_in_seconds);
            seconds.min().unwrap_or(i64::MAX)
        };
        views.sort_by(|a, b| {
            let first = match self {
                Self::State => {
                    rank(&a.state).cmp(&rank(&b.state)).then(left(a).total_cmp(&left(b)))
                }
                Self::Budget => left(a).total_cmp(&left(b)),
                Self::Burn => burn(b).total_cmp(&burn(a)),
                Self::Exhaustion => empty(a).cmp(&empty(b)),
                Self::Name => a.slo.cmp(&b.slo),
            };
            first.then_with(|| a.slo.cmp(&b.slo))
        });
    }
}

impl Shared {
    /// Every SLO, worst first, then by budget.
    pub(crate) fn slo_views(&self) -> Vec<SloView> {
        let tracker = self.metrics.tracker();
        let statuses = tracker.statuses(self.clock.now());
        // Both are by name.
        let mut views: Vec<SloView> = statuses
            .iter()
            .zip(tracker.slos())
            .map(|(it, slo)| slo_view(it, slo, &tracker))
            .collect();
        drop(tracker);
        SloOrder::default().sort(&mut views);
        views
    }

    /// One SLO.
    pub(crate) fn slo_view(&self, name: &SloName) -> Option<SloView> {
        slo_view_at(&self.metrics.tracker(), name, self.clock.now())
    }
}

/// The most groups of one answer.
const GROUPS_MAX: usize = 1_000;

/// The groups of an SLO, worst first.
pub(crate) fn group_views(tracker: &Tracker, slo: &Slo, at: Timestamp) -> Vec<GroupView> {
    let groups = tracker.groups(&slo.name, at);
    let view = |it: nines_slo::GroupStatus| GroupView {
        state: word(it.state, it.goals.iter().filter_map(|it| it.firing).min()).to_owned(),
        goals: it.goals.iter().zip(&slo.goals).map(|(it, goal)| goal_view(it, goal)).collect(),
        labels: it.labels,
        last_sample: it.last_sample,
    };
    let mut views: Vec<GroupView> = groups.into_iter().map(view).collect();
    let left = |it: &GroupView| {
        it.goals.iter().map(|it| it.budget.remaining_ratio).fold(f64::INFINITY, f64::min)
    };
    views.sort_by(|a, b| {
        let by_state = rank(&a.state).cmp(&rank(&b.state));
        by_state.then(left(a).total_cmp(&left(b))).then_with(|| a.labels.cmp(&b.labels))
    });
    views.truncate(GROUPS_MAX);
    views
}

/// One SLO of a tracker, at an instant.
pub(crate) fn slo_view_at(tracker: &Tracker, name: &SloName, at: Timestamp) -> Option<SloView> {
    let status = tracker.status(name, at)?;
    let slo = tracker.slos().find(|it| it.name == *name)?;
    Some(slo_view(&status, slo, tracker))
}

fn slo_view(status: &SloStatus, slo: &Slo, tracker: &Tracker) -> SloView {
    let goals: Vec<GoalView> =
        status.goals.iter().zip(&slo.goals).map(|(it, goal)| goal_view(it, goal)).collect();
    SloView {
        slo: status.name.clone(),
        service: status.name.service.clone(),
        state: state_word(status).to_owned(),
        sli: sli_word(&slo.sli.kind),
        method: match slo.method {
            Method::Occurrences => "occurrences",
            Method::Timeslices { .. } => "timeslices",
            Method::RatioTimeslices { .. } => "ratio_timeslices",
        },
        reads: reads(slo, &tracker.selectors(&slo.name)),
        labels: slo.labels.clone(),
        owner: slo.owner.clone(),
        runbook: slo.runbook.clone(),
        origin: slo.origin.to_string(),
        last_sample: status.last_sample,
        problem: status.suspect.as_ref().map(problem),
        primary: budget_view(status.primary(), slo.primary()),
        goals,
    }
}

fn sli_word(kind: &SliKind) -> &'static str {
    match kind {
        SliKind::Counter(_) => "counter",
        SliKind::Histogram(_) => "histogram",
        SliKind::Boolean(_) => "boolean",
        SliKind::Slices(_) => "slices",
        SliKind::Promql(_) => "promql",
        SliKind::Composite(_) => "composite",
    }
}

/// What an SLO reads, as people would ask for it.
pub(crate) fn reads(slo: &Slo, selectors: &[Vec<Matcher>]) -> Vec<String> {
    match &slo.sli.kind {
        SliKind::Promql(it) => match &it.queries {
            PromqlQueries::Events { good, total } => vec![good.clone(), total.clone()],
            PromqlQueries::Ratio(query) | PromqlQueries::Value { query, .. } => vec![query.clone()],
        },
        SliKind::Composite(it) => it.members.iter().map(|it| it.slo.to_string()).collect(),
        SliKind::Counter(_) | SliKind::Histogram(_) | SliKind::Boolean(_) | SliKind::Slices(_) => {
            selectors.iter().map(|it| selector_text(it)).collect()
        }
    }
}

/// `http_requests_total{job="api"}`.
pub(crate) fn selector_text(matchers: &[Matcher]) -> String {
    let is_name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
    let name = matchers.iter().find(is_name).map_or("", Matcher::value);
    let rest = matchers.iter().filter(|it| !is_name(it)).map(ToString::to_string);
    let rest: Vec<String> = rest.collect();
    if rest.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", rest.join(",")) }
}

fn goal_view(status: &GoalStatus, goal: &Goal) -> GoalView {
    let state = word(status.state, status.firing).to_owned();
    GoalView { state, budget: budget_view(status, goal) }
}

fn budget_view(status: &GoalStatus, goal: &Goal) -> BudgetView {
    let counts = status.budget.counts;
    let burns = status.burns.iter().map(|it| BurnView {
        severity: it.pair.severity.to_string(),
        long: format_duration(it.pair.long),
        short: format_duration(it.pair.short),
        limit: it.pair.factor.to_string(),
        long_burn: round(it.burn_long),
        short_burn: round(it.burn_short),
        long_bad: it.long.counts.bad,
        long_total: it.long.counts.total,
        short_bad: it.short.counts.bad,
        short_total: it.short.counts.total,
        holds: it.holds,
        held_back: it.is_held_back,
    });
    let empty_in = match (status.exhausts_in, status.remaining_ratio <= 0.0) {
        (_, true) => "—".to_owned(),
        (Some(it), _) => text::duration(it),
        (None, _) => format!("> {}", format_duration(status.window.nominal())),
    };
    let now_ratio = counts.good_ratio();
    BudgetView {
        objective: status.target.to_string(),
        objective_name: status.objective.clone(),
        window: status.window.to_string(),
        window_kind: match status.window {
            Window::Rolling(_) => "rolling",
            Window::Calendar(_) => "calendar",
        },
        versions: goal.versions.iter().map(version_view).collect(),
        now_ratio: now_ratio.map(round),
        now: now_ratio.map_or_else(|| "—".to_owned(), |it| text::ratio_beside(it, status.target)),
        remaining: status.remaining_billionths.map(decimal),
        period_from: status.bounds.from,
        period_to: status.bounds.to,
        remaining_ratio: round(status.remaining_ratio),
        from: status.budget.from,
        to: status.budget.to,
        good: counts.good(),
        bad: counts.bad,
        total: counts.total,
        allowed: allowed(status.allowed),
        parts: status.permitted.iter().map(part_view).collect(),
        exact: status.is_exact,
        bases: BasesView {
            seen: standing_view(&status.on(Basis::Seen)),
            whole: standing_view(&status.on(Basis::Whole)),
        },
        before_exclusions: (!status.overlays.is_empty()).then(|| status.raw.counts.into()),
        exclusions: status.overlays.clone(),
        muted_by: status.muted_by.clone(),
        coverage_ratio: round(status.budget.coverage_ratio()),
        burns: burns.collect(),
        exhausts_in_seconds: status.exhausts_in.map(|it| it.as_secs()),
        exhausts_earliest_seconds: status.exhausts_earliest.map(|it| it.as_secs()),
        exhausts_latest_seconds: status.exhausts_latest.map(|it| it.as_secs()),
        rate_window: format_duration(status.rate_window),
        empty_in,
    }
}

fn version_view(version: &nines_slo::ObjectiveVersion) -> VersionView {
    let effective = Some(version.effective).filter(|it| *it != Timestamp::MIN);
    VersionView { effective, objective: version.target.to_string() }
}

fn part_view(part: &Permitted) -> PartView {
    PartView {
        objective: part.target.to_string(),
        effective: Some(part.effective).filter(|it| *it != Timestamp::MIN),
        total: part.total,
        allowed: allowed(part.allowed()),
    }
}

fn standing_view(standing: &Standing) -> StandingView {
    StandingView {
        total: standing.total,
        allowed: allowed(standing.allowed),
        remaining: standing.remaining_billionths.map(decimal),
        remaining_ratio: round(standing.remaining_ratio),
    }
}

fn decimal(billionths: i128) -> String {
    Decimal { billionths }.to_string()
}

fn allowed(allowed: Allowed) -> String {
    decimal(i128::try_from(allowed.numerator).unwrap_or(i128::MAX))
}

/// Why the numbers should not be believed, in words.
fn problem(suspect: &Suspect) -> String {
    match suspect {
        Suspect::PartExceedsTotal { total, part } => {
            format!("{part} good or bad events of {total}: the selectors do not fit together")
        }
        Suspect::GoodNeverSeen => "the series of the good events was never seen".to_owned(),
        Suspect::NoSuchBucket { below, nearest } => {
            let bounds: Vec<String> = nearest.iter().map(ToString::to_string).collect();
            format!("{below} is no bucket bound; the nearest are {}", bounds.join(" and "))
        }
        Suspect::TooManySeries { limit } => {
            format!("more than {limit} series; the rest is not counted")
        }
        _ => "the numbers contradict each other".to_owned(),
    }
}

/// To millionths, for people.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
