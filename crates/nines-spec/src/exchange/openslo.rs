//! SLOs as documents of OpenSLO v1.
//!
//! What the format can say comes back as it was when it is read again; the rest is a loss.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::{SignedDuration, ToSpan};
use nines_slo::{
    AlertMode, Alerting, BurnPair, Calendar, CompositeRule, CompositeSli, CounterSli, DataRules,
    GaugeBy, Goal, Guard, Method, Objective, Period, Preset, PromqlQueries, Selector, SliKind,
    SliceValue, Slo, Target, TargetOp, Window,
};

use super::expression::SLICE;
use super::loss::{Export, Losses};
use super::native::number;
use super::yaml::{Map, Yaml};

/// A short window that is this part of the long one comes back by itself.
const LONG_PER_SHORT: i32 = 12;

/// Documents of kinds Service, SLO and AlertNotificationTarget, by name, and what they cannot say.
pub fn export_openslo(slos: &[Slo]) -> Export {
    let mut slos: Vec<&Slo> = slos.iter().collect();
    slos.sort_by(|one, other| one.name.cmp(&other.name));
    let mut losses = Losses::default();
    let services: BTreeSet<&str> = slos.iter().map(|it| it.name.service.as_str()).collect();
    let targets: BTreeSet<&str> = slos
        .iter()
        .flat_map(|it| &it.goals)
        .filter_map(|it| it.alerting.escalation.as_deref())
        .collect();
    let mut documents: Vec<String> = services
        .into_iter()
        .filter(|it| is_dns_label(it))
        .map(|it| {
            document("Service", named(it), Map::default().with("description", Yaml::text(it)))
        })
        .collect();
    let is_member = |slo: &Slo| slos.iter().any(|it| is_part(it, slo));
    for slo in slos.iter().filter(|it| !is_member(it)) {
        let writer = Writer { slo, all: &slos, losses: &mut losses };
        documents.extend(writer.documents());
    }
    documents.extend(targets.into_iter().filter(|it| is_dns_label(it)).map(|it| {
        let spec = Map::default().with("target", Yaml::text("nines"));
        document("AlertNotificationTarget", named(it), spec)
    }));
    Export { text: documents.join("---\n"), losses: losses.into_list() }
}

fn document(kind: &str, metadata: Map, spec: Map) -> String {
    Map::default()
        .with("apiVersion", Yaml::text("openslo/v1"))
        .with("kind", Yaml::text(kind))
        .with("metadata", metadata.lines())
        .with("spec", spec.lines())
        .lines()
        .document()
}

fn named(name: &str) -> Map {
    Map::default().with("name", Yaml::text(name))
}

/// Source: RFC 1123, section 2.1, as Kubernetes reads it.
fn is_dns_label(text: &str) -> bool {
    let inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether `whole` is a composite as our reader makes them, and `slo` one of its parts.
fn is_part(whole: &Slo, slo: &Slo) -> bool {
    let SliKind::Composite(it) = &whole.sli.kind else { return false };
    let prefix = format!("{}-", whole.name.slo);
    it.members.iter().any(|it| it.slo == slo.name)
        && slo.name.service == whole.name.service
        && slo.name.slo.starts_with(&prefix)
        && slo.goals.iter().all(|it| it.alerting.pairs.is_empty())
}

struct Writer<'a> {
    slo: &'a Slo,
    all: &'a [&'a Slo],
    losses: &'a mut Losses,
}

