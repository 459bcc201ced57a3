use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Requests};
use std::thread;
use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::tests::{caller, message, webhook};

/// What a receiver does with a request that it has read.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    Answer(String),
    HangUp,
    /// Keeps the connection and says nothing.
    Stall,
}

/// An HTTP server that behaves as told and shows the requests it got.
pub(crate) struct Receiver {
    port: u16,
    requests: Requests<String>,
}

impl Receiver {
    pub(crate) fn answering(status: &str, body: &str) -> Self {
        Self::answering_with(status, "", body)
    }

    fn answering_with(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::start(vec![Behaviour::Answer(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))])
    }

    /// The last behaviour is repeated.
    pub(crate) fn start(behaviours: Vec<Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            let last = behaviours.last().cloned();
            let mut behaviours = behaviours.into_iter();
            let mut stalled = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                if sender.send(read_request(&connection)).is_err() {
                    return; // the test is over
                }
                match behaviours.next().or_else(|| last.clone()).unwrap() {
                    Behaviour::Answer(text) => connection.write_all(text.as_bytes()).unwrap_or(()),
                    Behaviour::HangUp => connection.shutdown(Shutdown::Both).unwrap_or(()),
                    Behaviour::Stall => stalled.push(connection),
                }
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn channel(&self, secret: Option<&str>) -> Channel {
        Channel::Webhook { url: self.url(), secret: secret.map(str::to_owned) }
    }

    fn request(&self) -> String {
        self.requests.recv().unwrap()
    }
}

fn read_request(connection: &TcpStream) -> String {
    let mut reader = BufReader::new(connection);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") && 0 < reader.read_line(&mut head).unwrap() {
        let line = head.lines().last().unwrap_or("").to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head.replace("\r\n", "\n") + &String::from_utf8(body).unwrap()
}

/// The outcome in one word with its reason.
fn outcome(delivery: Delivery) -> String {
    match delivery {
        Delivery::Accepted { reference } => format!("accepted: {reference}"),
        Delivery::Temporary { reason, .. } => format!("temporary: {reason}"),
        Delivery::Refused { reason } => format!("refused: {reason}"),
        Delivery::Unknown { reason } => format!("unknown: {reason}"),
    }
}

