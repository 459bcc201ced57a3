use std::sync::atomic::Ordering;

use serde_json::json;

use super::{Outgoing, QUEUE_MAX, urgency};
use nines_base::Labels;
use nines_port::Urgency;

#[test]
fn a_full_queue_drops_the_oldest_and_counts_them() {
    let outgoing = Outgoing::default();
    outgoing.push((0..QUEUE_MAX).map(|it| json!(it)));
    outgoing.push([json!("new"), json!("newer")]);
    assert_eq!((outgoing.len(), outgoing.dropped_total.load(Ordering::Relaxed)), (QUEUE_MAX, 2));
    assert_eq!(outgoing.take(2), [json!(2), json!(3)]);
    assert_eq!(outgoing.take(QUEUE_MAX).last(), Some(&json!("newer")));
    assert_eq!(outgoing.take(1), Vec::<serde_json::Value>::new());
}

#[test]
fn only_severe_alerts_may_wake_somebody() {
    for (severity, expected) in [
        ("page", Urgency::Page),
        ("critical", Urgency::Page),
        ("warning", Urgency::Ticket),
        ("", Urgency::Ticket),
    ] {
        let labels = Labels::empty().with("severity", severity);
        assert_eq!(urgency(&labels), expected, "{severity}");
    }
}
