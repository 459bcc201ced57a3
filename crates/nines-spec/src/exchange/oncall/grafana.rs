//! Grafana OnCall: what `GET /api/v1/users`, `/on_call_shifts`, `/schedules`, `/escalation_chains`,
//! `/escalation_policies` and `/personal_notification_rules` answer, each list under the name of its resource.
//!
//! Source: its public API reference. Of overlapping shifts those with the highest level count, all of them; ours hide
//! those before them, so shifts of one level that overlap are a difference that the comparison shows.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use nines_base::Origin;
use nines_oncall::{
    ClockRange, Condition, Contact, Crew, Edits, Hours, Layer, Member, Person, Policy, Rotation,
    Rule, Rules, Schedule, Step, Target, Unit, Weekdays,
};
use nines_port::Channel;

use super::equal::{ForeignLayer, ToldShift, Window};
use super::{FoundSchedule, Ids, Importing, all, items, number, text, texts};
use crate::node::Node;

const DAY_SECONDS: i64 = 86_400;
/// After a step that no `wait` follows.
const WAIT_DEFAULT: SignedDuration = SignedDuration::from_mins(5);
/// The longest wait of a step.
const WAIT_SECONDS_MAX: i64 = DAY_SECONDS;

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    let (mut people, mut schedules) = (Ids::new(), Ids::new());
    let mut rules: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for (_, it) in all(nodes, "personal_notification_rules", "personal_notification_rule") {
        rules.entry(text(it, "user_id").unwrap_or("")).or_default().push(it);
    }
    for (file, node) in all(nodes, "users", "user") {
        person(importing, file, node, &rules, &mut people);
    }
    let shifts: BTreeMap<&str, (usize, &Node)> = all(nodes, "on_call_shifts", "on_call_shift")
        .into_iter()
        .filter_map(|(file, it)| Some((text(it, "id")?, (file, it))))
        .collect();
    let told = all(nodes, "final_shifts", "final_shift");
    for (file, node) in all(nodes, "schedules", "schedule") {
        schedule(importing, (file, node), &shifts, &told, &people, &mut schedules);
    }
    let mut steps: BTreeMap<&str, Vec<(usize, &Node)>> = BTreeMap::new();
    for (file, it) in all(nodes, "escalation_policies", "escalation_policy") {
        steps.entry(text(it, "escalation_chain_id").unwrap_or("")).or_default().push((file, it));
    }
    for (file, node) in all(nodes, "escalation_chains", "escalation_chain") {
        let mut steps = steps.remove(text(node, "id").unwrap_or("")).unwrap_or_default();
        steps.sort_by_key(|(_, it)| number(it, "position").unwrap_or(0));
        chain(importing, file, node, &steps, &people, &schedules);
    }
}

fn person(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    rules: &BTreeMap<&str, Vec<&Node>>,
    people: &mut Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let display_name = text(node, "name").or_else(|| text(node, "username")).unwrap_or(id);
    let name = importing.name("person", text(node, "username").unwrap_or(display_name));
    people.insert(id.to_owned(), name.clone());
    let origin = importing.origin(file, node);
    let contact = |channel| Contact { channel, delay: SignedDuration::ZERO };
    let mut contacts = vec![contact(Channel::Inbox)];
    if let Some(address) = text(node, "email") {
        contacts.push(contact(Channel::Email { address: address.to_owned() }));
    }
    let zone = text(node, "timezone").filter(|it| TimeZone::get(it).is_ok()).map(str::to_owned);
    let mut wanted = Rules { zone, ..Rules::default() };
    let mut own = rules.get(id).cloned().unwrap_or_default();
    own.sort_by_key(|it| number(it, "position").unwrap_or(0));
    for is_important in [true, false] {
        let mut delay = SignedDuration::ZERO;
        let mut list = Vec::new();
        for it in own.iter().filter(|it| (text(it, "important") == Some("true")) == is_important) {
            match text(it, "type").unwrap_or("") {
                "wait" => {
                    delay += SignedDuration::from_secs(number(it, "duration").unwrap_or(0));
                }
                kind => {
                    let is_mail = kind.ends_with("email") && 1 < contacts.len();
                    let rule = Rule { contact: u32::from(is_mail), delay };
                    if !is_mail {
                        let what = format!("`{kind}` of a notification rule");
                        let why = "accounts and numbers are not part of the answer";
                        let instead = "the inbox is used at the same time; add the contact";
                        importing.losses.add(&name, &origin, what, why, instead);
                    }
                    if !list.contains(&rule) {
                        list.push(rule);
                    }
                }
            }
        }
        *if is_important { &mut wanted.high } else { &mut wanted.low } = list;
    }
    let (display_name, rules) = (display_name.to_owned(), wanted);
    importing.found.people.push(Person { name, display_name, contacts, rules, origin });
}

