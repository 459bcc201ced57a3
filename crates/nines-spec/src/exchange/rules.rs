//! Objectives as rules of Prometheus.
//!
//! Counts are recorded once a step and summed for every window, so that long windows weigh events and no ratio is
//! ever averaged. A threshold is the exact product of factor and permitted share, as decimal text: a quotient of
//! whole numbers rounds to the same side of it, so an alert fires in the minutes in which our own `mode: prometheus`
//! fires. Source of the windows: *The Site Reliability Workbook* (Google, 2018), chapter 5.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use nines_base::format_duration;
use nines_slo::{
    AlertMode, AlertOn, BooleanRule, BurnFactor, BurnPair, Goal, Guard, Method, NoData, NoTraffic,
    Objective, Severity, SliKind, Slo, Window,
};

use super::expression::{Gap, Grain, Step, TOTAL, Unit};
use super::loss::{Export, Losses};
use super::yaml::{Map, Yaml};

/// The most rules of one SLO; beyond it the rest of its budgets is a loss.
pub const RULES_PER_SLO_MAX: usize = 17;

/// Budgets of whole windows are evaluated so rarely.
const BUDGET_STEP: SignedDuration = SignedDuration::from_mins(5);
/// A range ends so much short of the window, so that Prometheus 2, which counts its left edge, and Prometheus 3,
/// which does not, find the same steps in it.
const EDGE: SignedDuration = SignedDuration::from_secs(1);

/// How rules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleOptions {
    /// How often counts are recorded and alerts judged; SLIs with slices have steps of their own.
    pub step: SignedDuration,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self { step: SignedDuration::from_mins(1) }
    }
}

/// A rule file with all these SLOs, by name, and what it cannot say.
pub fn export_rules(slos: &[Slo], options: RuleOptions) -> Export {
    let mut slos: Vec<&Slo> = slos.iter().collect();
    slos.sort_by(|one, other| one.name.cmp(&other.name));
    let mut losses = Losses::default();
    let groups: Vec<Yaml> =
        slos.iter().flat_map(|slo| Rules::new(slo, options, &mut losses).groups()).collect();
    let losses = losses.into_list();
    let mut text = header(&losses);
    text.push_str(&Map::default().with("groups", Yaml::List(groups)).lines().document());
    Export { text, losses }
}

/// The comment before the rules: what they do not say, each thing once, with those that it concerns.
fn header(losses: &[super::Loss]) -> String {
    const NAMED_MAX: usize = 4;
    let mut out = String::from(
        "# Written by `nines export prometheus-rules`; changes are lost at the next export.\n\
         # Counts are recorded each step and summed over windows. Rules judge whatever data exist.\n",
    );
    if losses.is_empty() {
        return out;
    }
    out.push_str("# What rules cannot say:\n");
    let mut by_text: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for it in losses {
        by_text.entry((&it.what, &it.why, &it.instead)).or_default().push(&it.subject);
    }
    for ((what, why, instead), subjects) in by_text {
        let named = subjects.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = match subjects.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        out.push_str(&format!("#   {what} ({named}{more}): {why}; {instead}\n"));
    }
    out
}

/// The rules of one SLO while they are made.
struct Rules<'a> {
    slo: &'a Slo,
    step: SignedDuration,
    by: &'a [String],
    losses: &'a mut Losses,
}

impl<'a> Rules<'a> {
    fn new(slo: &'a Slo, options: RuleOptions, losses: &'a mut Losses) -> Self {
        let by: &[String] = match &slo.grouping {
            Some(it) if it.alert_on != AlertOn::Total => &it.by,
            _ => &[],
        };
        Self { slo, step: width(slo).unwrap_or(options.step), by, losses }
    }

    fn lose(&mut self, gap: Gap) {
        let subject = self.slo.name.to_string();
        self.losses.add(&subject, &self.slo.origin, gap.what, gap.why, gap.instead);
    }

