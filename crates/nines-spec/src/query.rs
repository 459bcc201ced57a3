//! Selectors of SLIs: plain ones, and queries that can be reduced to one.
//!
//! It must not know where a selector is used.

use nines_promql::{QueryError, check, parse_selector};
use nines_slo::Selector;

use crate::draft::Page;
use crate::fields::Text;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::values::{explain_query, names_metric};

/// Functions around a counter that do not change what it counts.
const WRAPPERS: [&str; 4] = ["sum", "rate", "increase", "irate"];
/// More brackets than anybody nests.
const REDUCTIONS_MAX: usize = 16;
/// The most selectors of one role.
pub(crate) const SELECTORS_MAX: usize = 32;

impl Page<'_, '_> {
    /// One selector or a list of them, as our own form wants them: without functions.
    pub(crate) fn selectors(&mut self, node: &Node, what: &str) -> Vec<Selector> {
        let items = self.one_or_more(node, what);
        self.check_length(items.len(), 1, SELECTORS_MAX, what, node.span);
        let items = items.get(..SELECTORS_MAX).unwrap_or(items);
        items.iter().filter_map(|it| self.one_selector(it, what)).collect()
    }

    /// One selector, without functions.
    pub(crate) fn one_selector(&mut self, node: &Node, what: &str) -> Option<Selector> {
        let query = self.scalar(node, what)?;
        let error = match parse_selector(query.text) {
            Ok(matchers) if names_metric(&matchers) => {
                return Some(Selector { text: query.text.to_owned(), matchers });
            }
            Ok(_) => {
                self.nameless(query, all(query));
                return None;
            }
            Err(error) => error,
        };
        match reduced(query.text) {
            Some((part, inner)) => {
                let at = self.inside(query.span, query.text, part);
                self.report(&Mistake::BadSelector {
                    problem: "an SLI wants the counter itself, without functions".to_owned(),
                    help: format!("write `{}`", inner.text),
                    label: "nines counts its increases".to_owned(),
                    at,
                });
            }
            None if check(query.text).is_ok() => self.not_a_counter(query),
            None => {
                let (problem, help) = explain_query(&error);
                self.bad_part(query, problem, help);
            }
        }
        None
    }

    /// A query of another tool: reduced to the selector in it.
    pub(crate) fn foreign_query(&mut self, query: Text<'_>) -> Option<Selector> {
        if let Some((part, selector)) = reduced(query.text) {
            if names_metric(&selector.matchers) {
                return Some(selector);
            }
            self.nameless(query, part);
            return None;
        }
        match check(query.text) {
            Ok(_) => self.not_a_counter(query),
            Err(error) => {
                let (problem, help) = explain_query(&error);
                self.bad_part(query, problem, help);
            }
        }
        None
    }

    fn nameless(&mut self, query: Text<'_>, part: Span) {
        let at = self.inside(query.span, query.text, part);
        self.report(&Mistake::BadSelector {
            problem: "the selector names no metric".to_owned(),
            help: "begin with the metric's name, e.g. `http_requests_total{code=~\"5..\"}`"
                .to_owned(),
            label: "would have to look at every series".to_owned(),
            at,
        });
    }

    fn not_a_counter(&mut self, query: Text<'_>) {
        let at = self.inside(query.span, query.text, all(query));
        self.report(&Mistake::NotACounter { at });
    }

    pub(crate) fn bad_part(&mut self, query: Text<'_>, problem: String, help: String) {
        let part = suspect(query.text, &problem);
        let at = self.inside(query.span, query.text, part);
        let label = "the budget cannot be counted".to_owned();
        self.report(&Mistake::BadSelector { problem, help, label, at });
    }
}

fn all(query: Text<'_>) -> Span {
    Span { start: 0, len: query.text.len() }
}

/// The selector in `sum(rate(selector[5m]))`, with its place; a plain selector is its own.
///
/// Taking sums and rates away is exact, because budgets are counted from the increases themselves.
pub(crate) fn reduced(query: &str) -> Option<(Span, Selector)> {
    let mut part = trimmed(query, Span { start: 0, len: query.len() });
    for _ in 0..REDUCTIONS_MAX {
        let text = slice(query, part);
        if let Ok(matchers) = parse_selector(text) {
            return Some((part, Selector { text: text.to_owned(), matchers }));
        }
        part = trimmed(query, without_wrapper(text, part.start)?);
    }
    None
}

/// One layer less: a range, brackets, or a function with its grouping.
fn without_wrapper(text: &str, start: usize) -> Option<Span> {
    if text.ends_with(']') {
        return Some(Span { start, len: text.rfind('[')? });
    }
    let open = text.find('(')?;
    let (name, grouping) =
        text.get(..open)?.trim().split_once(' ').unwrap_or((text.get(..open)?.trim(), ""));
    let grouped = matches!(grouping.trim(), "by" | "without");
    if !name.is_empty() && !WRAPPERS.contains(&name) {
        return None;
    }
    // `sum by (code) (...)` and `sum(...) by (code)`: the sum over groups is the sum over all.
    let open = if grouped { open + 1 + text.get(open + 1..)?.find('(')? } else { open };
    let close = closing(text, open)?;
    let tail = text.get(close + 1..)?.trim();
    let is_tail = tail.is_empty()
        || (name == "sum"
            && (tail.starts_with("by") || tail.starts_with("without"))
            && tail.ends_with(')'));
    is_tail.then_some(Span { start: start + open + 1, len: close - open - 1 })
}

