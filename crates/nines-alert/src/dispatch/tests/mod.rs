mod against;
mod oracle;
mod timing;
mod world;

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use nines_base::{Matcher, Origin};

use self::world::{Network, World, at};
use super::*;
use crate::{inhibit, interval, silence};

fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn labels(text: &str) -> Labels {
    Labels::new(text.split(',').map(|it| it.split_once('=').unwrap())).unwrap()
}

/// An alert as the API posts it: `alertname=A,…`, from when, to when.
fn alert(text: &str, starts_at: Option<i64>, ends_at: Option<i64>) -> Incoming {
    Incoming {
        labels: labels(text),
        annotations: BTreeMap::new(),
        starts_at: starts_at.map(at),
        ends_at: ends_at.map(at),
        generator_url: String::new(),
        detail: None,
    }
}

fn post(alerts: Vec<Incoming>) -> Command {
    Command::Observe { source: Source::Api, alerts, is_complete: false }
}

fn route(receiver: &str, matchers: &[(&str, &str)], group_by: &[&str]) -> Route {
    Route {
        matchers: matchers.iter().map(|(name, value)| Matcher::equal(name, value)).collect(),
        receiver: receiver.to_owned(),
        group_by: GroupBy::Labels(group_by.iter().map(|it| (*it).to_owned()).collect()),
        timing: Timing { wait: secs(30), interval: secs(300), repeat: secs(3_600) },
        mute_intervals: Vec::new(),
        active_intervals: Vec::new(),
        continues: false,
        leading_edge: false,
        children: Vec::new(),
        origin: Origin::default(),
    }
}

const WEBHOOK: Integration =
    Integration { send_resolved: true, settings: Settings::Webhook { max_alerts: 0 } };
/// Does not hear that alerts resolved.
const CURT: Integration = Integration { send_resolved: false, ..WEBHOOK };

fn rules(root: Route) -> Rules {
    let integrations = [("team", vec![WEBHOOK]), ("other", vec![CURT])];
    let receivers = integrations.map(|(name, integrations)| {
        let origin = Origin::default();
        (name.to_owned(), Receiver { name: name.to_owned(), integrations, origin })
    });
    Rules { root, receivers: receivers.into(), ..Rules::default() }
}

/// Sends each command at its second, obeys every wake-up on the way, and prints what was said.
#[track_caller]
fn check(rules: Rules, script: Vec<(i64, Command)>, until: i64, expect: &Expect) {
    let mut world = World::new(rules);
    for (second, command) in script {
        world.wait(at(second));
        world.act(command, at(second));
    }
    world.wait(at(until));
    expect.assert_eq(&world.log);
}

fn burn(alerts: Vec<Incoming>) -> Command {
    Command::Observe { source: Source::Burns, alerts, is_complete: true }
}

fn burning(text: &str, escalation: Option<&str>) -> Incoming {
    let detail = Detail {
        evidence: Evidence::default(),
        gist: "1h".to_owned(),
        escalation: escalation.map(str::to_owned),
        wakes: true,
        impact_start: at(0),
    };
    Incoming { detail: Some(detail), ..alert(text, None, None) }
}

