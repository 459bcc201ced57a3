//! The configuration as an `alertmanager.yml` that its tools can read.
//!
//! It is written from what decides, so it holds no secret, no comment and no default: routes, receivers by name,
//! inhibitions, time intervals. What that file cannot say is reduced to the nearest that it can.

use jiff::SignedDuration;
use nines_alert::dispatch::{GroupBy, Route, Rules};
use nines_alert::inhibit;
use nines_alert::interval::TimeInterval;
use nines_alert::syntax::write_matcher;
use nines_base::{Matcher, format_duration};
use serde_json::{Map, Value, json};

/// JSON is YAML, and this is indented JSON: no text needs to be escaped by rules of YAML.
pub(super) fn write(rules: &Rules) -> String {
    let mut file = Map::new();
    file.insert("global".to_owned(), json!({ "resolve_timeout": duration(rules.resolve_timeout) }));
    file.insert("route".to_owned(), root(&rules.root));
    let names = rules.receivers.keys().map(|it| json!({ "name": it }));
    file.insert("receivers".to_owned(), names.collect());
    let inhibitions: Vec<Value> = rules.inhibitions.iter().filter_map(inhibition).collect();
    if !inhibitions.is_empty() {
        file.insert("inhibit_rules".to_owned(), inhibitions.into());
    }
    if !rules.intervals.is_empty() {
        let intervals = rules.intervals.iter().map(|(name, elements)| {
            let elements: Vec<Value> = elements.iter().map(interval).collect();
            json!({ "name": name, "time_intervals": elements })
        });
        file.insert("time_intervals".to_owned(), intervals.collect());
    }
    format!("{:#}\n", Value::Object(file))
}

/// The root matches everything, and has no intervals.
fn root(it: &Route) -> Value {
    let mut fields = route(it);
    for field in ["matchers", "mute_time_intervals", "active_time_intervals", "continue"] {
        fields.remove(field);
    }
    fields.into()
}

fn route(it: &Route) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    add("receiver", json!(it.receiver));
    match &it.group_by {
        GroupBy::All => add("group_by", json!(["..."])),
        GroupBy::Labels(names) => add("group_by", json!(names)),
    };
    add("group_wait", json!(duration(it.timing.wait)));
    add("group_interval", json!(duration(it.timing.interval)));
    add("repeat_interval", json!(duration(it.timing.repeat)));
    let lists = [
        ("matchers", matchers(&it.matchers)),
        ("mute_time_intervals", it.mute_intervals.clone()),
        ("active_time_intervals", it.active_intervals.clone()),
    ];
    for (name, list) in lists.into_iter().filter(|(_, it)| !it.is_empty()) {
        add(name, json!(list));
    }
    if it.continues {
        add("continue", json!(true));
    }
    if !it.children.is_empty() {
        add("routes", it.children.iter().map(|it| Value::Object(route(it))).collect());
    }
    fields
}

fn matchers(matchers: &[Matcher]) -> Vec<String> {
    matchers.iter().map(write_matcher).collect()
}

/// A rule with one clause is one of Alertmanager's; of several the first stands for all.
fn inhibition(it: &inhibit::Rule) -> Option<Value> {
    let source = matchers(&it.sources.first()?.matchers);
    let target = matchers(&it.target);
    Some(json!({ "source_matchers": source, "target_matchers": target, "equal": it.equal }))
}

fn interval(it: &TimeInterval) -> Value {
    const DAYS: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let mut fields = Map::new();
    let mut add = |name: &str, list: Vec<Value>| {
        if !list.is_empty() {
            fields.insert(name.to_owned(), list.into());
        }
    };
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let times = it.times.iter();
    add(
        "times",
        times
            .map(|(from, to)| json!({ "start_time": time(*from), "end_time": time(*to) }))
            .collect(),
    );
    let day = |it: u8| DAYS.get(usize::from(it)).copied().unwrap_or_default();
    add(
        "weekdays",
        it.weekdays
            .iter()
            .map(|(from, to)| json!(format!("{}:{}", day(*from), day(*to))))
            .collect(),
    );
    let ranges = |from: i32, to: i32| json!(format!("{from}:{to}"));
    add(
        "days_of_month",
        it.days_of_month.iter().map(|(from, to)| ranges((*from).into(), (*to).into())).collect(),
    );
    add(
        "months",
        it.months.iter().map(|(from, to)| ranges((*from).into(), (*to).into())).collect(),
    );
    add("years", it.years.iter().map(|(from, to)| ranges((*from).into(), (*to).into())).collect());
    if let Some(name) = it.zone.iana_name().filter(|it| *it != "UTC") {
        fields.insert("location".to_owned(), json!(name));
    }
    fields.into()
}

/// Whole milliseconds, which is the finest that the file can say.
fn duration(it: SignedDuration) -> String {
    format_duration(it)
}
