//! The wire, as a transcript: no socket, no wall clock, the real engine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use nines_alert::dispatch::{GroupBy, Receiver, Route, Rules, Timing};
use nines_alert::inhibit;
use nines_alert::interval::TimeInterval;
use nines_base::{Matcher, Origin};
use nines_engine::Command;
use tower::ServiceExt;

use super::*;
use crate::access::guard;
use crate::pages::tests::fixture::{Fixture, TOKEN};

fn rules() -> Rules {
    let receiver = |name: &str| {
        let integrations = Vec::new();
        (
            name.to_owned(),
            Receiver { name: name.to_owned(), integrations, origin: Origin::default() },
        )
    };
    let leaf = |receiver: &str, label: &str, value: &str| Route {
        receiver: receiver.to_owned(),
        matchers: vec![Matcher::equal(label, value)],
        group_by: GroupBy::Labels(vec!["alertname".to_owned()]),
        ..Rules::default().root
    };
    let asleep = Route {
        mute_intervals: vec!["always".to_owned()],
        timing: Timing { wait: jiff::SignedDuration::ZERO, ..Timing::default() },
        ..leaf("asleep", "team", "asleep")
    };
    let all = TimeInterval {
        times: vec![(0, 1440)],
        weekdays: vec![(0, 6)],
        days_of_month: vec![(1, -1)],
        months: vec![(1, 12)],
        years: vec![(2020, 2030)],
        zone: TimeZone::get("Europe/Berlin").unwrap(),
    };
    let inhibition = inhibit::Rule::new(
        vec![Matcher::equal("severity", "critical")],
        vec![Matcher::equal("severity", "warning")],
        vec!["service".to_owned()],
    );
    let also = Route { continues: true, ..leaf("also", "team", "shop") };
    let root = Route {
        receiver: "everybody".to_owned(),
        children: vec![asleep, also, leaf("shop", "team", "shop")],
        ..Rules::default().root
    };
    Rules {
        root,
        receivers: ["everybody", "asleep", "also", "shop"].map(receiver).into(),
        inhibitions: vec![inhibition],
        intervals: BTreeMap::from([("always".to_owned(), vec![all])]),
        ..Rules::default()
    }
}

struct Am {
    _fixture: Fixture,
    router: Router,
}

impl Am {
    fn new() -> Self {
        let fixture = Fixture::quiet();
        let config = Arc::clone(&fixture.app.loaded().engine_config);
        let config = nines_engine::Config { dispatch: Arc::new(rules()), ..(*config).clone() };
        fixture.ask(Command::ApplyConfig(Arc::new(config)));
        let router = router(&fixture.app)
            .with_state(App::clone(&fixture.app))
            .layer(from_fn_with_state(App::clone(&fixture.app), guard));
        Self { _fixture: fixture, router }
    }