impl Writer<'_> {
    fn lose(&mut self, what: impl Into<String>, why: &str, instead: &str) {
        let subject = self.slo.name.to_string();
        self.losses.add(&subject, &self.slo.origin, what, why, instead);
    }

    /// One for each window: OpenSLO has exactly one.
    fn documents(mut self) -> Vec<String> {
        let name = self.slo.name.clone();
        if !is_dns_label(&name.slo) {
            self.lose(
                "the whole SLO",
                "its name is no label of RFC 1123",
                "rename it in lower case",
            );
            return Vec::new();
        }
        self.report();
        let mut windows: Vec<&Window> = Vec::new();
        for goal in &self.slo.goals {
            if !windows.contains(&&goal.window) {
                windows.push(&goal.window);
            }
        }
        if 1 < windows.len() {
            self.lose(
                "windows side by side",
                "an SLO of OpenSLO has one",
                "each further window is an SLO of its own",
            );
        }
        let windows: Vec<Window> = windows.into_iter().cloned().collect();
        let mut documents = Vec::new();
        for (index, window) in windows.iter().enumerate() {
            let suffix =
                if index == 0 { String::new() } else { format!("-{}", slug(&window.to_string())) };
            documents.extend(self.over(window, &format!("{}{suffix}", name.slo)));
        }
        documents
    }

    fn over(&mut self, window: &Window, name: &str) -> Option<String> {
        let slo = self.slo;
        let goals: Vec<&Goal> = slo.goals.iter().filter(|it| it.window == *window).collect();
        let is_whole = |it: &&Goal| it.latest().allowed() == 0;
        if goals.iter().any(is_whole) {
            self.lose("an objective of 100%", "a target of OpenSLO is below 1", "it is left out");
        }
        let goals: Vec<&Goal> = goals.into_iter().filter(|it| !is_whole(it)).collect();
        let budgeting = match slo.method {
            Method::Occurrences => "Occurrences",
            Method::Timeslices { .. } => "Timeslices",
            Method::RatioTimeslices { .. } => "RatioTimeslices",
        };
        let labels = slo
            .labels
            .iter()
            .fold(Map::default(), |map, (name, value)| map.with(name, Yaml::text(value)));
        let labels = (!slo.labels.is_empty()).then(|| labels.lines());
        let metadata = named(name).with_maybe("labels", labels);
        let spec = Map::default().with("service", Yaml::text(&slo.name.service));
        let (spec, objectives) = match &slo.sli.kind {
            SliKind::Composite(it) => (spec, self.parts(it, &goals)?),
            kind => {
                let (indicator, target) = self.indicator(kind)?;
                let indicator = Map::default()
                    .with("metadata", named(&format!("{name}-sli")).lines())
                    .with("spec", indicator);
                let objectives =
                    goals.iter().map(|it| self.objective(it, target).lines()).collect::<Vec<_>>();
                (spec.with("indicator", indicator.lines()), objectives)
            }
        };
        let window = self.window(window)?;
        let policies = Self::policies(goals.first()?, name);
        let spec = spec
            .with("budgetingMethod", Yaml::text(budgeting))
            .with("timeWindow", Yaml::List(vec![window]))
            .with("objectives", Yaml::List(objectives))
            .with_maybe("alertPolicies", policies);
        Some(document("SLO", metadata, spec))
    }

    /// What has no word in OpenSLO.
    fn report(&mut self) {
        let slo = self.slo;
        if slo.owner.is_some() || slo.runbook.is_some() {
            self.lose("owner and runbook", "OpenSLO has no words for them", "keep them in labels");
        }
        if slo.grouping.is_some() {
            self.lose("groups", "an SLO of OpenSLO is one number", "write an SLO for each group");
        }
        if slo.sli.data != DataRules::default() {
            self.lose(
                "rules for missing data",
                "OpenSLO says nothing of them",
                "each tool does what it does",
            );
        }
        if slo.goals.iter().any(|it| it.versions.len() > 1) {
            self.lose("earlier objectives", "OpenSLO has one", "the latest is exported");
        }
        let differ = |it: &Goal| {
            let first = slo.primary();
            it.window == first.window && it.alerting != first.alerting
        };
        if slo.goals.iter().any(differ) {
            self.lose(
                "alerts of single objectives",
                "policies are of the whole SLO",
                "those of the first hold for all",
            );
        }
        if slo
            .goals
            .iter()
            .map(|it| &it.alerting)
            .any(|it| it.mode != AlertMode::Safe || it.guard != Guard::Tail)
        {
            self.lose(
                "mode and guard of alerts",
                "OpenSLO says nothing of them",
                "nines judges with its usual care again",
            );
        }
        let is_short = |it: &Goal| {
            let usual =
                Alerting::preset(Preset::Scaled, &it.window, None).pairs == it.alerting.pairs;
            !usual && it.alerting.pairs.iter().any(|it| short_of(it.long) != it.short)
        };
        if slo.goals.iter().any(is_short) {
            self.lose(
                "short windows",
                "a condition has one window",
                "they become a twelfth of the long ones",
            );
        }
    }

    /// The indicator's spec, and for values what an objective compares with.
    fn indicator(&mut self, kind: &SliKind) -> Option<(Yaml, Option<Target>)> {
        let source = |query: &str| {
            let spec = Map::default().with("query", Yaml::text(query));
            let source =
                Map::default().with("type", Yaml::text("Prometheus")).with("spec", spec.lines());
            Map::default().with("metricSource", source.lines()).lines()
        };
        let ratio = |map: Map| Map::default().with("ratioMetric", map.lines()).lines();
        let threshold = |query: &str| Map::default().with("thresholdMetric", source(query)).lines();
        let counted = || Map::default().with("counter", Yaml::plain("true"));
        let found = match kind {
            SliKind::Counter(it) => {
                let (role, part, total) = self.counter(it);
                (ratio(counted().with(role, source(&part)).with("total", source(&total))), None)
            }
            SliKind::Histogram(it) => {
                self.lose(
                    "the histogram",
                    "OpenSLO has only its series",
                    "a bucket and the count are compared; native histograms have neither",
                );
                let le = format!("le=\"{}\"", it.below);
                let others: Vec<String> = it.matchers.iter().map(ToString::to_string).collect();
                let bucket: Vec<String> = others.iter().cloned().chain([le]).collect();
                let good = format!("{}_bucket{{{}}}", it.metric, bucket.join(","));
                let total = if others.is_empty() {
                    format!("{}_count", it.metric)
                } else {
                    format!("{}_count{{{}}}", it.metric, others.join(","))
                };
                (ratio(counted().with("good", source(&good)).with("total", source(&total))), None)
            }
            SliKind::Promql(it) => match &it.queries {
                PromqlQueries::Ratio(query) => {
                    let (kind, query) = match inverted(query) {
                        Some(it) => ("failure", it),
                        None => ("success", query.as_str()),
                    };
                    let raw = Map::default().with("rawType", Yaml::text(kind));
                    (ratio(raw.with("raw", source(&templated(query)))), None)
                }
                PromqlQueries::Events { good, total } => {
                    let map = counted().with("good", source(&templated(good)));
                    (ratio(map.with("total", source(&templated(total)))), None)
                }
                PromqlQueries::Value { query, target } => {
                    (threshold(&templated(query)), Some(*target))
                }
            },
            SliKind::Slices(it) => match &it.value {
                SliceValue::Gauge { selector, by } => {
                    if *by != GaugeBy::Average {
                        self.lose(
                            "how a gauge becomes a value",
                            "OpenSLO compares single values",
                            "the mean of a slice is compared",
                        );
                    }
                    (threshold(&selector.text), Some(it.target))
                }
                _ => {
                    self.lose(
                        "the SLI",
                        "OpenSLO has ratios and thresholds of queries",
                        "write it as `promql`",
                    );
                    return None;
                }
            },
            SliKind::Boolean(_) => {
                self.lose(
                    "the SLI",
                    "OpenSLO knows no samples of 0 and 1",
                    "write it as `promql: {ratio: avg_over_time(...)}`",
                );
                return None;
            }
            SliKind::Composite(_) => return None,
        };
        Some(found)
    }

    /// The part of all events that is counted, and all of them.
    fn counter(&mut self, sli: &CounterSli) -> (&'static str, String, String) {
        if sli.scale != 0 {
            self.lose("`scale`", "OpenSLO counts whole events", "fractions are rounded");
        }
        let (role, part) = if sli.bad.is_empty() { ("good", &sli.good) } else { ("bad", &sli.bad) };
        let all = if sli.total.is_empty() {
            [sli.good.as_slice(), sli.bad.as_slice()].concat()
        } else {
            sli.total.clone()
        };
        if let ([part], [all]) = (part.as_slice(), all.as_slice()) {
            return (role, part.text.clone(), all.text.clone());
        }
        let why = "a metric of OpenSLO is one query";
        self.lose("sums of counters", why, "they are increases that are added, and rounded");
        (role, increases(part), increases(&all))
    }

    fn objective(&self, goal: &Goal, target: Option<Target>) -> Map {
        let beside = self.slo.goals.iter().filter(|it| it.window == goal.window).count();
        let named = 1 < beside || goal.objective != Goal::OBJECTIVE;
        let op = target.map(|it| match it.op {
            TargetOp::Below => "lt",
            TargetOp::AtMost => "lte",
            TargetOp::Above => "gt",
            TargetOp::AtLeast => "gte",
        });
        let map = Map::default()
            .with_maybe("displayName", named.then(|| Yaml::text(&goal.objective)))
            .with_maybe("op", op.map(Yaml::text))
            .with_maybe("value", target.map(|it| Yaml::plain(it.value)))
            .with("target", Yaml::plain(share(goal.latest())));
        let (slice_target, width) = match self.slo.method {
            Method::Occurrences => (None, super::rules::width_of_sli(self.slo)),
            Method::Timeslices { slice_target, width } => {
                // Needed, even where a slice is good or bad by its value.
                let share = slice_target.map_or_else(|| "1".to_owned(), share);
                (Some(share), Some(width))
            }
            Method::RatioTimeslices { width } => (None, Some(width)),
        };
        map.with_maybe("timeSliceTarget", slice_target.map(Yaml::plain))
            .with_maybe("timeSliceWindow", width.and_then(shorthand).map(Yaml::plain))
    }

    /// Each member is an objective with an indicator of its own.
    fn parts(&mut self, composite: &CompositeSli, goals: &[&Goal]) -> Option<Vec<Yaml>> {
        if composite.rule != CompositeRule::Weighted || 1 < goals.len() {
            self.lose("the composite", "OpenSLO only weighs parts", "export its members");
            return None;
        }
        let mut parts = Vec::new();
        for member in &composite.members {
            let slo = *self.all.iter().find(|it| it.name == member.slo)?;
            if !is_part(self.slo, slo) {
                self.lose(
                    "the composite",
                    "its members are SLOs of their own",
                    "they are exported alone",
                );
                return None;
            }
            let name = slo
                .name
                .slo
                .strip_prefix(&format!("{}-", self.slo.name.slo))
                .unwrap_or("part")
                .to_owned();
            let mut writer = Writer { slo, all: self.all, losses: &mut *self.losses };
            let (indicator, target) = writer.indicator(&slo.sli.kind)?;
            let indicator =
                Map::default().with("metadata", named(&name).lines()).with("spec", indicator);
            let objective = writer
                .objective(slo.primary(), target)
                .with("compositeWeight", Yaml::plain(member.weight))
                .with("indicator", indicator.lines());
            parts.push(objective.lines());
        }
        Some(parts)
    }

    fn window(&mut self, window: &Window) -> Option<Yaml> {
        let (duration, start, zone) = match window {
            Window::Rolling(length) => {
                let Some(duration) = shorthand(*length) else {
                    self.lose("the window", "a duration has one unit", "use whole minutes");
                    return None;
                };
                let map = Map::default().with("duration", Yaml::plain(duration));
                return Some(map.with("isRolling", Yaml::plain("true")).row());
            }
            Window::Calendar(Calendar { period, zone }) => {
                // A Monday, and the first day of a year, far enough in the past.
                let first = jiff::civil::date(2024, 1, 1);
                let (duration, start) = match period {
                    Period::Day => ("1d".to_owned(), first),
                    Period::Week { starts } => {
                        let days = Weekday::Monday.until(*starts);
                        ("1w".to_owned(), first.saturating_add(days.days()))
                    }
                    Period::Month => ("1M".to_owned(), first),
                    Period::Quarter => ("1Q".to_owned(), first),
                    Period::Year => ("1Y".to_owned(), first),
                    Period::Every { days, from } => (format!("{days}d"), *from),
                };
                (duration, start, zone.iana_name().unwrap_or("UTC").to_owned())
            }
        };
        let calendar = Map::default()
            .with("startTime", Yaml::text(format!("{start} 00:00:00")))
            .with("timeZone", Yaml::text(zone));
        let map = Map::default()
            .with("duration", Yaml::plain(duration))
            .with("isRolling", Yaml::plain("false"))
            .with("calendar", calendar.row());
        Some(map.lines())
    }

    /// Nothing for the preset that holds when nothing is said.
    fn policies(goal: &Goal, name: &str) -> Option<Yaml> {
        let Alerting { pairs, escalation, .. } = &goal.alerting;
        let usual = Alerting::preset(Preset::Scaled, &goal.window, None);
        if pairs == &usual.pairs && escalation.is_none() {
            return None;
        }
        if pairs.is_empty() {
            return Some(Yaml::List(Vec::new()));
        }
        let target = escalation
            .clone()
            .filter(|it| is_dns_label(it))
            .unwrap_or_else(|| "routing".to_owned());
        let condition = |(index, it): (usize, &BurnPair)| {
            let hold = (!it.hold.is_zero()).then(|| shorthand(it.hold)).flatten();
            let condition = Map::default()
                .with("kind", Yaml::text("burnrate"))
                .with("op", Yaml::text("gt"))
                .with("threshold", Yaml::plain(number(it.factor)))
                .with(
                    "lookbackWindow",
                    Yaml::plain(shorthand(it.long).unwrap_or_else(|| "1h".to_owned())),
                )
                .with_maybe("alertAfter", hold.map(Yaml::plain));
            let spec = Map::default()
                .with("severity", Yaml::text(it.severity.to_string()))
                .with("condition", condition.row());
            Map::default()
                .with("kind", Yaml::text("AlertCondition"))
                .with("metadata", named(&format!("{}-{}", it.severity, index + 1)).row())
                .with("spec", spec.lines())
                .lines()
        };
        let inline_target = Map::default()
            .with("kind", Yaml::text("AlertNotificationTarget"))
            .with("metadata", named(&target).row())
            .with("spec", Map::default().with("target", Yaml::text("nines")).row())
            .lines();
        let targets = match escalation {
            Some(_) => Map::default().with("targetRef", Yaml::text(&target)).row(),
            None => inline_target,
        };
        let spec = Map::default()
            .with("alertWhenBreaching", Yaml::plain("true"))
            .with("conditions", Yaml::List(pairs.iter().enumerate().map(condition).collect()))
            .with("notificationTargets", Yaml::List(vec![targets]));
        let policy = Map::default()
            .with("kind", Yaml::text("AlertPolicy"))
            .with("metadata", named(&format!("{name}-burn")).row())
            .with("spec", spec.lines());
        Some(Yaml::List(vec![policy.lines()]))
    }
}

