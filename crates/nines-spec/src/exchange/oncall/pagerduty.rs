//! PagerDuty: what `GET /users`, `/schedules/{id}` and `/escalation_policies` of its REST API answer.
//!
//! Source: its public API reference. Layers are listed with the highest first. With `since` and `until` a schedule
//! brings the shifts that PagerDuty has worked out, and those are what ours are compared with.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_oncall::{
    Contact, Crew, Edits, Layer, Member, Person, Policy, Rotation, Rule, Rules, Schedule, Step,
    Target, Unit, Weekdays,
};
use nines_port::Channel;

use super::equal::{ForeignLayer, ToldShift, Window};
use super::{FoundSchedule, Ids, Importing, all, field, items, number, text};
use crate::node::Node;

/// PagerDuty's loops; ours repeat that often less one.
const REPEAT_MAX: i64 = 9;
const DAY_SECONDS: i64 = 86_400;

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    let (mut people, mut schedules) = (Ids::new(), Ids::new());
    for (file, node) in all(nodes, "users", "user") {
        person(importing, file, node, &mut people);
    }
    for (file, node) in all(nodes, "schedules", "schedule") {
        schedule(importing, file, node, &mut people, &mut schedules);
    }
    for (file, node) in all(nodes, "escalation_policies", "escalation_policy") {
        policy(importing, file, node, &mut people, &schedules);
    }
}

/// A reference such as `{"id": "PABC", "type": "user_reference", "summary": "Ana"}`.
fn person_of(importing: &mut Importing<'_, '_>, node: &Node, people: &mut Ids) -> Option<String> {
    let id = text(node, "id")?;
    if let Some(known) = people.get(id) {
        return Some(known.clone());
    }
    // The file has no such user: somebody with an inbox, so that shifts have a person.
    let display_name = text(node, "summary").or_else(|| text(node, "name")).unwrap_or(id);
    let name = importing.name("person", display_name);
    people.insert(id.to_owned(), name.clone());
    importing.found.people.push(Person {
        name: name.clone(),
        display_name: display_name.to_owned(),
        contacts: vec![inbox()],
        ..Person::default()
    });
    Some(name)
}

fn inbox() -> Contact {
    Contact { channel: Channel::Inbox, delay: SignedDuration::ZERO }
}

fn person(importing: &mut Importing<'_, '_>, file: usize, node: &Node, people: &mut Ids) {
    let Some(id) = text(node, "id") else { return };
    let display_name = text(node, "name").or_else(|| text(node, "summary")).unwrap_or(id);
    let name = importing.name("person", display_name);
    people.insert(id.to_owned(), name.clone());
    let origin = importing.origin(file, node);
    let mut contacts = vec![inbox()];
    let mut ways = Ids::new();
    for method in items(node, "contact_methods") {
        let (kind, address) = (text(method, "type").unwrap_or(""), text(method, "address"));
        if let (Some(id), "email_contact_method", Some(address)) =
            (text(method, "id"), kind, address)
        {
            ways.insert(id.to_owned(), contacts.len().to_string());
            let channel = Channel::Email { address: address.to_owned() };
            contacts.push(Contact { channel, delay: SignedDuration::ZERO });
        } else if !kind.starts_with("email") {
            let what = format!("contact method `{kind}`");
            let why = "numbers and devices need an account with a gateway, which PagerDuty brought";
            let instead = "the inbox is used at the same time; add a contact such as `sms`";
            importing.losses.add(&name, &origin, what, why, instead);
        }
    }
    let mut rules = Rules {
        zone: text(node, "time_zone")
            .and_then(zone)
            .and_then(|it| it.iana_name().map(str::to_owned)),
        ..Rules::default()
    };
    for it in items(node, "notification_rules") {
        let minutes = number(it, "start_delay_in_minutes").unwrap_or(0).clamp(0, 24 * 60);
        let method = field(it, "contact_method").and_then(|it| text(it, "id"));
        let contact = method.and_then(|it| ways.get(it)?.parse().ok()).unwrap_or(0);
        let rule = Rule { contact, delay: SignedDuration::from_mins(minutes) };
        let list = match text(it, "urgency") {
            Some("low") => &mut rules.low,
            _ => &mut rules.high,
        };
        if !list.contains(&rule) {
            list.push(rule);
        }
    }
    for list in [&mut rules.high, &mut rules.low] {
        list.sort_by_key(|it| it.delay);
    }
    let display_name = display_name.to_owned();
    importing.found.people.push(Person { name, display_name, contacts, rules, origin });
}

