//! GoAlert: what its GraphQL API answers, each list under the name of its query, plain or as `{"nodes": […]}`.
//!
//! Source: its public GraphQL schema. Everybody whose rule holds is on call together; ours hide those before them, so
//! rules that overlap are a difference that the comparison shows. A rotation knows who is active now and no first
//! turn, so turns are counted back from the moment of the import.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_oncall::{
    ClockRange, Contact, Crew, Edits, Layer, Member, Person, Policy, Rotation, Rule, Rules,
    Schedule, Step, Target, Unit, Weekdays,
};
use nines_port::Channel;

use super::equal::{ForeignLayer, ToldShift, Window};
use super::{FoundSchedule, Ids, Importing, all, field, items, number, text, texts};
use crate::node::Node;

const DAY_SECONDS: i64 = 86_400;
const REPEAT_MAX: i64 = 9;

/// A rotation, as far as schedules need it.
struct Turns {
    name: String,
    zone: TimeZone,
    rotation: Rotation,
    seconds: i64,
}

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    let (mut people, mut schedules) = (Ids::new(), Ids::new());
    for (file, node) in listed(nodes, "users") {
        person(importing, file, node, &mut people);
    }
    let mut rotations: Vec<(&str, Turns)> = Vec::new();
    for (file, node) in listed(nodes, "rotations") {
        if let (Some(id), Some(it)) = (text(node, "id"), turns(importing, file, node, &people)) {
            rotations.push((id, it));
        }
    }
    for (file, node) in listed(nodes, "schedules") {
        schedule(importing, (file, node), &rotations, &people, &mut schedules);
    }
    for (file, node) in listed(nodes, "escalationPolicies") {
        policy(importing, file, node, &rotations, &people, &mut schedules);
    }
}

/// The items of a list, of a connection, and of both below `data`.
fn listed<'n>(nodes: &'n [(usize, Node)], name: &str) -> Vec<(usize, &'n Node)> {
    let mut found = all(nodes, name, "");
    for (file, node) in nodes {
        for whole in [Some(node), field(node, "data")].into_iter().flatten() {
            let connection = field(whole, name).map(|it| items(it, "nodes")).unwrap_or_default();
            found.extend(connection.iter().map(|it| (*file, it)));
        }
        if let Some(data) = field(node, "data") {
            found.extend(items(data, name).iter().map(|it| (*file, it)));
        }
    }
    found
}

fn person(importing: &mut Importing<'_, '_>, file: usize, node: &Node, people: &mut Ids) {
    let Some(id) = text(node, "id") else { return };
    let display_name = text(node, "name").unwrap_or(id);
    let name = importing.name("person", display_name);
    people.insert(id.to_owned(), name.clone());
    let origin = importing.origin(file, node);
    let contact = |channel| Contact { channel, delay: SignedDuration::ZERO };
    let mut contacts = vec![contact(Channel::Inbox)];
    let mut ways: Vec<(&str, u32)> = Vec::new();
    for it in items(node, "contactMethods") {
        let kind = text(it, "type").unwrap_or("");
        match (text(it, "id"), text(it, "value"), kind) {
            (Some(id), Some(address), "EMAIL") => {
                ways.push((id, u32::try_from(contacts.len()).unwrap_or(0)));
                contacts.push(contact(Channel::Email { address: address.to_owned() }));
            }
            _ => {
                let what = format!("contact method `{kind}`");
                let why = "numbers and rooms need an account with a gateway";
                let instead = "the inbox is used at the same time; add a contact such as `sms`";
                importing.losses.add(&name, &origin, what, why, instead);
            }
        }
    }
    let mut rules = Rules::default();
    for it in items(node, "notificationRules") {
        let minutes = number(it, "delayMinutes").unwrap_or(0).clamp(0, 24 * 60);
        let id = field(it, "contactMethod").and_then(|it| text(it, "id"));
        let way = ways.iter().find(|(known, _)| Some(*known) == id);
        let contact = way.map_or(0, |(_, contact)| *contact);
        let rule = Rule { contact, delay: SignedDuration::from_mins(minutes) };
        if !rules.high.contains(&rule) {
            rules.high.push(rule);
        }
    }
    rules.high.sort_by_key(|it| it.delay);
    let display_name = display_name.to_owned();
    importing.found.people.push(Person { name, display_name, contacts, rules, origin });
}

