use expect_test::{Expect, expect};
use nines_base::Origin;

use super::event::ChangeEvent;
use super::*;

fn nagios() -> Integration {
    Integration {
        name: "nagios".to_owned(),
        labels: Labels::new([("service", "checkout")]).unwrap(),
        escalation: Some("shop".to_owned()),
        key_file: None,
        origin: Origin::default(),
    }
}

fn now() -> jiff::Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

#[track_caller]
fn check_refusal(body: &str, expect: &Expect) {
    expect.assert_eq(&Event::read(body.as_bytes()).unwrap_err().join("\n"));
}

const TRIGGER: &str = r#"{
    "routing_key": "k", "event_action": "trigger", "dedup_key": "db-1/disk",
    "client": "Nagios", "client_url": "https://nagios.example/db-1",
    "links": [{"href": "https://wiki.example/disk", "text": "how to"}],
    "images": [{"src": "https://graphs.example/disk.png"}],
    "payload": {
        "summary": "disk of db-1 is 97% full", "source": "db-1", "severity": "critical",
        "timestamp": "2026-11-25T11:59:00Z", "component": "postgres", "group": "db", "class": "disk",
        "custom_details": {"free": "12 GB"}
    }
}"#;

#[test]
fn a_trigger_becomes_an_alert_by_a_fixed_table() {
    let event = Event::read(TRIGGER.as_bytes()).unwrap();
    let alert = event.incoming(&nagios(), "db-1/disk", None, now()).unwrap();
    expect![[r#"
        {alertname="PagerDutyEvent", class="disk", component="postgres", dedup_key="db-1/disk", group="db", integration="nagios", service="checkout", severity="critical", source="db-1"}
        {
            "client": "Nagios",
            "custom_details": "{\"free\":\"12 GB\"}",
            "link_1": "how to: https://wiki.example/disk",
            "link_2": "https://graphs.example/disk.png",
            "summary": "disk of db-1 is 97% full",
        }
        https://nagios.example/db-1 2026-11-25T11:59:00Z
    "#]]
    .assert_eq(&format!(
        "{}\n{:#?}\n{} {}\n",
        alert.labels,
        alert.annotations,
        alert.generator_url,
        alert.starts_at.unwrap()
    ));
    assert!(alert.detail.unwrap().wakes);
}

#[test]
fn a_second_trigger_keeps_the_identity_of_the_first() {
    let first = Event::read(TRIGGER.as_bytes()).unwrap();
    let first = first.incoming(&nagios(), "db-1/disk", None, now()).unwrap();
    let milder = TRIGGER.replace("critical", "warning").replace("97%", "91%");
    let second = Event::read(milder.as_bytes()).unwrap();
    let second =
        second.incoming(&nagios(), "db-1/disk", Some(first.labels.clone()), now()).unwrap();
    assert_eq!(second.labels, first.labels);
    assert_eq!(second.annotations["summary"], "disk of db-1 is 91% full");
    assert!(!second.detail.unwrap().wakes);
}

#[test]
fn a_resolve_needs_no_payload() {
    let body = r#"{"routing_key":"k","event_action":"resolve","dedup_key":"db-1/disk"}"#;
    let event = Event::read(body.as_bytes()).unwrap();
    assert_eq!((event.action, event.dedup_key.as_deref()), (Action::Resolve, Some("db-1/disk")));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    check_refusal(
        "{",
        &expect!["the body is not JSON: EOF while parsing an object at line 1 column 1"],
    );
    check_refusal("[]", &expect!["the body is not an object"]);
    check_refusal(
        r#"{"event_action":"resolve"}"#,
        &expect![[r#"
            `routing_key` is missing or blank
            `dedup_key` is missing: which event is meant?"#]],
    );
    check_refusal(
        r#"{"routing_key":"k","event_action":"fire","dedup_key":7}"#,
        &expect![[r#"
            `event_action` is trigger, acknowledge or resolve
            `dedup_key` is a text of at most 255 characters"#]],
    );
    check_refusal(
        r#"{"routing_key":"k","event_action":"trigger","payload":{"summary":" ","severity":"bad"}}"#,
        &expect![[r#"
            `summary` is missing or blank
            `source` is missing or blank
            `payload.severity` is one of critical, error, warning, info"#]],
    );
}

#[test]
fn a_change_is_a_change_of_the_integrations_service() {
    let body = r#"{"routing_key":"k","payload":{"summary":"build 42 deployed","source":"ci",
        "timestamp":"2026-11-25T11:58:00Z","custom_details":{"version":"v2.33","env":"staging"}},
        "links":[{"href":"https://ci.example/42"}]}"#;
    let change = ChangeEvent::read(body.as_bytes()).unwrap().into_change(&nagios(), now());
    assert_eq!(
        (change.service.as_str(), change.env.as_str(), change.version.as_deref()),
        ("checkout", "staging", Some("v2.33"))
    );
    assert_eq!(change.started.to_string(), "2026-11-25T11:58:00Z");
    assert_eq!(change.url.as_deref(), Some("https://ci.example/42"));
}

#[test]
fn keys_of_two_events_differ() {
    assert_ne!(fresh_key(b"{}", now()), fresh_key(b"{ }", now()));
    assert_eq!(fresh_key(b"{}", now()).len(), KEY_DIGITS);
}