    async fn ask(&self, request: Request<Body>) -> (axum::http::response::Parts, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v2{path}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json");
        let (parts, answer) = self.ask(request.body(Body::from(body.to_owned())).unwrap()).await;
        let mut told = format!("{method} {path} {}\n", parts.status.as_u16());
        for name in ["allow", "nines-next-cursor"] {
            if let Some(value) = parts.headers.get(name) {
                writeln!(told, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        told + answer.trim_end() + "\n"
    }

    async fn told(&self, calls: &[(&str, &str, &str)]) -> String {
        let mut told = String::new();
        for (method, path, body) in calls {
            told += &self.call(method, path, body).await;
        }
        told
    }
}

async fn check(calls: &[(&str, &str, &str)], expect: Expect) {
    expect.assert_eq(&Am::new().told(calls).await);
}

const ALERTS: &str = r#"[
    {"labels":{"alertname":"Slow","team":"shop","service":"cart","severity":"warning"}},
    {"labels":{"alertname":"Down","team":"shop","service":"cart","severity":"critical"},
     "annotations":{"summary":"cart is down"},"startsAt":"2026-11-24T02:00:00Z","endsAt":"2026-11-24T03:04:00Z",
     "generatorURL":"http://prometheus/graph"},
    {"labels":{"alertname":"Loud","team":"asleep"}},
    {"labels":{"alertname":"Over","job":"x"},"endsAt":"2026-11-24T02:59:00Z"}]"#;

const SILENCE: &str = r#"{"matchers":[{"name":"alertname","value":"Down","isRegex":false}],
    "startsAt":"2026-11-24T02:00:00Z","endsAt":"2026-11-24T05:00:00Z","createdBy":"ana","comment":"rack moves"}"#;

#[tokio::test]
async fn alerts_are_listed_with_their_receivers_and_why_nobody_is_told() {
    check(
        &[
            ("POST", "/alerts", ALERTS),
            ("POST", "/silences", SILENCE),
            ("GET", "/alerts", ""),
            ("GET", "/alerts/groups", ""),
            ("GET", "/receivers", ""),
        ],
        expect![[r#"
            POST /alerts 200

            POST /silences 200
            {"silenceID":"01a20b7e-f780-7291-38f4-d74b451e8c20"}
            GET /alerts 200
            [{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"0760619574b176c5","receivers":[{"name":"asleep"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":["always"],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Loud","team":"asleep"}},{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"2fe129784dd9b83c","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":["c58abb094e690492"],"mutedBy":[],"silencedBy":[],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Slow","service":"cart","severity":"warning","team":"shop"}},{"annotations":{"summary":"cart is down"},"endsAt":"2026-11-24T03:04:00.000Z","fingerprint":"c58abb094e690492","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T02:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":["01a20b7e-f780-7291-38f4-d74b451e8c20"],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","generatorURL":"http://prometheus/graph","labels":{"alertname":"Down","service":"cart","severity":"critical","team":"shop"}}]
            GET /alerts/groups 200
            [{"alerts":[{"annotations":{"summary":"cart is down"},"endsAt":"2026-11-24T03:04:00.000Z","fingerprint":"c58abb094e690492","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T02:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":["01a20b7e-f780-7291-38f4-d74b451e8c20"],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","generatorURL":"http://prometheus/graph","labels":{"alertname":"Down","service":"cart","severity":"critical","team":"shop"}}],"labels":{"alertname":"Down"},"receiver":{"name":"also"}},{"alerts":[{"annotations":{"summary":"cart is down"},"endsAt":"2026-11-24T03:04:00.000Z","fingerprint":"c58abb094e690492","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T02:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":["01a20b7e-f780-7291-38f4-d74b451e8c20"],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","generatorURL":"http://prometheus/graph","labels":{"alertname":"Down","service":"cart","severity":"critical","team":"shop"}}],"labels":{"alertname":"Down"},"receiver":{"name":"shop"}},{"alerts":[{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"0760619574b176c5","receivers":[{"name":"asleep"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":["always"],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Loud","team":"asleep"}}],"labels":{"alertname":"Loud"},"receiver":{"name":"asleep"}},{"alerts":[{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"2fe129784dd9b83c","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":["c58abb094e690492"],"mutedBy":[],"silencedBy":[],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Slow","service":"cart","severity":"warning","team":"shop"}}],"labels":{"alertname":"Slow"},"receiver":{"name":"also"}},{"alerts":[{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"2fe129784dd9b83c","receivers":[{"name":"also"},{"name":"shop"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":["c58abb094e690492"],"mutedBy":[],"silencedBy":[],"state":"suppressed"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Slow","service":"cart","severity":"warning","team":"shop"}}],"labels":{"alertname":"Slow"},"receiver":{"name":"shop"}}]
            GET /receivers 200
            [{"name":"also"},{"name":"asleep"},{"name":"everybody"},{"name":"shop"}]
        "#]],
    )
    .await;
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let am = Am::new();
    am.call("POST", "/alerts", ALERTS).await;
    am.call("POST", "/silences", SILENCE).await;
    let mut told = String::new();
    for query in [
        "filter=severity=critical",
        "filter=team%3D~%22shop%7Casleep%22&filter=alertname!=%22Down%22",
        "silenced=false",
        "inhibited=false",
        "active=false",
        "active=maybe&silenced=no&inhibited=0",
        "receiver=shop",
        "receiver=sho",
        "receiver=sh.*",
        "receiver_matchers=x%3Dy",
        "receiver=(",
        "filter=a",
        "limit=2",
        "limit=1&cursor=4cb2bb0ad9ca9f44",
        "limit=0",
        "cursor=x",
    ] {
        let answer = am.call("GET", &format!("/alerts?{query}"), "").await;
        let body = answer.lines().last().unwrap();
        let list: Result<Vec<serde_json::Value>, _> = serde_json::from_str(body);
        match list {
            Ok(list) => {
                let names = list.iter().map(|it| it["labels"]["alertname"].as_str().unwrap());
                let next = answer.lines().find(|it| it.starts_with("nines"));
                writeln!(told, "{query}: {:?} {}", names.collect::<Vec<_>>(), next.unwrap_or(""))
                    .unwrap();
            }
            Err(_) => writeln!(told, "{query}: {body}").unwrap(),
        }
    }
    expect![[r#"
        filter=severity=critical: ["Down"] 
        filter=team%3D~%22shop%7Casleep%22&filter=alertname!=%22Down%22: ["Loud", "Slow"] 
        silenced=false: ["Loud", "Slow"] 
        inhibited=false: ["Loud", "Down"] 
        active=false: ["Slow", "Down"] 
        active=maybe&silenced=no&inhibited=0: [] 
        receiver=shop: ["Slow", "Down"] 
        receiver=sho: [] 
        receiver=sh.*: ["Slow", "Down"] 
        receiver_matchers=x%3Dy: [] 
        receiver=(: "failed to parse receiver param: regex parse error:\n    ^(?:()$\n     ^\nerror: unclosed group"
        filter=a: "bad matcher format: a: expected one of `=`, `!=`, `=~`, `!~`, not the end"
        limit=2: ["Loud", "Slow"] nines-next-cursor: 2fe129784dd9b83c
        limit=1&cursor=4cb2bb0ad9ca9f44: ["Down"] nines-next-cursor: c58abb094e690492
        limit=0: "`limit` is a whole number above 0, not `0`"
        cursor=x: "`cursor` is a fingerprint, not `x`"
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn a_silence_is_made_changed_and_expired() {
    let am = Am::new();
    let made = am.call("POST", "/silences", SILENCE).await;
    let id = made.split('"').nth(3).unwrap();
    let with_id = SILENCE.replacen('{', &format!("{{\"id\":\"{id}\","), 1);
    let later = with_id.replace("05:00", "06:00").replace("02:00", "03:00");
    let other = with_id.replace("Down", "Up");
    let mut told = am.told(&[("POST", "/silences", &later), ("POST", "/silences", &other)]).await;
    told += &am
        .told(&[
            ("GET", "/silences", ""),
            ("GET", "/silences?expired=false&filter=alertname=Up", ""),
            ("GET", "/silences?filter=alertname=~Up", ""),
            ("DELETE", &format!("/silence/{id}"), ""),
            ("GET", &format!("/silence/{id}"), ""),
        ])
        .await;
    expect![[r#"
        POST /silences 200
        {"silenceID":"01a20b7e-f780-7291-38f4-d74b451e8c20"}
        POST /silences 200
        {"silenceID":"01a20b7e-f780-bd2c-2a60-9fae38dfe509"}
        GET /silences 200
        [{"id":"01a20b7e-f780-bd2c-2a60-9fae38dfe509","status":{"state":"active"},"updatedAt":"2026-11-24T03:00:00.000Z","comment":"rack moves","createdBy":"ana","endsAt":"2026-11-24T05:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname","value":"Up"}],"startsAt":"2026-11-24T03:00:00.000Z"},{"id":"01a20b7e-f780-7291-38f4-d74b451e8c20","status":{"state":"expired"},"updatedAt":"2026-11-24T03:00:00.000Z","comment":"rack moves","createdBy":"ana","endsAt":"2026-11-24T03:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname","value":"Down"}],"startsAt":"2026-11-24T03:00:00.000Z"}]
        GET /silences?expired=false&filter=alertname=Up 200
        [{"id":"01a20b7e-f780-bd2c-2a60-9fae38dfe509","status":{"state":"active"},"updatedAt":"2026-11-24T03:00:00.000Z","comment":"rack moves","createdBy":"ana","endsAt":"2026-11-24T05:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname","value":"Up"}],"startsAt":"2026-11-24T03:00:00.000Z"}]
        GET /silences?filter=alertname=~Up 200
        []
        DELETE /silence/01a20b7e-f780-7291-38f4-d74b451e8c20 200

        GET /silence/01a20b7e-f780-7291-38f4-d74b451e8c20 200
        {"id":"01a20b7e-f780-7291-38f4-d74b451e8c20","status":{"state":"expired"},"updatedAt":"2026-11-24T03:00:00.000Z","comment":"rack moves","createdBy":"ana","endsAt":"2026-11-24T03:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname","value":"Down"}],"startsAt":"2026-11-24T03:00:00.000Z"}
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn what_is_wrong_is_refused_as_alertmanager_refuses_it() {
    let silence = |matchers: &str, start: &str, end: &str| {
        format!(
            r#"{{"matchers":{matchers},"startsAt":"{start}","endsAt":"{end}","createdBy":"a","comment":"c"}}"#
        )
    };
    let (past, now, future) =
        ("2020-01-01T00:00:00Z", "2026-11-24T03:00:00Z", "2030-01-01T00:00:00Z");
    let good = r#"[{"name":"a","value":"b","isRegex":false}]"#;
    let unknown = r#"{"id":"00112233-4455-6677-8899-aabbccddeeff","#;
    let bodies = [
        silence("[]", now, future),
        silence(r#"[{"name":"a","value":".*","isRegex":true}]"#, now, future),
        silence(r#"[{"name":"a","value":"(","isRegex":true}]"#, now, future),
        silence(r#"[{"name":"a","value":"b"}]"#, now, future),
        silence(good, future, now),
        silence(good, past, "2021-01-01T00:00:00Z"),
        silence(good, "noon", future),
        silence(good, now, future).replacen('{', unknown, 1),
        silence(good, now, future).replacen('{', r#"{"id":"nope","#, 1),
        r#"{"matchers":[]}"#.to_owned(),
        "[".to_owned(),
    ];
    let mut calls: Vec<(&str, &str, &str)> =
        bodies.iter().map(|it| ("POST", "/silences", it.as_str())).collect();
    calls.extend([
        ("GET", "/silence/00112233-4455-6677-8899-aabbccddeeff", ""),
        ("DELETE", "/silence/00112233-4455-6677-8899-aabbccddeeff", ""),
        ("GET", "/silence/xx", ""),
        ("GET", "/silences?filter=a", ""),
        ("POST", "/alerts", r#"[{"labels":{"x":""}},{"labels":{"alertname":"Good"}}]"#),
        ("GET", "/alerts?filter=alertname=Good", ""),
        ("GET", "/nope", ""),
        ("PUT", "/alerts", ""),
    ]);
    check(&calls, expect![[r#"
        POST /silences 422
        {"code":612,"message":"matchers in body should have at least 1 items"}
        POST /silences 400
        "silence invalid: at least one matcher must not match the empty string"
        POST /silences 400
        "silence invalid: invalid label matcher 0: `(` is not a regular expression"
        POST /silences 422
        {"code":602,"message":"matchers.0.isRegex in body is required"}
        POST /silences 400
        "failed to create silence: start time must be before end time"
        POST /silences 400
        "failed to create silence: end time can't be in the past"
        POST /silences 400
        {"code":400,"message":"parsing silence body from \"\" failed, because `noon` is no time"}
        POST /silences 404
        "silence not found"
        POST /silences 404
        "silence not found"
        POST /silences 422
        {"code":602,"message":"comment in body is required"}
        POST /silences 400
        {"code":400,"message":"parsing silence body from \"\" failed, because EOF while parsing a list at line 1 column 1"}
        GET /silence/00112233-4455-6677-8899-aabbccddeeff 404
        "silence not found"
        DELETE /silence/00112233-4455-6677-8899-aabbccddeeff 404
        "silence not found"
        GET /silence/xx 422
        {"code":601,"message":"silenceID in path must be of type uuid: \"xx\""}
        GET /silences?filter=a 400
        "bad matcher format: a: expected one of `=`, `!=`, `=~`, `!~`, not the end"
        POST /alerts 400
        "at least one label pair required"
        GET /alerts?filter=alertname=Good 200
        [{"annotations":{},"endsAt":"2026-11-24T03:05:00.000Z","fingerprint":"bfb7da6a737ed1db","receivers":[{"name":"everybody"}],"startsAt":"2026-11-24T03:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-24T03:00:00.000Z","labels":{"alertname":"Good"}}]
        GET /nope 404
        {"code":404,"message":"path /api/v2/nope was not found"}
        PUT /alerts 405
        allow: GET,POST
        {"code":405,"message":"method PUT is not allowed, but [GET,POST] are"}
    "#]]).await;
    let long = format!("[{}{{}}]", "{},".repeat(10_000));
    let told = Am::new().call("POST", "/alerts", &long).await;
    assert_eq!(
        told,
        "POST /alerts 413\n\"10001 alerts at once are too many; at most 10000 are taken\"\n"
    );
}

#[tokio::test]
async fn the_status_has_a_configuration_that_alertmanagers_tools_read() {
    let told = Am::new().call("GET", "/status", "").await;
    let body = told.lines().last().unwrap();
    let status: serde_json::Value = serde_json::from_str(body).unwrap();
    expect![[r#"
        {
          "global": {
            "resolve_timeout": "5m"
          },
          "inhibit_rules": [
            {
              "equal": [
                "service"
              ],
              "source_matchers": [
                "severity=\"critical\""
              ],
              "target_matchers": [
                "severity=\"warning\""
              ]
            }
          ],
          "receivers": [
            {
              "name": "also"
            },
            {
              "name": "asleep"
            },
            {
              "name": "everybody"
            },
            {
              "name": "shop"
            }
          ],
          "route": {
            "group_by": [],
            "group_interval": "5m",
            "group_wait": "30s",
            "receiver": "everybody",
            "repeat_interval": "4h",
            "routes": [
              {
                "group_by": [
                  "alertname"
                ],
                "group_interval": "5m",
                "group_wait": "0s",
                "matchers": [
                  "team=\"asleep\""
                ],
                "mute_time_intervals": [
                  "always"
                ],
                "receiver": "asleep",
                "repeat_interval": "4h"
              },
              {
                "continue": true,
                "group_by": [
                  "alertname"
                ],
                "group_interval": "5m",
                "group_wait": "30s",
                "matchers": [
                  "team=\"shop\""
                ],
                "receiver": "also",
                "repeat_interval": "4h"
              },
              {
                "group_by": [
                  "alertname"
                ],
                "group_interval": "5m",
                "group_wait": "30s",
                "matchers": [
                  "team=\"shop\""
                ],
                "receiver": "shop",
                "repeat_interval": "4h"
              }
            ]
          },
          "time_intervals": [
            {
              "name": "always",
              "time_intervals": [
                {
                  "days_of_month": [
                    "1:-1"
                  ],
                  "location": "Europe/Berlin",
                  "months": [
                    "1:12"
                  ],
                  "times": [
                    {
                      "end_time": "24:00",
                      "start_time": "00:00"
                    }
                  ],
                  "weekdays": [
                    "sunday:saturday"
                  ],
                  "years": [
                    "2020:2030"
                  ]
                }
              ]
            }
          ]
        }
    "#]]
    .assert_eq(status["config"]["original"].as_str().unwrap());
    assert_eq!(status["cluster"], serde_json::json!({ "peers": [], "status": "disabled" }));
    assert_eq!(status["uptime"], "2026-11-24T03:00:00.000Z");
    assert!(status["versionInfo"]["version"].as_str().unwrap().starts_with("0.34.0+nines."));
}

#[tokio::test]
async fn writing_needs_a_token_and_nothing_is_kept() {
    let am = Am::new();
    let request = Request::post("/api/v2/alerts").body(Body::from("[]")).unwrap();
    assert_eq!(am.ask(request).await.0.status, StatusCode::UNAUTHORIZED);
    let request = || Request::get("/api/v2/alerts");
    let (parts, _) = am.ask(request().body(Body::empty()).unwrap()).await;
    assert_eq!(parts.headers["cache-control"], "no-cache, no-store, must-revalidate");
    assert!(!parts.headers.contains_key("access-control-allow-origin"));
    let tag = parts.headers["etag"].clone();
    let known = request().header("if-none-match", tag).body(Body::empty()).unwrap();
    let (parts, body) = am.ask(known).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}
