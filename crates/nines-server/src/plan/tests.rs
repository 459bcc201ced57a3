use super::*;

fn plan(id: usize, made_at: Timestamp) -> Plan {
    Plan {
        id: format!("p-{id}"),
        made_at,
        base: Base { revision: String::new(), number: None },
        revision: String::new(),
        changes: Vec::new(),
        findings: Vec::new(),
        rendered: String::new(),
        summary: Summary::default(),
        gaps: Vec::new(),
        not_applicable: None,
    }
}

#[test]
fn plans_make_room_for_newer_ones_and_end_after_a_day() {
    let start: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
    let mut plans = Plans::default();
    for id in 0..PLANS_MAX {
        let minutes = i64::try_from(id).unwrap();
        assert!(plans.keep(plan(id, start + SignedDuration::from_mins(minutes))).is_empty());
    }
    assert_eq!(plans.keep(plan(99, start + SignedDuration::from_hours(1))), ["p-0"]);
    assert!(plans.get("p-0").is_none() && plans.get("p-1").is_some());
    let gone = plans.keep(plan(100, start + SignedDuration::from_hours(48)));
    assert_eq!(gone.len(), PLANS_MAX);
    assert!(plans.take("p-100").is_some() && plans.take("p-100").is_none());
}
