//! Names of metrics and labels, from OpenTelemetry's to Prometheus': `UnderscoreEscapingWithSuffixes`.
//!
//! Source: OpenTelemetry, "Prometheus and OpenMetrics Compatibility"; Prometheus, `otlp.translation_strategy`.

/// What decides on the suffix of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sum that only rises: `_total`.
    Counter,
    /// A share has the unit `1`: `_ratio`.
    Gauge,
    Other,
}

/// Units as UCUM writes them, and in words.
const UNITS: [(&str, &str); 24] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
];
/// Units after a slash, in the singular.
const PER_UNITS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The metric's name with its unit and what its kind adds; nothing when no letter or digit is left.
pub(super) fn metric(name: &str, unit: &str, kind: Kind) -> Option<String> {
    let mut words: Vec<String> = words(name, ':').map(str::to_owned).collect();
    let (main, per) = unit_words(unit);
    let mut add = |word: String| {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    };
    add(main);
    add(per);
    match kind {
        Kind::Counter => move_to_end(&mut words, "total"),
        Kind::Gauge if unit == "1" => move_to_end(&mut words, "ratio"),
        Kind::Gauge | Kind::Other => {}
    }
    let joined = words.join("_");
    if joined.starts_with(|it: char| it.is_ascii_digit()) {
        return Some(format!("_{joined}"));
    }
    (!joined.is_empty()).then_some(joined)
}

/// `By/s` is `bytes` and `per_second`. Annotations in braces say nothing about the unit.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let clean = |unit: &str, known: &[(&str, &str)]| {
        let unit = unit.trim();
        if unit.contains(['{', '}']) || unit.is_empty() {
            return String::new();
        }
        let word = known.iter().find(|(it, _)| *it == unit).map_or(unit, |(_, word)| word);
        words(word, ':').collect::<Vec<_>>().join("_")
    };
    let main = match main.trim() {
        "1" => String::new(),
        "%" => "percent".to_owned(),
        other => clean(other, &UNITS),
    };
    let per = clean(per, &PER_UNITS);
    let per = if per.is_empty() { per } else { format!("per_{per}") };
    (main, per)
}

fn move_to_end(words: &mut Vec<String>, word: &str) {
    words.retain(|it| it != word);
    words.push(word.to_owned());
}

fn words(text: &str, extra: char) -> impl Iterator<Item = &str> {
    let is_part = move |it: char| it.is_ascii_alphanumeric() || it == extra;
    text.split(move |it| !is_part(it)).filter(|it| !it.is_empty())
}

/// The label of an attribute; nothing when no letter or digit is left.
pub(super) fn label(name: &str) -> Option<String> {
    let is_part = |it: char| it.is_ascii_alphanumeric();
    if !name.contains(is_part) {
        return None;
    }
    let is_reserved = 4 < name.len() && name.starts_with("__") && name.ends_with("__");
    let mut out = String::with_capacity(name.len() + 4);
    for it in name.chars() {
        if is_part(it) {
            out.push(it);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    if is_reserved {
        return Some(format!("_{out}_"));
    }
    if out.starts_with(|it: char| it.is_ascii_digit()) {
        return Some(format!("key_{out}"));
    }
    Some(if out.starts_with('_') { format!("key{out}") } else { out })
}