fn schedule(
    importing: &mut Importing<'_, '_>,
    (file, node): (usize, &Node),
    shifts: &BTreeMap<&str, (usize, &Node)>,
    told: &[(usize, &Node)],
    people: &Ids,
    schedules: &mut Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let name = importing.name("schedule", text(node, "name").unwrap_or(id));
    let origin = importing.origin(file, node);
    let zone = zone_of(node).unwrap_or(TimeZone::UTC);
    let mut own: Vec<(usize, &Node)> =
        texts(node, "shifts").iter().filter_map(|it| shifts.get(it).copied()).collect();
    own.sort_by_key(|(_, it)| number(it, "level").unwrap_or(0));
    let (mut layers, mut rules) = (Vec::new(), Vec::new());
    for (_, it) in own {
        match layer(importing, it, &name, &zone, people) {
            Ok((layer, foreign)) => {
                layers.push(layer);
                rules.push(foreign);
            }
            Err(why) => {
                let what = format!("shift `{}`", text(it, "name").unwrap_or("?"));
                importing.losses.add(&name, &origin, what, why, "write a layer by hand");
            }
        }
    }
    if layers.is_empty() {
        let why = "it has no shift that is understood, or comes from a calendar";
        let instead = "write it by hand, or subscribe to the calendar";
        importing.losses.add(&name, &origin, "the schedule", why, instead);
        return;
    }
    let told = told.iter().filter(|(_, it)| text(it, "schedule_id").is_none_or(|it| it == id));
    let told = told.filter_map(|(_, it)| {
        let person = people.get(text(it, "user_pk")?)?.clone();
        Some(ToldShift {
            from: instant(it, "shift_start")?,
            until: instant(it, "shift_end")?,
            person,
        })
    });
    let told = told.collect();
    schedules.insert(id.to_owned(), name.clone());
    let schedule = Schedule { name, zone, layers, edits: Edits::AtHandOff, origin };
    importing.found.schedules.push(FoundSchedule { schedule, rules, told });
}

