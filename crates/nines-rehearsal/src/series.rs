//! Series that an SLI reads, made up from its selectors: the least labels that match.

use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher};
use nines_slo::{CounterSli, HistogramSli, Selector, SliKind};
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

/// Repetitions without an upper bound are written at least so often, so that `.+` is not empty.
const REPEATS_MIN: u32 = 1;
/// A text made from a regular expression is no longer.
const TEXT_BYTES_MAX: usize = 1_024;

/// Which events a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Events {
    All,
    Good,
    Bad,
}

/// The counters through which events reach an SLI; none when no labels match, or the SLI reads no counters.
pub(crate) fn counters(kind: &SliKind, extra: &Labels) -> Vec<(Labels, Events)> {
    let with_extra = |(labels, events): (Labels, Events)| {
        let labels = extra.iter().fold(labels, |labels, (name, value)| labels.with(name, value));
        (labels, events)
    };
    let counters = match kind {
        SliKind::Counter(it) => of_counter(it),
        SliKind::Histogram(it) => of_histogram(it),
        SliKind::Boolean(_) | SliKind::Slices(_) | SliKind::Promql(_) | SliKind::Composite(_) => {
            None
        }
    };
    counters.unwrap_or_default().into_iter().map(with_extra).collect()
}

fn of_counter(sli: &CounterSli) -> Option<Vec<(Labels, Events)>> {
    let (part, part_events, rest_events) = match sli.bad.as_slice() {
        [] => (sli.good.as_slice(), Events::Good, Events::Bad),
        bad => (bad, Events::Bad, Events::Good),
    };
    let part_series = matching(&part.first()?.matchers)?;
    let (whole, rest_events) = match sli.total.as_slice() {
        [] => (sli.good.as_slice(), Events::Good),
        // A part that is counted in the total too leaves the rest for another series.
        total if is_any(total, &part_series) => (total, rest_events),
        total => (total, Events::All),
    };
    let rest = whole.iter().find_map(|it| beside(&it.matchers, part))?;
    Some(vec![(part_series, part_events), (rest, rest_events)])
}

/// Labels that match `whole` and none of `part`.
fn beside(whole: &[Matcher], part: &[Selector]) -> Option<Labels> {
    let least = matching(whole)?;
    let broken = part.iter().flat_map(|it| &it.matchers).filter_map(|it| {
        let value = value_outside(it)?;
        Some(least.with(it.name(), &value))
    });
    [least.clone()]
        .into_iter()
        .chain(broken)
        .find(|it| whole.iter().all(|matcher| matcher.matches(it)) && !is_any(part, it))
}

fn is_any(selectors: &[Selector], labels: &Labels) -> bool {
    selectors.iter().any(|it| it.matchers.iter().all(|matcher| matcher.matches(labels)))
}

fn of_histogram(sli: &HistogramSli) -> Option<Vec<(Labels, Events)>> {
    let labels = matching(&sli.matchers)?.with(METRIC_NAME, &format!("{}_bucket", sli.metric));
    let bucket = |le: &str| labels.with("le", le);
    Some(vec![(bucket(&sli.below.to_string()), Events::Good), (bucket("+Inf"), Events::All)])
}

/// The least labels that match.
fn matching(matchers: &[Matcher]) -> Option<Labels> {
    let labels = matchers.iter().try_fold(Labels::empty(), |labels, it| {
        let value = value_inside(it)?;
        Some(if value.is_empty() { labels } else { labels.with(it.name(), &value) })
    })?;
    matchers.iter().all(|it| it.matches(&labels)).then_some(labels)
}

/// A value that matches; empty for an absent label.
fn value_inside(matcher: &Matcher) -> Option<String> {
    match matcher.op() {
        MatchOp::Equal => Some(matcher.value().to_owned()),
        MatchOp::Regex => written_like(matcher.value()),
        MatchOp::NotEqual | MatchOp::NotRegex => {
            let made_up = ["", "x", "0", "200"].into_iter();
            made_up.map(str::to_owned).find(|it| matcher.matches_value(it))
        }
    }
}

/// A value that does not match.
fn value_outside(matcher: &Matcher) -> Option<String> {
    let made_up = ["200", "x", "0", "ok"].into_iter().map(str::to_owned);
    let named = match matcher.op() {
        MatchOp::NotEqual => Some(matcher.value().to_owned()),
        MatchOp::NotRegex => written_like(matcher.value()),
        MatchOp::Equal | MatchOp::Regex => None,
    };
    made_up.chain(named).find(|it| !matcher.matches_value(it))
}

/// A text that a regular expression matches.
fn written_like(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut text = String::new();
    write_like(&hir, &mut text)?;
    Some(text)
}

fn write_like(hir: &Hir, text: &mut String) -> Option<()> {
    if TEXT_BYTES_MAX < text.len() {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(()),
        HirKind::Literal(it) => {
            text.push_str(std::str::from_utf8(&it.0).ok()?);
            Some(())
        }
        HirKind::Class(it) => {
            text.push(member(it)?);
            Some(())
        }
        HirKind::Repetition(it) => {
            let least = it.min.max(REPEATS_MIN.min(it.max.unwrap_or(REPEATS_MIN)));
            (0..least).try_for_each(|_| write_like(&it.sub, text))
        }
        HirKind::Capture(it) => write_like(&it.sub, text),
        HirKind::Concat(parts) => parts.iter().try_for_each(|it| write_like(it, text)),
        HirKind::Alternation(parts) => write_like(parts.first()?, text),
    }
}

/// A member of a class; a digit or a letter where there is one.
fn member(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let has = |wanted: &char| class.iter().any(|it| (it.start()..=it.end()).contains(wanted));
    let liked = ('0'..='9').chain('a'..='z').chain('A'..='Z').find(has);
    liked.or_else(|| class.iter().next().map(ClassUnicodeRange::start))
}

#[cfg(test)]
mod tests;
