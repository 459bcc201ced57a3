//! People, schedules and escalation policies in our own form.

use jiff::civil::{DateTime, Weekday};
use nines_base::format_duration;
use nines_oncall::{
    Acks, Action, ClockRange, Condition, Crew, Layer, Member, Person, Policy, Rotation, Rule,
    Schedule, Step, Target, Unit, Weekdays,
};
use nines_port::Channel;

use super::Found;
use crate::exchange::yaml::{Map, Yaml};
use crate::source::SourceFile;

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

/// One file for each kind that there is something of.
pub(super) fn files(found: &Found) -> Vec<SourceFile> {
    let people: Vec<String> = found.people.iter().map(person).collect();
    let schedules: Vec<String> = found.schedules.iter().map(|it| schedule(&it.schedule)).collect();
    let policies: Vec<String> = found.policies.iter().map(policy).collect();
    let parts = [("people", people), ("schedules", schedules), ("escalations", policies)];
    let parts = parts.into_iter().filter(|(_, it)| !it.is_empty());
    let file = |(name, it): (&str, Vec<String>)| SourceFile {
        path: format!("oncall/{name}.yaml"),
        text: it.join("---\n"),
    };
    parts.map(file).collect()
}

fn document(kind: &str, name: &str, spec: Map) -> String {
    Map::default()
        .with("apiVersion", Yaml::text("nines/v1"))
        .with("kind", Yaml::text(kind))
        .with("metadata", Map::default().with("name", Yaml::text(name)).row())
        .with("spec", spec.lines())
        .lines()
        .document()
}

fn person(it: &Person) -> String {
    let contact = |channel: &Channel| match channel {
        Channel::Email { address } => Map::default().with("email", Yaml::text(address)).row(),
        _ => Map::default().with("inbox", Map::default().row()).row(),
    };
    let contacts = it.contacts.iter().map(|it| contact(&it.channel)).collect();
    let rule = |rule: &Rule| {
        let index = rule.contact as usize;
        let kind = it.contacts.get(index).map_or_else(String::new, |it| it.channel.to_string());
        let same = it.contacts.iter().take(index).filter(|it| it.channel.to_string() == kind);
        let name = match same.count() {
            0 => kind.clone(),
            before => format!("{kind} {}", before + 1),
        };
        let delay = (!rule.delay.is_zero()).then(|| Yaml::plain(format_duration(rule.delay)));
        Map::default().with("contact", Yaml::text(name)).with_maybe("delay", delay).row()
    };
    let list =
        |rules: &[Rule]| (!rules.is_empty()).then(|| Yaml::List(rules.iter().map(rule).collect()));
    let rules = Map::default()
        .with_maybe("high", list(&it.rules.high))
        .with_maybe("low", list(&it.rules.low));
    let rules = (!rules.is_empty()).then(|| rules.lines());
    let spec = Map::default()
        .with("display_name", Yaml::text(&it.display_name))
        .with_maybe("zone", it.rules.zone.as_ref().map(Yaml::text))
        .with("contacts", Yaml::List(contacts))
        .with_maybe("rules", rules);
    document("Person", &it.name, spec)
}

fn schedule(it: &Schedule) -> String {
    let zone = it.zone.iana_name().unwrap_or("UTC");
    let spec = Map::default().with("zone", Yaml::text(zone));
    let spec = match it.layers.as_slice() {
        [Layer { crew: Crew::Rotation(only), hours, from: None, until: None, .. }]
            if hours.is_empty() =>
        {
            rotation(spec, only)
        }
        layers => spec.with("layers", Yaml::List(layers.iter().map(layer).collect())),
    };
    document("Schedule", &it.name, spec)
}

