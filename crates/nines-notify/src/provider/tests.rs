//! One contract for all providers, against fakes that answer as the providers' documents say.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::PathBuf;

use expect_test::expect_file;
use jiff::SignedDuration;
use nines_port::{HttpSettings, Place, Secret, StepEnd, StepOutcome, StepRequest};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::tests::{NoRunner, caller, message};
use crate::webhook::tests::{Behaviour, Receiver};

/// The token of the tests' acknowledge link.
const ACK_URL: &str = "https://nines.example.org/ack/8812-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// An answer as the provider's documents show it.
#[derive(Clone, Copy)]
struct Shown {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

const fn shown(status: u16, body: &'static str) -> Shown {
    Shown { status, header: None, body }
}

const fn later(body: &'static str) -> Shown {
    Shown { status: 429, header: Some(("retry-after", "7")), body }
}

struct Case {
    provider: Provider,
    kind: &'static str,
    to: &'static str,
    /// `{base}` is the fake's address.
    settings: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
    accepts: Shown,
    /// The reference of what was accepted.
    reference: &'static str,
    /// Too many messages; seven seconds later there may be more.
    limits: Shown,
    refuses: Shown,
    repeats: Repeats,
    /// The reference of an earlier message.
    earlier: &'static str,
}

const BASE: &[(&str, &str)] = &[("base_url", "{base}")];
const TOKEN: &[(&str, &str)] = &[("token", "s3cret")];

fn cases() -> Vec<Case> {
    vec![
        Case {
            provider: Provider::Slack,
            kind: "slack",
            to: "U012AB3CD",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"ok":true,"channel":"D1","ts":"1503435956.000247"}"#),
            reference: "D1:1503435956.000247",
            limits: later(r#"{"ok":false,"error":"ratelimited"}"#),
            refuses: shown(200, r#"{"ok":false,"error":"channel_not_found"}"#),
            repeats: Repeats::Harmful,
            earlier: "D1:1503435900.000100",
        },
        Case {
            provider: Provider::Mattermost,
            kind: "mattermost",
            to: "4xp9fdt77pncbef59f4k1qe83o",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(201, r#"{"id":"post2","channel_id":"4xp9"}"#),
            reference: "post2",
            limits: later(r#"{"message":"limit exceeded"}"#),
            refuses: shown(403, r#"{"id":"api.context.permissions.app_error","status_code":403}"#),
            repeats: Repeats::Harmful,
            earlier: "post1",
        },
        Case {
            provider: Provider::Discord,
            kind: "discord",
            to: "290926798999357250",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"id":"334385199974967042","channel_id":"290926798999357250"}"#),
            reference: "290926798999357250:334385199974967042",
            limits: shown(
                429,
                r#"{"message":"You are being rate limited.","retry_after":7.0,"global":false}"#,
            ),
            refuses: shown(403, r#"{"message":"Missing Access","code":50001}"#),
            repeats: Repeats::Harmless,
            earlier: "290926798999357250:334385199974967000",
        },
        Case {
            provider: Provider::Teams,
            kind: "teams",
            to: "",
            settings: &[],
            secrets: &[("webhook_url", "{base}/workflows/s3cret")],
            accepts: shown(202, ""),
            reference: "HTTP 202",
            limits: later(""),
            refuses: shown(404, r#"{"error":{"code":"WorkflowNotFound"}}"#),
            repeats: Repeats::Harmful,
            earlier: "HTTP 202",
        },
        Case {
            provider: Provider::GoogleChat,
            kind: "googlechat",
            to: "",
            settings: &[],
            secrets: &[("webhook_url", "{base}/v1/spaces/AA/messages?key=s3cret&token=s3cret")],
            accepts: shown(200, r#"{"name":"spaces/AA/messages/BB.BB"}"#),
            reference: "spaces/AA/messages/BB.BB",
            limits: later(r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#),
            refuses: shown(403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#),
            repeats: Repeats::Harmless,
            earlier: "spaces/AA/messages/AA.AA",
        },
        Case {
            provider: Provider::Ntfy,
            kind: "ntfy",
            to: "ana-pages",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"id":"hwQ2YpKdmg","event":"message","topic":"ana-pages"}"#),
            reference: "hwQ2YpKdmg",
            limits: later(r#"{"code":42901,"http":429,"error":"limit reached"}"#),
            refuses: shown(403, r#"{"code":40301,"http":403,"error":"forbidden"}"#),
            repeats: Repeats::Harmful,
            earlier: "hwQ2YpKdm0",
        },
        Case {
            provider: Provider::Pushover,
            kind: "pushover",
            to: "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(
                200,
                r#"{"status":1,"request":"e460545a","receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}"#,
            ),
            reference: "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy",
            limits: later(r#"{"status":0,"errors":["application is over its quota"]}"#),
            refuses: shown(
                400,
                r#"{"user":"invalid","errors":["user identifier is invalid"],"status":0}"#,
            ),
            repeats: Repeats::Harmful,
            earlier: "rLqVuqTRh62UzxtmqiaLzQmVcPgiCx",
        },
        Case {
            provider: Provider::Gotify,
            kind: "gotify",
            to: "",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"id":25,"appid":5}"#),
            reference: "25",
            limits: later(""),
            refuses: shown(401, r#"{"error":"Unauthorized","errorCode":401}"#),
            repeats: Repeats::Harmful,
            earlier: "24",
        },
        Case {
            provider: Provider::Telegram,
            kind: "telegram",
            to: "123456",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"ok":true,"result":{"message_id":42,"chat":{"id":123456}}}"#),
            reference: "123456:42",
            limits: shown(
                429,
                r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#,
            ),
            refuses: shown(
                403,
                r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            ),
            repeats: Repeats::Harmful,
            earlier: "123456:41",
        },
        Case {
            provider: Provider::Matrix,
            kind: "matrix",
            to: "!room:example.org",
            settings: BASE,
            secrets: TOKEN,
            accepts: shown(200, r#"{"event_id":"$YUwRidLecu:example.com"}"#),
            reference: "$YUwRidLecu:example.com",
            limits: shown(
                429,
                r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":7000}"#,
            ),
            refuses: shown(403, r#"{"errcode":"M_FORBIDDEN","error":"not in the room"}"#),
            repeats: Repeats::Harmless,
            earlier: "$first:example.com",
        },
        Case {
            provider: Provider::Sms,
            kind: "twilio",
            to: "+491701234567",
            settings: &[("base_url", "{base}"), ("account_sid", "AC1"), ("from", "+15005550006")],
            secrets: &[("auth_token", "s3cret")],
            accepts: shown(201, r#"{"sid":"SM1","status":"queued"}"#),
            reference: "SM1",
            limits: later(r#"{"code":20429,"message":"Too Many Requests","status":429}"#),
            refuses: shown(
                400,
                r#"{"code":21211,"message":"The 'To' number is not a valid phone number.","status":400}"#,
            ),
            repeats: Repeats::Harmful,
            earlier: "SM0",
        },
        Case {
            provider: Provider::Voice,
            kind: "twilio",
            to: "+491701234567",
            settings: &[("base_url", "{base}"), ("account_sid", "AC1"), ("from", "+15005550006")],
            secrets: &[("auth_token", "s3cret")],
            accepts: shown(201, r#"{"sid":"CA1","status":"queued"}"#),
            reference: "CA1",
            limits: later(r#"{"code":20429,"message":"Too Many Requests","status":429}"#),
            refuses: shown(401, r#"{"code":20003,"message":"Authenticate","status":401}"#),
            repeats: Repeats::Harmful,
            earlier: "CA0",
        },
        Case {
            provider: Provider::Sms,
            kind: "gateway",
            to: "+491701234567",
            settings: &[("deduplicates", "true"), ("query_url", "{base}/sent/{key}")],
            secrets: &[("url", "{base}/send?apikey=s3cret")],
            accepts: shown(200, "OK"),
            reference: "HTTP 200",
            limits: later("slow down"),
            refuses: shown(422, "no such number"),
            repeats: Repeats::Harmless,
            earlier: "HTTP 200",
        },
        Case {
            provider: Provider::PagerDuty,
            kind: "pagerduty",
            to: "",
            settings: BASE,
            secrets: &[("routing_key", "s3cret")],
            accepts: shown(
                202,
                r#"{"status":"success","message":"Event processed","dedup_key":"alert/checkout"}"#,
            ),
            reference: "alert/checkout",
            limits: later("Too Many Requests"),
            refuses: shown(
                400,
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}"#,
            ),
            repeats: Repeats::Harmless,
            earlier: "alert/checkout",
        },
        Case {
            provider: Provider::Opsgenie,
            kind: "opsgenie",
            to: "",
            settings: &[("base_url", "{base}"), ("team", "shop")],
            secrets: &[("api_key", "s3cret")],
            accepts: shown(
                202,
                r#"{"result":"Request will be processed","took":0.3,"requestId":"43a29c5c"}"#,
            ),
            reference: "43a29c5c",
            limits: later(r#"{"message":"You are making too many requests!"}"#),
            refuses: shown(
                422,
                r#"{"message":"Request body is not processable.","errors":{"message":"Message can not be empty."}}"#,
            ),
            repeats: Repeats::Harmless,
            earlier: "43a29c5b",
        },
    ]
}

/// A provider on loopback.
struct Fake {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Fake {
    fn answering(shown: Shown) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(MockServer::start());
        let mut answer = ResponseTemplate::new(shown.status).set_body_string(shown.body);
        if let Some((name, value)) = shown.header {
            answer = answer.insert_header(name, value);
        }
        runtime.block_on(Mock::given(any()).respond_with(answer).mount(&server));
        Self { runtime, server }
    }

    /// What it heard, without what differs between machines.
    fn heard(&self) -> String {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        let mut out = String::new();
        for request in requests {
            let query = request.url.query().map_or_else(String::new, |it| format!("?{it}"));
            writeln!(out, "{} {}{query}", request.method, request.url.path()).unwrap();
            for name in ["authorization", "idempotency-key", "x-gotify-key", "content-type"] {
                if let Some(value) = request.headers.get(name) {
                    writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
                }
            }
            let body = String::from_utf8(request.body).unwrap();
            match serde_json::from_str::<serde_json::Value>(&body) {
                Ok(json) => writeln!(out, "{json:#}\n").unwrap(),
                Err(_) => writeln!(out, "{}\n", body.replace('&', "\n&")).unwrap(),
            }
        }
        out
    }
}

impl Case {
    fn name(&self) -> String {
        format!("{}-{}", self.provider.word(), self.kind)
    }

    fn channel(&self) -> Channel {
        let (account, to) = ("ours".to_owned(), self.to.to_owned());
        Channel::Provider { provider: self.provider, account, to }
    }

    fn notifier(&self, base: &str) -> ProviderNotifier {
        let filled = |it: &str| it.replace("{base}", base);
        let settings = self.settings.iter().map(|(name, it)| ((*name).to_owned(), filled(it)));
        let secrets =
            self.secrets.iter().map(|(name, it)| ((*name).to_owned(), Secret::Inline(filled(it))));
        let outlet = Outlet {
            kind: self.kind.to_owned(),
            settings: settings.collect(),
            secrets: secrets.collect(),
            http: HttpSettings::default(),
        };
        let accounts = BTreeMap::from([("ours".to_owned(), outlet)]);
        ProviderNotifier::new(caller(), Arc::new(NoRunner), accounts)
    }

    fn send(&self, shown: Shown) -> Delivery {
        let fake = Fake::answering(shown);
        self.notifier(&fake.server.uri()).send(&self.channel(), &page())
    }

    /// Secrets never show, not even in what an answer says.
    #[track_caller]
    fn check_reason(&self, delivery: &Delivery) {
        assert!(!format!("{delivery:?}").contains("s3cret"), "{}: {delivery:?}", self.name());
    }
}

fn page() -> Message {
    Message { ack_url: Some(ACK_URL.to_owned()), ..message() }
}

#[test]
fn all_providers_keep_the_contract() {
    for case in cases() {
        let name = case.name();
        let accepted = case.send(case.accepts);
        assert_eq!(accepted, Delivery::Accepted { reference: case.reference.to_owned() }, "{name}");

        let limited = case.send(case.limits);
        let seven = Some(SignedDuration::from_secs(7));
        assert!(
            matches!(&limited, Delivery::Temporary { after, .. } if *after == seven),
            "{name}: {limited:?}"
        );

        let broken = case.send(shown(503, "s0rry"));
        assert!(matches!(broken, Delivery::Temporary { after: None, .. }), "{name}: {broken:?}");

        let refused = case.send(case.refuses);
        assert!(matches!(refused, Delivery::Refused { .. }), "{name}: {refused:?}");

        let silent = Receiver::start(vec![Behaviour::HangUp]);
        let base = silent.url().trim_end_matches("/hook").to_owned();
        let unknown = case.notifier(&base).send(&case.channel(), &page());
        assert!(matches!(unknown, Delivery::Unknown { .. }), "{name}: {unknown:?}");

        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let unreachable = case.notifier(&format!("http://{closed}")).send(&case.channel(), &page());
        assert!(matches!(unreachable, Delivery::Temporary { .. }), "{name}: {unreachable:?}");

        for delivery in [&limited, &broken, &refused, &unknown, &unreachable] {
            case.check_reason(delivery);
        }
        let deduplicates = case.notifier(&base).deduplicates(&case.channel());
        assert_eq!(deduplicates, case.repeats == Repeats::Harmless, "{name}");
    }
}

#[test]
fn no_provider_is_followed_to_another_host() {
    for case in cases() {
        let elsewhere = Fake::answering(case.accepts);
        let url: &'static str = Box::leak(elsewhere.server.uri().into_boxed_str());
        let moved = Shown { status: 307, header: Some(("location", url)), body: "" };
        let delivery = case.send(moved);
        assert!(matches!(delivery, Delivery::Refused { .. }), "{}: {delivery:?}", case.name());
        assert_eq!(elsewhere.heard(), "", "{}", case.name());
    }
}

/// A page, a later one of the same matter, its end; as new messages where the provider knows no other way.
#[test]
fn what_providers_hear_is_written_down() {
    for case in cases() {
        let fake = Fake::answering(case.accepts);
        let notifier = case.notifier(&fake.server.uri());
        let earlier = || case.earlier.to_owned();
        let again = Message { place: Place::Below(earlier()), possible_repeat: true, ..page() };
        let over = Message {
            place: Place::InPlaceOf(earlier()),
            is_over: true,
            ack_url: None,
            subject: "[resolved] checkout".to_owned(),
            ..page()
        };
        for message in [page(), again, over] {
            let delivery = notifier.send(&case.channel(), &message);
            assert!(matches!(delivery, Delivery::Accepted { .. }), "{}: {delivery:?}", case.name());
        }
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("src/provider/heard/{}.txt", case.name()));
        let heard = fake.heard().replace(&fake.server.uri(), "{base}");
        expect_file![path].assert_eq(&heard);
    }
}

#[test]
fn accounts_can_be_checked_without_waking_anybody() {
    for case in cases() {
        let good = Fake::answering(case.accepts);
        match case.notifier(&good.server.uri()).verify(&case.channel()) {
            None => assert_eq!(good.heard(), "", "{}", case.name()),
            Some(it) => assert!(matches!(it, Delivery::Accepted { .. }), "{}: {it:?}", case.name()),
        }
        let bad = Fake::answering(shown(401, "who are you"));
        let said = case.notifier(&bad.server.uri()).verify(&case.channel());
        assert!(matches!(said, None | Some(Delivery::Refused { .. })), "{}: {said:?}", case.name());
    }
}

#[test]
fn twilio_and_gateways_say_whether_they_have_a_message() {
    let cases = cases();
    let find = |provider, kind| {
        cases.iter().find(|it| it.provider == provider && it.kind == kind).unwrap()
    };
    let ask = |case: &Case, shown: Shown| {
        let fake = Fake::answering(shown);
        case.notifier(&fake.server.uri()).query(&case.channel(), &page())
    };
    let sms = find(Provider::Sms, "twilio");
    let list = r#"{"messages":[
        {"sid":"SM3","body":"other","date_created":"Tue, 03 Feb 2026 04:05:08 +0000"},
        {"sid":"SM2","body":"checkout burns its budget 14.4x Reply 8812 to acknowledge.","date_created":"Tue, 03 Feb 2026 04:05:07 +0000"}]}"#;
    let found = Some(Delivery::Accepted { reference: "SM2".to_owned() });
    assert_eq!(ask(sms, shown(200, list)), found);
    let old = r#"{"messages":[{"sid":"SM2","body":"checkout burns its budget 14.4x Reply 8812 to acknowledge.","date_created":"Tue, 03 Feb 2026 04:05:05 +0000"}]}"#;
    assert!(matches!(ask(sms, shown(200, old)), Some(Delivery::Refused { .. })));
    assert_eq!(ask(sms, shown(500, "")), None);

    let voice = find(Provider::Voice, "twilio");
    let list = r#"{"calls":[{"sid":"CA9","date_created":"Tue, 03 Feb 2026 04:05:06 +0000"}]}"#;
    let found = Some(Delivery::Accepted { reference: "CA9".to_owned() });
    assert_eq!(ask(voice, shown(200, list)), found);

    let gateway = find(Provider::Sms, "gateway");
    let found = Some(Delivery::Accepted { reference: "key-1".to_owned() });
    assert_eq!(ask(gateway, shown(200, "")), found);
    assert!(matches!(ask(gateway, shown(404, "")), Some(Delivery::Refused { .. })));

    let slack = find(Provider::Slack, "slack");
    assert_eq!(ask(slack, shown(200, "{}")), None);
}

#[test]
fn accounts_that_cannot_work_are_refused() {
    let notifier = |kind: &str| {
        let settings = BTreeMap::from([("base_url".to_owned(), "http://127.0.0.1:1".to_owned())]);
        let outlet = Outlet { kind: kind.to_owned(), settings, ..Outlet::default() };
        let accounts = BTreeMap::from([("ours".to_owned(), outlet)]);
        ProviderNotifier::new(caller(), Arc::new(NoRunner), accounts)
    };
    let mut out = String::new();
    for provider in Provider::ALL {
        for kind in ["slack", "twilio", provider.word()] {
            let (account, to) = ("ours".to_owned(), String::new());
            let channel = Channel::Provider { provider, account, to };
            let Delivery::Refused { reason } = notifier(kind).send(&channel, &page()) else {
                panic!("{provider:?} over {kind} is not refused")
            };
            if kind == provider.word() {
                writeln!(out, "{kind}: {reason}").unwrap();
            }
        }
    }
    let (account, to) = ("theirs".to_owned(), String::new());
    let channel = Channel::Provider { provider: Provider::Slack, account, to };
    writeln!(out, "{:?}", notifier("slack").send(&channel, &page())).unwrap();
    expect_file!["heard/refused.txt"].assert_eq(&out);
}

/// A runner that notes what it is asked and ends as told.
#[derive(Debug)]
struct Ends(StepEnd);

impl StepRunner for Ends {
    fn run(&self, request: &StepRequest) -> StepOutcome {
        assert_eq!(request.script, "printf '%s' \"$NINES_MESSAGE\" | /usr/local/bin/tell --loud");
        assert!(request.environment["NINES_MESSAGE"].contains("\"key\":\"key-1\""));
        assert_eq!(request.environment["NINES_TO"], "ana");
        let text = |it: &str| nines_port::CapturedOutput { text: it.to_owned(), omitted_bytes: 0 };
        let (stdout, stderr) = (text("ticket 7\nmore\n"), text("no line\n"));
        StepOutcome { end: self.0.clone(), stdout, stderr, took: SignedDuration::ZERO }
    }
}

#[test]
fn the_exit_code_of_a_program_is_the_answer() {
    let run = |end: StepEnd| {
        let settings =
            BTreeMap::from([("command".to_owned(), "/usr/local/bin/tell --loud".to_owned())]);
        let outlet = Outlet { kind: "exec".to_owned(), settings, ..Outlet::default() };
        let accounts = BTreeMap::from([("ours".to_owned(), outlet)]);
        let notifier = ProviderNotifier::new(caller(), Arc::new(Ends(end)), accounts);
        let (account, to) = ("ours".to_owned(), "ana".to_owned());
        let channel = Channel::Provider { provider: Provider::Exec, account, to };
        assert!(!notifier.deduplicates(&channel));
        notifier.send(&channel, &page())
    };
    let accepted = Delivery::Accepted { reference: "ticket 7".to_owned() };
    assert_eq!(run(StepEnd::Exited { code: 0 }), accepted);
    assert!(matches!(run(StepEnd::Exited { code: 75 }), Delivery::Temporary { .. }));
    assert!(matches!(run(StepEnd::Exited { code: 1 }), Delivery::Refused { .. }));
    assert!(matches!(run(StepEnd::Killed { signal: 9 }), Delivery::Unknown { .. }));
    assert!(matches!(run(StepEnd::TimedOut), Delivery::Unknown { .. }));
    assert!(matches!(
        run(StepEnd::Failed { reason: "no sh".to_owned() }),
        Delivery::Temporary { .. }
    ));
}
