use jiff::Timestamp;
use nines_alert::silence::{Phase, Terms};
use nines_base::Matcher;

use super::*;
use crate::alerts::tests::{Lab, alert, until};
use crate::engine::tests::second;

fn terms(from: i64, to: i64) -> Terms {
    let set = vec![Matcher::equal("alertname", "Disk")];
    let terms = Terms::new(vec![set], second(from), second(to));
    Terms { author: "ana".to_owned(), reason: "rack moves".to_owned(), ..terms }
}

fn silence(lab: &mut Lab, terms: Terms, at: i64) -> SilenceId {
    let command = Command::Set { id: None, terms: Box::new(terms) };
    match lab.ask(crate::Command::Silence(command), at) {
        Ok(Reply::Silence(id)) => id,
        other => panic!("a silence was asked for: {other:?}"),
    }
}

fn end_of(lab: &Lab, id: SilenceId) -> Option<(Timestamp, Why)> {
    let state = lab.engine.published().read();
    let ended = state.silences.get(id).and_then(|it| it.ended.clone());
    ended.map(|it| (it.at, it.why))
}

#[test]
fn a_silenced_alert_is_told_when_the_silence_is_over() {
    let mut lab = Lab::new();
    let id = silence(&mut lab, terms(0, 320), 0);
    lab.post(&[until(&alert("Disk", &[]), 9_000)], 1);
    assert_eq!(lab.delivered(31), [""; 0]);
    // The next tick is at 331.
    assert_eq!(lab.delivered(331), [r#"hook by webhook: [firing:1] {alertname="Disk"}"#]);
    assert_eq!(end_of(&lab, id), Some((second(320), Why::Time)));
}

#[test]
fn a_silence_until_resolved_ends_after_its_last_alert() {
    let mut lab = Lab::new();
    let (one, two) = (alert("Disk", &[("host", "a")]), alert("Disk", &[("host", "b")]));
    lab.post(&[until(&one, 100)], 1);
    let until_resolved = Terms { ending: Ending::Resolved, ..terms(2, 9_000) };
    let id = silence(&mut lab, until_resolved, 2);
    lab.post(&[until(&two, 700)], 50);
    // One ends, the other fires on.
    assert_eq!(lab.delivered(650), [""; 0]);
    assert_eq!(end_of(&lab, id), None);
    lab.delivered(999);
    assert_eq!(end_of(&lab, id), None);
    lab.delivered(1_001);
    assert_eq!(end_of(&lab, id), Some((second(1_000), Why::Resolved)));
}

#[test]
fn a_silence_until_resolved_that_hides_nothing_ends_soon() {
    let mut lab = Lab::new();
    let until_resolved = Terms { ending: Ending::Resolved, ..terms(2, 9_000) };
    let id = silence(&mut lab, until_resolved, 2);
    lab.delivered(500);
    assert_eq!(end_of(&lab, id), Some((second(302), Why::Resolved)));
}

#[test]
fn an_owner_hears_that_a_silence_wants_to_be_confirmed_and_that_it_ended() {
    let mut lab = Lab::new();
    let reviewed = Terms { confirm_by: Some(second(400)), ..terms(0, 9_000) };
    let id = silence(&mut lab, reviewed, 0);
    lab.post(&[until(&alert("Disk", &[]), 90_000)], 1);
    let reminded = lab.delivered(330);
    assert!(reminded.iter().any(|it| it.contains("unless somebody confirms it")), "{reminded:?}");
    let ended: Vec<String> = lab.delivered(640);
    assert!(ended.iter().any(|it| it.contains("nobody confirmed it")), "{ended:?}");
    assert!(ended.iter().any(|it| it.contains("Disk")), "{ended:?}");
    assert_eq!(end_of(&lab, id), Some((second(400), Why::Unconfirmed)));
}

#[test]
fn silences_survive_a_restart_and_what_is_due_meanwhile_happens() {
    let mut lab = Lab::new();
    let id = silence(&mut lab, terms(0, 320), 0);
    let state = lab.engine.published().read();
    assert_eq!(state.silences.get(id).unwrap().phase(second(10)), Phase::Active);
    assert_eq!(state.wake_at().map(Timestamp::as_second), Some(320));
}
