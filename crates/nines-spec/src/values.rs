//! Values that mean something: names, durations, zones, shares, labels, matchers, selectors, addresses.
//!
//! Each reader reports what is wrong and gives what it understood. It must not know any kind of document.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, parse_duration};
use nines_promql::QueryError;

use crate::draft::Page;
use crate::fields::{Fields, Text, did_you_mean, only_meant};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::place;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 63;
/// What a name looks like.
const NAME_RULE: &str = "1 to 63 letters, digits, `-`, `_` or `.`";
/// The most labels of one thing.
const LABELS_MAX: usize = 64;
/// The most matchers of one route or selector.
pub(crate) const MATCHERS_MAX: usize = 64;

impl Page<'_, '_> {
    /// Letters, digits, `-`, `_` and `.`, so that names fit into addresses and file names.
    pub(crate) fn name<'n>(&mut self, node: &'n Node, what: &str) -> Option<Text<'n>> {
        let text = self.scalar(node, what)?;
        if !is_name(text.text) {
            let name = text.text.to_owned();
            self.report(&Mistake::BadName { name, rule: NAME_RULE, at: text.span });
            return None;
        }
        Some(text)
    }

    pub(crate) fn duration(&mut self, node: &Node, what: &str) -> Option<SignedDuration> {
        let Text { text, span } = self.scalar(node, what)?;
        let duration = parse_duration(text).ok();
        if duration.is_none() {
            let meant = repaired_duration(text);
            let label = match &meant {
                Some(it) => format!("did you mean `{it}`?"),
                None => "here".to_owned(),
            };
            let mistake = Mistake::BadDuration { text: text.to_owned(), label, at: span };
            self.report_fixable(&mistake, span, meant);
        }
        duration
    }

    pub(crate) fn maybe_duration(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
    ) -> Option<SignedDuration> {
        let node = fields.get(field)?;
        self.duration(node, &format!("`{field}`"))
    }

    pub(crate) fn zone(&mut self, node: &Node) -> Option<TimeZone> {
        let Text { text, span } = self.scalar(node, "`zone`")?;
        match TimeZone::get(text) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let known: Vec<String> =
                    jiff::tz::db().available().map(|it| it.as_str().to_owned()).collect();
                let label = did_you_mean(text, known.iter().map(String::as_str))
                    .unwrap_or_else(|| "nobody knows when a shift begins".to_owned());
                let meant = only_meant(text, known.iter().map(String::as_str)).map(str::to_owned);
                let mistake = Mistake::UnknownZone { zone: text.to_owned(), label, at: span };
                self.report_fixable(&mistake, span, meant);
                None
            }
        }
    }

    /// `2026-07-01T02:00:00Z`, or a date or clock time of `zone`; a date is its first instant.
    pub(crate) fn instant(&mut self, text: Text<'_>, zone: &TimeZone) -> Option<Timestamp> {
        let written = text.text;
        let has_zone = written.contains(['Z', 'z', '+', '[']) || 2 < written.matches('-').count();
        let instant = if has_zone {
            written.parse::<Timestamp>().ok()
        } else if written.len() == "2026-07-01".len() {
            written.parse::<Date>().ok().and_then(|it| first_instant(it.at(0, 0, 0, 0), zone))
        } else {
            written.parse::<DateTime>().ok().and_then(|it| first_instant(it, zone))
        };
        if instant.is_none() {
            let (expected, example) = ("a date or an instant", "2026-07-01T02:00:00Z");
            let (text, at) = (text.text.to_owned(), text.span);
            self.report(&Mistake::BadInstant { text, expected, example, at });
        }
        instant
    }

    /// Whether the text is one; reports when not.
    pub(crate) fn label_name(&mut self, label: Text<'_>) -> bool {
        let is_name = is_label_name(label.text);
        if !is_name {
            self.report(&Mistake::BadLabelName { name: label.text.to_owned(), at: label.span });
        }
        is_name
    }

    /// A percentage of 0 to 100, in billionths.
    pub(crate) fn share(&mut self, node: &Node, what: &str) -> Option<u64> {
        let Text { text, span } = self.scalar(node, what)?;
        let percent = text.strip_suffix('%').map(str::trim_end);
        // A percentage with seven digits behind the point is a whole number of billionths.
        let share = percent.and_then(|it| decimal(it, 7)).filter(|it| *it <= 1_000_000_000);
        if share.is_none() {
            self.report(&Mistake::BadShare { text: text.to_owned(), at: span });
        }
        share
    }

    pub(crate) fn labels(&mut self, fields: &Fields<'_>, field: &str) -> Labels {
        let Some(node) = fields.get(field) else { return Labels::empty() };
        let Some(entries) = self.fields(node, "labels", &[]).map(|_| entries(node)) else {
            return Labels::empty();
        };
        self.check_length(entries.len(), 0, LABELS_MAX, "a label set", node.anchor());
        let mut labels = Labels::empty();
        for (key, value) in entries.iter().take(LABELS_MAX) {
            if !is_label_name(&key.text) {
                let name = key.text.clone();
                self.report(&Mistake::BadLabelName { name, at: key.span });
            } else if let Some(value) = self.scalar(value, &format!("label `{}`", key.text)) {
                labels = labels.with(&key.text, value.text);
            }
        }
        labels
    }

    /// `{team: shop}`, or a list of texts as in PromQL. Nothing when one of them is wrong: fewer conditions
    /// would match more.
    pub(crate) fn matchers(&mut self, node: &Node) -> Option<Vec<Matcher>> {
        if let Value::Map(entries) = &node.value {
            self.check_length(entries.len(), 0, MATCHERS_MAX, "a route", node.anchor());
            // Only to report keys that are given twice.
            self.fields(node, "match", &[]);
            let matchers: Vec<_> =
                entries.iter().map(|(key, value)| self.equality(key, value)).collect();
            return matchers.into_iter().collect();
        }
        let items = self.one_or_more(node, "`match`");
        self.check_length(items.len(), 0, MATCHERS_MAX, "a route", node.span);
        let matchers: Vec<_> = items.iter().map(|it| self.matcher(it)).collect();
        matchers.into_iter().collect()
    }

    fn equality(&mut self, key: &crate::node::Key, value: &Node) -> Option<Matcher> {
        if !is_label_name(&key.text) {
            self.report(&Mistake::BadLabelName { name: key.text.clone(), at: key.span });
            return None;
        }
        let value = self.scalar(value, &format!("label `{}`", key.text))?;
        Some(Matcher::equal(&key.text, value.text))
    }

    fn matcher(&mut self, node: &Node) -> Option<Matcher> {
        let Text { text, span } = self.scalar(node, "a matcher")?;
        let problem = match nines_promql::parse_selector(&format!("{{{text}}}")) {
            Ok(mut matchers) if matchers.len() == 1 => return matchers.pop(),
            Ok(_) => format!("`{text}` is not one matcher"),
            // A selector may not match everything; a route may.
            Err(_) => match loose_matcher(text) {
                Some(matcher) => return Some(matcher),
                None => format!("`{text}` is not a matcher"),
            },
        };
        self.report(&Mistake::BadMatcher { problem, at: span });
        None
    }

    /// The place of some bytes of a scalar's text.
    pub(crate) fn inside(&self, whole: Span, meant: &str, part: Span) -> Span {
        place::inside(self.text(), whole, meant, part)
    }

    pub(crate) fn url(&mut self, text: Text<'_>) -> Option<String> {
        self.accept(text, is_url, "an address", "https://example.org/hook")
    }

    pub(crate) fn mail_address(&mut self, text: Text<'_>) -> Option<String> {
        self.accept(text, is_mail_address, "a mail address", "ana@example.org")
    }

    /// As E.164 has it.
    pub(crate) fn telephone_number(&mut self, text: Text<'_>) -> Option<String> {
        self.accept(text, is_telephone_number, "a telephone number", "+491701234567")
    }

    pub(crate) fn target(&mut self, text: Text<'_>) -> Option<String> {
        self.accept(text, is_target, "a host with a port", "checkout:9090")
    }

    pub(crate) fn path(&mut self, text: Text<'_>) -> Option<String> {
        self.accept(text, is_path, "a path", "/metrics")
    }

    fn accept(
        &mut self,
        text: Text<'_>,
        is_right: fn(&str) -> bool,
        expected: &'static str,
        example: &'static str,
    ) -> Option<String> {
        let (written, at) = (text.text.to_owned(), text.span);
        if is_right(&written) {
            return Some(written);
        }
        self.report(&Mistake::BadAddress { text: written, expected, example, at });
        None
    }
}

