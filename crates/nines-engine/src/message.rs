//! The words of messages, and the links that acknowledge them.

use std::collections::BTreeMap;
use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use nines_alert::dispatch::Alert;
use nines_alert::receivers::NoticeData;
use nines_alert::{AlertKey, RouteDecision};
use nines_base::Labels;
use nines_incident::suspects::Suspect;
use nines_oncall::contact::Method;
use nines_oncall::{Next, Page, State as Escalation, Target};
use nines_port::{Message, Place, Urgency};
use sha2::{Digest, Sha256};

use crate::config::Installation;
use crate::outbox::{Intent, Outgoing, Phase, Purpose};

/// The longest message, so that it fits every channel.
const TEXT_BYTES_MAX: usize = 4_096;
/// The most alerts of a group that a message names beside the first.
const OTHERS_MAX: usize = 5;

/// What a page can say beside its alert.
pub(crate) struct PageContext<'a> {
    pub(crate) alert: &'a Alert,
    /// What else it is about, in a line each.
    pub(crate) others: &'a [String],
    pub(crate) decision: &'a RouteDecision,
    pub(crate) escalation: &'a Escalation,
    pub(crate) page: &'a Page,
    pub(crate) urgency: Urgency,
    pub(crate) incident: Option<u64>,
    pub(crate) suspect: Option<&'a Suspect>,
}

/// Subject and text of a page: what, since when, impact, suspect, runbook, why me, who is next.
pub(crate) fn page(ctx: &PageContext<'_>) -> (String, String) {
    let PageContext { alert, others, decision, escalation, page, urgency, incident, suspect } = ctx;
    let number = incident.map_or(String::new(), |it| format!("INC-{it} "));
    let word = match urgency {
        Urgency::Page => "page",
        Urgency::Ticket => "ticket",
    };
    let more = match others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let subject = format!("[{word}] {number}{}{more}", summary(alert));
    let mut text = format!("{}\n", summary(alert));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            writeln!(text, "{name:<9}{value}").expect("a String takes everything");
        }
    };
    line("since", &alert.activation.fired_at.to_string());
    line("impact", alert.evidence().map_or("", |it| it.sentence.as_str()));
    line("budget", annotation(alert, "budget_left"));
    if let Some(suspect) = suspect {
        let change = &suspect.change;
        let version = change.version.as_deref().unwrap_or("");
        let changed = format!("{} {} {version}", change.kind, change.service);
        line("suspect", &format!("{} at {}", changed.trim_end(), change.started));
    }
    line("runbook", annotation(alert, "runbook"));
    for other in others.iter().take(OTHERS_MAX) {
        line("also", other);
    }
    if OTHERS_MAX < others.len() {
        line("also", &format!("{} more", others.len() - OTHERS_MAX));
    }
    line("why you", &why_this_person(escalation, page, decision));
    line("next", &who_is_next(escalation));
    (subject, cut(text))
}

/// Subject and text of the message that says it is over.
pub(crate) fn resolved(alert: &Alert, incident: Option<u64>, at: Timestamp) -> (String, String) {
    let number = incident.map_or(String::new(), |it| format!("INC-{it} "));
    let subject = format!("[resolved] {number}{}", summary(alert));
    let since = alert.activation.fired_at;
    let text = format!("{}\nresolved {at}, it fired since {since}\n", summary(alert));
    (subject, cut(text))
}

/// One line that names the alert.
pub(crate) fn summary(alert: &Alert) -> String {
    match annotation(alert, "summary") {
        "" => alert.labels.to_string(),
        summary => summary.to_owned(),
    }
}

fn annotation<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.annotations().get(name).unwrap_or("")
}

/// What a group is called in a line: the values that its alerts share, or the name of the only one.
pub(crate) fn group_name(group_labels: &Labels, data: &NoticeData) -> String {
    match data.alerts.as_slice() {
        [only] => only.annotations.get("summary").cloned().unwrap_or(only.labels.to_string()),
        _ if group_labels.is_empty() => format!("{} alerts", data.alerts.len()),
        _ => group_labels.to_string(),
    }
}

fn why_this_person(escalation: &Escalation, page: &Page, decision: &RouteDecision) -> String {
    let reached = escalation.steps.get(&(page.round, page.step)).map(|(_, reached)| reached);
    let reached = reached.into_iter().flatten().find(|it| it.person.as_ref() == Some(&page.person));
    let duty = match reached.and_then(|it| it.shift.as_ref().map(|shift| (it, shift))) {
        Some((it, shift)) => format!("on call for {} until {}", it.target, shift.until),
        None => format!("named in step {}", page.step + 1),
    };
    let policy = decision.escalation.as_deref().unwrap_or("");
    format!("{duty}; escalation {policy}, {} ({})", decision.because, decision.origin)
}

