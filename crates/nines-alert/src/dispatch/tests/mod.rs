mod world;

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use nines_base::{Matcher, Origin};

use self::world::{Network, World, at};
use super::*;

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
    let detail = Detail {
        evidence: Evidence::default(),
        gist: "1h".to_owned(),
        escalation: Some("night".to_owned()),
        wakes: true,
        impact_start: at(0),
    };
    let burn = |alerts| Command::Observe { source: Source::Burns, alerts, is_complete: true };
    let burning = || Incoming { detail: Some(detail.clone()), ..alert("alertname=A", None, None) };
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