/// The bracket that closes the one at `open`; brackets in quotes do not count.
fn closing(text: &str, open: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, it) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match (quote, it) {
            (None, '"' | '\'' | '`') => quote = Some(it),
            (Some(begun), _) if begun == it => quote = None,
            (Some(_), _) => {}
            (None, '(') => depth += 1,
            (None, ')') if depth == 1 => return Some(at),
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
    }
    None
}

/// Ranges of other tools' templates, which stand for whatever window is asked for.
const TEMPLATES: [&str; 8] = [
    "{{.window}}",
    "{{ .window }}",
    "{{.Window}}",
    "{{ .Window }}",
    "$__rate_interval",
    "$__interval",
    "$window",
    "${window}",
];

/// With `$slice` where another tool has a template for a range.
pub(crate) fn with_slice(query: &str) -> Result<String, QueryError> {
    let text =
        TEMPLATES.iter().fold(query.trim().to_owned(), |it, name| it.replace(name, "$slice"));
    check(&text.replace("$slice", "1m")).map(|_| text)
}

/// What a query counts in one slice: rates become increases, and every range a slice.
///
/// Nothing when it has no range, or one that is more than a length.
pub(crate) fn per_slice(query: &str) -> Option<String> {
    let mut out = String::new();
    let (mut rest, mut quote, mut ranges) = (query.trim(), None, 0);
    while let Some(it) = rest.chars().next() {
        let after = rest.get(it.len_utf8()..).unwrap_or("");
        match (quote, it) {
            (None, '[') => {
                let (range, after) = after.split_once(']')?;
                if range.contains(':') {
                    return None;
                }
                out.push_str("[$slice]");
                ranges += 1;
                rest = after;
                continue;
            }
            (None, '"' | '\'' | '`') => quote = Some(it),
            (Some(begun), _) if begun == it => quote = None,
            _ => {}
        }
        let is_inside =
            out.ends_with(|it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':');
        let function = ["irate", "rate"].into_iter().find_map(|it| rest.strip_prefix(it));
        match function {
            Some(after) if quote.is_none() && !is_inside && after.trim_start().starts_with('(') => {
                out.push_str("increase");
                rest = after;
            }
            _ => {
                out.push(it);
                rest = after;
            }
        }
    }
    let is_right = ranges != 0 && check(&out.replace("$slice", "1m")).is_ok();
    is_right.then_some(out)
}

/// What is probably wrong: a word that the message names, a bracket that is open, or everything.
pub(crate) fn suspect(query: &str, problem: &str) -> Span {
    let everything = Span { start: 0, len: query.len() };
    if let Some(at) = unbalanced(query) {
        return Span { start: at, len: 1 };
    }
    // Our parser ends some messages with the text that it could not read.
    let last = problem.rsplit(' ').next().filter(|it| query.matches(it).count() == 1);
    if let Some((start, last)) = last.and_then(|it| Some((query.find(it)?, it))) {
        return Span { start, len: last.len() };
    }
    let words = problem.split(|it: char| !it.is_alphanumeric() && it != '_' && it != ':');
    let mut named =
        words.filter(|it| 3 <= it.len()).filter_map(|it| Some((query.find(it)?, it.len())));
    named.next_back().map_or(everything, |(start, len)| Span { start, len })
}

/// The first bracket or quote without its partner.
fn unbalanced(query: &str) -> Option<usize> {
    let (mut open, mut quote) = (Vec::new(), None);
    for (at, it) in query.char_indices() {
        match (quote, it) {
            (None, '"' | '\'' | '`') => quote = Some((it, at)),
            (Some((begun, _)), _) if begun == it => quote = None,
            (Some(_), _) => {}
            (None, '(' | '[' | '{') => open.push((it, at)),
            (None, ')' | ']' | '}') => match (open.pop(), it) {
                (Some(('(', _)), ')') | (Some(('[', _)), ']') | (Some(('{', _)), '}') => {}
                _ => return Some(at),
            },
            (None, _) => {}
        }
    }
    quote.map(|(_, at)| at).or_else(|| open.pop().map(|(_, at)| at))
}

fn slice(text: &str, part: Span) -> &str {
    text.get(part.start..part.start + part.len).unwrap_or("")
}

fn trimmed(text: &str, part: Span) -> Span {
    let inner = slice(text, part);
    let before = inner.len() - inner.trim_start().len();
    Span { start: part.start + before, len: inner.trim().len() }
}

#[cfg(test)]
mod tests;