fn who_is_next(escalation: &Escalation) -> String {
    let deadline = escalation.wake_at().map_or(String::new(), |it| format!(" at {it}"));
    let named = |targets: &[Target]| {
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        format!("{}{deadline}, unless somebody acknowledges", targets.join(", "))
    };
    match escalation.next() {
        Next::Targets(targets) => named(targets),
        Next::LastResort(targets) => format!("the last resort: {}", named(targets)),
        Next::FirstStep => format!("the first step again{deadline}"),
        Next::Nobody => "nobody; this is the last step".to_owned(),
    }
}

fn cut(mut text: String) -> String {
    let mut end = TEXT_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Messages of one escalation, or about one group, are about one matter.
fn thread(intent: &Intent) -> String {
    let escalation = intent.escalation.map(|it| it.to_string());
    let group = || intent.notice.as_ref().map(|it| it.group.to_string());
    escalation.or_else(group).unwrap_or_else(|| intent.id.clone())
}

/// Where a message belongs: the first one of its matter that the person got by this channel is edited when the matter
/// is over, and others go below it.
pub(crate) fn place(outgoing: &Outgoing, of_matter: &[&Outgoing]) -> Place {
    let it = &outgoing.intent;
    let is_earlier = |other: &&&Outgoing| {
        let same_way = other.intent.person == it.person && other.intent.channel == it.channel;
        same_way && other.seq < outgoing.seq
    };
    let first = of_matter.iter().filter(is_earlier).find_map(|it| match &it.phase {
        Phase::Accepted { reference, .. } => Some(reference.clone()),
        _ => None,
    });
    match (first, it.purpose) {
        (None, _) => Place::New,
        (Some(first), Purpose::Resolved) => Place::InPlaceOf(first),
        (Some(first), _) => Place::Below(first),
    }
}

/// The message of one attempt. Apart from the mark of a possible repeat every attempt is the same.
pub(crate) fn render(outgoing: &Outgoing, place: Place, installation: &Installation) -> Message {
    let intent = &outgoing.intent;
    let wants_answer = intent.purpose == Purpose::Page && intent.urgency == Urgency::Page;
    let ack_url = wants_answer.then(|| {
        format!("{}/ack/{}", installation.external_url, ack_token(installation, outgoing.seq))
    });
    Message {
        key: key(installation, &intent.id),
        thread: thread(intent),
        person: intent.person.clone(),
        urgency: intent.urgency,
        subject: intent.subject.clone(),
        text: intent.text.clone(),
        ack_url,
        decided_at: outgoing.recorded_at,
        possible_repeat: outgoing.possible_repeat,
        place,
        is_over: intent.purpose == Purpose::Resolved,
        details: intent.details.clone(),
        payload: intent.payload.as_deref().cloned(),
    }
}

/// SHA-256 of installation and intent, in hexadecimal: the same for every attempt.
fn key(installation: &Installation, intent: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(mac(installation, b"installation"));
    hasher.update(intent);
    hex(&hasher.finalize())
}

/// The token of an acknowledge link: the number of the page's order and a 256-bit code over it.
///
/// Nothing is stored: the code can be made only with the installation's secret.
pub fn ack_token(installation: &Installation, seq: u64) -> String {
    format!("{seq}-{}", hex(&mac(installation, format!("ack {seq}").as_bytes())))
}

/// The number of the page's order, if the token is one of ours. Takes the same time for every wrong code.
pub fn read_ack_token(installation: &Installation, token: &str) -> Option<u64> {
    let (seq, code) = token.split_once('-')?;
    let seq: u64 = seq.parse().ok()?;
    let mut hmac = hmac(installation);
    hmac.update(format!("ack {seq}").as_bytes());
    hmac.verify_slice(&unhex(code)?).ok().map(|()| seq)
}

/// Six digits that only the installation's secret can make.
pub(crate) fn contact_code(installation: &Installation, method: &Method, at: Timestamp) -> String {
    let text = format!("contact {} {:?} {}", method.person, method.channel, at.as_nanosecond());
    let code = mac(installation, text.as_bytes());
    let number = code.iter().take(8).fold(0_u64, |number, it| number << 8 | u64::from(*it));
    format!("{:06}", number % 1_000_000)
}

fn hmac(installation: &Installation) -> Hmac<Sha256> {
    Hmac::new_from_slice(&installation.secret).expect("HMAC takes keys of any length")
}

fn mac(installation: &Installation, text: &[u8]) -> Vec<u8> {
    let mut hmac = hmac(installation);
    hmac.update(text);
    hmac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes everything");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|it| it.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect();
    let digits = digits.filter(|it| it.len() == 64)?;
    Some(
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
    )
}

/// What webhooks get beside the words.
pub(crate) fn details(
    alert: &Alert,
    key: AlertKey,
    incident: Option<u64>,
) -> BTreeMap<String, String> {
    let labels =
        alert.labels.iter().map(|(name, value)| (format!("label_{name}"), value.to_owned()));
    let mut details: BTreeMap<String, String> = labels.collect();
    details.insert("alert".to_owned(), key.to_string());
    details.extend(incident.map(|it| ("incident".to_owned(), format!("INC-{it}"))));
    details
}

#[cfg(test)]
mod tests;