fn schedule(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    people: &mut Ids,
    schedules: &mut Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let display_name = text(node, "name").or_else(|| text(node, "summary")).unwrap_or(id);
    let name = importing.name("schedule", display_name);
    let origin = importing.origin(file, node);
    let zone = text(node, "time_zone").and_then(zone).unwrap_or(TimeZone::UTC);
    let listed = items(node, "schedule_layers");
    let (mut layers, mut rules) = (Vec::new(), Vec::new());
    // Ours hide those before them.
    for (level, node) in (0_i64..).zip(listed.iter().rev()) {
        if let Some((layer, foreign)) = layer(importing, (file, node), &name, level, &zone, people)
        {
            layers.push(layer);
            rules.push(foreign);
        }
    }
    let shifts = field(node, "final_schedule").map(|it| items(it, "rendered_schedule_entries"));
    let told = shifts.into_iter().flatten().filter_map(|it| {
        let person = person_of(importing, field(it, "user")?, people)?;
        Some(ToldShift { from: instant(it, "start")?, until: instant(it, "end")?, person })
    });
    let told: Vec<ToldShift> = told.collect();
    if layers.is_empty() {
        let why = "it has no layer with people";
        importing.losses.add(&name, &origin, "the schedule", why, "write it by hand");
        return;
    }
    if has_overrides(node) {
        let why = "files say what holds always; for a while somebody changes the rota";
        let instead = "enter them again: `nines oncall override`";
        importing.losses.add(&name, &origin, "overrides", why, instead);
    }
    schedules.insert(id.to_owned(), name.clone());
    let schedule = Schedule { name, zone, layers, edits: Edits::AtHandOff, origin };
    importing.found.schedules.push(FoundSchedule { schedule, rules, told });
}

fn has_overrides(node: &Node) -> bool {
    let rendered = field(node, "overrides_subschedule");
    rendered.is_some_and(|it| !items(it, "rendered_schedule_entries").is_empty())
}

fn layer(
    importing: &mut Importing<'_, '_>,
    (file, node): (usize, &Node),
    schedule: &str,
    level: i64,
    zone: &TimeZone,
    people: &mut Ids,
) -> Option<(Layer, ForeignLayer)> {
    let origin = importing.origin(file, node);
    let users = items(node, "users").iter().map(|it| field(it, "user").unwrap_or(it));
    let members: Vec<String> = users.filter_map(|it| person_of(importing, it, people)).collect();
    let turn_seconds = number(node, "rotation_turn_length_seconds").filter(|it| 0 < *it)?;
    let civil = |name| instant(node, name).map(|at| whole_minute(zone.to_datetime(at)));
    let begins = civil("start");
    let start = civil("rotation_virtual_start").or(begins)?;
    if members.is_empty() {
        return None;
    }
    let Some((unit, length)) = turn(turn_seconds) else {
        let what = format!("a turn of {turn_seconds} seconds");
        let why = "turns are whole hours, days or weeks";
        importing.losses.add(schedule, &origin, what, why, "the layer is left out");
        return None;
    };
    let windows: Vec<Window> = items(node, "restrictions").iter().filter_map(window).collect();
    let hours = windows.iter().flat_map(Window::ranges).collect();
    let (from, until) = (begins.filter(|it| *it != start), civil("end"));
    let rotation = Rotation {
        start,
        unit,
        length,
        members: members.iter().map(|it| Member::person(it)).collect(),
        skip: Weekdays::NONE,
    };
    let named = text(node, "name").unwrap_or("layer");
    let name = importing.name("layer", &format!("{schedule} {named}"));
    let name = name.strip_prefix(schedule).unwrap_or(&name).trim_start_matches('-').to_owned();
    let foreign = ForeignLayer {
        level,
        zone: zone.clone(),
        start,
        turn_seconds,
        members: members.into_iter().map(|it| vec![it]).collect(),
        windows,
        from: begins,
        until,
    };
    Some((Layer { name, crew: Crew::Rotation(rotation), hours, from, until }, foreign))
}