    /// One group for counts and alerts, one for budgets, which are slow and need not be fresh.
    fn groups(mut self) -> Vec<Yaml> {
        let grain = Grain { by: self.by, width: self.step };
        let step = match grain.step(&self.slo.sli.kind) {
            Ok(step) => step,
            Err(gap) => {
                self.lose(gap);
                return Vec::new();
            }
        };
        self.report_gaps();
        let (mut series, mut counts) = self.counts(&step);
        counts.extend(self.shares(&mut series, counts.len()));
        let mut budgets = Vec::new();
        let several = self.slo.goals.len() > 1;
        for goal in &self.slo.goals {
            let labels = GoalLabels { goal, several };
            let alerts = self.alerts(&series, labels);
            let budget = self.budget(&series, labels);
            if RULES_PER_SLO_MAX < counts.len() + budgets.len() + alerts.len() + budget.len() {
                self.lose(Gap {
                    what: "some of the budgets",
                    why: "an SLO gets at most 17 rules",
                    instead: "split its objectives into several SLOs",
                });
                break;
            }
            counts.extend(alerts);
            budgets.extend(budget);
        }
        let slow = self.step.max(BUDGET_STEP);
        let mut groups = vec![group(&self.slo.name.to_string(), self.step, counts)];
        if !budgets.is_empty() {
            groups.push(group(&format!("{} budget", self.slo.name), slow, budgets));
        }
        groups
    }

    /// The two series that everything else is made from, and the rules that record them.
    fn counts(&mut self, step: &Step) -> (Series, Vec<Yaml>) {
        let step_text = format_duration(self.step);
        let selector = self.selector();
        let name = |unit: Unit, what: &str| match unit {
            Unit::Event => format!("slo:{what}_events:increase{step_text}"),
            Unit::Slice => format!("slo:{what}_slices:count{step_text}"),
        };
        let mut rules = Vec::new();
        let mut record = |unit: Unit, total: &str, bad: &str| {
            let names = [name(unit, "total"), name(unit, "bad")];
            let total_series = format!("{}{selector}", names[0]);
            for (name, expression) in names.iter().zip([total, bad]) {
                let expression = expression.replace(TOTAL, &total_series);
                rules.push(self.recording(name, &expression, Map::default()));
            }
            names.map(|it| format!("{it}{selector}"))
        };
        let [mut total, mut bad] = record(step.unit, &step.total, &step.bad);
        if step.unit == Unit::Event
            && let Some((slice_total, slice_bad)) = self.of_slices(&total, &bad)
        {
            [total, bad] = record(Unit::Slice, &slice_total, &slice_bad);
        }
        (Series { total, bad, recorded: BTreeMap::new() }, rules)
    }

    /// The bad share of every window, if there is room; alerts are shorter with them, and people can draw them.
    fn shares(&self, series: &mut Series, counts: usize) -> Vec<Yaml> {
        let pairs = self.slo.goals.iter().flat_map(|it| &it.alerting.pairs);
        let windows: BTreeSet<SignedDuration> = pairs.flat_map(|it| [it.short, it.long]).collect();
        let others = self.slo.goals.iter().map(|it| kinds(it).len() + 2).sum::<usize>();
        if RULES_PER_SLO_MAX < counts + others + windows.len() {
            return Vec::new();
        }
        let mut rules = Vec::new();
        for window in windows {
            let name = format!("slo:bad_share:ratio{}", format_duration(window));
            rules.push(self.recording(&name, &series.share(window), Map::default()));
            series.recorded.insert(window, format!("{name}{}", self.selector()));
        }
        rules
    }

    /// Slices from the events in them, where the method counts slices.
    fn of_slices(&self, total: &str, bad: &str) -> Option<(String, String)> {
        let share = match self.slo.method {
            Method::Occurrences => return None,
            Method::Timeslices { slice_target, .. } => {
                // Without a target a slice is good when all of it is.
                let permitted = slice_target.map_or(0, Objective::allowed);
                format!("{bad} / {total} > bool {}", product(permitted, BurnFactor::ONE))
            }
            Method::RatioTimeslices { .. } => format!("{bad} / ({total} > 0) or {total} * 0"),
        };
        let (all, share) = match self.slo.sli.data.no_traffic {
            NoTraffic::Good => (total.to_owned(), share),
            NoTraffic::Bad => (total.to_owned(), format!("({total} == bool 0) > 0 or {share}")),
            NoTraffic::Ignore => (format!("({total} > 0)"), format!("({share}) and {total} > 0")),
        };
        Some((format!("{all} * 0 + 1"), share))
    }