/// In a gap the first instant after it, of two the first.
fn first_instant(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|it| it.split('/').next()).unwrap_or("");
    !host.is_empty() && !text.contains(char::is_whitespace)
}

fn is_telephone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or("");
    let is_long = (7..=15).contains(&digits.len());
    is_long && !digits.starts_with('0') && digits.bytes().all(|it| it.is_ascii_digit())
}

/// `Name <address>` is allowed where a sender is named.
fn is_mail_address(text: &str) -> bool {
    let bare = text.split_once('<').map_or(text, |(_, it)| it.trim_end_matches('>'));
    bare.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !bare.contains([' ', ',', '<', '>', '\n'])
    })
}

fn is_target(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !host.contains(['/', ' '])
            && port.parse::<u16>().is_ok_and(|it| it != 0)
    })
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(char::is_whitespace)
}

fn entries(node: &Node) -> &[(crate::node::Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// Whether others may refer to it by this name.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(allowed)
}

/// Names that begin with two underscores are for the machinery. Source: Prometheus data model.
pub(crate) fn is_label_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && chars.all(|it| it.is_ascii_alphanumeric() || it == '_')
        && !text.starts_with("__")
}

/// `5 min` means `5m`.
fn repaired_duration(text: &str) -> Option<String> {
    const WORDS: [(&str, &str); 12] = [
        ("milliseconds", "ms"),
        ("seconds", "s"),
        ("second", "s"),
        ("secs", "s"),
        ("sec", "s"),
        ("minutes", "m"),
        ("minute", "m"),
        ("mins", "m"),
        ("min", "m"),
        ("hours", "h"),
        ("days", "d"),
        ("weeks", "w"),
    ];
    let compact: String = text.to_lowercase().split_whitespace().collect();
    let short = WORDS.iter().fold(compact, |it, (word, unit)| it.replace(word, unit));
    let singular = short.replace("hour", "h").replace("day", "d").replace("week", "w");
    (parse_duration(&singular).is_ok() && singular != "0").then_some(singular)
}