#[test]
fn the_request_is_a_contract() {
    let receiver = Receiver::answering("204 No Content", "");
    webhook().send(&receiver.channel(Some("one")), &message());
    let request = receiver.request();
    let varies = |it: &&str| !["host:", "content-length:"].iter().any(|name| it.starts_with(name));
    let lines: Vec<&str> = request.lines().filter(varies).collect();
    expect![[r#"
        POST /hook HTTP/1.1
        idempotency-key: key-1
        nines-signature: t=1770091506,v1=7f7a8fa77191d92877a72d01332853dca121cf2332fc5db4dad13dadb3bc599f
        content-type: application/json
        accept: */*
        user-agent: nines/0.1.0
        accept-encoding: gzip

        {"key":"key-1","thread":"alert/checkout","person":"ana","urgency":"page","subject":"checkout burns its budget 14.4×","text":"Since 04:01 checkout fails.\nRunbook: <checkout & payments>","ack_url":"http://localhost:9999/ack/abc?x=1&y=2","decided_at":"2026-02-03T04:05:06Z","possible_repeat":false,"details":{"service":"checkout"}}"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn the_signature_is_that_of_the_documentation() {
    // `printf '1700000000.{}' | openssl dgst -sha256 -hmac s3cret`
    let one = signature::header(&["s3cret".to_owned()], 1_700_000_000, b"{}");
    expect!["t=1700000000,v1=97926816e98fbb41ccb1673225ff29a2f35369099990e1b1561651e7bd097ebf"]
        .assert_eq(&one);
    let values = ["new".to_owned(), "s3cret".to_owned()];
    let two = signature::header(&values, 1_700_000_000, b"{}");
    let old = one.strip_prefix("t=1700000000").unwrap();
    assert!(two.ends_with(old) && two.matches(",v1=").count() == 2, "{two}");
}

#[test]
fn every_status_has_its_meaning() {
    let mut out = String::new();
    for status in [
        "200 OK",
        "202 Accepted",
        "302 Found",
        "400 Bad Request",
        "404 Not Found",
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ] {
        let receiver = Receiver::answering(status, "{\"error\":\n\"why\"}");
        out += &outcome(webhook().send(&receiver.channel(None), &message()));
        out += "\n";
    }
    expect![[r#"
        accepted: HTTP 200
        accepted: HTTP 202
        refused: the receiver answered 302 Found: {"error": "why"}; it is not followed: configure the final URL
        refused: the receiver answered 400 Bad Request: {"error": "why"}
        refused: the receiver answered 404 Not Found: {"error": "why"}
        temporary: the receiver answered 408 Request Timeout: {"error": "why"}
        temporary: the receiver answered 425 Too Early: {"error": "why"}
        temporary: the receiver answered 429 Too Many Requests: {"error": "why"}
        temporary: the receiver answered 500 Internal Server Error: {"error": "why"}
        temporary: the receiver answered 503 Service Unavailable: {"error": "why"}
    "#]].assert_eq(&out);
}

#[test]
fn nothing_sent_is_temporary_and_nothing_heard_is_unknown() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/token-in-the-path");
    let unreachable = Channel::Webhook { url, secret: None };
    let said = outcome(webhook().send(&unreachable, &message()));
    assert!(said.starts_with("temporary: no connection: "), "{said}");
    assert!(!said.contains("token-in-the-path"), "{said}");

    let receiver = Receiver::start(vec![Behaviour::HangUp]);
    let said = outcome(webhook().send(&receiver.channel(None), &message()));
    assert!(said.starts_with("unknown: sent, but no answer: "), "{said}");

    let receiver = Receiver::start(vec![Behaviour::Stall]);
    let hasty = WebhookNotifier { caller: caller().hasty(Duration::from_millis(300)), ..webhook() };
    let said = outcome(hasty.send(&receiver.channel(None), &message()));
    assert!(said.starts_with("unknown: sent, but no answer: "), "{said}");
}

#[test]
fn a_redirect_is_followed_on_the_same_host_only() {
    let redirect = |to: &str| {
        let head = "HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\nconnection: close\r\n";
        Behaviour::Answer(format!("{head}location: {to}\r\n\r\n"))
    };
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned();
    let receiver = Receiver::start(vec![redirect("/other"), Behaviour::Answer(ok)]);
    assert_eq!(outcome(webhook().send(&receiver.channel(None), &message())), "accepted: HTTP 200");
    receiver.request();
    let followed = receiver.request();
    assert!(followed.starts_with("POST /other ") && followed.contains("\"key-1\""), "{followed}");

    let elsewhere = Receiver::answering("200 OK", "");
    let receiver = Receiver::start(vec![redirect(&elsewhere.url())]);
    let said = outcome(webhook().send(&receiver.channel(None), &message()));
    assert!(said.starts_with("refused: the receiver answered 307"), "{said}");
    assert!(elsewhere.requests.try_recv().is_err(), "the other host heard of it");

    let receiver = Receiver::start(vec![redirect("/again")]);
    let said = outcome(webhook().send(&receiver.channel(None), &message()));
    assert!(said.starts_with("refused: the receiver answered 307"), "{said}");
}

#[test]
fn a_long_answer_is_read_up_to_the_limit() {
    let receiver = Receiver::answering("500 Internal Server Error", &"x".repeat(1_000_000));
    let said = outcome(webhook().send(&receiver.channel(None), &message()));
    assert!(said.len() < 300, "{} bytes", said.len());
}

#[test]
fn channels_that_cannot_work_are_refused() {
    let check = |url: &str, secret: Option<&str>| {
        let secret = secret.map(str::to_owned);
        let channel = Channel::Webhook { url: url.to_owned(), secret };
        outcome(webhook().send(&channel, &message()))
    };
    let said = [
        check("not a url", None),
        check("ftp://example.org/", None),
        check("http://127.0.0.1:1/", Some("three")),
    ];
    expect![[r#"
        refused: not a usable address: builder error: relative URL without a base
        refused: not a usable address: builder error: URL scheme is not allowed
        refused: the channel names the secret `three`, which is unknown"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn secrets_have_one_or_two_values_and_are_not_printed() {
    for values in [&[][..], &[""], &["a", "b", "c"]] {
        let values = values.iter().map(|&it| it.to_owned()).collect();
        let secrets = BTreeMap::from([("broken".to_owned(), values)]);
        let error = WebhookNotifier::new(caller(), secrets).unwrap_err();
        assert!(error.to_string().contains("`broken`"), "{error}");
    }
    let shown = format!("{:?}", webhook());
    assert!(!shown.contains("s3cret"), "{shown}");
}