fn layer(
    importing: &mut Importing<'_, '_>,
    node: &Node,
    schedule: &str,
    schedule_zone: &TimeZone,
    people: &Ids,
) -> Result<(Layer, ForeignLayer), &'static str> {
    let zone = zone_of(node).unwrap_or_else(|| schedule_zone.clone());
    if zone != *schedule_zone {
        return Err("it has a time zone of its own, and a schedule has one");
    }
    let begins = text(node, "rotation_start").or_else(|| text(node, "start"));
    let begins: DateTime = begins.and_then(|it| it.parse().ok()).ok_or("it has no start")?;
    let start: DateTime = text(node, "start").and_then(|it| it.parse().ok()).unwrap_or(begins);
    let seconds = number(node, "duration").filter(|it| 0 < *it).ok_or("it has no duration")?;
    let until = text(node, "until").and_then(|it| it.parse::<DateTime>().ok());
    let interval = number(node, "interval").unwrap_or(1).max(1);
    let known = |ids: Vec<&str>| -> Vec<String> {
        ids.into_iter().filter_map(|it| people.get(it).cloned()).collect()
    };
    let together = vec![known(texts(node, "users"))];
    let kind = text(node, "type").unwrap_or("");
    let members: Vec<Vec<String>> = match kind {
        "rolling_users" => {
            let groups = items(node, "rolling_users").iter();
            let mut groups: Vec<Vec<String>> = groups.map(|it| known(super::list(it))).collect();
            let first = number(node, "start_rotation_from_user_index").unwrap_or(0);
            let first = usize::try_from(first).unwrap_or(0).checked_rem(groups.len()).unwrap_or(0);
            groups.rotate_left(first);
            groups
        }
        _ => together,
    };
    if members.iter().all(Vec::is_empty) {
        return Err("it names nobody who is in the files");
    }
    let (unit, period) = match (kind, text(node, "frequency")) {
        ("single_event", _) => (Unit::Day, DAY_SECONDS),
        (_, Some("hourly")) => (Unit::Hour, 3_600),
        (_, Some("daily")) => (Unit::Day, DAY_SECONDS),
        (_, Some("weekly")) => (Unit::Week, 7 * DAY_SECONDS),
        _ => return Err("it comes back by months, which depend on the calendar"),
    };
    let days: Vec<Weekday> = texts(node, "by_day").into_iter().filter_map(weekday).collect();
    let turn_seconds = period * interval;
    let begin_second = start.time().duration_since(Time::midnight()).as_secs();
    // Turns of weeks with days begin with the week; the days say when they count.
    let turn_start = if unit == Unit::Week && !days.is_empty() { week_of(start) } else { start };
    let is_single = kind == "single_event";
    let covers_all = !is_single && days.is_empty() && turn_seconds <= seconds;
    let windows: Vec<Window> = match unit {
        _ if is_single || covers_all => Vec::new(),
        Unit::Hour => return Err("it does not fill its hours"),
        Unit::Day if interval != 1 => return Err("it leaves out days between"),
        Unit::Day if days.is_empty() => vec![Window { day: None, begin_second, seconds }],
        _ => {
            let days = if days.is_empty() { vec![start.date().weekday()] } else { days };
            let window = |day| Window { day: Some(day), begin_second, seconds };
            days.into_iter().map(window).collect()
        }
    };
    let until = if is_single { start.checked_add(seconds.seconds()).ok() } else { until };
    let hours: Vec<ClockRange> = windows.iter().flat_map(Window::ranges).collect();
    let rotation = Rotation {
        start: turn_start,
        unit,
        length: u32::try_from(interval).map_err(|_| "its interval is too long")?,
        members: members
            .iter()
            .map(|it| Member { people: it.clone(), from: None, until: None })
            .collect(),
        skip: Weekdays::NONE,
    };
    let named = format!("{schedule} {}", text(node, "name").unwrap_or("layer"));
    let name = importing.name("layer", &named);
    let name = name.strip_prefix(schedule).unwrap_or(&name).trim_start_matches('-').to_owned();
    let from = (turn_start != start).then_some(start);
    let crew = match (is_single, members.first()) {
        (true, Some(people)) => Crew::Always(people.clone()),
        _ => Crew::Rotation(rotation),
    };
    let from = if is_single { Some(start) } else { from };
    let level = number(node, "level").unwrap_or(0);
    let foreign = ForeignLayer {
        level,
        zone,
        start: turn_start,
        turn_seconds,
        members,
        windows,
        from: Some(start),
        until,
    };
    Ok((Layer { name, crew, hours, from, until }, foreign))
}

/// Monday 00:00 of the week.
fn week_of(at: DateTime) -> DateTime {
    let days = at.date().weekday().to_monday_zero_offset();
    let monday = at.date().checked_sub(i64::from(days).days()).unwrap_or(at.date());
    monday.to_datetime(Time::midnight())
}

fn weekday(text: &str) -> Option<Weekday> {
    let number = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].iter().position(|it| *it == text)?;
    Weekday::from_monday_zero_offset(i8::try_from(number).ok()?).ok()
}

