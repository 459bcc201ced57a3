//! The words of a `*.test` file: times, series, points, and the lines that belong together.

use nines_base::{Histogram, Labels, METRIC_NAME, parse_duration, stale_marker};

use super::native::{self, Native};

/// A point of a series, or of an expected result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Point {
    None,
    Float(f64),
    Native(Box<Native>),
}

/// Lines of one command: its first line, with its number, and the indented lines after it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) line: usize,
    pub(super) head: &'a str,
    pub(super) body: Vec<&'a str>,
}

pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::<Block<'_>>::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let is_command =
            ["load ", "load_with_nhcb ", "eval", "clear"].iter().any(|it| trimmed.starts_with(it));
        match blocks.last_mut() {
            Some(block) if !is_command => block.body.push(trimmed),
            _ => blocks.push(Block { line: index + 1, head: trimmed, body: Vec::new() }),
        }
    }
    blocks
}

/// `5m`, or seconds.
pub(super) fn time_ms(text: &str) -> i64 {
    if let Ok(it) = parse_duration(text) {
        return i64::try_from(it.as_millis()).unwrap();
    }
    let seconds: f64 = text.parse().unwrap_or_else(|_| panic!("`{text}` is not a time"));
    (seconds * 1e3).round() as i64
}

/// Numbers as the language writes them.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['+', '-']);
    if let Some(hex) = digits.strip_prefix("0x") {
        let value = i64::from_str_radix(hex, 16).ok()? as f64;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    text.parse().ok()
}

/// `name{a="b"} points`; a line without labels and name is points alone.
pub(super) fn series(line: &str) -> Option<(Labels, Vec<Point>)> {
    let name_end = line.find(|it: char| it == '{' || it.is_whitespace())?;
    let (name, rest) = line.split_at(name_end);
    let mut pairs = Vec::new();
    if !name.is_empty() {
        pairs.push((METRIC_NAME.to_owned(), name.to_owned()));
    }
    let rest = rest.trim_start();
    let points = match rest.strip_prefix('{') {
        Some(inside) if !inside.starts_with('{') => labels(inside, &mut pairs)?,
        _ => rest,
    };
    Some((Labels::new(pairs).ok()?, self::points(points)?))
}

/// Reads pairs up to the closing brace and returns what follows it.
fn labels<'a>(text: &'a str, pairs: &mut Vec<(String, String)>) -> Option<&'a str> {
    let mut rest = text.trim_start();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after.trim_start());
        }
        let (name, after) = if rest.starts_with(['"', '\'']) {
            quoted(rest)?
        } else {
            let end = rest.find(|it: char| !(it.is_alphanumeric() || it == '_' || it == ':'))?;
            let (name, after) = rest.split_at(end);
            (name.to_owned(), after)
        };
        let after = after.trim_start();
        rest = match after.strip_prefix('=') {
            Some(after) => {
                let (value, after) = quoted(after.trim_start())?;
                pairs.push((name, value));
                after.trim_start()
            }
            None => {
                pairs.push((METRIC_NAME.to_owned(), name));
                after
            }
        };
    }
}

/// A quoted text and what follows it.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|it| "\"'`".contains(*it))?;
    let (mut out, mut is_escaped) = (String::new(), false);
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if is_escaped => {
                out.push(if it == 'n' { '\n' } else { it });
                is_escaped = false;
            }
            '\\' if quote != '`' => is_escaped = true,
            _ if it == quote => return Some((out, &text[at + 1..])),
            _ => out.push(it),
        }
    }
    None
}

/// `1 2x3 0+1x4 _ stale {{…}}`
fn points(text: &str) -> Option<Vec<Point>> {
    let (mut points, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("{{") {
            rest = native_points(inside, &mut points)?.trim_start();
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after.trim_start();
        expand(token, &mut points)?;
    }
    Some(points)
}

/// `…}}`, `…}}x3`, `…}}+{{…}}x3`; what follows is returned.
fn native_points<'a>(text: &'a str, points: &mut Vec<Point>) -> Option<&'a str> {
    let (inside, rest) = text.split_once("}}")?;
    let first = native::read(inside)?;
    let factor = match rest.as_bytes() {
        [b'+', b'{', ..] => Some(1.0),
        [b'-', b'{', ..] => Some(-1.0),
        _ => None,
    };
    let (step, rest) = match factor {
        None => (None, rest),
        Some(factor) => {
            let (inside, rest) = rest.get(3..)?.split_once("}}")?;
            (Some((native::read(inside)?.histogram, factor)), rest)
        }
    };
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (times, rest) = rest.split_at(end);
    let times: usize = times.strip_prefix('x').map_or(Some(0), |it| it.parse().ok())?;
    let mut current = first;
    points.push(Point::Native(Box::new(current.clone())));
    for _ in 0..times {
        if let Some((step, factor)) = &step {
            let histogram: Histogram = native::added(&current.histogram, step, *factor);
            current = Native { histogram, ..current };
        }
        points.push(Point::Native(Box::new(current.clone())));
    }
    Some(rest)
}

fn expand(token: &str, points: &mut Vec<Point>) -> Option<()> {
    let plain = |text: &str| match text {
        "_" => Some(Point::None),
        "stale" => Some(Point::Float(stale_marker())),
        _ => number(text).map(Point::Float),
    };
    let Some((formula, times)) = token.rsplit_once('x') else {
        points.push(plain(token)?);
        return Some(());
    };
    let times: usize = times.parse().ok()?;
    let sign = formula
        .char_indices()
        .skip(1)
        .filter(|(at, it)| "+-".contains(*it) && !formula[..*at].ends_with(['e', 'E']));
    match sign.map(|(at, _)| at).next() {
        Some(at) => {
            let (start, step) = (number(&formula[..at])?, number(&formula[at..])?);
            points.extend((0..=times).map(|index| Point::Float(start + step * index as f64)));
        }
        None if formula == "_" => points.extend(vec![Point::None; times]),
        None => points.extend(vec![plain(formula)?; times + 1]),
    }
    Some(())
}