fn layer(it: &Layer) -> Yaml {
    let map = Map::default().with("name", Yaml::text(&it.name));
    let map = match &it.crew {
        Crew::Rotation(it) => rotation(map, it),
        Crew::Always(people) => map.with("people", names(people)),
    };
    let hours = it.hours.iter().map(|it| Yaml::text(range(*it))).collect();
    let civil = |it: DateTime| Yaml::text(clock(it));
    map.with_maybe("hours", (!it.hours.is_empty()).then_some(Yaml::List(hours)))
        .with_maybe("from", it.from.map(civil))
        .with_maybe("until", it.until.map(civil))
        .lines()
}

fn rotation(map: Map, it: &Rotation) -> Map {
    let unit = match it.unit {
        Unit::Hour => "h",
        Unit::Day => "d",
        Unit::Week => "w",
        Unit::Month => "mo",
    };
    let member = |it: &Member| match it.people.as_slice() {
        [only] => Yaml::text(only),
        people => names(people),
    };
    map.with("start", Yaml::text(clock(it.start)))
        .with("every", Yaml::plain(format!("{}{unit}", it.length)))
        .with("members", Yaml::List(it.members.iter().map(member).collect()))
}

fn names(people: &[String]) -> Yaml {
    Yaml::List(people.iter().map(Yaml::text).collect())
}

/// `2026-01-05T09:00`.
fn clock(it: DateTime) -> String {
    it.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// `mon,tue 09:00-17:00`.
fn range(it: ClockRange) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let days = DAYS.iter().filter(|(day, _)| it.weekdays.contains(*day)).map(|(_, name)| *name);
    let days = match it.weekdays {
        Weekdays::ALL => "daily".to_owned(),
        _ => days.collect::<Vec<_>>().join(","),
    };
    format!("{days} {}-{}", time(it.begin_minute), time(it.end_minute))
}

fn policy(it: &Policy) -> String {
    let steps = it.steps.iter().map(step).collect();
    let repeat = (0 < it.repeat).then(|| Yaml::plain(it.repeat));
    let expiry = it.ack_expiry.map(|it| Yaml::plain(format_duration(it)));
    let spec = Map::default()
        .with("steps", Yaml::List(steps))
        .with_maybe("repeat", repeat)
        .with_maybe("ack_expiry", expiry);
    document("Escalation", &it.name, spec)
}

fn step(it: &Step) -> Yaml {
    let notify = it.targets.iter().map(target).collect();
    let mut when = Map::default();
    for condition in &it.when {
        when = match condition {
            Condition::During(hours) => {
                let ranges = hours.ranges.iter().map(|it| Yaml::text(range(*it))).collect();
                when.with("hours", Yaml::List(ranges)).with("zone", Yaml::text(&hours.zone))
            }
            Condition::MoreAlerts { count, within } => when
                .with("more_than", Yaml::plain(count))
                .with("within", Yaml::plain(format_duration(*within))),
            Condition::Severity(values) => when.with("severity", names(values)),
        };
    }
    let acks = (it.acks == Acks::Each).then(|| Yaml::text("each"));
    let mut map = Map::default()
        .with("notify", Yaml::List(notify))
        .with("wait", Yaml::plain(format_duration(it.wait)))
        .with_maybe("acks", acks)
        .with_maybe("when", (!when.is_empty()).then(|| when.lines()));
    for action in &it.actions {
        map = match action {
            Action::StartRunbook { runbook } => map.with("run", Yaml::text(runbook)),
            Action::DeclareIncident { severity: Some(severity) } => {
                map.with("declare_incident", Yaml::text(severity))
            }
            Action::DeclareIncident { severity: None } => {
                map.with("declare_incident", Yaml::plain(true))
            }
        };
    }
    map.lines()
}

fn target(it: &Target) -> Yaml {
    let one = |key: &str, name: &str| Map::default().with(key, Yaml::text(name)).row();
    match it {
        Target::Person(name) => one("person", name),
        Target::Schedule(name) => one("schedule", name),
        Target::NextOnCall(name) => one("next_on_call", name),
        Target::Team(name) => one("team", name),
        Target::Receiver(name) => one("receiver", name),
        Target::RoundRobin(people) => Map::default().with("round_robin", names(people)).row(),
    }
}
