//! Who may read a series: from the selectors of many readers to the few that a label set concerns.
//!
//! Ten thousand objectives often read one metric and differ in a label, so the name of the metric alone finds too
//! many. Each selector is kept under its rarest equality; whoever asks still compares all matchers.

use std::collections::BTreeMap;

use nines_base::{Labels, MatchOp, Matcher};

/// Readers by what one of their matchers demands.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Name of a label, then its value.
    demands: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// Those that demand no value of any label.
    others: Vec<usize>,
}

impl Directory {
    /// For each reader its number, and the selectors of which one must match.
    pub(crate) fn new(readers: &[(usize, Vec<Vec<Matcher>>)]) -> Self {
        let mut frequencies = BTreeMap::<(&str, &str), usize>::new();
        let selectors =
            || readers.iter().flat_map(|(index, it)| it.iter().map(move |it| (*index, it)));
        for it in selectors().flat_map(|(_, it)| it).filter(|it| is_demand(it)) {
            *frequencies.entry((it.name(), it.value())).or_default() += 1;
        }
        let mut directory = Self::default();
        for (index, selector) in selectors() {
            let demands = selector.iter().filter(|it| is_demand(it));
            let rarest = demands.min_by_key(|it| frequencies.get(&(it.name(), it.value())));
            let list = match rarest {
                Some(it) => {
                    let values = directory.demands.entry(it.name().to_owned()).or_default();
                    values.entry(it.value().to_owned()).or_default()
                }
                None => &mut directory.others,
            };
            if list.last() != Some(&index) {
                list.push(index);
            }
        }
        directory
    }

    /// Every reader that may read this series, rising; others do not.
    pub(crate) fn candidates(&self, labels: &Labels) -> Vec<usize> {
        let demanded = |(name, value)| self.demands.get(name)?.get(value);
        let mut found: Vec<usize> = labels.iter().filter_map(demanded).flatten().copied().collect();
        found.extend(&self.others);
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A missing label is the empty text, so only other texts must be there.
fn is_demand(matcher: &Matcher) -> bool {
    matcher.op() == MatchOp::Equal && !matcher.value().is_empty()
}

#[cfg(test)]
mod tests;
