//! `nines check --live`: what data say about the files.
//!
//! Pure: here it is decided what to ask and what the answers mean. Who asks is elsewhere; a query that failed is no answer,
//! and no finding comes from it.

mod place;
mod reads;

use std::collections::{BTreeMap, BTreeSet};

use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher};
use nines_slo::{SliKind, Slo};

use crate::finding::Finding;
use crate::mistake::Mistake;
use crate::reading::Reading;
use crate::spec::Spec;
use reads::{Kind, Read, Role, reads};

/// The most queries of one check.
const QUERIES_MAX: usize = 2_000;
/// So many near names are looked at, and named.
const NEAR_MAX: usize = 3;
/// Near values of a label that are named.
const VALUES_MAX: usize = 5;
/// How far back something counts as there.
const RECENT: &str = "1d";

/// What a server said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveFacts {
    /// The names of all metrics.
    pub metrics: BTreeSet<String>,
    /// The instant vector that each query gave.
    pub answers: BTreeMap<String, Vec<(Labels, f64)>>,
    /// Queries that gave nothing that could be read.
    pub failed: BTreeSet<String>,
}

/// What to ask next. Answers may raise further questions; with none left everything is known.
pub fn live_queries(spec: &Spec, facts: &LiveFacts) -> Vec<String> {
    let mut queries: BTreeSet<String> = BTreeSet::new();
    for slo in &spec.slos {
        for read in reads(slo) {
            queries.extend(questions(&read, facts));
        }
        queries.extend(balance(slo).map(|(good, total)| [good, total]).into_iter().flatten());
        queries.extend(groups(slo));
    }
    let is_open = |it: &String| !facts.answers.contains_key(it) && !facts.failed.contains(it);
    queries.into_iter().filter(is_open).take(QUERIES_MAX).collect()
}

/// What is wrong, sorted by file and place.
pub fn live_findings(reading: &Reading, facts: &LiveFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for slo in &reading.spec.slos {
        let source = reading.sources.iter().find(|it| it.path == slo.origin.file);
        let Some(source) = source else { continue };
        let mut report =
            |mistake: Mistake| findings.push(Finding::new(&source.path, &source.text, &mistake));
        for read in reads(slo) {
            let at = |part: &str| place::of(&source.text, slo.origin.line, read.text, part);
            if let Some(mistake) = judge(&read, facts, &at) {
                report(mistake);
            }
        }
        let at = place::of(&source.text, slo.origin.line, &slo.name.to_string(), "");
        if let Some((good, total)) = exceeds(slo, facts) {
            report(Mistake::GoodExceedsTotal { good, total, at });
        }
        if let (Some(found), Some(grouping)) = (group_count(slo, facts), &slo.grouping)
            && grouping.limit < found
        {
            let (limit, by) = (grouping.limit, grouping.by.join(", "));
            report(Mistake::TooManyGroups { found, limit, by, at });
        }
    }
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    findings.dedup();
    findings
}

impl LiveFacts {
    /// The number that an aggregate over everything gave; an empty answer is none at all.
    fn number(&self, query: &str) -> Option<f64> {
        let answer = self.answers.get(query)?;
        Some(answer.first().map_or(0.0, |(_, value)| *value))
    }
}

/// As a selector of PromQL.
fn selector(matchers: &[Matcher]) -> String {
    let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", all.join(","))
}

fn series_count(matchers: &[Matcher]) -> String {
    format!("count(last_over_time({}[{RECENT}]))", selector(matchers))
}

fn questions(read: &Read<'_>, facts: &LiveFacts) -> Vec<String> {
    let Some(metric) = read.metric.as_ref().filter(|_| !is_native(read, facts)) else {
        return Vec::new();
    };
    if !facts.metrics.contains(metric) {
        return near(metric, facts).iter().map(|it| series_count(&renamed(read, it))).collect();
    }
    let count = series_count(&read.matchers);
    let mut questions = vec![count.clone()];
    match read.kind {
        Kind::Counter { scale: 0 } => questions.push(fractions(read)),
        Kind::Bucket { .. } => questions.push(bounds(read)),
        Kind::Counter { .. } | Kind::Other => {}
    }
    if facts.number(&count) == Some(0.0) {
        questions.extend(equalities(read).map(|it| values_of(metric, it.name())));
    }
    questions
}