    /// What counts as a slice cannot be told apart from what is missing.
    fn report_gaps(&mut self) {
        let slo = self.slo;
        let data = slo.sli.data;
        let gaps = [
            (
                slo.goals.iter().any(|it| it.alerting.mode == AlertMode::Safe),
                Gap {
                    what: "mode: safe",
                    why: "rules take whatever data exist for the whole window and know no `recovering`",
                    instead: "a young SLO may alert early, and alerts end later",
                },
            ),
            (
                slo.goals.iter().any(|it| {
                    it.alerting.mode == AlertMode::Safe && it.alerting.guard != Guard::Off
                }),
                Gap {
                    what: "the low-traffic guard",
                    why: "rules cannot weigh luck",
                    instead: "one failure in a quiet hour may page",
                },
            ),
            (
                slo.goals.iter().any(|it| it.versions.len() > 1),
                Gap {
                    what: "earlier objectives",
                    why: "a rule has one threshold",
                    instead: "the latest objective holds for the whole window",
                },
            ),
            (
                slo.goals.iter().any(|it| matches!(it.window, Window::Calendar(_))),
                Gap {
                    what: "budgets of calendar windows",
                    why: "a range has a fixed length and no time zone",
                    instead: "their burn alerts are exported, their budgets are not",
                },
            ),
            (
                data.no_data != NoData::Ignore,
                Gap {
                    what: "no_data",
                    why: "a rule records nothing where nothing is",
                    instead: "time without data does not count",
                },
            ),
            (
                slo.grouping.as_ref().is_some_and(|it| it.alert_on != AlertOn::Total),
                Gap {
                    what: "the limit of groups",
                    why: "rules make a series for every group",
                    instead: "watch the number of series",
                },
            ),
            (
                slo.goals.iter().any(|it| it.alerting.escalation.is_some()),
                Gap {
                    what: "escalations",
                    why: "rules name nobody",
                    instead: "route by the labels `service`, `slo` and `severity`",
                },
            ),
            (
                true,
                Gap {
                    what: "exclusions, corrections and late samples",
                    why: "recorded counts are never changed",
                    instead: "ask nines for the budget that counts",
                },
            ),
        ];
        for (_, gap) in gaps.into_iter().filter(|(holds, _)| *holds) {
            self.lose(gap);
        }
    }

    fn alerts(&mut self, series: &Series, labels: GoalLabels<'_>) -> Vec<Yaml> {
        let mut rules = Vec::new();
        for ((severity, hold), pairs) in kinds(labels.goal) {
            let allowed = labels.goal.latest().allowed();
            let conditions = pairs.iter().map(|it| series.burns(it, allowed));
            let conditions: Vec<String> = conditions.collect();
            let windows: Vec<String> = pairs.iter().map(|it| format_duration(it.long)).collect();
            let own = Map::default().with("severity", Yaml::text(severity.to_string()));
            let summary = format!(
                "{} spends its error budget: {{{{ $value | humanizePercentage }}}} are bad ({}, objective {} over {})",
                self.slo.name,
                windows.join(" or "),
                labels.goal.latest(),
                labels.goal.window,
            );
            let annotations = Map::default()
                .with("summary", Yaml::text(summary))
                .with_maybe("runbook", self.slo.runbook.as_ref().map(Yaml::text));
            let rule = Map::default()
                .with("alert", Yaml::text("SLOBurn"))
                .with("expr", Yaml::text(conditions.join("\nor\n")))
                .with_maybe("for", (!hold.is_zero()).then(|| Yaml::plain(format_duration(hold))))
                .with("labels", self.labels(labels.put(own)))
                .with("annotations", annotations.lines());
            rules.push(rule.lines());
        }
        rules
    }

    fn budget(&mut self, series: &Series, labels: GoalLabels<'_>) -> Vec<Yaml> {
        let target = product(labels.goal.latest().promised(), BurnFactor::ONE);
        let objective = self.recording(
            "slo:objective:ratio",
            &format!("vector({target})"),
            labels.put(Map::default()),
        );
        let Window::Rolling(length) = labels.goal.window else { return vec![objective] };
        let allowed = product(labels.goal.latest().allowed(), BurnFactor::ONE);
        let left = format!("1 - {}\n/ {allowed}", series.share(length));
        vec![
            objective,
            self.recording("slo:budget_remaining:ratio", &left, labels.put(Map::default())),
        ]
    }

    fn recording(&self, name: &str, expression: &str, labels: Map) -> Yaml {
        Map::default()
            .with("record", Yaml::text(name))
            .with("expr", Yaml::text(expression))
            .with("labels", self.labels(labels))
            .lines()
    }

