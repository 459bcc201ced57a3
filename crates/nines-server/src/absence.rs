//! Why an SLO has no data: what its selectors find in the store, and what is there under a similar name.

use nines_base::{METRIC_NAME, MatchOp, Matcher};
use nines_slo::Slo;
use serde::Serialize;

use crate::app::Shared;
use crate::slo_views::{reads, selector_text};

/// The most series that are counted for a selector.
const SERIES_MAX: usize = 1_000;
/// The most names or values that are looked through.
const NAMES_MAX: usize = 20_000;
/// The most near misses that are named.
const NEAR_MAX: usize = 3;
/// The most selectors that are looked at.
const SELECTORS_MAX: usize = 20;
/// Names that are less alike are no near miss, in hundredths.
const ALIKE_MIN: f64 = 0.6;

/// One selector, and what it finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    pub(crate) selector: String,
    /// Series that it matches, at any time; at most so many are counted.
    pub(crate) series: usize,
    /// Series of the same metric, whatever their labels.
    pub(crate) of_metric: usize,
    /// Names of metrics, or matchers that would match, that are nearest to what was asked for.
    pub(crate) near: Vec<String>,
}

impl Missing {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let count = |it: usize| match it {
            1 => "1 series".to_owned(),
            SERIES_MAX.. => format!("{SERIES_MAX} series or more"),
            it => format!("{it} series"),
        };
        match (self.series, self.of_metric) {
            (0, 0) => "there is no such metric".to_owned(),
            (0, metric) => format!("matches nothing, though the metric has {}", count(metric)),
            (series, _) => format!("matches {}, of which none has samples now", count(series)),
        }
    }
}

/// What each selector of an SLO finds. Reads the index only, never samples.
pub(crate) fn explain(app: &Shared, slo: &Slo) -> Vec<Missing> {
    let selectors = app.metrics.tracker().selectors(&slo.name);
    if selectors.is_empty() {
        let queries = reads(slo, &[]);
        let checked = queries.iter().filter_map(|it| nines_promql::check(it).ok());
        let found: Vec<Vec<Matcher>> = checked.flat_map(|it| it.selectors()).collect();
        return found.iter().take(SELECTORS_MAX).map(|it| look(app, it)).collect();
    }
    selectors.iter().take(SELECTORS_MAX).map(|it| look(app, it)).collect()
}

fn look(app: &Shared, matchers: &[Matcher]) -> Missing {
    let count = |it: &[Matcher]| {
        app.metrics.store.series(&[it.to_vec()], i64::MIN, i64::MAX, SERIES_MAX).len()
    };
    let is_name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
    let name = matchers.iter().find(is_name);
    let series = count(matchers);
    let of_metric = name.map_or(series, |it| count(std::slice::from_ref(it)));
    let near = match name {
        _ if 0 < series => Vec::new(),
        Some(name) if of_metric == 0 => near_names(app, name.value()),
        Some(name) => near_values(app, name, matchers),
        None => Vec::new(),
    };
    Missing { selector: selector_text(matchers), series, of_metric, near }
}

/// Metrics that are called alike.
fn near_names(app: &Shared, wanted: &str) -> Vec<String> {
    let names = app.metrics.store.label_values(METRIC_NAME, &[], i64::MIN, i64::MAX, NAMES_MAX);
    nearest(wanted, names)
}

/// The matchers that no series of the metric fulfils, with values that it has.
fn near_values(app: &Shared, name: &Matcher, matchers: &[Matcher]) -> Vec<String> {
    let store = &app.metrics.store;
    let fails = |it: &&Matcher| {
        let both = vec![name.clone(), (*it).clone()];
        it.name() != METRIC_NAME && store.series(&[both], i64::MIN, i64::MAX, 1).is_empty()
    };
    let near = matchers.iter().filter(fails).flat_map(|it| {
        let of_metric = [vec![name.clone()]];
        let values = store.label_values(it.name(), &of_metric, i64::MIN, i64::MAX, NAMES_MAX);
        let mut found = nearest(it.value(), values.clone());
        if found.is_empty() {
            found = values.into_iter().take(NEAR_MAX).collect();
        }
        found.into_iter().map(|value| Matcher::equal(it.name(), &value).to_string())
    });
    near.take(NEAR_MAX).collect()
}

fn nearest(wanted: &str, names: Vec<String>) -> Vec<String> {
    let alike = |it: &String| strsim::normalized_damerau_levenshtein(wanted, it);
    let scored = names.into_iter().map(|it| (alike(&it), it));
    let mut scored: Vec<(f64, String)> = scored.filter(|it| ALIKE_MIN <= it.0).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(NEAR_MAX).map(|it| it.1).collect()
}
