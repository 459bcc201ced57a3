//! SLOs in our own form.

use jiff::Timestamp;
use jiff::civil::Weekday;
use nines_base::{Matcher, format_duration};
use nines_slo::{
    AlertMode, AlertOn, Alerting, BooleanRule, BurnFactor, BurnPair, Calendar, CompositeRule,
    DataRules, GaugeBy, Goal, Guard, Method, NoData, NoTraffic, OnMissing, Period, Preset,
    PromqlQueries, Selector, SliKind, SliceValue, Slo, Target, TargetOp, Window,
};

use super::yaml::{Map, Yaml};

/// One document of kind `SLO`.
pub(crate) fn document(slo: &Slo) -> String {
    let labels = slo
        .labels
        .iter()
        .fold(Map::default(), |map, (name, value)| map.with(name, Yaml::text(value)));
    let labels = (!slo.labels.is_empty()).then(|| labels.row());
    let metadata = Map::default()
        .with("name", Yaml::text(slo.name.to_string()))
        .with_maybe("owner", slo.owner.as_ref().map(Yaml::text))
        .with_maybe("runbook", slo.runbook.as_ref().map(Yaml::text))
        .with_maybe("labels", labels);
    Map::default()
        .with("apiVersion", Yaml::text("nines/v1"))
        .with("kind", Yaml::text("SLO"))
        .with("metadata", metadata.lines())
        .with("spec", spec(slo))
        .lines()
        .document()
}

fn spec(slo: &Slo) -> Yaml {
    let map = Map::default().with("sli", sli(slo)).with_maybe("method", method(slo));
    let map = match slo.goals.as_slice() {
        [only] if only.objective == Goal::OBJECTIVE && only.versions.len() == 1 => map
            .with("objective", target(only))
            .with("window", window(&only.window))
            .with("alerting", alerting(only)),
        goals => map
            .with("objectives", Yaml::List(objectives(goals)))
            .with_maybe("history", history(goals)),
    };
    let Some(grouping) = &slo.grouping else { return map.lines() };
    let alert_on = match grouping.alert_on {
        AlertOn::Total => None,
        AlertOn::Group => Some("group"),
        AlertOn::Worst => Some("worst"),
    };
    map.with("by", Yaml::List(grouping.by.iter().map(Yaml::text).collect()))
        .with("limit", Yaml::plain(grouping.limit))
        .with_maybe("alert_on", alert_on.map(Yaml::text))
        .lines()
}

fn sli(slo: &Slo) -> Yaml {
    let (kind, value) = match &slo.sli.kind {
        SliKind::Counter(it) => {
            let scale = (it.scale != 0).then(|| Yaml::plain(it.scale));
            let map = [("good", &it.good), ("bad", &it.bad), ("total", &it.total)]
                .into_iter()
                .filter(|(_, it)| !it.is_empty())
                .fold(Map::default(), |map, (role, it)| map.with(role, selectors(it)));
            ("counter", map.with_maybe("scale", scale).lines())
        }
        SliKind::Histogram(it) => {
            let map = histogram(Map::default(), &it.metric, &it.matchers);
            ("histogram", map.with("below", Yaml::plain(it.below)).lines())
        }
        SliKind::Boolean(it) => {
            let (rule, width) = match it.rule {
                BooleanRule::EachSample => (None, None),
                BooleanRule::All { width } => (Some("all".to_owned()), Some(width)),
                BooleanRule::Any { width } => (Some("any".to_owned()), Some(width)),
                BooleanRule::Quorum { needed, of, width } => {
                    (Some(format!("{needed} of {of}")), Some(width))
                }
            };
            let map = Map::default()
                .with("selector", Yaml::text(&it.selector.text))
                .with_maybe("per_slice", rule.map(Yaml::text))
                .with_maybe("width", width.map(|it| Yaml::plain(format_duration(it))));
            ("boolean", map.lines())
        }
        SliKind::Slices(it) => {
            let map = slice_value(&it.value)
                .with("target", goal_of_slice(it.target))
                .with("width", Yaml::plain(format_duration(it.width)));
            ("slices", map.lines())
        }
        SliKind::Promql(it) => {
            let map = match &it.queries {
                PromqlQueries::Events { good, total } => {
                    Map::default().with("good", Yaml::text(good)).with("total", Yaml::text(total))
                }
                PromqlQueries::Ratio(ratio) => Map::default().with("ratio", Yaml::text(ratio)),
                PromqlQueries::Value { query, target } => Map::default()
                    .with("value", Yaml::text(query))
                    .with("target", goal_of_slice(*target)),
            };
            ("promql", map.with("width", Yaml::plain(format_duration(it.width))).lines())
        }
        SliKind::Composite(it) => {
            let member = |it: &nines_slo::Member| {
                Map::default()
                    .with("slo", Yaml::text(it.slo.to_string()))
                    .with("weight", Yaml::plain(it.weight))
                    .row()
            };
            let rule = match it.rule {
                CompositeRule::Weighted => "weighted".to_owned(),
                CompositeRule::AnyBad => "any_bad".to_owned(),
                CompositeRule::Missing => "missing".to_owned(),
                CompositeRule::AtLeast(needed) => format!("{needed} of {}", it.members.len()),
            };
            let drops = it.on_missing == OnMissing::Drop;
            let map = Map::default()
                .with("members", Yaml::List(it.members.iter().map(member).collect()))
                .with("rule", Yaml::text(rule))
                .with_maybe("on_missing", drops.then(|| Yaml::text("drop")));
            ("composite", map.lines())
        }
    };
    data_rules(Map::default().with(kind, value), slo.sli.data).lines()
}