fn turns(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    people: &Ids,
) -> Option<Turns> {
    let name = text(node, "name")?.to_owned();
    let zone = text(node, "timeZone").and_then(|it| TimeZone::get(it).ok())?;
    let length = number(node, "shiftLength").unwrap_or(1).max(1);
    let (unit, period) = match text(node, "type") {
        Some("hourly") => (Unit::Hour, 3_600),
        Some("daily") => (Unit::Day, DAY_SECONDS),
        Some("weekly") => (Unit::Week, 7 * DAY_SECONDS),
        _ => {
            let origin = importing.origin(file, node);
            let why = "its turns are months, of which the first is not told";
            importing.losses.add(&name, &origin, "the rotation", why, "write it by hand");
            return None;
        }
    };
    let at: Timestamp = text(node, "start")?.parse().ok()?;
    let civil = zone.to_datetime(at);
    let start = civil.date().at(civil.hour(), civil.minute(), 0, 0);
    let seconds = period * length;
    let members: Vec<Member> = texts(node, "userIDs")
        .into_iter()
        .filter_map(|it| Some(Member::person(people.get(it)?)))
        .collect();
    let count = i64::try_from(members.len()).ok().filter(|it| 0 < *it)?;
    // Whoever is active holds the turn that the import falls into.
    let elapsed = zone.to_datetime(importing.now).duration_since(start).as_secs();
    let turn = elapsed.div_euclid(seconds);
    let active = number(node, "activeUserIndex").unwrap_or(0);
    let mut members = members;
    members.rotate_left(usize::try_from((active - turn).rem_euclid(count)).unwrap_or(0));
    let length = u32::try_from(length).ok()?;
    let rotation = Rotation { start, unit, length, members, skip: Weekdays::NONE };
    Some(Turns { name, zone, rotation, seconds })
}

