//! Comments that say what a metric means: `# HELP`, `# TYPE`, `# UNIT`.

use nines_base::{Labels, METRIC_NAME};

use super::is_blank;
use super::series::quoted_text;

/// One of the comments that have a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The family's name, as it stands there.
    pub(crate) metric: String,
    pub(crate) says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    Help(String),
    /// In the words of [`nines_port::MetricMetadata`].
    Kind(&'static str),
    Unit(String),
}

/// Reads a line that begins with `#`; nothing when it is a comment for people.
pub(crate) fn comment(line: &str) -> Option<Comment> {
    let rest = line.strip_prefix('#')?.trim_start_matches(is_blank);
    let (word, rest) = rest.split_once(is_blank)?;
    let rest = rest.trim_start_matches(is_blank);
    let (metric, text) = match rest.strip_prefix('"') {
        Some(quoted) => quoted_text(quoted).ok()?,
        None => {
            let (name, text) = rest.split_once(is_blank).unwrap_or((rest, ""));
            (name.to_owned(), text)
        }
    };
    let text = text.trim_start_matches(is_blank);
    let says = match word {
        "HELP" => Says::Help(unescaped(text)),
        "TYPE" => Says::Kind(kind(text)),
        "UNIT" => Says::Unit(text.to_owned()),
        _ => return None,
    };
    (!metric.is_empty()).then_some(Comment { metric, says })
}

fn kind(word: &str) -> &'static str {
    const KINDS: [&str; 7] =
        ["counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary"];
    KINDS.into_iter().find(|it| *it == word).unwrap_or("unknown")
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(it) = chars.next() {
        match (it, chars.as_str().chars().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some(next @ ('\\' | '"'))) => out.push(next),
            _ => {
                out.push(it);
                continue;
            }
        }
        chars.next();
    }
    out
}

/// `le="1"` of a histogram and `quantile="1"` of a summary are `1.0`, so that a target that changes its format keeps
/// its series.
///
/// Source: Prometheus 3.0, "Migration", section on `le` and `quantile`.
pub(crate) fn normal_borders(labels: &Labels, kind: &str) -> Option<Labels> {
    let name = match kind {
        "histogram" | "gaugehistogram" if labels.value(METRIC_NAME).ends_with("_bucket") => "le",
        "summary" => "quantile",
        _ => return None,
    };
    let written = labels.get(name)?;
    let normal = border(written.parse().ok()?);
    (normal != written).then(|| labels.with(name, &normal))
}

/// As OpenMetrics writes borders: the shortest digits, with a point or an exponent.
pub(crate) fn border(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-Inf" } else { "+Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests;