/// A native histogram has no series of buckets, and any threshold.
fn is_native(read: &Read<'_>, facts: &LiveFacts) -> bool {
    matches!(read.kind, Kind::Bucket { .. })
        && !facts.metrics.contains(read.metric.as_deref().unwrap_or(""))
        && facts.metrics.contains(read.text)
}

/// Series whose values are not whole.
fn fractions(read: &Read<'_>) -> String {
    format!("count({} % 1 != 0)", selector(&read.matchers))
}

fn bounds(read: &Read<'_>) -> String {
    format!("count by (le) (last_over_time({}[{RECENT}]))", selector(&read.matchers))
}

fn values_of(metric: &str, label: &str) -> String {
    let all = selector(&[Matcher::equal(METRIC_NAME, metric)]);
    format!("count by ({label}) (last_over_time({all}[{RECENT}]))")
}

/// The conditions that want one value.
fn equalities<'r>(read: &'r Read<'_>) -> impl Iterator<Item = &'r Matcher> {
    read.matchers.iter().filter(|it| {
        it.name() != METRIC_NAME && it.op() == MatchOp::Equal && !it.value().is_empty()
    })
}

fn renamed(read: &Read<'_>, metric: &str) -> Vec<Matcher> {
    let others = read.matchers.iter().filter(|it| it.name() != METRIC_NAME).cloned();
    std::iter::once(Matcher::equal(METRIC_NAME, metric)).chain(others).collect()
}

/// Names that may have been meant, nearest first.
fn near(metric: &str, facts: &LiveFacts) -> Vec<String> {
    let tolerance = (metric.chars().count() / 3).max(1);
    let distances = facts.metrics.iter().map(|it| (strsim::osa_distance(metric, it), it));
    let mut near: Vec<_> = distances.filter(|(distance, _)| *distance <= tolerance).collect();
    near.sort();
    near.into_iter().take(NEAR_MAX).map(|(_, it)| it.clone()).collect()
}

fn judge(
    read: &Read<'_>,
    facts: &LiveFacts,
    at: &dyn Fn(&str) -> crate::finding::Span,
) -> Option<Mistake> {
    let metric = read.metric.as_ref().filter(|_| !is_native(read, facts))?;
    if !facts.metrics.contains(metric) {
        let help = near_help(read, facts);
        let (metric, at) = (metric.clone(), at(read.base(metric)));
        return Some(Mistake::NoSuchMetric { metric, help, at });
    }
    if facts.number(&series_count(&read.matchers))? == 0.0 {
        return matches_nothing(read, metric, facts, at);
    }
    match read.kind {
        Kind::Counter { scale: 0 } if facts.number(&fractions(read))? != 0.0 => {
            Some(Mistake::NotWhole { metric: metric.clone(), at: at(read.base(metric)) })
        }
        Kind::Bucket { below } => no_such_bound(read, below, facts, at),
        _ => None,
    }
}

fn near_help(read: &Read<'_>, facts: &LiveFacts) -> String {
    let conditions: Vec<String> = read
        .matchers
        .iter()
        .filter(|it| it.name() != METRIC_NAME && it.name() != "le")
        .map(ToString::to_string)
        .collect();
    let with = if conditions.is_empty() {
        String::new()
    } else {
        format!(" with {}", conditions.join(","))
    };
    let metric = read.metric.as_deref().unwrap_or("");
    let near: Vec<String> = near(metric, facts)
        .iter()
        .map(|it| match facts.number(&series_count(&renamed(read, it))) {
            Some(count) => format!("`{it}` has {count} series{with}"),
            None => format!("there is `{it}`"),
        })
        .collect();
    if near.is_empty() {
        return format!("none of the server's {} metrics has a similar name", facts.metrics.len());
    }
    near.join("; ")
}