fn schedule(
    importing: &mut Importing<'_, '_>,
    (file, node): (usize, &Node),
    rotations: &[(&str, Turns)],
    people: &Ids,
    schedules: &mut Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let name = importing.name("schedule", text(node, "name").unwrap_or(id));
    let origin = importing.origin(file, node);
    let zone = text(node, "timeZone").and_then(|it| TimeZone::get(it).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let (mut layers, mut rules) = (Vec::new(), Vec::new());
    for it in items(node, "targets") {
        let windows: Vec<Window> = items(it, "rules").iter().flat_map(windows).collect();
        let Some(target) = field(it, "target") else { continue };
        let id = text(target, "id").unwrap_or("");
        let known = match text(target, "type") {
            Some("user") => people.get(id).map(|it| always(it, &zone, importing.now)),
            _ => rotations.iter().find(|(known, _)| *known == id).map(|(_, it)| of(it)),
        };
        let Some((crew, foreign)) = known else {
            let what = format!("target `{}`", text(target, "name").unwrap_or(id));
            importing.losses.add(&name, &origin, what, "it is not in the files", "export it too");
            continue;
        };
        if foreign.zone != zone {
            let why = "a rotation of another time zone hands off at clock times of its own";
            let instead = "hand-offs are at the same clock time in the schedule's zone";
            importing.losses.add(&name, &origin, "the rotation's zone", why, instead);
        }
        let hours: Vec<ClockRange> = windows.iter().flat_map(Window::ranges).collect();
        let layer = importing.name("layer", &format!("{name} target"));
        let layer = layer.strip_prefix(&name).unwrap_or(&layer).trim_start_matches('-').to_owned();
        layers.push(Layer { name: layer, crew, hours, from: None, until: None });
        rules.push(ForeignLayer { windows, ..foreign });
    }
    if layers.is_empty() {
        let why = "it has no target that is understood";
        importing.losses.add(&name, &origin, "the schedule", why, "write it by hand");
        return;
    }
    let told = items(node, "shifts").iter().filter_map(|it| {
        let at = |field: &str| text(it, field)?.parse().ok();
        let person = people.get(text(it, "userID")?)?.clone();
        Some(ToldShift { from: at("start")?, until: at("end")?, person })
    });
    let told = told.collect();
    schedules.insert(id.to_owned(), name.clone());
    let schedule = Schedule { name, zone, layers, edits: Edits::AtHandOff, origin };
    importing.found.schedules.push(FoundSchedule { schedule, rules, told });
}

fn of(turns: &Turns) -> (Crew, ForeignLayer) {
    let Turns { zone, rotation, seconds, .. } = turns;
    let foreign = ForeignLayer {
        level: 0,
        zone: zone.clone(),
        start: rotation.start,
        turn_seconds: *seconds,
        members: rotation.members.iter().map(|it| it.people.clone()).collect(),
        windows: Vec::new(),
        from: None,
        until: None,
    };
    (Crew::Rotation(rotation.clone()), foreign)
}

fn always(person: &str, zone: &TimeZone, now: Timestamp) -> (Crew, ForeignLayer) {
    let people = vec![person.to_owned()];
    let foreign = ForeignLayer {
        level: 0,
        zone: zone.clone(),
        start: zone.to_datetime(now - SignedDuration::from_hours(24)),
        turn_seconds: DAY_SECONDS,
        members: vec![people.clone()],
        windows: Vec::new(),
        from: None,
        until: None,
    };
    (Crew::Always(people), foreign)
}

/// `{"start": "09:00", "end": "17:00", "weekdayFilter": [false, true, …]}`, Sunday first.
fn windows(rule: &Node) -> Vec<Window> {
    let second = |name: &str| {
        let time: Time = text(rule, name)?.parse().ok()?;
        Some(time.duration_since(Time::midnight()).as_secs())
    };
    let (Some(begin_second), Some(end)) = (second("start"), second("end")) else {
        return Vec::new();
    };
    let seconds = match end - begin_second {
        length if length <= 0 => length + DAY_SECONDS,
        length => length,
    };
    let days = field(rule, "weekdayFilter").map(super::list).unwrap_or_default();
    let on = (0_i8..).zip(days).filter(|(_, it)| *it == "true");
    let days: Vec<Weekday> =
        on.filter_map(|(day, _)| Weekday::from_sunday_zero_offset(day).ok()).collect();
    if days.len() == 7 {
        return vec![Window { day: None, begin_second, seconds }];
    }
    days.into_iter().map(|day| Window { day: Some(day), begin_second, seconds }).collect()
}

fn policy(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    rotations: &[(&str, Turns)],
    people: &Ids,
    schedules: &mut Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let name = importing.name("escalation", text(node, "name").unwrap_or(id));
    let origin = importing.origin(file, node);
    let mut steps = Vec::new();
    for step in items(node, "steps") {
        let mut targets = Vec::new();
        for it in items(step, "targets") {
            let id = text(it, "id").unwrap_or("");
            let kind = text(it, "type").unwrap_or("");
            let target = match kind {
                "user" => people.get(id).map(|it| Target::Person(it.clone())),
                "schedule" => schedules.get(id).map(|it| Target::Schedule(it.clone())),
                "rotation" => {
                    let found = rotations.iter().find(|(known, _)| *known == id);
                    found.map(|(_, it)| Target::Schedule(alone(importing, id, it, schedules)))
                }
                _ => None,
            };
            match target {
                Some(it) => targets.push(it),
                None => {
                    let what = format!("target `{}`", text(it, "name").unwrap_or(kind));
                    let why = "it is no person, schedule or rotation of the files";
                    let instead = "a target `receiver` with a webhook or a chat room";
                    importing.losses.add(&name, &origin, what, why, instead);
                }
            }
        }
        let minutes = number(step, "delayMinutes").unwrap_or(15).clamp(1, 24 * 60);
        if !targets.is_empty() {
            steps.push(Step::new(targets, SignedDuration::from_mins(minutes)));
        }
    }
    if steps.is_empty() {
        let why = "it has no step that tells somebody";
        importing.losses.add(&name, &origin, "the policy", why, "write it by hand");
        return;
    }
    let repeat = number(node, "repeat").unwrap_or(0).clamp(0, REPEAT_MAX);
    let repeat = u32::try_from(repeat).unwrap_or(0);
    let ack_expiry = Some(SignedDuration::from_mins(30));
    let policy = Policy { name, steps, repeat, ack_expiry, origin, ..Policy::default() };
    importing.found.policies.push(policy);
}

/// A schedule that is one rotation, for a policy that names the rotation itself.
fn alone(
    importing: &mut Importing<'_, '_>,
    id: &str,
    turns: &Turns,
    schedules: &mut Ids,
) -> String {
    let key = format!("rotation {id}");
    if let Some(known) = schedules.get(&key) {
        return known.clone();
    }
    let name = importing.name("schedule", &turns.name);
    schedules.insert(key, name.clone());
    let (crew, foreign) = of(turns);
    let (hours, from, until) = (Vec::new(), None, None);
    let layer = Layer { name: String::new(), crew, hours, from, until };
    let schedule = Schedule {
        name: name.clone(),
        zone: turns.zone.clone(),
        layers: vec![layer],
        edits: Edits::AtHandOff,
        origin: nines_base::Origin::default(),
    };
    let (rules, told) = (vec![foreign], Vec::new());
    importing.found.schedules.push(FoundSchedule { schedule, rules, told });
    name
}
