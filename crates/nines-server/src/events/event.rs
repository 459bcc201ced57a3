//! What events say, and what becomes of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::Evidence;
use nines_alert::dispatch::{Detail, Incoming};
use nines_base::Labels;
use nines_incident::changes::{Change, ChangeKind, change_id};
use nines_spec::Integration;
use serde_json::{Map, Value};

/// The `alertname` of all alerts from events.
pub(super) const EVENT_ALERT: &str = "PagerDutyEvent";
/// The label that holds an event's identity.
pub(super) const DEDUP_KEY: &str = "dedup_key";
/// The longest identity, in characters. Source: PagerDuty, "Send an event".
const DEDUP_KEY_MAX: usize = 255;
/// The longest summary, in characters; the rest is cut off there too.
const SUMMARY_MAX: usize = 1_024;
/// The most links and images that are kept.
const LINKS_MAX: usize = 10;
/// The longest text that is kept of anything else.
const TEXT_BYTES_MAX: usize = 2_048;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Trigger,
    Acknowledge,
    Resolve,
}

/// One event about an alert.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) routing_key: String,
    pub(super) action: Action,
    pub(super) dedup_key: Option<String>,
    payload: Map<String, Value>,
    client: String,
    client_url: String,
    links: Vec<String>,
}

/// Says all that is wrong at once.
struct Reader {
    errors: Vec<String>,
}

impl Reader {
    fn object(&mut self, body: &[u8]) -> Option<Map<String, Value>> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Some(object),
            Ok(_) => self.refuse("the body is not an object"),
            Err(error) => self.refuse(format!("the body is not JSON: {error}")),
        }
    }

    fn refuse<T>(&mut self, error: impl Into<String>) -> Option<T> {
        self.errors.push(error.into());
        None
    }

    /// A text that must be there.
    fn text(&mut self, object: &Map<String, Value>, name: &str) -> Option<String> {
        match object.get(name).and_then(Value::as_str).filter(|it| !it.trim().is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => self.refuse(format!("`{name}` is missing or blank")),
        }
    }
}

impl Event {
    /// Reads an event; errors are all that is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<Self, Vec<String>> {
        let mut reader = Reader { errors: Vec::new() };
        match reader.event(body) {
            Some(event) if reader.errors.is_empty() => Ok(event),
            _ => Err(reader.errors),
        }
    }

    /// The alert of a trigger. One that fires already keeps its labels, which are its identity.
    pub(super) fn incoming(
        self,
        integration: &Integration,
        dedup_key: &str,
        known: Option<Labels>,
        now: Timestamp,
    ) -> Result<Incoming, String> {
        let text = |name: &str| match self.payload.get(name) {
            Some(Value::String(text)) => cut(text),
            Some(Value::Null) | None => String::new(),
            Some(other) => cut(&other.to_string()),
        };
        let labels = match known {
            Some(labels) => labels,
            None => labels(integration, dedup_key, &text)?,
        };
        let summary: String = text("summary").chars().take(SUMMARY_MAX).collect();
        let mut annotations = BTreeMap::from([("summary".to_owned(), summary.clone())]);
        let mut note = |name: &str, value: String| {
            if !value.is_empty() {
                annotations.insert(name.to_owned(), value);
            }
        };
        note("custom_details", text("custom_details"));
        note("client", self.client.clone());
        for (number, link) in (1..).zip(&self.links) {
            note(&format!("link_{number}"), link.clone());
        }
        let severity = text("severity");
        let starts_at = text("timestamp").parse::<Timestamp>().ok().filter(|it| *it <= now);
        Ok(Incoming {
            labels,
            annotations,
            starts_at,
            ends_at: None,
            generator_url: self.client_url,
            detail: Some(Detail {
                evidence: Evidence {
                    subject: text("source"),
                    sentence: summary,
                    windows: Vec::new(),
                    origin: integration.origin.clone(),
                },
                gist: severity.clone(),
                escalation: integration.escalation.clone(),
                wakes: severity != "warning" && severity != "info",
                impact_start: starts_at.unwrap_or(now),
            }),
        })
    }
}

fn labels(
    integration: &Integration,
    dedup_key: &str,
    text: &impl Fn(&str) -> String,
) -> Result<Labels, String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for name in ["source", "severity", "component", "group", "class"] {
        labels.insert(name.to_owned(), text(name));
    }
    // What the files say is not for a sender to change.
    for (name, value) in integration.labels.iter() {
        labels.insert(name.to_owned(), value.to_owned());
    }
    let own = [
        ("alertname", EVENT_ALERT),
        ("integration", integration.name.as_str()),
        (DEDUP_KEY, dedup_key),
    ];
    labels.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Labels::new(labels).map_err(|error| error.to_string())
}

/// The end of an alert.
pub(super) fn over(labels: Labels, now: Timestamp) -> Incoming {
    Incoming {
        labels,
        annotations: BTreeMap::new(),
        starts_at: Some(now - SignedDuration::from_nanos(1)),
        ends_at: Some(now),
        generator_url: String::new(),
        detail: None,
    }
}