#[test]
fn a_group_waits_then_speaks_in_intervals() {
    check(
        rules(route("team", &[], &["service"])),
        vec![
            (0, post(vec![alert("alertname=A,service=shop", None, Some(9_000))])),
            (10, post(vec![alert("alertname=B,service=shop", None, Some(9_000))])),
            (40, post(vec![alert("alertname=C,service=shop", None, Some(9_000))])),
            (400, post(vec![alert("alertname=A,service=shop", Some(0), Some(399))])),
        ],
        5_000,
        &expect![[r#"
            30s team/0 First: firing [A B], resolved []
            330s team/0 NewFiring: firing [A B C], resolved []
            630s team/0 SomeResolved: firing [B C], resolved [A]
            4530s team/0 Repeat: firing [B C], resolved []
        "#]],
    );
}

#[test]
fn an_old_alert_is_told_at_once() {
    check(
        rules(route("team", &[], &[])),
        vec![(100, post(vec![alert("alertname=A", Some(50), Some(9_000))]))],
        200,
        &expect![[r#"
            100s team/0 First: firing [A], resolved []
        "#]],
    );
}

#[test]
fn who_does_not_want_resolved_alerts_hears_of_a_new_one_all_the_same() {
    let a = |ends_at| post(vec![alert("alertname=A", Some(0), Some(ends_at))]);
    check(
        rules(route("other", &[], &[])),
        vec![
            (0, a(9_000)),
            (100, a(100)),
            (400, post(vec![alert("alertname=A", Some(400), None)])),
        ],
        1_000,
        &expect![[r#"
            30s other/0 First: firing [A], resolved []
            330s other/0 quiet: not wanted
            430s other/0 NewFiring: firing [A], resolved []
            730s other/0 quiet: not wanted
        "#]],
    );
}

#[test]
fn an_alert_that_is_not_renewed_is_over() {
    let again = || post(vec![alert("alertname=A", None, None)]);
    check(
        rules(route("team", &[], &[])),
        vec![(0, again()), (60, again()), (120, again())],
        1_000,
        &expect![[r#"
            30s team/0 First: firing [A], resolved []
            630s team/0 AllResolved: firing [], resolved [A]
        "#]],
    );
}

#[test]
fn a_leading_edge_speaks_at_once_and_again_after_the_wait() {
    let root = Route { leading_edge: true, ..route("team", &[], &[]) };
    check(
        rules(root),
        vec![
            (7, post(vec![alert("alertname=A", None, Some(9_000))])),
            (12, post(vec![alert("alertname=B", None, Some(9_000))])),
        ],
        1_000,
        &expect![[r#"
            7s team/0 First: firing [A], resolved []
            37s team/0 NewFiring: firing [A B], resolved []
        "#]],
    );
}

#[test]
fn a_rule_that_names_its_escalation_speaks_at_once_at_both_ends() {
    let burning = || burning("alertname=A", Some("night"));
    check(
        rules(route("team", &[], &[])),
        vec![(5, burn(vec![burning()])), (15, burn(vec![burning()])), (25, burn(vec![]))],
        1_000,
        &expect![[r#"
            5s escalation/night/0 First: firing [A], resolved []
            25s escalation/night/0 AllResolved: firing [], resolved [A]
        "#]],
    );
}

#[test]
fn a_receiver_that_was_down_gets_the_present_once() {
    let mut world = World::new(rules(route("team", &[], &[])));
    world.network = Network::Down;
    world.act(post(vec![alert("alertname=A", None, Some(9_000))]), at(0));
    world.wait(at(299));
    world.act(post(vec![alert("alertname=B", None, Some(9_000))]), at(300));
    world.wait(at(900));
    world.act(post(vec![alert("alertname=B", Some(0), Some(800))]), at(901));
    world.act(post(vec![alert("alertname=A", Some(0), Some(800))]), at(901));
    world.wait(at(2_000));
    let last = world.open.pop().unwrap();
    world.act(Command::GiveUp(Box::new(last)), at(2_000));
    world.wait(at(4_000));
    expect![[r#"
        30s team/0 First: firing [A], resolved []
        330s team/0 First: firing [A B], resolved []
        930s team/0 quiet: withdrawn
    "#]]
    .assert_eq(&world.log);
    assert!(world.state.groups().is_empty());
}

fn silence(text: &str, starts_at: i64, ends_at: i64) -> silence::Terms {
    let set = labels(text).iter().map(|(name, value)| Matcher::equal(name, value)).collect();
    silence::Terms::new(vec![set], at(starts_at), at(ends_at))
}

#[test]
fn firing_again_after_an_end_that_was_silenced_is_news() {
    let mut world = World::new(rules(route("team", &[], &[])));
    let a = |start, end| post(vec![alert("alertname=A", Some(start), Some(end))]);
    world.act(a(0, 9_000), at(0));
    world.wait(at(100));
    world.silence(silence("alertname=A", 100, 500), at(100));
    world.act(a(0, 200), at(200));
    world.wait(at(600));
    world.act(a(600, 9_000), at(600));
    world.wait(at(1_000));
    expect![[r#"
        30s team/0 First: firing [A], resolved []
        330s A: silenced by sil_00000031n00000000000000002
        630s team/0 NewFiring: firing [A], resolved []
    "#]]
    .assert_eq(&world.log);
}

#[test]
fn a_silence_that_ends_lets_alerts_speak_at_the_next_tick() {
    let mut world = World::new(rules(route("team", &[], &[])));
    world.silence(silence("alertname=A", 0, 400), at(0));
    world.act(post(vec![alert("alertname=A", None, Some(9_000))]), at(1));
    world.wait(at(1_000));
    expect![[r#"
        31s A: silenced by sil_00000000000000000000000001
        631s team/0 First: firing [A], resolved []
    "#]]
    .assert_eq(&world.log);
}

#[test]
fn what_is_inhibited_is_told_when_its_inhibitor_is_over() {
    let inhibit = inhibit::Rule::new(
        vec![Matcher::equal("severity", "critical")],
        vec![Matcher::equal("severity", "warning")],
        vec!["service".to_owned()],
    );
    let rules = Rules { inhibitions: vec![inhibit], ..rules(route("team", &[], &["service"])) };
    let critical = |end| alert("alertname=C,service=a,severity=critical", Some(0), Some(end));
    check(
        rules,
        vec![
            (0, post(vec![critical(9_000)])),
            (1, post(vec![alert("alertname=W,service=a,severity=warning", None, Some(9_000))])),
            (1, post(vec![alert("alertname=V,service=b,severity=warning", None, Some(9_000))])),
            (500, post(vec![critical(500)])),
        ],
        1_000,
        &expect![[r#"
            30s W: inhibited by C
            30s team/0 First: firing [C], resolved []
            31s team/0 First: firing [V], resolved []
            630s team/0 NewFiring: firing [W], resolved [C]
        "#]],
    );
}

fn always() -> interval::TimeInterval {
    interval::TimeInterval {
        times: Vec::new(),
        weekdays: Vec::new(),
        days_of_month: Vec::new(),
        months: Vec::new(),
        years: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
    }
}

#[test]
fn a_route_is_silent_in_its_mute_interval() {
    let early = interval::TimeInterval { times: vec![(0, 10)], ..always() };
    let root = Route { mute_intervals: vec!["early".to_owned()], ..route("team", &[], &[]) };
    let intervals = BTreeMap::from([("early".to_owned(), vec![early])]);
    check(
        Rules { intervals, ..rules(root) },
        vec![(0, post(vec![alert("alertname=A", None, Some(9_000))]))],
        1_000,
        &expect![[r#"
            30s A: muted by the time interval early
            630s team/0 First: firing [A], resolved []
        "#]],
    );
}

#[test]
fn only_the_integration_that_failed_hears_again_of_what_is_over() {
    let mut rules = rules(route("team", &[], &[]));
    rules.receivers.get_mut("team").unwrap().integrations.push(WEBHOOK);
    let mut world = World::new(rules);
    let a = |name: &str, end| post(vec![alert(&format!("alertname={name}"), Some(0), Some(end))]);
    world.act(a("A", 9_000), at(0));
    world.act(a("B", 9_000), at(0));
    world.wait(at(100));
    world.act(a("A", 200), at(200));
    world.network = Network::Down;
    world.wait(at(400));
    let second = world.open.pop().unwrap();
    let first = world.open.pop().unwrap();
    world.act(Command::Accepted(Box::new(first)), at(401));
    world.act(Command::GiveUp(Box::new(second)), at(402));
    world.network = Network::Up;
    world.act(a("C", 9_000), at(500));
    world.wait(at(1_000));
    expect![[r#"
        30s team/0 First: firing [A B], resolved []
        30s team/1 First: firing [A B], resolved []
        330s team/0 SomeResolved: firing [B], resolved [A]
        330s team/1 SomeResolved: firing [B], resolved [A]
        630s team/0 NewFiring: firing [B C], resolved []
        630s team/1 NewFiring: firing [B C], resolved [A]
    "#]]
    .assert_eq(&world.log);
}

#[test]
fn a_withdrawn_notice_that_arrived_all_the_same_is_followed_by_the_truth() {
    let mut world = World::new(rules(route("team", &[], &[])));
    world.network = Network::Down;
    world.act(post(vec![alert("alertname=A", None, Some(9_000))]), at(0));
    world.wait(at(100));
    world.act(post(vec![alert("alertname=A", Some(0), Some(200))]), at(200));
    world.wait(at(400));
    let first = world.open.pop().unwrap();
    world.network = Network::Up;
    world.act(Command::Accepted(Box::new(first)), at(400));
    world.wait(at(1_000));
    expect![[r#"
        30s team/0 First: firing [A], resolved []
        330s team/0 quiet: withdrawn
        630s team/0 AllResolved: firing [], resolved [A]
    "#]]
    .assert_eq(&world.log);
    assert!(world.state.groups().is_empty());
}

#[test]
fn routes_ask_their_children_in_order() {
    let child = |receiver, matchers| route(receiver, matchers, &["alertname"]);
    let both = Route { continues: true, ..child("other", &[("team", "a")]) };
    let deep = Route {
        children: vec![child("other", &[("job", "x")])],
        ..child("team", &[("team", "a")])
    };
    let root = Route {
        children: vec![child("team", &[("team", "b")]), both, deep],
        ..route("team", &[], &[])
    };
    let rules = rules(root);
    let mut out = String::new();
    for text in ["alertname=A,team=a", "alertname=B,job=x,team=a", "alertname=C,team=c"] {
        for it in rules.route(&labels(text)) {
            let rejected: Vec<String> =
                it.rejected.iter().map(|it| format!("{} is {:?}", it.failed, it.value)).collect();
            let Routed { key, receiver, group_labels, because, .. } = it;
            out += &format!(
                "{text}: {receiver} by {key}:{group_labels}, {because}; not {rejected:?}\n"
            );
        }
    }
    expect![[r#"
        alertname=A,team=a: other by {}/{team="a"}:{alertname="A"}, team="a"; not ["team=\"b\" is \"a\""]
        alertname=A,team=a: team by {}/{team="a"}:{alertname="A"}, team="a"; not ["team=\"b\" is \"a\"", "job=\"x\" is \"\""]
        alertname=B,job=x,team=a: other by {}/{team="a"}:{alertname="B"}, team="a"; not ["team=\"b\" is \"a\""]
        alertname=B,job=x,team=a: other by {}/{team="a"}/{job="x"}:{alertname="B"}, job="x"; not ["team=\"b\" is \"a\""]
        alertname=C,team=c: team by {}:{}, matches everything; not ["team=\"b\" is \"c\"", "team=\"a\" is \"c\"", "team=\"a\" is \"c\""]
    "#]].assert_eq(&out);
}

#[test]
fn a_new_configuration_keeps_the_groups_that_it_wants_too() {
    let mut world = World::new(rules(route("team", &[], &["alertname"])));
    let two = vec![
        alert("alertname=A,job=x", None, Some(9_000)),
        alert("alertname=B", None, Some(9_000)),
    ];
    world.act(post(two), at(0));
    world.wait(at(100));
    let child = route("other", &[("job", "x")], &["alertname"]);
    let root = Route { children: vec![child], ..route("team", &[], &["alertname"]) };
    world.configure(rules(root), at(100));
    world.wait(at(4_500));
    expect![[r#"
        30s team/0 First: firing [A], resolved []
        30s team/0 First: firing [B], resolved []
        130s other/0 First: firing [A], resolved []
        3930s team/0 Repeat: firing [B], resolved []
        4030s other/0 Repeat: firing [A], resolved []
    "#]]
    .assert_eq(&world.log);
}

#[test]
fn after_a_start_alerts_have_time_to_be_renewed() {
    let mut world = World::new(rules(route("team", &[], &[])));
    world
        .act(post(vec![alert("alertname=A", None, None), alert("alertname=B", None, None)]), at(0));
    world.wait(at(100));
    world.restart(at(1_000));
    world.act(post(vec![alert("alertname=A", None, None)]), at(1_100));
    world.wait(at(1_390));
    let seen = |name: &str| {
        world.state.alerts().values().find(|it| it.labels.value("alertname") == name).unwrap()
    };
    assert_eq!(seen("B").phase(), crate::Phase::Quiet);
    assert_eq!(seen("B").updated_at(), at(0));
    assert_eq!(seen("A").phase(), crate::Phase::Firing);
    expect![[r#"
        30s team/0 First: firing [A B], resolved []
    "#]]
    .assert_eq(&world.log);
}

#[test]
fn renewals_become_one_fact_a_minute() {
    let mut world = World::new(rules(route("team", &[], &[])));
    let batch = || {
        let names = ["A", "B", "C"].map(|it| format!("alertname={it}"));
        post(names.iter().map(|it| alert(it, None, None)).collect())
    };
    for round in 0..13 {
        world.wait(at(round * 10));
        let facts = world.act(batch(), at(round * 10)).facts.len();
        assert_eq!(facts, usize::from(round == 0), "round {round}");
    }
    let kinds: Vec<String> = world
        .journal
        .iter()
        .map(|(at, it)| {
            format!(
                "{} {}",
                world::second(*at),
                it.chars().skip(2).take_while(|it| *it != '"').collect::<String>()
            )
        })
        .collect();
    expect![[r#"
        0s Observed
        30s Flushed
        30s Told
        70s LeasesExtended
    "#]]
    .assert_eq(&(kinds.join("\n") + "\n"));
}

#[test]
fn limits_are_named_and_the_others_of_the_batch_count() {
    let long = format!("alertname=A,dump={}", "x".repeat(4_097));
    check(
        rules(route("team", &[], &[])),
        vec![(
            40,
            post(vec![
                alert(&long, None, None),
                alert("alertname=A", Some(10), Some(5)),
                alert("alertname=B", None, None),
                Incoming { labels: Labels::empty(), ..alert("alertname=A", None, None) },
            ]),
        )],
        100,
        &expect![[r#"
            40s alert 0 refused: the value of `dump` is longer than 4096 bytes
            40s alert 1 refused: the alert ends at 1970-01-01T00:00:05Z, before it starts at 1970-01-01T00:00:10Z
            40s alert 3 refused: an alert needs at least one label
            70s team/0 First: firing [B], resolved []
        "#]],
    );
}

#[test]
fn an_explanation_runs_the_pipeline_on_a_copy() {
    let child =
        Route { mute_intervals: vec!["always".to_owned()], ..route("other", &[("job", "x")], &[]) };
    let root = Route { children: vec![child], ..route("team", &[], &[]) };
    let intervals = BTreeMap::from([("always".to_owned(), vec![always()])]);
    let mut world = World::new(Rules { intervals, ..rules(root) });
    world.act(post(vec![alert("alertname=A", None, Some(9_000))]), at(0));
    world.wait(at(100));
    let before = world.state.clone();
    let mut out = String::new();
    for text in ["alertname=A", "alertname=B", "alertname=C,job=x"] {
        let explained =
            world.state.explain(alert(text, None, None), &world.silences, at(100)).unwrap();
        for Explained { route, group, tick, muted, outcomes } in explained {
            let outcomes: Vec<String> = outcomes
                .iter()
                .map(|it| match it {
                    Outcome::Notice(it) => format!("{:?}", it.reason),
                    Outcome::Quiet { why, .. } => format!("{why:?}"),
                })
                .collect();
            let muted = muted.map(|it| it.to_string());
            out += &format!(
                "{text}: {} {group} at {}: {muted:?} {outcomes:?}\n",
                route.receiver,
                world::second(tick)
            );
        }
    }
    expect![[r#"
        alertname=A: team {}:{} at 330s: None ["Known { since: 1970-01-01T00:00:30Z }"]
        alertname=B: team {}:{} at 330s: None ["NewFiring"]
        alertname=C,job=x: other {}/{job="x"}:{} at 130s: Some("muted by the time interval always") []
    "#]].assert_eq(&out);
    assert_eq!(world.state, before);
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let mut world = World::new(rules(route("team", &[], &["job"])));
    world.act(post(vec![alert("alertname=A,job=x", None, None)]), at(0));
    world.wait(at(40));
    world.act(post(vec![alert("alertname=A,job=x", None, None)]), at(60));
    world.act(post(vec![alert("alertname=B", Some(1), Some(9_000))]), at(61));
    world.act(post(vec![alert("alertname=B", Some(1), Some(70))]), at(70));
    world.network = Network::Down;
    world.wait(at(430));
    let last = world.open.pop().unwrap();
    world.act(Command::GiveUp(Box::new(last)), at(431));
    world.act(burn(vec![burning("alertname=C", Some("night"))]), at(440));
    world.configure(rules(route("team", &[], &["alertname"])), at(441));
    let lines: Vec<&str> = world.journal.iter().map(|(_, it)| it.as_str()).collect();
    expect![[r#"
        {"Observed":{"source":"Api","opened":[{"group":0,"route":"{}","route_index":0,"labels":{"job":"x"},"due":"1970-01-01T00:00:30Z","leading_edge":false}],"alerts":[{"key":"593b3fc30668dd0a","event":{"Fired":{"labels":{"alertname":"A","job":"x"},"body":{"annotations":{},"generator_url":"","detail":null},"span":{"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:05:00Z","is_timeout":true},"groups":[0]}}}]}}
        {"Flushed":{"group":0,"at":"1970-01-01T00:00:30Z","next":"1970-01-01T00:05:30Z","receiver":"team","alerts":[{"key":"593b3fc30668dd0a","is_resolved":false,"muted":null}],"outcomes":[{"Notice":{"id":"ntc_0000000x9g0000000000000001","group":"{}:{job=\"x\"}","group_labels":{"job":"x"},"receiver":"team","integration":0,"at":"1970-01-01T00:00:30Z","reason":"First","firing":["593b3fc30668dd0a"],"resolved":[]}}],"done":[],"forgotten":[]}}
        {"Told":{"notice":"ntc_0000000x9g0000000000000001","group":"{}:{job=\"x\"}","receiver":"team","integration":0,"firing":["593b3fc30668dd0a"],"resolved":[],"forget_at":"1970-01-01T02:00:30Z"}}
        {"Observed":{"source":"Api","opened":[{"group":1,"route":"{}","route_index":0,"labels":{},"due":"1970-01-01T00:01:01Z","leading_edge":false}],"alerts":[{"key":"d2c2efc389db2050","event":{"Fired":{"labels":{"alertname":"B"},"body":{"annotations":{},"generator_url":"","detail":null},"span":{"starts_at":"1970-01-01T00:00:01Z","ends_at":"1970-01-01T02:30:00Z","is_timeout":false},"groups":[1]}}}]}}
        {"Observed":{"source":"Api","opened":[],"alerts":[{"key":"d2c2efc389db2050","event":{"Resolved":{"ends_at":"1970-01-01T00:01:10Z","reason":"Ended","body":null}}}]}}
        {"Flushed":{"group":1,"at":"1970-01-01T00:01:01Z","next":"1970-01-01T00:06:01Z","receiver":"team","alerts":[{"key":"d2c2efc389db2050","is_resolved":false,"muted":null}],"outcomes":[{"Notice":{"id":"ntc_00000024bg0000000000000002","group":"{}:{}","group_labels":{},"receiver":"team","integration":0,"at":"1970-01-01T00:01:01Z","reason":"First","firing":["d2c2efc389db2050"],"resolved":[]}}],"done":[],"forgotten":[]}}
        {"LeasesExtended":[{"lease":{"ends_at":"1970-01-01T00:06:00Z","is_timeout":true,"seen_at":"1970-01-01T00:01:00Z"},"alerts":["593b3fc30668dd0a"]}]}
        {"Expired":[{"key":"593b3fc30668dd0a","ends_at":"1970-01-01T00:06:00Z","seen_at":"1970-01-01T00:01:00Z"}]}
        {"Flushed":{"group":1,"at":"1970-01-01T00:06:01Z","next":"1970-01-01T00:11:01Z","receiver":"team","alerts":[],"outcomes":[{"Quiet":{"integration":0,"why":{"Withdrawn":{"notice":"ntc_00000024bg0000000000000002"}}}}],"done":["d2c2efc389db2050"],"forgotten":[]}}
        {"GivenUp":{"notice":"ntc_00000024bg0000000000000002","group":"{}:{}","receiver":"team","integration":0,"firing":["d2c2efc389db2050"],"resolved":[],"forget_at":"1970-01-01T02:07:11Z"}}
        {"Observed":{"source":"Burns","opened":[{"group":2,"route":"escalation/night","route_index":0,"labels":{"alertname":"C"},"due":"1970-01-01T00:07:20Z","leading_edge":true}],"alerts":[{"key":"d2beefc389d73779","event":{"Fired":{"labels":{"alertname":"C"},"body":{"annotations":{},"generator_url":"","detail":{"evidence":{"subject":"","sentence":"","windows":[],"origin":{"file":"","line":0}},"gist":"1h","escalation":"night","wakes":true,"impact_start":"1970-01-01T00:00:00Z"}},"span":{"starts_at":"1970-01-01T00:07:20Z","ends_at":null,"is_timeout":false},"groups":[2]}}}]}}
        {"Regrouped":{"opened":[{"group":3,"route":"{}","route_index":0,"labels":{"alertname":"A"},"due":"1970-01-01T00:07:21Z","leading_edge":false}],"alerts":[["593b3fc30668dd0a",[3]]],"edges":[]}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}