/// What several counters count, as a query of one window.
fn increases(selectors: &[Selector]) -> String {
    let parts = selectors.iter().map(|it| format!("sum(increase({}[{{{{.window}}}}]))", it.text));
    parts.collect::<Vec<_>>().join(" + ")
}

/// `1 - (x)` is a ratio of failures.
fn inverted(query: &str) -> Option<&str> {
    let inner = query.strip_prefix("1 - (")?.strip_suffix(')')?;
    // Only if these brackets belong together.
    let mut depth = 0_i32;
    let balanced = inner.chars().all(|it| {
        depth += i32::from(it == '(') - i32::from(it == ')');
        0 <= depth
    });
    (balanced && depth == 0).then_some(inner)
}

fn templated(query: &str) -> String {
    query.replace(SLICE, "{{.window}}")
}

fn share(objective: Objective) -> String {
    let digits = format!("{:09}", objective.promised());
    match digits.trim_end_matches('0') {
        _ if objective.promised() == Objective::SCALE => "1".to_owned(),
        "" => "0".to_owned(),
        decimals => format!("0.{decimals}"),
    }
}

fn short_of(long: SignedDuration) -> SignedDuration {
    (long / LONG_PER_SHORT).max(SignedDuration::from_mins(1))
}

/// One number and one unit, the largest that fits.
fn shorthand(length: SignedDuration) -> Option<String> {
    const UNITS: [(i64, char); 4] = [(7 * 86_400, 'w'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
    if length.subsec_nanos() != 0 || !length.is_positive() {
        return None;
    }
    let seconds = length.as_secs();
    let (unit, letter) = UNITS.into_iter().find(|(unit, _)| seconds % unit == 0)?;
    Some(format!("{}{letter}", seconds / unit))
}

fn slug(text: &str) -> String {
    text.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
