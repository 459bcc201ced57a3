use nines_alert::AlertKey;
use nines_base::{Id, Labels};
use proptest::prelude::*;

use super::*;

fn outgoing(purpose: Purpose, urgency: Urgency) -> Outgoing {
    let at = Timestamp::UNIX_EPOCH;
    let intent = Intent {
        id: "esc_1/0.0.ana.0".to_owned(),
        escalation: Some(Id::from_parts(at, 1)),
        alert: AlertKey::of(&Labels::empty()),
        purpose,
        urgency,
        person: "ana".to_owned(),
        channel: Channel::Inbox,
        due: at,
        subject: "subject".to_owned(),
        text: "text".to_owned(),
        details: BTreeMap::new(),
        notice: None,
        payload: None,
    };
    Outgoing::new(intent.into(), at, 1)
}

fn email() -> Channel {
    Channel::Email { address: "ana@example.org".to_owned() }
}

fn over(channel: Channel, it: Outgoing) -> Outgoing {
    let intent = Intent { channel, ..Intent::clone(&it.intent) };
    Outgoing { intent: intent.into(), ..it }
}

fn temporary() -> Delivery {
    Delivery::Temporary { reason: "503".to_owned(), after: None }
}

fn unknown() -> Delivery {
    Delivery::Unknown { reason: "no answer".to_owned() }
}

/// Sends at every due time with the same answer; gives the times in milliseconds, and the last phase.
fn attempts(mut it: Outgoing, delivery: &Delivery) -> (Vec<i64>, Phase) {
    let mut times = Vec::new();
    while let Some(now) = it.not_before() {
        let started = it.start(now).unwrap();
        it.evolve(&started, now);
        let received = it.receive(it.attempts, delivery.clone(), now, 0.5).unwrap();
        it.evolve(&received, now);
        times.push(now.as_millisecond());
        assert!(times.len() < 200, "retries must end");
    }
    (times, it.phase)
}

#[test]
fn temporary_failures_are_retried_with_growing_waits_until_the_deadline() {
    let (times, last) = attempts(outgoing(Purpose::Page, Urgency::Page), &temporary());
    assert_eq!(times[..5], [0, 500, 1_250, 2_375, 4_062]);
    let waits: Vec<i64> = times.windows(2).map(|it| it[1] - it[0]).collect();
    assert!(waits.iter().all(|it| *it <= 60_000), "{waits:?}");
    assert!(540_000 < *times.last().unwrap() && *times.last().unwrap() <= 600_000, "{times:?}");
    assert!(matches!(last, Phase::Failed { .. }));
}

#[test]
fn an_unknown_page_is_repeated_once_and_marked_an_unknown_notice_never() {
    let mail = |purpose, urgency| over(email(), outgoing(purpose, urgency));
    let (times, last) = attempts(mail(Purpose::Page, Urgency::Page), &unknown());
    assert_eq!((times.len(), matches!(last, Phase::Unknown { .. })), (2, true));
    let (times, last) = attempts(mail(Purpose::Resolved, Urgency::Ticket), &unknown());
    assert_eq!((times.len(), matches!(last, Phase::Unknown { .. })), (1, true));
}

#[test]
fn where_repeats_are_dropped_an_unknown_message_is_sent_until_it_is_known() {
    let hook = Channel::Receiver {
        receiver: "chat".to_owned(),
        integration: 0,
        kind: "pagerduty".to_owned(),
    };
    let (times, _) = attempts(over(hook, outgoing(Purpose::Notice, Urgency::Ticket)), &unknown());
    assert!(20 < times.len(), "{times:?}");
}

