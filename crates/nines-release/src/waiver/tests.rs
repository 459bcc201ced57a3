use super::*;
use crate::decision::ChangeKind;
use crate::testing::{minute, tier1};

fn request() -> Waive {
    let text = |it: &str| it.to_owned();
    Waive {
        service: text("checkout"),
        env: text("prod"),
        version: text("v2.33"),
        reason: text("fixes the leak"),
        evidence: text("INC-42"),
        requested_by: text("ana"),
        author: text("ana"),
        approved_by: text("ben"),
        expires: None,
    }
}

fn ask(waivers: &[Waiver], request: Waive) -> Result<Waiver, WaiverRefusal> {
    let id = WaiverId::from_parts(minute(5), waivers.len() as u128);
    decide_waiver(&Rulebook::default(), &tier1(), waivers, request, id, minute(5))
}

fn used(version: &str) -> Waiver {
    ask(&[], Waive { version: version.to_owned(), ..request() }).unwrap()
}

#[test]
fn an_override_lets_one_version_through_for_a_while() {
    let waiver = used("v2.33");
    let change = Change {
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some("v2.33".to_owned()),
        sha: None,
        kind: ChangeKind::Code,
    };
    let until = minute(5 + 4 * 60);
    assert!(waiver.covers(&change, minute(5)));
    assert!(waiver.covers(&change, until - SignedDuration::from_secs(1)));
    assert!(!waiver.covers(&change, until));
    assert!(!waiver.covers(&change, minute(4)));
    let others = [
        Change { version: Some("v2.34".to_owned()), ..change.clone() },
        Change { version: None, ..change.clone() },
        Change { env: "staging".to_owned(), ..change.clone() },
        Change { service: "cart".to_owned(), ..change },
    ];
    assert!(others.iter().all(|it| !waiver.covers(it, minute(5))));
}

#[test]
fn nobody_approves_for_themselves() {
    let refused = |requested_by: &str, author: &str| {
        let (requested_by, author) = (requested_by.to_owned(), author.to_owned());
        let refusal = ask(&[], Waive { requested_by, author, ..request() });
        matches!(refusal, Err(WaiverRefusal::OwnApproval { .. }))
    };
    assert!(refused("ben", "ana"));
    assert!(refused("ana", "ben"));
    assert!(!refused("ana", "cyd"));
}

#[test]
fn only_approvers_approve_and_beyond_the_quota_only_higher_ones() {
    let by = |who: &str| Waive { approved_by: who.to_owned(), ..request() };
    assert!(matches!(ask(&[], by("eve")), Err(WaiverRefusal::NotApprover { .. })));
    let two = [used("v1"), used("v2")];
    assert!(matches!(ask(&two, by("ben")), Err(WaiverRefusal::NoneLeft { quota: 2, .. })));
    assert_eq!(ask(&two, by("cto")).unwrap().approved_by, "cto");
    assert_eq!(quota_left(&tier1(), &two, "checkout", minute(5)), Some(0));
    let next_quarter = minute(100 * 24 * 60);
    assert_eq!(quota_left(&tier1(), &two, "checkout", next_quarter), Some(2));
    assert_eq!(quota_left(&tier1(), &two, "cart", minute(5)), Some(2));
}

#[test]
fn everything_must_be_told_and_nothing_lasts_long() {
    let blank = Waive { reason: " ".to_owned(), ..request() };
    assert_eq!(ask(&[], blank), Err(WaiverRefusal::Missing { what: "a reason" }));
    let unproven = Waive { evidence: String::new(), ..request() };
    assert!(matches!(ask(&[], unproven), Err(WaiverRefusal::Missing { .. })));
    for hours in [0, 5, -1] {
        let expires = Some(SignedDuration::from_hours(hours));
        let refused = ask(&[], Waive { expires, ..request() });
        assert!(matches!(refused, Err(WaiverRefusal::BadExpiry { .. })), "{hours} h");
    }
    let mut policy = tier1();
    policy.overrides.as_mut().unwrap().expires = SignedDuration::from_hours(1_000);
    let id = WaiverId::from_parts(minute(5), 1);
    let waiver = decide_waiver(&Rulebook::default(), &policy, &[], request(), id, minute(5));
    assert_eq!(waiver.unwrap().until, minute(5) + EXPIRES_MAX);
}

#[test]
fn a_policy_without_overrides_has_none_and_one_version_needs_one() {
    let mut policy = tier1();
    policy.overrides = None;
    let id = WaiverId::from_parts(minute(5), 1);
    let refused = decide_waiver(&Rulebook::default(), &policy, &[], request(), id, minute(5));
    assert!(matches!(refused, Err(WaiverRefusal::NotAllowed { .. })));
    let one = [used("v2.33")];
    assert!(matches!(ask(&one, request()), Err(WaiverRefusal::Exists { .. })));
}
