//! `alertmanager.yml`, written from what decides: for those who go back, and for tools that read nothing else.
//!
//! What Alertmanager cannot say is reduced to the nearest that it can, with a loss. Secrets are covered; files that
//! hold them are named.

use std::collections::BTreeMap;

use nines_alert::dispatch::{GroupBy, Receiver, Route, Settings};
use nines_alert::inhibit::{Missing, Rule};
use nines_alert::interval::TimeInterval;
use nines_alert::receivers::{Field, FieldValue, Kind, Setting};
use nines_alert::syntax::write_matcher;
use nines_base::{Matcher, Origin, format_duration};

use super::loss::{Export, Losses};
use super::yaml::{Map, Yaml};
use crate::alertmanager::{IntegrationSpec, default_of};
use crate::scraping::{AuthorizationSpec, HttpSpec, SecretSpec};
use crate::spec::Spec;

/// What is shown instead of a secret; as Alertmanager does.
const COVER: &str = "<secret>";
/// A root must name a receiver; this one tells nobody.
const NOBODY: &str = "nobody";
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The routes, receivers, inhibitions and intervals of a configuration, and what that file cannot say.
pub fn export_alertmanager(spec: &Spec) -> Export {
    let rules = &spec.dispatch;
    let mut losses = Losses::default();
    let mut file = Map::default();
    let global = Map::default();
    let timeout = Yaml::plain(format_duration(rules.resolve_timeout));
    file = file.with("global", global.with("resolve_timeout", timeout).lines());
    let root = if rules.root.receiver.is_empty() {
        Route { receiver: NOBODY.to_owned(), ..rules.root.clone() }
    } else {
        rules.root.clone()
    };
    file = file.with("route", route(&root, Depth::Root, &mut losses).lines());
    let mut receivers: Vec<Yaml> = Vec::new();
    if rules.root.receiver.is_empty() {
        receivers.push(Map::default().with("name", Yaml::text(NOBODY)).lines());
    }
    for receiver in rules.receivers.values() {
        let parts = spec.receivers.iter().find(|it| it.name == receiver.name);
        let parts = parts.map_or(&[][..], |it| it.integrations.as_slice());
        receivers.push(self::receiver(receiver, parts, &mut losses));
    }
    file = file.with("receivers", Yaml::List(receivers));
    let inhibitions: Vec<Yaml> =
        rules.inhibitions.iter().filter_map(|it| inhibition(it, &mut losses)).collect();
    if !inhibitions.is_empty() {
        file = file.with("inhibit_rules", Yaml::List(inhibitions));
    }
    if !rules.intervals.is_empty() {
        let named = rules.intervals.iter().map(|(name, elements)| {
            let elements = elements.iter().map(interval).collect();
            let map = Map::default().with("name", Yaml::text(name));
            map.with("time_intervals", Yaml::List(elements)).lines()
        });
        file = file.with("time_intervals", Yaml::List(named.collect()));
    }
    for it in &rules.silences {
        let (what, why) = ("the silence", "files of Alertmanager have no silences");
        losses.add(&it.name, &it.origin, what, why, "amtool makes one");
    }
    for (name, fallback) in &spec.fallbacks.of {
        let origin = rules.receivers.get(name).map_or_else(Origin::default, |it| it.origin.clone());
        let what = format!("its fallback {fallback}");
        losses.add(name, &origin, what, "receivers have none there", "it is left out");
    }
    Export { text: file.lines().document(), losses: losses.into_list() }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Root,
    Below,
}

fn route(it: &Route, depth: Depth, losses: &mut Losses) -> Map {
    let subject = if it.matchers.is_empty() { "the root".to_owned() } else { joined(&it.matchers) };
    let mut map = Map::default();
    let texts = |list: &[String]| Yaml::List(list.iter().map(Yaml::text).collect());
    if depth == Depth::Below && !it.matchers.is_empty() {
        let matchers = it.matchers.iter().map(|it| Yaml::text(write_matcher(it)));
        map = map.with("matchers", Yaml::List(matchers.collect()));
    }
    map = map.with("receiver", Yaml::text(&it.receiver));
    map = map.with(
        "group_by",
        match &it.group_by {
            GroupBy::All => Yaml::List(vec![Yaml::text("...")]),
            GroupBy::Labels(names) => texts(names),
        },
    );
    for (name, length) in [
        ("group_wait", it.timing.wait),
        ("group_interval", it.timing.interval),
        ("repeat_interval", it.timing.repeat),
    ] {
        map = map.with(name, Yaml::plain(format_duration(length)));
    }
    for (name, list) in [
        ("mute_time_intervals", &it.mute_intervals),
        ("active_time_intervals", &it.active_intervals),
    ] {
        if depth == Depth::Below && !list.is_empty() {
            map = map.with(name, texts(list));
        }
    }
    if it.continues && depth == Depth::Below {
        map = map.with("continue", Yaml::plain(true));
    }
    if it.leading_edge && it.timing.wait.is_positive() {
        let why = "groups wait there before they speak";
        losses.add(&subject, &it.origin, "its leading edge", why, "the first alert waits too");
    }
    if !it.children.is_empty() {
        let children = it.children.iter().map(|it| route(it, Depth::Below, losses).lines());
        map = map.with("routes", Yaml::List(children.collect()));
    }
    map
}

