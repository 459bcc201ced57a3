//! The alerts of one `POST /alerts`: bytes to what the engine is told.
//!
//! One pass over the bytes; each name and value is copied once. What is wrong with one alert leaves the others as
//! they are; what is wrong with the shape of the whole refuses the whole, as Alertmanager does.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use nines_alert::dispatch::Incoming;
use nines_base::Labels;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::refusal::AmError;
use super::wire::{self, NoInstant};

/// The most alerts of one request.
pub(super) const ALERTS_MAX: usize = 10_000;
/// What a body of a label set begins with.
const PAIRS_USUAL: usize = 8;

/// What a request says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Posted {
    /// What can be told.
    pub(super) alerts: Vec<Incoming>,
    /// What is wrong with the others.
    pub(super) invalid: Vec<String>,
}

/// `postableAlert` of the OpenAPI document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Postable {
    labels: Option<Pairs>,
    annotations: Option<Pairs>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
}

/// A JSON object of texts, as it was written.
#[derive(Debug)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::with_capacity(PAIRS_USUAL);
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Texts)
    }
}

/// Reads the body of a request.
///
/// # Errors
/// The whole is not what it should be; nothing of it counts.
pub(super) fn read(body: &[u8]) -> Result<Posted, AmError> {
    let read: Option<Vec<Postable>> =
        serde_json::from_slice(body).map_err(|error| AmError::unreadable("alerts", error))?;
    let postable = read.ok_or_else(|| AmError::required("alerts"))?;
    if ALERTS_MAX < postable.len() {
        let count = postable.len();
        let text = format!("{count} alerts at once are too many; at most {ALERTS_MAX} are taken");
        return Err(AmError::too_large(&text));
    }
    let mut posted = Posted { alerts: Vec::with_capacity(postable.len()), invalid: Vec::new() };
    for (place, it) in postable.into_iter().enumerate() {
        match incoming(place, it)? {
            Ok(alert) => posted.alerts.push(alert),
            Err(problem) => posted.invalid.push(problem),
        }
    }
    Ok(posted)
}

/// The outer error refuses all alerts, the inner one this alert.
fn incoming(place: usize, it: Postable) -> Result<Result<Incoming, String>, AmError> {
    let instant = |text: Option<String>| {
        wire::read_instant(text.as_deref()).map_err(|NoInstant { text }| {
            AmError::unreadable("alerts", format!("`{text}` is no time"))
        })
    };
    let (starts_at, ends_at) = (instant(it.starts_at)?, instant(it.ends_at)?);
    let Some(Pairs(pairs)) = it.labels else {
        return Err(AmError::required(&format!("{place}.labels")));
    };
    let generator_url = it.generator_url.unwrap_or_default();
    if !generator_url.is_empty() && !is_uri(&generator_url) {
        let path = format!("{place}.generatorURL");
        return Err(AmError::kind(&path, "body", "uri", &generator_url));
    }
    let labels = match labels(pairs) {
        Ok(labels) if labels.is_empty() => {
            return Ok(Err("at least one label pair required".to_owned()));
        }
        Ok(labels) => labels,
        Err(problem) => return Ok(Err(problem)),
    };
    if starts_at.zip(ends_at).is_some_and(|(start, end): (Timestamp, Timestamp)| end < start) {
        return Ok(Err("start time must be before end time".to_owned()));
    }
    let annotations = it.annotations.map(|it| it.0).unwrap_or_default();
    let annotations: BTreeMap<String, String> = annotations.into_iter().collect();
    Ok(Ok(Incoming { labels, annotations, starts_at, ends_at, generator_url, detail: None }))
}

/// Empty values are no labels; of a name that is given twice the last value counts, as in Go.
fn labels(mut pairs: Vec<(String, String)>) -> Result<Labels, String> {
    pairs.retain(|(_, value)| !value.is_empty());
    match Labels::new(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        Ok(labels) => Ok(labels),
        Err(_) if pairs.iter().any(|(name, _)| name.is_empty()) => {
            Err("invalid label set: invalid name \"\"".to_owned())
        }
        Err(_) => Labels::new(pairs.into_iter().collect::<BTreeMap<_, _>>())
            .map_err(|error| format!("invalid label set: {error}")),
    }
}

/// As Go's `url.ParseRequestURI` sees it: something with a scheme, or a path.
fn is_uri(text: &str) -> bool {
    let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|it: char| it.is_ascii_alphabetic())
            && scheme.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
    });
    (has_scheme || text.starts_with('/')) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
