use nines_alert::AlertKey;
use nines_base::{Id, Labels};

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
    let (times, last) = attempts(outgoing(Purpose::Page, Urgency::Page), &unknown());
    assert_eq!((times.len(), matches!(last, Phase::Unknown { .. })), (2, true));
    let (times, last) = attempts(outgoing(Purpose::Resolved, Urgency::Ticket), &unknown());
    assert_eq!((times.len(), matches!(last, Phase::Unknown { .. })), (1, true));
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
