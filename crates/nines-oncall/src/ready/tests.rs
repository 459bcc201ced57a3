use super::*;
use crate::Rules;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// By mail twice, by a webhook, and by the inbox.
fn ana() -> Person {
    let contact = |channel| Contact { channel, delay: SignedDuration::ZERO };
    let mail = |address: &str| contact(Channel::Email { address: address.to_owned() });
    let hook = Channel::Webhook { url: "https://example.org/ana".to_owned(), secret: None };
    Person {
        name: "ana".to_owned(),
        contacts: vec![
            contact(Channel::Inbox),
            mail("ana@example.org"),
            mail("ana@example.com"),
            contact(hook),
        ],
        rules: Rules { zone: Some("Europe/Warsaw".to_owned()), ..Rules::default() },
        ..Person::default()
    }
}

fn works() -> ContactFacts {
    let at = Some(at("2026-06-01T00:00:00Z"));
    ContactFacts { verified_at: at, delivered_at: at, ..ContactFacts::default() }
}

#[track_caller]
fn check(person: &Person, facts: Option<&[ContactFacts]>, now: &str, expected: &str) {
    assert_eq!(readiness(person, facts, None, at(now)).to_string(), expected);
}

#[test]
fn two_kinds_that_work_and_a_delivery_are_ready() {
    let none = ContactFacts::default();
    let facts = [none, works(), none, works()];
    check(&ana(), Some(&facts), "2026-06-10T00:00:00Z", "ready");
    assert_eq!(readiness(&ana(), Some(&facts), None, at("2026-06-10T00:00:00Z")).contacts, 2);
    check(
        &ana(),
        Some(&facts),
        "2026-07-10T00:00:00Z",
        "nothing was delivered in the last 30 days",
    );
}

#[test]
fn one_kind_twice_is_one_provider_from_silence() {
    let none = ContactFacts::default();
    check(
        &ana(),
        Some(&[none, works(), works(), none]),
        "2026-06-10T00:00:00Z",
        "webhook is not verified; only email works; a second kind of contact is missing",
    );
}

#[test]
fn what_has_expired_or_is_disabled_does_not_count() {
    let expired = ContactFacts { token_expires_at: Some(at("2026-06-09T00:00:00Z")), ..works() };
    let disabled = ContactFacts { is_disabled: true, ..works() };
    check(
        &ana(),
        Some(&[works(), disabled, disabled, expired]),
        "2026-06-10T00:00:00Z",
        "email is disabled; email is disabled; the token of webhook expired 2026-06-09T00:00:00Z; \
         no contact is known to work",
    );
}

#[test]
fn what_nobody_knows_is_unknown_and_not_ready() {
    let unknown = readiness(&ana(), None, None, at("2026-06-10T00:00:00Z"));
    assert!(unknown.is_unknown() && !unknown.is_ready());
    let away =
        readiness(&ana(), None, Some(at("2026-06-20T00:00:00Z")), at("2026-06-10T00:00:00Z"));
    assert!(!away.is_unknown());
}

#[test]
fn the_inbox_wakes_nobody() {
    let mut ana = ana();
    ana.contacts.truncate(1);
    ana.rules.zone = None;
    check(
        &ana,
        Some(&[works()]),
        "2026-06-10T00:00:00Z",
        "the time zone is not known; no contact but the inbox, which wakes nobody",
    );
}

#[test]
fn a_drill_tries_what_was_not_heard_of_for_a_month() {
    let disabled = ContactFacts { is_disabled: true, ..ContactFacts::default() };
    let facts = [ContactFacts::default(), works(), disabled, ContactFacts::default()];
    assert_eq!(drills_due(&ana(), &facts, at("2026-06-10T00:00:00Z")), [3]);
    assert_eq!(drills_due(&ana(), &facts, at("2026-07-10T00:00:00Z")), [1, 3]);
}