/// `{"type": "weekly_restriction", "start_time_of_day": "09:00:00", "start_day_of_week": 1, "duration_seconds": 28800}`.
fn window(node: &Node) -> Option<Window> {
    let time: jiff::civil::Time = text(node, "start_time_of_day")?.parse().ok()?;
    let begin = time.duration_since(jiff::civil::Time::midnight()).as_secs();
    let seconds = number(node, "duration_seconds")?;
    let day = match text(node, "type") {
        Some("weekly_restriction") => {
            let number = i8::try_from(number(node, "start_day_of_week")?).ok()?;
            Some(Weekday::from_monday_one_offset(number).ok()?)
        }
        _ => None,
    };
    let seconds = seconds.clamp(1, 7 * DAY_SECONDS);
    Some(Window { day, begin_second: begin, seconds })
}

fn turn(seconds: i64) -> Option<(Unit, u32)> {
    let units = [(Unit::Week, 7 * DAY_SECONDS), (Unit::Day, DAY_SECONDS), (Unit::Hour, 3_600)];
    let (unit, length) = units.into_iter().find(|(_, length)| seconds % length == 0)?;
    Some((unit, u32::try_from(seconds / length).ok()?))
}

fn policy(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    people: &mut Ids,
    schedules: &Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let name = text(node, "name").or_else(|| text(node, "summary")).unwrap_or(id);
    let name = importing.name("escalation", name);
    let origin = importing.origin(file, node);
    let mut steps = Vec::new();
    for rule in items(node, "escalation_rules") {
        let minutes = number(rule, "escalation_delay_in_minutes").unwrap_or(30);
        let mut targets = Vec::new();
        for it in items(rule, "targets") {
            let kind = text(it, "type").unwrap_or("");
            let target = if kind.starts_with("schedule") {
                let known = text(it, "id").and_then(|it| schedules.get(it));
                known.map(|it| Target::Schedule(it.clone()))
            } else {
                person_of(importing, it, people).map(Target::Person)
            };
            match target {
                Some(it) => targets.push(it),
                None => {
                    let what = format!("target `{}`", text(it, "summary").unwrap_or(kind));
                    let why = "the files have no such schedule";
                    let instead = "export it too: `GET /schedules/{id}`";
                    importing.losses.add(&name, &origin, what, why, instead);
                }
            }
        }
        if !targets.is_empty() {
            let minutes = minutes.clamp(1, 24 * 60);
            steps.push(Step::new(targets, SignedDuration::from_mins(minutes)));
        }
    }
    if steps.is_empty() {
        let why = "it has no step that tells somebody";
        importing.losses.add(&name, &origin, "the policy", why, "write it by hand");
        return;
    }
    let loops = number(node, "num_loops").unwrap_or(0);
    if REPEAT_MAX < loops {
        let what = format!("{loops} loops");
        importing.losses.add(&name, &origin, what, "9 are the most", "it is repeated 9 times");
    }
    let repeat = u32::try_from(loops.clamp(0, REPEAT_MAX)).unwrap_or(0);
    let ack_expiry = Some(SignedDuration::from_mins(30));
    let policy = Policy { name, steps, repeat, ack_expiry, origin, ..Policy::default() };
    importing.found.policies.push(policy);
}

fn instant(node: &Node, name: &str) -> Option<Timestamp> {
    text(node, name)?.parse().ok()
}

fn whole_minute(it: DateTime) -> DateTime {
    it.date().at(it.hour(), it.minute(), 0, 0)
}

/// An IANA name, or one of those that Rails knows and PagerDuty still answers.
fn zone(name: &str) -> Option<TimeZone> {
    const OTHERS: [(&str, &str); 6] = [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Central Time (US & Canada)", "America/Chicago"),
        ("Mountain Time (US & Canada)", "America/Denver"),
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("London", "Europe/London"),
        ("Berlin", "Europe/Berlin"),
    ];
    let known = OTHERS.iter().find(|(it, _)| *it == name).map_or(name, |(_, iana)| iana);
    TimeZone::get(known).ok()
}