/// `text` × 10^`digits`, exact; nothing when it has more digits behind the point, or a sign.
pub(crate) fn decimal(text: &str, digits: usize) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if digits < decimals.len() || whole.is_empty() {
        return None;
    }
    let all = format!("{whole}{decimals:0<digits$}");
    if !all.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    all.parse().ok()
}

/// A matcher of one label, also where PromQL would demand another one beside it.
fn loose_matcher(text: &str) -> Option<Matcher> {
    let with_anchor = format!("{{{text},__name__=\"x\"}}");
    let matchers = nines_promql::parse_selector(&with_anchor).ok()?;
    let mut rest = matchers.into_iter().filter(|it| it.name() != METRIC_NAME);
    rest.next().filter(|_| rest.next().is_none())
}

/// Whether the selector says which metric it is about.
pub(crate) fn names_metric(matchers: &[Matcher]) -> bool {
    matchers.iter().any(|it| it.name() == METRIC_NAME && it.op() == MatchOp::Equal)
}

/// What is wrong with a query, and what to do, in our words where the parser's are unclear.
pub(crate) fn explain_query(error: &QueryError) -> (String, String) {
    let problem = error.to_string();
    let help = "a selector is a metric with matchers, e.g. `http_requests_total{code=~\"5..\"}`";
    (problem, help.to_owned())
}