/// Only what is not as usual.
fn data_rules(map: Map, data: DataRules) -> Map {
    let usual = DataRules::default();
    let (no_data, carry_for) = match data.no_data {
        NoData::Ignore => (None, None),
        NoData::Good => (Some("good"), None),
        NoData::Bad => (Some("bad"), None),
        NoData::Carry { at_most } => (Some("carry"), Some(at_most)),
    };
    let no_traffic = match data.no_traffic {
        NoTraffic::Good => None,
        NoTraffic::Bad => Some("bad"),
        NoTraffic::Ignore => Some("ignore"),
    };
    let duration = |it| Yaml::plain(format_duration(it));
    let alert = (data.alert_after != usual.alert_after)
        .then(|| data.alert_after.map_or_else(|| Yaml::text("off"), duration));
    map.with_maybe("no_data", no_data.map(Yaml::text))
        .with_maybe("carry_for", carry_for.map(duration))
        .with_maybe("no_traffic", no_traffic.map(Yaml::text))
        .with_maybe("stale_after", data.stale_after.map(duration))
        .with_maybe("settle", data.settle.map(duration))
        .with_maybe("no_data_alert", alert)
}

fn selectors(list: &[Selector]) -> Yaml {
    match list {
        [only] => Yaml::text(&only.text),
        several => Yaml::List(several.iter().map(|it| Yaml::text(&it.text)).collect()),
    }
}

fn histogram(map: Map, metric: &str, matchers: &[Matcher]) -> Map {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    let matchers = (!texts.is_empty()).then(|| Yaml::text(format!("{{{}}}", texts.join(","))));
    map.with("metric", Yaml::text(metric)).with_maybe("match", matchers)
}

fn slice_value(value: &SliceValue) -> Map {
    match value {
        SliceValue::Average { sum, count } => {
            let parts = Map::default().with("sum", selectors(sum)).with("count", selectors(count));
            Map::default().with("average", parts.lines())
        }
        SliceValue::Quantile { q, metric, matchers } => {
            let map = Map::default().with("q", Yaml::plain(q));
            Map::default().with("quantile", histogram(map, metric, matchers).lines())
        }
        SliceValue::Throughput(it) => Map::default().with("throughput", selectors(it)),
        SliceValue::Freshness(it) => Map::default().with("freshness", Yaml::text(&it.text)),
        SliceValue::Gauge { selector, by } => {
            let by = match by {
                GaugeBy::Min => "min",
                GaugeBy::Max => "max",
                GaugeBy::Average => "average",
                GaugeBy::Last => "last",
            };
            let gauge = Map::default().with(by, Yaml::text(&selector.text));
            Map::default().with("gauge", gauge.lines())
        }
    }
}

fn goal_of_slice(target: Target) -> Yaml {
    let op = match target.op {
        TargetOp::Below => "<",
        TargetOp::AtMost => "<=",
        TargetOp::Above => ">",
        TargetOp::AtLeast => ">=",
    };
    Yaml::text(format!("{op} {}", target.value))
}

fn method(slo: &Slo) -> Option<Yaml> {
    // An SLI of slices has a width of its own.
    let own = super::rules::width_of_sli(slo);
    let width = |it| own.is_none().then(|| Yaml::plain(format_duration(it)));
    let (name, settings) = match slo.method {
        Method::Occurrences => return None,
        Method::Timeslices { slice_target, width: it } => {
            let share = slice_target.map(|it| Yaml::plain(it));
            let map = Map::default().with_maybe("slice_target", share);
            ("timeslices", map.with_maybe("width", width(it)))
        }
        Method::RatioTimeslices { width: it } => {
            ("ratio_timeslices", Map::default().with_maybe("width", width(it)))
        }
    };
    if settings.is_empty() {
        return Some(Yaml::text(name));
    }
    Some(Map::default().with(name, settings.row()).row())
}