#[test]
fn what_goes_first_is_the_class() {
    let class = |purpose, urgency| outgoing(purpose, urgency).intent.class();
    let pager = Channel::Receiver {
        receiver: "on-call".to_owned(),
        integration: 1,
        kind: "pagerduty".to_owned(),
    };
    let pager = over(pager, outgoing(Purpose::Notice, Urgency::Ticket)).intent.class();
    let classes = [
        class(Purpose::Page, Urgency::Page),
        pager,
        class(Purpose::Told, Urgency::Ticket),
        class(Purpose::Page, Urgency::Ticket),
        class(Purpose::Notice, Urgency::Ticket),
        class(Purpose::Resolved, Urgency::Ticket),
    ];
    assert!(classes.is_sorted(), "{classes:?}");
    assert_eq!((classes[0], classes[1]), (Class::Page, Class::Page));
}

#[derive(Debug, Clone)]
enum Deed {
    Start,
    Receive(u8),
    Lose,
    Cancel,
    Move(i64),
    Pass(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Start),
        4 => (0_u8..4).prop_map(Deed::Receive),
        1 => Just(Deed::Lose),
        1 => Just(Deed::Cancel),
        1 => (0_i64..40).prop_map(Deed::Move),
        4 => (0_i64..400).prop_map(Deed::Pass),
    ]
}

proptest! {
    /// A message is on its way, waits for a time that comes, or has one end that stays; and it is sent again after
    /// an unknown outcome at most once, where repeats are seen.
    #[test]
    fn no_message_is_lost(deeds in prop::collection::vec(deed(), 1..60), is_mail: bool) {
        let channel = if is_mail { email() } else { Channel::Inbox };
        let mut it = over(channel, outgoing(Purpose::Page, Urgency::Page));
        let mut now = Timestamp::UNIX_EPOCH;
        let mut marked = 0;
        for deed in deeds {
            let reason = "it is so".to_owned();
            let fact = match deed {
                Deed::Start => it.start(now),
                Deed::Receive(how) => {
                    let delivery = match how {
                        0 => Delivery::Accepted { reference: String::new() },
                        1 => Delivery::Refused { reason },
                        2 => temporary(),
                        _ => unknown(),
                    };
                    it.receive(it.attempts, delivery, now, 0.5)
                }
                Deed::Lose => it.lose_outcome(),
                Deed::Cancel => it.cancel(CancelReason::Resolved),
                Deed::Move(seconds) => {
                    it.move_to(now + SignedDuration::from_secs(seconds), MoveReason::ProviderFails)
                }
                Deed::Pass(seconds) => {
                    now += SignedDuration::from_secs(seconds);
                    None
                }
            };
            let before = it.clone();
            let Some(fact) = fact else { continue };
            it.evolve(&fact, now);
            prop_assert!(!before.is_closed(), "an end stays: {before:?} {fact:?}");
            match &it.phase {
                Phase::Waiting { not_before } => {
                    let latest = now + RETRY_MAX * 2;
                    prop_assert!(*not_before <= latest, "{not_before} is too late");
                }
                Phase::Sending => {
                    marked += u32::from(it.possible_repeat);
                    prop_assert!(it.attempts == before.attempts + 1);
                }
                Phase::Accepted { .. } | Phase::Unknown { .. } => {
                    prop_assert!(before.phase == Phase::Sending);
                }
                Phase::Failed { reason, .. } => prop_assert!(!reason.is_empty()),
                Phase::Cancelled { .. } => prop_assert!(before.phase != Phase::Sending),
            }
            if is_mail && it.possible_repeat && it.is_closed() {
                prop_assert!(marked <= it.attempts);
            }
        }
    }
}

#[test]
fn a_refusal_is_final_and_a_late_receipt_is_no_news() {
    let refused = Delivery::Refused { reason: "404".to_owned() };
    let (times, last) = attempts(outgoing(Purpose::Page, Urgency::Page), &refused);
    assert_eq!((times.len(), matches!(last, Phase::Failed { .. })), (1, true));

    let mut it = outgoing(Purpose::Page, Urgency::Page);
    let now = Timestamp::UNIX_EPOCH;
    let started = it.start(now).unwrap();
    it.evolve(&started, now);
    assert_eq!(it.receive(2, temporary(), now, 0.5), None, "of another attempt");
    assert_eq!(it.cancel(CancelReason::Resolved), None, "it is on its way");
}
