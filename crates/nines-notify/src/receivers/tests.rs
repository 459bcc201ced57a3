//! One contract for all kinds of receivers, against fakes that answer as the providers' documents say.

use std::fmt::Write;
use std::net::TcpListener;

use expect_test::expect_file;
use nines_port::Secret;
use wiremock::matchers::{any, method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::smtp::tests::{Script, Sink};
use crate::tests::{caller, message};
use crate::webhook::tests::{Behaviour, Receiver};

/// A kind whose message is one request.
struct Case {
    kind: &'static str,
    /// `{base}` is the fake's address.
    settings: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
    body: &'static str,
    fields: &'static [(&'static str, &'static str)],
    answer: (u16, &'static str),
}

const JSON: &str = r#"{"message":"as rendered"}"#;

fn cases() -> Vec<Case> {
    let case = |kind, settings, secrets, fields, answer| Case {
        kind,
        settings,
        secrets,
        body: JSON,
        fields,
        answer,
    };
    vec![
        case("webhook", &[], &[("url", "{base}/hook/s3cret")], &[], (200, "")),
        case("slack", &[], &[("api_url", "{base}/services/T/B/s3cret")], &[], (200, "ok")),
        case("discord", &[], &[("webhook_url", "{base}/api/webhooks/1/s3cret")], &[], (204, "")),
        case("msteams", &[], &[("webhook_url", "{base}/webhookb2/s3cret")], &[], (200, "1")),
        case("msteamsv2", &[], &[("webhook_url", "{base}/workflows/s3cret")], &[], (202, "")),
        case("mattermost", &[], &[("webhook_url", "{base}/hooks/s3cret")], &[], (200, "ok")),
        case(
            "rocketchat",
            &[("api_url", "{base}/")],
            &[("token", "s3cret"), ("token_id", "s3cretid")],
            &[],
            (200, r#"{"success":true}"#),
        ),
        case("webex", &[("api_url", "{base}/v1/messages")], &[], &[], (200, r#"{"id":"1"}"#)),
        case(
            "telegram",
            &[("api_url", "{base}")],
            &[("bot_token", "1:s3cret")],
            &[],
            (200, r#"{"ok":true}"#),
        ),
        case(
            "incidentio",
            &[("url", "{base}/v2/alert_events/alertmanager/01")],
            &[("alert_source_token", "s3cret")],
            &[],
            (202, r#"{"status":"success"}"#),
        ),
        case(
            "victorops",
            &[("api_url", "{base}/integrations/generic/20131114/alert/")],
            &[("api_key", "s3cret")],
            &[("routing_key", "shop team")],
            (200, r#"{"result":"success"}"#),
        ),
        case(
            "opsgenie",
            &[("api_url", "{base}/")],
            &[("api_key", "s3cret")],
            &[("alias", "abc"), ("update", "true"), ("status", "firing")],
            (202, r#"{"result":"Request will be processed"}"#),
        ),
        case(
            "pagerduty",
            &[("url", "{base}/v2/enqueue")],
            &[("routing_key", "s3cret")],
            &[],
            (202, r#"{"status":"success"}"#),
        ),
        case(
            "pushover",
            &[("api_url", "{base}/1/messages.json")],
            &[("token", "s3cret"), ("user_key", "s3cretuser")],
            &[("title", "checkout burns"), ("message", "a & b"), ("priority", "2"), ("url", "")],
            (200, r#"{"status":1}"#),
        ),
        case(
            "sns",
            &[("sigv4.region", "us-east-2"), ("sigv4.access_key", "AKID")],
            &[("sigv4.secret_key", "s3cret")],
            &[
                ("api_url", "{base}"),
                ("topic_arn", "arn:aws:sns:us-east-2:123456789012:My-Topic.fifo"),
                ("subject", "checkout burns"),
                ("message", "a & b"),
                ("attribute:severity", "page"),
            ],
            (200, "<PublishResponse/>"),
        ),
    ]
}

/// A provider on loopback.
struct Fake {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Fake {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(MockServer::start());
        Self { runtime, server }
    }

    fn answering(status: u16, body: &str) -> Self {
        let fake = Self::start();
        let answer = ResponseTemplate::new(status).set_body_string(body);
        fake.mount(Mock::given(any()).respond_with(answer));
        fake
    }

    fn mount(&self, mock: Mock) {
        self.runtime.block_on(mock.mount(&self.server));
    }

    /// What it heard, without what differs between machines and moments.
    fn heard(&self) -> String {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        let mut out = String::new();
        for request in requests {
            let query = request.url.query().map_or_else(String::new, |it| format!("?{it}"));
            writeln!(out, "{} {}{query}", request.method, request.url.path()).unwrap();
            for (name, value) in &request.headers {
                let name = name.as_str();
                let varies = ["host", "content-length", "user-agent", "accept", "accept-encoding"];
                if !varies.contains(&name) {
                    let value = value.to_str().unwrap();
                    // The host, and so the port, is signed.
                    let value = value.split(", Signature=").next().unwrap();
                    writeln!(out, "{name}: {value}").unwrap();
                }
            }
            let body = String::from_utf8(request.body).unwrap();
            writeln!(out, "{}\n", body.replace('&', "\n&")).unwrap();
        }
        out
    }
}

fn receivers(base: &str, case: &Case) -> Receivers {
    let filled = |it: &str| it.replace("{base}", base);
    let settings = case.settings.iter().map(|(name, it)| ((*name).to_owned(), filled(it)));
    let secrets =
        case.secrets.iter().map(|(name, it)| ((*name).to_owned(), Secret::Inline(filled(it))));
    let outlet = Outlet {
        kind: case.kind.to_owned(),
        settings: settings.collect(),
        secrets: secrets.collect(),
        http: HttpSettings::default(),
    };
    Receivers::new(caller(), BTreeMap::from([(("shop".to_owned(), 1), outlet)]))
}

fn channel(kind: &str) -> Channel {
    Channel::Receiver { receiver: "shop".to_owned(), integration: 1, kind: kind.to_owned() }
}

fn notice(base: &str, case: &Case) -> Message {
    let fields =
        case.fields.iter().map(|(name, it)| ((*name).to_owned(), it.replace("{base}", base)));
    let payload = Payload { body: case.body.to_owned(), fields: fields.collect() };
    Message { payload: Some(payload), ..message() }
}

fn send(base: &str, case: &Case) -> Delivery {
    receivers(base, case).send(&channel(case.kind), &notice(base, case))
}

#[test]
fn all_kinds_keep_the_contract() {
    for case in cases() {
        let kind = case.kind;
        let answering = |status, body| send(&Fake::answering(status, body).server.uri(), &case);
        let accepted = answering(case.answer.0, case.answer.1);
        assert!(matches!(accepted, Delivery::Accepted { .. }), "{kind}: {accepted:?}");
        for status in [429, 500, 502, 503] {
            let later = answering(status, "{}");
            assert!(matches!(later, Delivery::Temporary { .. }), "{kind} {status}: {later:?}");
        }
        let mut failures = Vec::new();
        for status in [302, 400, 401, 403, 404, 422] {
            let refused = answering(status, "{}");
            assert!(matches!(refused, Delivery::Refused { .. }), "{kind} {status}: {refused:?}");
            failures.push(refused);
        }
        let silent = Receiver::start(vec![Behaviour::HangUp]);
        let unknown = send(silent.url().trim_end_matches("/hook"), &case);
        assert!(matches!(unknown, Delivery::Unknown { .. }), "{kind}: {unknown:?}");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let unreachable = send(&format!("http://{closed}"), &case);
        assert!(matches!(unreachable, Delivery::Temporary { .. }), "{kind}: {unreachable:?}");
        failures.extend([unknown, unreachable]);
        assert!(!format!("{failures:?}").contains("s3cret"), "{kind}: {failures:?}");
    }
}

#[test]
fn what_receivers_hear_is_written_down() {
    let mut out = String::new();
    for case in cases() {
        let fake = Fake::answering(case.answer.0, case.answer.1);
        send(&fake.server.uri(), &case);
        writeln!(out, "# {}\n{}", case.kind, fake.heard()).unwrap();
    }
    expect_file!["heard/posts.txt"].assert_eq(&out);
}

#[test]
fn an_answer_of_success_may_say_no() {
    let find = |kind: &str| cases().into_iter().find(|it| it.kind == kind).unwrap();
    let answering = |kind: &str, body: &str| {
        let delivery = send(&Fake::answering(200, body).server.uri(), &find(kind));
        matches!(delivery, Delivery::Refused { .. })
    };
    assert!(answering("slack", r#"{"ok":false,"error":"channel_not_found"}"#));
    assert!(!answering("slack", r#"{"ok":false,"error":"ratelimited"}"#));
    assert!(answering("rocketchat", r#"{"success":false}"#));
    assert!(!answering(
        "msteams",
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
    ));
}

#[test]
fn the_first_version_of_pagerduty_tells_of_its_limit_by_403() {
    let case = Case {
        kind: "pagerduty",
        settings: &[("url", "{base}/generic/2010-04-15/create_event.json")],
        secrets: &[("service_key", "s3cret")],
        body: r#"{"event_type":"trigger"}"#,
        fields: &[],
        answer: (200, ""),
    };
    let fake = Fake::answering(403, "");
    assert!(matches!(send(&fake.server.uri(), &case), Delivery::Temporary { .. }));
    assert!(fake.heard().contains(r#""service_key":"s3cret""#), "{}", fake.heard());
}

#[test]
fn wechat_gets_a_token_first() {
    let case = Case {
        kind: "wechat",
        settings: &[("api_url", "{base}/cgi-bin/"), ("corp_id", "corp")],
        secrets: &[("api_secret", "s3cret")],
        body: r#"{"touser":"ana","agentid":"1"}"#,
        fields: &[],
        answer: (200, ""),
    };
    let fake = Fake::start();
    let answer = |body: &str| ResponseTemplate::new(200).set_body_string(body);
    let token = answer(r#"{"errcode":0,"access_token":"t0ken"}"#);
    fake.mount(Mock::given(path("/cgi-bin/gettoken")).respond_with(token));
    let sent = answer(r#"{"errcode":0,"msgid":"m1"}"#);
    fake.mount(Mock::given(path("/cgi-bin/message/send")).respond_with(sent).up_to_n_times(1));
    let busy = answer(r#"{"errcode":45009,"errmsg":"reach max api daily quota limit"}"#);
    fake.mount(Mock::given(path("/cgi-bin/message/send")).respond_with(busy).up_to_n_times(1));
    let wrong = answer(r#"{"errcode":81013,"errmsg":"user not found"}"#);
    fake.mount(Mock::given(path("/cgi-bin/message/send")).respond_with(wrong));
    let sends: Vec<Delivery> = (0..3).map(|_| send(&fake.server.uri(), &case)).collect();
    assert!(
        matches!(
            sends.as_slice(),
            [Delivery::Accepted { reference }, Delivery::Temporary { .. }, Delivery::Refused { .. }]
                if reference == "m1"
        ),
        "{sends:?}"
    );
    assert!(fake.heard().contains("POST /cgi-bin/message/send?access_token=t0ken"));
}

/// Jira with one issue, or none.
fn jira(issues: &str) -> Fake {
    let fake = Fake::start();
    let answer = |body: &str| ResponseTemplate::new(200).set_body_string(body);
    fake.mount(Mock::given(path("/rest/api/2/search")).respond_with(answer(issues)));
    let transitions = r#"{"transitions":[{"id":"31","name":"Done"},{"id":"11","name":"To Do"}]}"#;
    let list = Mock::given(method("GET")).and(path("/rest/api/2/issue/OPS-1/transitions"));
    fake.mount(list.respond_with(answer(transitions)));
    fake.mount(Mock::given(path("/rest/api/2/issue")).respond_with(answer(r#"{"key":"OPS-1"}"#)));
    fake.mount(
        Mock::given(path_regex("^/rest/api/2/issue/")).respond_with(ResponseTemplate::new(204)),
    );
    fake
}

#[test]
fn jira_has_one_issue_for_a_group() {
    let case = |status| Case {
        kind: "jira",
        settings: &[("api_url", "{base}/rest/api/2")],
        secrets: &[],
        body: r#"{"fields":{"project":{"key":"OPS"},"summary":"checkout burns","labels":["ALERT{abc}"]}}"#,
        fields: status,
        answer: (200, ""),
    };
    let firing = case(&[
        ("status", "firing"),
        ("label", "ALERT{abc}"),
        ("reopen_transition", "To Do"),
        ("reopen_duration", "7200"),
        ("update:summary", "true"),
    ]);
    let resolved =
        case(&[("status", "resolved"), ("label", "ALERT{abc}"), ("resolve_transition", "Done")]);
    let none = r#"{"issues":[]}"#;
    let open =
        r#"{"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]}"#;
    let done =
        r#"{"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"done"}}}}]}"#;
    let mut out = String::new();
    for (name, issues, case) in [
        ("first", none, &firing),
        ("still firing", open, &firing),
        ("again", done, &firing),
        ("over", open, &resolved),
        ("over already", done, &resolved),
        ("never was", none, &resolved),
    ] {
        let fake = jira(issues);
        let delivery = send(&fake.server.uri(), case);
        writeln!(out, "# {name}: {delivery:?}\n{}", fake.heard()).unwrap();
    }
    expect_file!["heard/jira.txt"].assert_eq(&out);
}

#[test]
fn mail_of_a_receiver_has_its_own_server_and_words() {
    let sink = Sink::start(Script::accepting());
    let port: &'static str = Box::leak(format!("127.0.0.1:{}", sink.port).into_boxed_str());
    let settings: &'static [(&'static str, &'static str)] = Box::leak(Box::new([
        ("smarthost", port),
        ("require_tls", "false"),
        ("hello", "nines.example.org"),
    ]));
    let mut case = Case {
        kind: "email",
        settings,
        secrets: &[],
        body: "",
        fields: &[
            ("from", "alerts@example.org"),
            ("to", "ana@example.org, Bea <bea@example.org>"),
            ("text", "checkout"),
            ("subject", "[FIRING:1] checkout\r\nBcc: mallory@example.org"),
            ("header:Reply-To", "shop@example.org\r\nBcc: mallory@example.org"),
            ("html", "<b>checkout</b>"),
            ("header:X-Team", "shop"),
        ],
        answer: (250, ""),
    };
    let delivery = send("", &case);
    assert!(matches!(delivery, Delivery::Accepted { .. }), "{delivery:?}");
    expect_file!["heard/mail.txt"].assert_eq(&sink.heard());

    case.fields = &[("from", "nobody"), ("to", "ana@example.org")];
    assert!(matches!(send("", &case), Delivery::Refused { .. }));
    case.secrets = &[("auth_secret", "s3cret")];
    assert!(matches!(send("", &case), Delivery::Refused { .. }));
}

#[test]
fn receivers_that_cannot_work_are_refused() {
    let case = cases().remove(0);
    let shop = receivers("http://127.0.0.1:1", &case);
    let reason = |channel: &Channel, message: &Message| match shop.send(channel, message) {
        Delivery::Refused { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(&channel("slack"), &notice("", &case)),
        "the receiver `shop` has no such integration any more"
    );
    assert_eq!(reason(&channel("webhook"), &message()), "the message has nothing for a receiver");
    assert_eq!(reason(&Channel::Inbox, &message()), "a receiver cannot send to inbox");
    for case in cases() {
        let deaf = Case { secrets: &[], settings: &[("api_url", "http://127.0.0.1:1")], ..case };
        if !matches!(deaf.kind, "webex" | "slack") {
            let delivery = send("", &deaf);
            assert!(matches!(delivery, Delivery::Refused { .. }), "{}: {delivery:?}", deaf.kind);
        }
    }
}