fn joined(matchers: &[Matcher]) -> String {
    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn receiver(it: &Receiver, parts: &[IntegrationSpec], losses: &mut Losses) -> Yaml {
    let mut map = Map::default().with("name", Yaml::text(&it.name));
    let mut by_kind: Vec<(&'static str, Vec<Yaml>)> = Vec::new();
    for (index, integration) in it.integrations.iter().enumerate() {
        let part = parts.get(index).cloned().unwrap_or_default();
        let (kind, settings) = match &integration.settings {
            Settings::Escalation(policy) => {
                let what = format!("the escalation {policy}");
                let instead = "nobody is told; send alerts on to nines by `webhook_configs`";
                losses.add(&it.name, &it.origin, what, "Alertmanager knows no people", instead);
                continue;
            }
            Settings::Webhook { max_alerts } => {
                let max = Setting::Whole((*max_alerts).into());
                (Kind::of("webhook"), BTreeMap::from([("max_alerts".to_owned(), max)]))
            }
            Settings::Provider(it) => (Some(it.kind), it.settings.clone()),
        };
        let Some(kind) = kind else { continue };
        let mut own = Map::default();
        if integration.send_resolved != kind.sends_resolved {
            own = own.with("send_resolved", Yaml::plain(integration.send_resolved));
        }
        for field in kind.fields {
            own = self::field(own, field, settings.get(field.name), &part);
        }
        if part.http != HttpSpec::default() && kind.is_http {
            own = own.with("http_config", http(&part.http));
        }
        match by_kind.iter_mut().find(|(key, _)| *key == kind.key) {
            Some((_, list)) => list.push(own.lines()),
            None => by_kind.push((kind.key, vec![own.lines()])),
        }
    }
    for (key, list) in by_kind {
        map = map.with(key, Yaml::List(list));
    }
    map.lines()
}

/// What is not as it would be without being written.
fn field(own: Map, field: &Field, setting: Option<&Setting>, part: &IntegrationSpec) -> Map {
    match part.secrets.get(field.name) {
        Some(SecretSpec::File(path)) => {
            return own.with(&format!("{}_file", field.name), Yaml::text(path));
        }
        Some(SecretSpec::Inline(text)) => {
            // Old tools read this field as an address, which a mere cover is not.
            let shown =
                if field.name == "url" { crate::shown::address(text) } else { COVER.to_owned() };
            return own.with(field.name, Yaml::text(shown));
        }
        None => {}
    }
    if let Some(text) = part.options.get(field.name).filter(|_| setting.is_none()) {
        let is_default = default_of(field).is_some_and(|it| it == *text);
        return if is_default { own } else { own.with(field.name, Yaml::text(text)) };
    }
    let Some(setting) = setting else { return own };
    let text = match setting {
        Setting::Text(it) | Setting::Html(it) => Some(it.text().to_owned()),
        Setting::Plain(text) | Setting::Number(text) => Some(text.clone()),
        Setting::Flag(it) => Some(it.to_string()),
        Setting::Whole(it) if field.value == FieldValue::Length => Some(format!("{it}s")),
        Setting::Whole(it) => Some(it.to_string()),
        _ => None,
    };
    let is_default = match (text, default_of(field)) {
        (Some(text), Some(default)) => text == default || same_length(&text, default),
        (Some(text), None) => text.is_empty() || text == "false",
        (None, _) => false,
    };
    if is_default { own } else { own.with(field.name, value(setting, field.value)) }
}

/// `60s` and `1m`.
fn same_length(one: &str, other: &str) -> bool {
    let (one, other) = (nines_base::parse_duration(one), nines_base::parse_duration(other));
    one.is_ok() && one == other
}

fn value(setting: &Setting, kind: FieldValue) -> Yaml {
    match setting {
        Setting::Null => Yaml::plain("null"),
        Setting::Text(it) | Setting::Html(it) => Yaml::text(it.text()),
        Setting::Plain(text) => Yaml::text(text),
        Setting::Number(text) => Yaml::plain(text),
        Setting::Flag(it) => Yaml::plain(it),
        Setting::Whole(it) if kind == FieldValue::Length => Yaml::plain(format!("{it}s")),
        Setting::Whole(it) => Yaml::plain(it),
        Setting::List(items) => {
            Yaml::List(items.iter().map(|it| value(it, FieldValue::Any)).collect())
        }
        Setting::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(name, it)| (name.clone(), value(it, FieldValue::Any)));
            Yaml::Map(entries.collect())
        }
    }
}