    /// Those that tell SLOs apart come last, so that no label of the team hides them.
    fn labels(&self, own: Map) -> Yaml {
        let of_slo = self.slo.labels.iter().filter(|(name, _)| !OWN_LABELS.contains(name));
        let map =
            of_slo.fold(Map::default(), |map, (name, value)| map.with(name, Yaml::text(value)));
        let name = &self.slo.name;
        let map = map.with("service", Yaml::text(&name.service)).with("slo", Yaml::text(&name.slo));
        own.into_fields().into_iter().fold(map, |map, (key, value)| map.with(&key, value)).lines()
    }

    fn selector(&self) -> String {
        let name = &self.slo.name;
        format!("{{service=\"{}\",slo=\"{}\"}}", name.service, name.slo)
    }
}

/// Labels that rules give, whatever the SLO's own are.
const OWN_LABELS: [&str; 5] = ["service", "slo", "severity", "objective", "window"];

/// The labels of one budget.
#[derive(Clone, Copy)]
struct GoalLabels<'a> {
    goal: &'a Goal,
    /// Without several budgets there is nothing to tell apart.
    several: bool,
}

impl GoalLabels<'_> {
    fn put(self, map: Map) -> Map {
        if !self.several {
            return map;
        }
        map.with("objective", Yaml::text(&self.goal.objective))
            .with("window", Yaml::text(self.goal.window.to_string()))
    }
}

/// Pairs that make one alert: rules have one `for` each.
fn kinds(goal: &Goal) -> BTreeMap<(Severity, SignedDuration), Vec<BurnPair>> {
    let mut kinds: BTreeMap<_, Vec<BurnPair>> = BTreeMap::new();
    for pair in &goal.alerting.pairs {
        kinds.entry((pair.severity, pair.hold)).or_default().push(*pair);
    }
    kinds
}

/// The recorded series.
struct Series {
    total: String,
    bad: String,
    /// The bad shares of windows.
    recorded: BTreeMap<SignedDuration, String>,
}

impl Series {
    /// The bad share of a window.
    fn share(&self, window: SignedDuration) -> String {
        if let Some(name) = self.recorded.get(&window) {
            return name.clone();
        }
        let range = format_duration(window - EDGE);
        let sum = |series: &str| format!("sum_over_time({series}[{range}])");
        format!("{}\n/\n{}", sum(&self.bad), sum(&self.total))
    }

    fn burns(&self, pair: &BurnPair, allowed: u64) -> String {
        let threshold = product(allowed, pair.factor);
        let burns = |window| format!("{} > {threshold}", self.share(window));
        format!("({}\nand\n{})", burns(pair.long), burns(pair.short))
    }
}

fn group(name: &str, step: SignedDuration, rules: Vec<Yaml>) -> Yaml {
    Map::default()
        .with("name", Yaml::text(name))
        .with("interval", Yaml::plain(format_duration(step)))
        .with("rules", Yaml::List(rules))
        .lines()
}

/// The length of a slice, of SLIs that have one.
pub(crate) fn width_of_sli(slo: &Slo) -> Option<SignedDuration> {
    match &slo.sli.kind {
        SliKind::Slices(it) => Some(it.width),
        SliKind::Promql(it) => Some(it.width),
        SliKind::Boolean(it) => match it.rule {
            BooleanRule::EachSample => None,
            BooleanRule::All { width }
            | BooleanRule::Any { width }
            | BooleanRule::Quorum { width, .. } => Some(width),
        },
        SliKind::Counter(_) | SliKind::Histogram(_) | SliKind::Composite(_) => None,
    }
}

/// The length of a slice, of SLIs and methods that have one.
fn width(slo: &Slo) -> Option<SignedDuration> {
    width_of_sli(slo).or(match slo.method {
        Method::Occurrences => None,
        Method::Timeslices { width, .. } | Method::RatioTimeslices { width } => Some(width),
    })
}

/// A share in billionths times a factor, exact, as few digits as needed.
fn product(share: u64, factor: BurnFactor) -> String {
    const DIGITS: usize = 18;
    let scale = u128::from(Objective::SCALE) * u128::from(BurnFactor::ONE.0);
    let product = u128::from(share) * u128::from(factor.0);
    let decimals = format!("{:0DIGITS$}", product % scale);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}", product / scale)
}

#[cfg(test)]
mod tests;
