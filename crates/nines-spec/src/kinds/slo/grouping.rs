//! `by`, `limit` and `alert_on`: counts by labels.

use nines_base::{MatchOp, Matcher};
use nines_slo::{AlertOn, Grouping, SliKind, SliceValue};

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;

use super::ALERT_ON;

/// More labels than that make a group of every series.
pub(super) const LABELS_MAX: usize = 8;
/// The most groups of one SLO.
pub(super) const LIMIT_MAX: u32 = 1_000;
/// Without `limit`.
const LIMIT_DEFAULT: u32 = 100;

pub(super) fn read(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    kind: Option<&SliKind>,
) -> Option<Grouping> {
    let limit = page.whole_number(spec, "limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT);
    let alert_on = spec.get("alert_on").and_then(|it| page.word(it, "`alert_on`", &ALERT_ON));
    let Some(list) = spec.get("by") else {
        for field in ["limit", "alert_on"] {
            if spec.get(field).is_some() {
                let (what, at) = (format!("`{field}`"), spec.key(field));
                page.report(&Mistake::Ignored {
                    what,
                    help: "there are no groups without `by`",
                    at,
                });
            }
        }
        return None;
    };
    let labels = page.texts(spec, "by");
    page.check_length(labels.len(), 1, LABELS_MAX, "`by`", list.anchor());
    let mut by: Vec<String> = Vec::new();
    for label in labels.iter().take(LABELS_MAX) {
        if by.iter().any(|it| it == label.text) {
            bad(page, *label, "is there twice", "leave one of them out");
        } else if page.label_name(*label) && check(page, *label, kind) {
            by.push(label.text.to_owned());
        }
    }
    if let Some(SliKind::Composite(_)) = kind {
        let problem = "a composite has no groups".to_owned();
        let help = "put `by` into its members".to_owned();
        page.report(&Mistake::BadGrouping { problem, help, at: spec.key("by") });
        return None;
    }
    let limit = usize::try_from(limit).expect("at most LIMIT_MAX");
    let alert_on = alert_on.unwrap_or(AlertOn::Total);
    (!by.is_empty()).then_some(Grouping { by, limit, alert_on })
}

/// Whether a label can tell groups apart.
fn check(page: &mut Page<'_, '_>, label: Text<'_>, kind: Option<&SliKind>) -> bool {
    let Some(kind) = kind else { return true };
    let is_histogram = match kind {
        SliKind::Histogram(_) => true,
        SliKind::Slices(it) => matches!(it.value, SliceValue::Quantile { .. }),
        _ => false,
    };
    if label.text == "le" && is_histogram {
        bad(page, label, "tells the buckets of one histogram apart", "group by another label");
        return false;
    }
    let selectors = selectors(kind);
    let fixes = |it: &&[Matcher]| {
        it.iter().any(|it| {
            it.name() == label.text && it.op() == MatchOp::Equal && !it.value().is_empty()
        })
    };
    if !selectors.is_empty() && selectors.iter().all(fixes) {
        let help = "every selector fixes it, so there is one group; leave it out of `by` or of the selectors";
        bad(page, label, "has one value only", help);
        return false;
    }
    true
}

fn bad(page: &mut Page<'_, '_>, label: Text<'_>, problem: &str, help: &str) {
    let problem = format!("label `{}` {problem}", label.text);
    page.report(&Mistake::BadGrouping { problem, help: help.to_owned(), at: label.span });
}

/// The matchers of everything that is read, where that is known.
fn selectors(kind: &SliKind) -> Vec<&[Matcher]> {
    match kind {
        SliKind::Counter(it) => [&it.good, &it.bad, &it.total]
            .into_iter()
            .flatten()
            .map(|it| it.matchers.as_slice())
            .collect(),
        SliKind::Histogram(it) => vec![it.matchers.as_slice()],
        SliKind::Boolean(it) => vec![it.selector.matchers.as_slice()],
        SliKind::Slices(it) => match &it.value {
            SliceValue::Average { sum, count } => {
                sum.iter().chain(count).map(|it| it.matchers.as_slice()).collect()
            }
            SliceValue::Quantile { matchers, .. } => vec![matchers.as_slice()],
            SliceValue::Throughput(it) => it.iter().map(|it| it.matchers.as_slice()).collect(),
            SliceValue::Freshness(it) | SliceValue::Gauge { selector: it, .. } => {
                vec![it.matchers.as_slice()]
            }
        },
        SliKind::Promql(_) | SliKind::Composite(_) => Vec::new(),
    }
}