fn http(it: &HttpSpec) -> Yaml {
    let mut map = Map::default();
    let secret = |map: Map, name: &str, it: &SecretSpec| match it {
        SecretSpec::Inline(_) => map.with(name, Yaml::text(COVER)),
        SecretSpec::File(path) => map.with(&format!("{name}_file"), Yaml::text(path)),
    };
    match &it.authorization {
        AuthorizationSpec::None => {}
        AuthorizationSpec::Basic { username, password } => {
            let name = match username {
                SecretSpec::Inline(name) => name.as_str(),
                SecretSpec::File(_) => COVER,
            };
            let basic = Map::default().with("username", Yaml::text(name));
            map = map.with("basic_auth", secret(basic, "password", password).lines());
        }
        AuthorizationSpec::Header { kind, credentials } => {
            let own = Map::default().with("type", Yaml::text(kind));
            map = map.with("authorization", secret(own, "credentials", credentials).lines());
        }
    }
    if let Some(url) = &it.proxy_url {
        map = map.with("proxy_url", Yaml::text(url));
    }
    let mut tls = Map::default();
    if let Some(SecretSpec::File(path)) = &it.authorities {
        tls = tls.with("ca_file", Yaml::text(path));
    }
    if let Some((SecretSpec::File(certificate), SecretSpec::File(key))) = &it.identity {
        tls = tls.with("cert_file", Yaml::text(certificate)).with("key_file", Yaml::text(key));
    }
    if let Some(name) = &it.server_name {
        tls = tls.with("server_name", Yaml::text(name));
    }
    if it.skips_verification {
        tls = tls.with("insecure_skip_verify", Yaml::plain(true));
    }
    if !tls.is_empty() {
        map = map.with("tls_config", tls.lines());
    }
    if !it.follows_redirects {
        map = map.with("follow_redirects", Yaml::plain(false));
    }
    map.lines()
}

/// A rule with one condition is one of Alertmanager's.
fn inhibition(it: &Rule, losses: &mut Losses) -> Option<Yaml> {
    let [clause, more @ ..] = it.sources.as_slice() else { return None };
    if !more.is_empty() || 1 < clause.min {
        let why = "a source mutes there by itself";
        let instead = "the rule is left out, and nothing is muted";
        losses.add(&it.name, &it.origin, "several sources", why, instead);
        return None;
    }
    if it.missing == Missing::Distinct && !it.equal.is_empty() {
        let why = "labels that both sides lack are the same there";
        losses.add(&it.name, &it.origin, "`missing: distinct`", why, "more is muted");
    }
    let list = |matchers: &[Matcher]| {
        Yaml::List(matchers.iter().map(|it| Yaml::text(write_matcher(it))).collect())
    };
    let mut map = Map::default()
        .with("source_matchers", list(&clause.matchers))
        .with("target_matchers", list(&it.target));
    if !it.equal.is_empty() {
        map = map.with("equal", Yaml::List(it.equal.iter().map(Yaml::text).collect()));
    }
    Some(map.lines())
}

fn interval(it: &TimeInterval) -> Yaml {
    let mut map = Map::default();
    let time = |minute: u16| Yaml::text(format!("{:02}:{:02}", minute / 60, minute % 60));
    if !it.times.is_empty() {
        let times = it.times.iter().map(|(from, to)| {
            let own = Map::default().with("start_time", time(*from));
            own.with("end_time", time(*to)).lines()
        });
        map = map.with("times", Yaml::List(times.collect()));
    }
    let day = |it: u8| WEEKDAYS.get(usize::from(it)).copied().unwrap_or_default().to_owned();
    let weekdays = it.weekdays.iter().map(|(from, to)| (day(*from), day(*to)));
    map = with_ranges(map, "weekdays", weekdays);
    map = with_ranges(map, "days_of_month", it.days_of_month.iter().copied());
    map = with_ranges(map, "months", it.months.iter().copied());
    map = with_ranges(map, "years", it.years.iter().copied());
    if let Some(name) = it.zone.iana_name().filter(|it| *it != "UTC") {
        map = map.with("location", Yaml::text(name));
    }
    map.lines()
}

fn with_ranges<T: ToString>(map: Map, name: &str, ranges: impl Iterator<Item = (T, T)>) -> Map {
    let texts: Vec<Yaml> = ranges
        .map(|(from, to)| match (from.to_string(), to.to_string()) {
            (from, to) if from == to => Yaml::text(from),
            (from, to) => Yaml::text(format!("{from}:{to}")),
        })
        .collect();
    if texts.is_empty() { map } else { map.with(name, Yaml::List(texts)) }
}