fn chain(
    importing: &mut Importing<'_, '_>,
    file: usize,
    node: &Node,
    parts: &[(usize, &Node)],
    people: &Ids,
    schedules: &Ids,
) {
    let Some(id) = text(node, "id") else { return };
    let name = importing.name("escalation", text(node, "name").unwrap_or(id));
    let origin = importing.origin(file, node);
    let mut steps: Vec<Step> = Vec::new();
    let (mut repeat, mut when) = (0, Vec::new());
    for (_, it) in parts {
        let kind = text(it, "type").unwrap_or("");
        let named = |field: &str| -> Vec<Target> {
            let ids = texts(it, field).into_iter();
            ids.filter_map(|it| people.get(it).cloned()).map(Target::Person).collect()
        };
        let targets = match kind {
            "wait" => {
                let seconds = number(it, "duration").unwrap_or(0).clamp(0, WAIT_SECONDS_MAX);
                if let Some(step) = steps.last_mut() {
                    step.wait += SignedDuration::from_secs(seconds);
                }
                continue;
            }
            "repeat_escalation" => {
                repeat = 5;
                continue;
            }
            "notify_if_time_from_to" => {
                when = between(it).into_iter().collect();
                continue;
            }
            "notify_persons" => named("persons_to_notify"),
            "notify_person_next_each_time" => {
                let ids = texts(it, "persons_to_notify_next_each_time").into_iter();
                let names: Vec<String> = ids.filter_map(|it| people.get(it).cloned()).collect();
                (!names.is_empty()).then_some(Target::RoundRobin(names)).into_iter().collect()
            }
            "notify_on_call_from_schedule" => {
                let known = text(it, "notify_on_call_from_schedule");
                let known = known.and_then(|it| schedules.get(it));
                known.map(|it| Target::Schedule(it.clone())).into_iter().collect()
            }
            _ => Vec::new(),
        };
        if targets.is_empty() {
            lose_step(importing, &name, &origin, kind);
            continue;
        }
        match steps.last_mut().filter(|it| it.wait.is_zero() && it.when == when) {
            // Without a wait between them both are told at once.
            Some(step) => step.targets.extend(targets),
            None => {
                let step = Step::new(targets, SignedDuration::ZERO);
                steps.push(Step { when: when.clone(), ..step });
            }
        }
    }
    if steps.is_empty() {
        let why = "it has no step that tells somebody";
        importing.losses.add(&name, &origin, "the chain", why, "write it by hand");
        return;
    }
    // A chain ends with its last step; ours waits for an answer before it repeats or gives up.
    for step in steps.iter_mut().filter(|it| it.wait.is_zero()) {
        step.wait = WAIT_DEFAULT;
    }
    let ack_expiry = Some(SignedDuration::from_mins(30));
    let policy = Policy { name, steps, repeat, ack_expiry, origin, ..Policy::default() };
    importing.found.policies.push(policy);
}

fn lose_step(importing: &mut Importing<'_, '_>, name: &str, origin: &Origin, kind: &str) {
    let why = "it tells nobody of these files";
    let instead = match kind {
        "trigger_webhook" => "a target `receiver` with a webhook",
        "notify_team_members" | "notify_user_group" => "a target `team`",
        "declare_incident" => "`declare_incident` of a step",
        "notify_if_num_alerts_in_window" => "`when: {more_than, within}` of the steps after it",
        _ => "write the step by hand",
    };
    importing.losses.add(name, origin, format!("step `{kind}`"), why, instead);
}

/// Between two times of the day in UTC, the steps after it count.
fn between(node: &Node) -> Option<Condition> {
    let minute = |name: &str| {
        let time: Time = text(node, name)?.trim_end_matches('Z').parse().ok()?;
        u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
    };
    let begin_minute = minute("notify_if_time_from")?;
    let end_minute = match minute("notify_if_time_to")? {
        0 => ClockRange::DAY_MINUTES,
        it => it,
    };
    let range = ClockRange { weekdays: Weekdays::ALL, begin_minute, end_minute };
    Some(Condition::During(Hours { zone: "UTC".to_owned(), ranges: vec![range] }))
}

fn zone_of(node: &Node) -> Option<TimeZone> {
    TimeZone::get(text(node, "time_zone")?).ok()
}

fn instant(node: &Node, name: &str) -> Option<Timestamp> {
    text(node, name)?.parse().ok()
}
