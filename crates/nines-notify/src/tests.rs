//! The contract of the port, for every adapter, and what the tests of adapters share.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use nines_port::{
    Channel, Delivery, Message, Notifier, Place, StepOutcome, StepRequest, StepRunner, Urgency,
    VirtualClock,
};

use crate::smtp::tests::{Script, Sink};
use crate::webhook::tests::Receiver;
use crate::{
    Channels, HttpCaller, InboxNotifier, ProviderNotifier, Receivers, SmtpConfig, SmtpNotifier,
    Tls, WebhookNotifier,
};

pub(crate) const DECIDED_AT: &str = "2026-02-03T04:05:06Z";

pub(crate) fn message() -> Message {
    Message {
        key: "key-1".to_owned(),
        thread: "alert/checkout".to_owned(),
        person: "ana".to_owned(),
        urgency: Urgency::Page,
        subject: "checkout burns its budget 14.4×".to_owned(),
        text: "Since 04:01 checkout fails.\nRunbook: <checkout & payments>".to_owned(),
        ack_url: Some("http://localhost:9999/ack/abc?x=1&y=2".to_owned()),
        decided_at: DECIDED_AT.parse().unwrap(),
        possible_repeat: false,
        place: Place::New,
        is_over: false,
        details: BTreeMap::from([("service".to_owned(), "checkout".to_owned())]),
        payload: None,
    }
}

/// One for all tests: the certificates of the machine are read once.
static CALLER: LazyLock<HttpCaller> = LazyLock::new(|| {
    let at: Timestamp = DECIDED_AT.parse().unwrap();
    HttpCaller::new(Arc::new(VirtualClock::starting_at(at))).unwrap()
});

pub(crate) fn caller() -> HttpCaller {
    CALLER.clone()
}

/// A program that never runs.
#[derive(Debug)]
pub(crate) struct NoRunner;

impl StepRunner for NoRunner {
    fn run(&self, _: &StepRequest) -> StepOutcome {
        unreachable!("no account has a program")
    }
}

fn channels(smtp: Option<SmtpNotifier>) -> Channels {
    Channels {
        inbox: InboxNotifier,
        webhook: webhook(),
        smtp,
        providers: ProviderNotifier::new(caller(), Arc::new(NoRunner), BTreeMap::new()),
        receivers: Receivers::new(caller(), BTreeMap::new()),
    }
}

pub(crate) fn webhook() -> WebhookNotifier {
    let secrets = BTreeMap::from([
        ("one".to_owned(), vec!["s3cret".to_owned()]),
        ("two".to_owned(), vec!["new".to_owned(), "old".to_owned()]),
    ]);
    WebhookNotifier::new(caller(), secrets).unwrap()
}

pub(crate) fn smtp(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        username: None,
        password: None,
        from: "nines <nines@example.org>".to_owned(),
    }
}

pub(crate) fn email() -> Channel {
    Channel::Email { address: "ana@example.org".to_owned() }
}

/// A good channel accepts, with an unchanged answer for a repeat; a channel of another kind is refused.
fn check_contract(notifier: &dyn Notifier, good: &Channel, other: Option<&Channel>) {
    let repeat = Message { possible_repeat: true, ..message() };
    for message in [message(), repeat] {
        let delivery = notifier.send(good, &message);
        assert!(matches!(delivery, Delivery::Accepted { .. }), "{good}: {delivery:?}");
    }
    let deduplicates = notifier.deduplicates(good);
    assert_eq!(deduplicates, !matches!(good, Channel::Email { .. }), "{good}");
    if let Some(other) = other {
        let delivery = notifier.send(other, &message());
        assert!(matches!(delivery, Delivery::Refused { .. }), "{other}: {delivery:?}");
        assert!(!notifier.deduplicates(other), "{other}");
    }
}

#[test]
fn the_inbox_keeps_the_contract() {
    check_contract(&InboxNotifier, &Channel::Inbox, Some(&email()));
}

#[test]
fn webhooks_keep_the_contract() {
    let receiver = Receiver::answering("200 OK", "");
    check_contract(&webhook(), &receiver.channel(Some("one")), Some(&Channel::Inbox));
}

#[test]
fn mail_keeps_the_contract() {
    let sink = Sink::start(Script::accepting());
    let notifier = SmtpNotifier::new(smtp(sink.port)).unwrap();
    check_contract(&notifier, &email(), Some(&Channel::Inbox));
}

#[test]
fn all_channels_together_keep_the_contract() {
    let receiver = Receiver::answering("202 Accepted", "");
    let sink = Sink::start(Script::accepting());
    let mail = SmtpNotifier::new(smtp(sink.port)).unwrap();
    let channels = channels(Some(mail));
    for channel in [Channel::Inbox, receiver.channel(None), email()] {
        check_contract(&channels, &channel, None);
    }
}

#[test]
fn mail_without_a_server_is_refused_with_the_reason() {
    let channels = channels(None);
    check_contract(&channels, &Channel::Inbox, Some(&email()));
    let Delivery::Refused { reason } = channels.send(&email(), &message()) else {
        panic!("not refused")
    };
    assert_eq!(reason, "no SMTP server is configured: add `smtp` to the Notify document");
}

#[test]
fn a_message_can_be_sent_from_many_threads_at_once() {
    let receiver = Receiver::answering("200 OK", "");
    let (notifier, channel) = (webhook(), receiver.channel(None));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let delivery = notifier.send(&channel, &message());
                assert!(matches!(delivery, Delivery::Accepted { .. }), "{delivery:?}");
            });
        }
    });
}