impl Reader {
    fn event(&mut self, body: &[u8]) -> Option<Event> {
        let object = self.object(body)?;
        let routing_key = self.text(&object, "routing_key");
        let action = match object.get("event_action").and_then(Value::as_str) {
            Some("trigger") => Some(Action::Trigger),
            Some("acknowledge") => Some(Action::Acknowledge),
            Some("resolve") => Some(Action::Resolve),
            _ => self.refuse("`event_action` is trigger, acknowledge or resolve"),
        };
        let dedup_key = match object.get(DEDUP_KEY) {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) if key.is_empty() => None,
            Some(Value::String(key)) if key.chars().count() <= DEDUP_KEY_MAX => Some(key.clone()),
            Some(_) => {
                self.refuse(format!("`dedup_key` is a text of at most {DEDUP_KEY_MAX} characters"))
            }
        };
        if action.is_some_and(|it| it != Action::Trigger) && dedup_key.is_none() {
            self.errors.push("`dedup_key` is missing: which event is meant?".to_owned());
        }
        let payload = match object.get("payload") {
            Some(Value::Object(payload)) => payload.clone(),
            None | Some(Value::Null) if action != Some(Action::Trigger) => Map::new(),
            _ => {
                self.errors.push("`payload` is missing or no object".to_owned());
                Map::new()
            }
        };
        if action == Some(Action::Trigger) && object.contains_key("payload") {
            self.text(&payload, "summary");
            self.text(&payload, "source");
            let severities = ["critical", "error", "warning", "info"];
            let severity = payload.get("severity").and_then(Value::as_str);
            if !severity.is_some_and(|it| severities.contains(&it)) {
                let known = severities.join(", ");
                self.errors.push(format!("`payload.severity` is one of {known}"));
            }
        }
        let text = |name: &str| object.get(name).and_then(Value::as_str).map_or(String::new(), cut);
        Some(Event {
            routing_key: routing_key?,
            action: action?,
            dedup_key,
            payload,
            client: text("client"),
            client_url: text("client_url"),
            links: links(&object),
        })
    }
}

/// `text: address` of links, and the addresses of images.
fn links(object: &Map<String, Value>) -> Vec<String> {
    let list = |name: &str| object.get(name).and_then(Value::as_array).into_iter().flatten();
    let text = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(cut);
    let links = list("links").filter_map(|it| {
        let href = text(it, "href")?;
        Some(text(it, "text").map_or_else(|| href.clone(), |text| format!("{text}: {href}")))
    });
    let images = list("images").filter_map(|it| text(it, "src"));
    links.chain(images).take(LINKS_MAX).collect()
}

fn cut(text: &str) -> String {
    let mut end = TEXT_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// One event about a change.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChangeEvent {
    pub(super) routing_key: String,
    summary: String,
    source: Option<String>,
    at: Option<Timestamp>,
    details: Map<String, Value>,
    url: Option<String>,
}

impl ChangeEvent {
    /// Reads an event; errors are all that is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<Self, Vec<String>> {
        let mut reader = Reader { errors: Vec::new() };
        match reader.change(body) {
            Some(event) if reader.errors.is_empty() => Ok(event),
            _ => Err(reader.errors),
        }
    }

    /// The change of the integration's service; without the label `service` that of its source.
    pub(super) fn into_change(self, integration: &Integration, now: Timestamp) -> Change {
        let detail = |name: &str| self.details.get(name).and_then(Value::as_str).map(cut);
        let service = integration.labels.get("service").map(str::to_owned);
        let at = self.at.map_or(now, |it| it.min(now));
        let version = detail("version").or_else(|| detail("build_number"));
        let mut change = Change {
            id: String::new(),
            service: service
                .or_else(|| self.source.clone())
                .unwrap_or_else(|| integration.name.clone()),
            env: detail("env").or_else(|| detail("environment")).unwrap_or("prod".to_owned()),
            version,
            sha: detail("sha").or_else(|| detail("commit")),
            kind: ChangeKind::Deploy,
            author: detail("author"),
            started: at,
            finished: Some(at),
            summary: self.summary,
            source: format!("events of {}", integration.name),
            url: self.url,
        };
        change.id = change_id(&change, None);
        change
    }
}

impl Reader {
    fn change(&mut self, body: &[u8]) -> Option<ChangeEvent> {
        let object = self.object(body)?;
        let routing_key = self.text(&object, "routing_key");
        let Some(payload) = object.get("payload").and_then(Value::as_object) else {
            return self.refuse("`payload` is missing or no object");
        };
        let summary = self.text(payload, "summary");
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(cut);
        let details = payload.get("custom_details").and_then(Value::as_object);
        let links = object.get("links").and_then(Value::as_array);
        let url = links.and_then(|it| it.first()?.get("href")?.as_str().map(cut));
        Some(ChangeEvent {
            routing_key: routing_key?,
            summary: summary?.chars().take(SUMMARY_MAX).collect(),
            source: text("source"),
            at: text("timestamp").and_then(|it| it.parse().ok()),
            details: details.cloned().unwrap_or_default(),
            url,
        })
    }
}
