//! Lists of series, and which series fulfil matchers. Lists are sorted by number.
//!
//! Expressions are tried on the values of a label, of which there are fewer than series. This module must not know
//! samples.

use nines_base::{MatchOp, Matcher};

use crate::pairs::{PairId, Pairs};

/// The number of a series within this process; never given again.
pub(crate) type SeriesId = u32;

/// Sorted series; most labels that few share are had by one.
#[derive(Debug)]
pub(crate) enum SeriesList {
    One(SeriesId),
    Many(Vec<SeriesId>),
}

impl Default for SeriesList {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl SeriesList {
    pub(crate) fn as_slice(&self) -> &[SeriesId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    /// Adds a number that is higher than all before.
    pub(crate) fn push(&mut self, id: SeriesId) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, id]),
            Self::Many(ids) if ids.is_empty() => *self = Self::One(id),
            Self::Many(ids) => {
                if ids.len() == ids.capacity() {
                    ids.reserve_exact(ids.len() / 4 + 4); // doubling would waste a third
                }
                ids.push(id);
            }
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(SeriesId) -> bool) {
        match self {
            Self::One(id) if keep(*id) => {}
            Self::One(_) => *self = Self::default(),
            Self::Many(ids) => {
                ids.retain(|it| keep(*it));
                ids.shrink_to_fit();
            }
        }
    }
}

/// The series that fulfil all matchers, sorted. `all` is every series, `pairs_of` tells the pairs of one.
///
/// An expression is tried once per value of its label, or once per candidate, whichever are fewer.
pub(crate) fn resolve<'a>(
    pairs: &Pairs,
    all: &[SeriesId],
    matchers: &[Matcher],
    pairs_of: impl Fn(SeriesId) -> Option<&'a [PairId]>,
) -> Vec<SeriesId> {
    let (exact, mut others): (Vec<&Matcher>, Vec<&Matcher>) =
        matchers.iter().partition(|it| it.op() == MatchOp::Equal && !it.value().is_empty());
    let having =
        |it: &&Matcher| pairs.id(it.name(), it.value()).map_or(&[][..], |it| pairs.series(it));
    let mut lists: Vec<&[SeriesId]> = exact.iter().map(having).collect();
    lists.sort_by_key(|it| it.len());
    let mut lists = lists.into_iter();
    let mut found = match lists.next() {
        Some(shortest) => shortest.to_vec(),
        None => match others.iter().position(|it| !it.matches_absent()) {
            Some(index) => union(pairs, others.swap_remove(index), Keep::Matching),
            None => all.to_vec(),
        },
    };
    lists.for_each(|list| retain_sorted(&mut found, list, Keep::Matching));
    for matcher in others {
        if found.len() < pairs.values(matcher.name()).len() {
            found.retain(|id| {
                let pairs_of = pairs_of(*id);
                pairs_of.is_some_and(|it| matcher.matches_value(pairs.value_in(it, matcher.name())))
            });
        } else if matcher.matches_absent() {
            let refused = union(pairs, matcher, Keep::NotMatching);
            retain_sorted(&mut found, &refused, Keep::NotMatching);
        } else {
            let accepted = union(pairs, matcher, Keep::Matching);
            retain_sorted(&mut found, &accepted, Keep::Matching);
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Matching,
    NotMatching,
}

/// The series that have the label with a value that the matcher accepts, or does not.
fn union(pairs: &Pairs, matcher: &Matcher, keep: Keep) -> Vec<SeriesId> {
    let is_positive = matches!(matcher.op(), MatchOp::Regex | MatchOp::Equal);
    let named = alternatives(matcher).filter(|_| is_positive == (keep == Keep::Matching));
    let mut ids: Vec<SeriesId> = match named {
        Some(mut values) => {
            values.sort_unstable();
            values.dedup();
            let wanted = values.iter().filter_map(|it| pairs.id(matcher.name(), it));
            wanted.flat_map(|it| pairs.series(it)).copied().collect()
        }
        None => {
            let wanted = keep == Keep::Matching;
            let value = |it: PairId| pairs.texts(it).map_or("", |it| it.1);
            let values = pairs.values(matcher.name()).iter().copied();
            let values = values.filter(|it| matcher.matches_value(value(*it)) == wanted);
            values.flat_map(|it| pairs.series(it)).copied().collect()
        }
    };
    ids.sort_unstable(); // a series has one value per name, so nothing is twice
    ids
}

/// The texts that the matcher names, if it names texts: `a`, or `a|b|c`.
fn alternatives(matcher: &Matcher) -> Option<Vec<&str>> {
    let text = matcher.value();
    match matcher.op() {
        MatchOp::Equal | MatchOp::NotEqual => Some(vec![text]),
        MatchOp::Regex | MatchOp::NotRegex if text.contains(is_special) => None,
        MatchOp::Regex | MatchOp::NotRegex => Some(text.split('|').collect()),
    }
}

/// Whether a character may mean something else than itself.
fn is_special(it: char) -> bool {
    !it.is_alphanumeric() && !matches!(it, '_' | '-' | ':' | '/' | ' ' | '|' | ',' | '@' | '=')
}

/// Keeps of `found` what is in `list`, or what is not; both are sorted.
fn retain_sorted(found: &mut Vec<SeriesId>, list: &[SeriesId], keep: Keep) {
    let wanted = keep == Keep::Matching;
    if found.len().saturating_mul(16) < list.len() {
        found.retain(|it| list.binary_search(it).is_ok() == wanted);
        return;
    }
    let mut rest = list.iter().copied().peekable();
    found.retain(|it| {
        while rest.next_if(|other| other < it).is_some() {}
        (rest.peek() == Some(it)) == wanted
    });
}

#[cfg(test)]
mod tests;