/// One for each objective, with its windows; goals of one objective have one set of alerts.
fn objectives(goals: &[Goal]) -> Vec<Yaml> {
    let mut objectives: Vec<(&Goal, Vec<Yaml>)> = Vec::new();
    for goal in goals {
        match objectives.iter_mut().find(|(it, _)| it.objective == goal.objective) {
            Some((_, windows)) => windows.push(window(&goal.window)),
            None => objectives.push((goal, vec![window(&goal.window)])),
        }
    }
    let objective = |(goal, windows): (&Goal, Vec<Yaml>)| {
        let since = goal.versions.last().map(|it| it.effective).filter(|it| *it != Timestamp::MIN);
        Map::default()
            .with("name", Yaml::text(&goal.objective))
            .with("target", target(goal))
            .with_maybe("effective", since.map(|it| Yaml::text(it.to_string())))
            .with("windows", Yaml::List(windows))
            .with("alerts", alerting(goal))
            .lines()
    };
    objectives.into_iter().map(objective).collect()
}

fn history(goals: &[Goal]) -> Option<Yaml> {
    let mut seen: Vec<&str> = Vec::new();
    let mut earlier = Vec::new();
    for goal in goals {
        if seen.contains(&goal.objective.as_str()) {
            continue;
        }
        seen.push(&goal.objective);
        let (_, before) = goal.versions.split_last()?;
        for version in before {
            let since = (version.effective != Timestamp::MIN)
                .then(|| Yaml::text(version.effective.to_string()));
            let row = Map::default()
                .with("name", Yaml::text(&goal.objective))
                .with("target", Yaml::plain(version.target))
                .with_maybe("effective", since);
            earlier.push(row.row());
        }
    }
    (!earlier.is_empty()).then_some(Yaml::List(earlier))
}

fn target(goal: &Goal) -> Yaml {
    Yaml::plain(goal.latest())
}

fn window(window: &Window) -> Yaml {
    let Window::Calendar(Calendar { period, zone }) = window else {
        return Yaml::plain(window);
    };
    let map = match period {
        Period::Every { days, from } => Map::default()
            .with("every", Yaml::plain(format!("{days}d")))
            .with("from", Yaml::text(from.to_string())),
        Period::Week { starts } => Map::default()
            .with("calendar", Yaml::text("week"))
            .with("starts", Yaml::text(weekday(*starts))),
        Period::Day | Period::Month | Period::Quarter | Period::Year => {
            Map::default().with("calendar", Yaml::text(window.to_string()))
        }
    };
    map.with("zone", Yaml::text(zone.iana_name().unwrap_or("UTC"))).row()
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

/// A preset where the pairs are exactly its own.
fn alerting(goal: &Goal) -> Yaml {
    let it = &goal.alerting;
    let presets =
        [(Preset::None, "none"), (Preset::Scaled, "scaled"), (Preset::Workbook, "workbook")];
    let preset = presets
        .into_iter()
        .find(|(preset, _)| Alerting::preset(*preset, &goal.window, None).pairs == it.pairs);
    let map = match preset {
        Some((_, name)) => Map::default().with("preset", Yaml::text(name)),
        None => Map::default().with("pairs", Yaml::List(it.pairs.iter().map(pair).collect())),
    };
    let guard = match it.guard {
        Guard::Tail => None,
        Guard::Off => Some(Yaml::text("off")),
        Guard::MinBad(min) => Some(Map::default().with("min_bad", Yaml::plain(min)).row()),
    };
    let mode = (it.mode == AlertMode::Prometheus).then(|| Yaml::text("prometheus"));
    map.with_maybe("mode", mode)
        .with_maybe("guard", guard)
        .with_maybe("escalation", it.escalation.as_ref().map(Yaml::text))
        .lines()
}

fn pair(pair: &BurnPair) -> Yaml {
    let BurnPair { severity, long, short, factor, hold } = *pair;
    let duration = |it| Yaml::plain(format_duration(it));
    Map::default()
        .with("severity", Yaml::text(severity.to_string()))
        .with("long", duration(long))
        .with("short", duration(short))
        .with("factor", Yaml::plain(number(factor)))
        .with_maybe("for", (!hold.is_zero()).then(|| duration(hold)))
        .row()
}

/// Without its sign.
pub(crate) fn number(factor: BurnFactor) -> String {
    factor.to_string().trim_end_matches('×').to_owned()
}

#[cfg(test)]
mod tests;
