//! What an SLO reads, selector by selector.

use nines_base::{METRIC_NAME, MatchOp, Matcher};
use nines_promql::check;
use nines_slo::{PromqlQueries, Selector, SliKind, SliceValue, Slo};

/// One selector.
#[derive(Debug)]
pub(super) struct Read<'s> {
    /// As it was written, to find it in its file.
    pub(super) text: &'s str,
    /// Nothing when the selector names none.
    pub(super) metric: Option<String>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) kind: Kind,
    pub(super) role: Role,
}

/// What its samples must be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Counter { scale: u8 },
    Bucket { below: f64 },
    Other,
}

/// What it means when there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing bad has happened.
    Bad,
    /// Nothing is known.
    Needed,
}

impl Read<'_> {
    /// The name as it stands in the text: buckets are written as their histogram.
    pub(super) fn base<'m>(&self, metric: &'m str) -> &'m str {
        let ends = ["_bucket", "_sum", "_count"];
        let base = ends.iter().find_map(|it| metric.strip_suffix(it));
        if self.text.contains(metric) { metric } else { base.unwrap_or(metric) }
    }
}

pub(super) fn reads(slo: &Slo) -> Vec<Read<'_>> {
    let mut reads = Vec::new();
    let mut add = |selector, kind, role| reads.push(read(selector, kind, role));
    match &slo.sli.kind {
        SliKind::Counter(it) => {
            let kind = Kind::Counter { scale: it.scale };
            let needed = it.good.iter().chain(&it.total).map(|it| (it, Role::Needed));
            for (selector, role) in needed.chain(it.bad.iter().map(|it| (it, Role::Bad))) {
                add(selector, kind, role);
            }
        }
        SliKind::Histogram(it) => {
            let kind = Kind::Bucket { below: it.below };
            reads.push(bucket(&it.metric, &it.matchers, kind));
        }
        SliKind::Boolean(it) => add(&it.selector, Kind::Other, Role::Needed),
        SliKind::Slices(it) => match &it.value {
            SliceValue::Average { sum, count } => {
                for it in sum.iter().chain(count) {
                    add(it, Kind::Other, Role::Needed);
                }
            }
            SliceValue::Throughput(all) => {
                for it in all {
                    add(it, Kind::Counter { scale: 0 }, Role::Needed);
                }
            }
            SliceValue::Freshness(it) | SliceValue::Gauge { selector: it, .. } => {
                add(it, Kind::Other, Role::Needed);
            }
            SliceValue::Quantile { metric, matchers, .. } => {
                let below = it.target.value.to_string().parse().unwrap_or(f64::NAN);
                reads.push(bucket(metric, matchers, Kind::Bucket { below }));
            }
        },
        SliKind::Promql(it) => {
            let queries = match &it.queries {
                PromqlQueries::Events { good, total } => vec![good, total],
                PromqlQueries::Ratio(query) | PromqlQueries::Value { query, .. } => vec![query],
            };
            reads.extend(queries.into_iter().flat_map(|it| of_query(it)));
        }
        SliKind::Composite(_) => {}
    }
    reads
}

fn read(selector: &Selector, kind: Kind, role: Role) -> Read<'_> {
    let matchers = selector.matchers.clone();
    Read { text: &selector.text, metric: name_of(&matchers), matchers, kind, role }
}

fn bucket<'s>(metric: &'s str, matchers: &[Matcher], kind: Kind) -> Read<'s> {
    let full = format!("{metric}_bucket");
    let name = std::iter::once(Matcher::equal(METRIC_NAME, &full));
    let matchers = name.chain(matchers.iter().cloned()).collect();
    Read { text: metric, metric: Some(full), matchers, kind, role: Role::Needed }
}

fn of_query(query: &str) -> Vec<Read<'_>> {
    // Any length will do: only the selectors are looked at.
    let Ok(checked) = check(&query.replace("$slice", "1m")) else { return Vec::new() };
    let selectors = checked.selectors().into_iter();
    let reads = selectors.map(|matchers| Read {
        text: query,
        metric: name_of(&matchers),
        matchers,
        kind: Kind::Other,
        role: Role::Needed,
    });
    reads.collect()
}

fn name_of(matchers: &[Matcher]) -> Option<String> {
    let name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
    matchers.iter().find(name).map(|it| it.value().to_owned())
}