/// Bad events that never happened have no series, and that is well; a value that no series has is not.
fn matches_nothing(
    read: &Read<'_>,
    metric: &str,
    facts: &LiveFacts,
    at: &dyn Fn(&str) -> crate::finding::Span,
) -> Option<Mistake> {
    let culprit = equalities(read).find_map(|it| {
        let answer = facts.answers.get(&values_of(metric, it.name()))?;
        let values: Vec<&str> = answer.iter().map(|(labels, _)| labels.value(it.name())).collect();
        (!values.contains(&it.value())).then_some((it, values))
    });
    let Some((matcher, values)) = culprit else {
        if read.role == Role::Bad {
            return None;
        }
        let help = format!("`{metric}` is there, but no series of it meets all conditions");
        let selector = read.text.to_owned();
        return Some(Mistake::MatchesNothing { selector, help, at: at("") });
    };
    let near = crate::fields::suggestion(matcher.value(), values.iter().copied());
    let name = matcher.name();
    let mut named: Vec<&str> = values.iter().copied().filter(|it| !it.is_empty()).collect();
    named.sort_unstable();
    let help = match (near, named.is_empty()) {
        (Some(near), _) => format!("`{metric}` has {name}=\"{near}\""),
        (None, true) => format!("no series of `{metric}` has the label `{name}`"),
        (None, false) => {
            named.truncate(VALUES_MAX);
            format!("values of `{name}` are {}", named.join(", "))
        }
    };
    let (selector, at) = (read.text.to_owned(), at(matcher.value()));
    Some(Mistake::MatchesNothing { selector, help, at })
}

/// Bounds are compared as numbers: `1` is `1.0`.
fn no_such_bound(
    read: &Read<'_>,
    below: f64,
    facts: &LiveFacts,
    at: &dyn Fn(&str) -> crate::finding::Span,
) -> Option<Mistake> {
    let answer = facts.answers.get(&bounds(read))?;
    let known = answer.iter().filter_map(|(labels, _)| labels.value("le").parse::<f64>().ok());
    let mut known: Vec<f64> = known.filter(|it| !it.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    known.dedup();
    if known.is_empty() || known.contains(&below) {
        return None;
    }
    let under = known.iter().rfind(|it| **it < below);
    let over = known.iter().find(|it| below < **it);
    let nearest: Vec<String> = under.into_iter().chain(over).map(ToString::to_string).collect();
    let help = format!("the nearest bounds are {}", nearest.join(" and "));
    Some(Mistake::NoSuchBound { below: below.to_string(), help, at: at("") })
}

/// The events of the last hour, good and all, for an SLI that has counters of both.
fn balance(slo: &Slo) -> Option<(String, String)> {
    let SliKind::Counter(it) = &slo.sli.kind else { return None };
    let part = if it.good.is_empty() { &it.bad } else { &it.good };
    if part.is_empty() || it.total.is_empty() {
        return None;
    }
    let sum = |selectors: &[nines_slo::Selector]| {
        let each = selectors
            .iter()
            .map(|it| format!("(sum(increase({}[1h])) or vector(0))", selector(&it.matchers)));
        each.collect::<Vec<_>>().join(" + ")
    };
    Some((sum(part), sum(&it.total)))
}

fn exceeds(slo: &Slo, facts: &LiveFacts) -> Option<(String, String)> {
    // Increases are extrapolated, so a little more is nothing.
    const SLACK: f64 = 1.01;
    let (part, total) = balance(slo)?;
    let (part, total) = (facts.number(&part)?, facts.number(&total)?);
    (total * SLACK < part).then(|| (format!("{part:.0}"), format!("{total:.0}")))
}

fn groups(slo: &Slo) -> Option<String> {
    let grouping = slo.grouping.as_ref()?;
    let read = reads(slo).into_iter().find(|it| it.role != Role::Bad && it.metric.is_some())?;
    let (by, all) = (grouping.by.join(", "), selector(&read.matchers));
    Some(format!("count(count by ({by}) (last_over_time({all}[{RECENT}])))"))
}

fn group_count(slo: &Slo, facts: &LiveFacts) -> Option<usize> {
    let count = facts.number(&groups(slo)?)?;
    // Counts of series are far below what a float holds exactly.
    format!("{count:.0}").parse().ok()
}

#[cfg(test)]
mod tests;
