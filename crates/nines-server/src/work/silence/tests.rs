use expect_test::expect;
use jiff::SignedDuration;
use nines_base::{Labels, Sample, SampleBatch};
use nines_engine::Command;
use nines_port::SampleSink;

use super::Silence;
use crate::pages::tests::fixture::Fixture;

fn sentence(silence: &mut Silence, fixture: &Fixture, minutes: i64) -> String {
    let now = fixture.app.clock.now() + SignedDuration::from_mins(minutes);
    let observed = silence.observe(&fixture.app, now);
    observed.iter().map(|it| it.evidence.sentence.clone()).collect::<Vec<_>>().join("\n")
}

fn append(fixture: &Fixture, name: &str, minutes: i64) {
    let at_ms = (fixture.app.clock.now() + SignedDuration::from_mins(minutes)).as_millisecond();
    let labels = Labels::new([("__name__", name), ("code", "200")]).unwrap();
    let batch = SampleBatch::new(labels, vec![Sample { at_ms, value: 1.0 }]);
    fixture.app.metrics.append(&[batch]).unwrap();
}

#[tokio::test]
async fn nothing_was_ever_seen_and_a_metric_is_called_alike() {
    let fixture = Fixture::quiet();
    append(&fixture, "request_total", 0);
    let mut silence = Silence::default();
    assert_eq!(sentence(&mut silence, &fixture, 0), "");
    assert_eq!(sentence(&mut silence, &fixture, 9), "", "ten minutes are the default");
    expect!["its budget is unknown; no sample was ever seen; requests_total: there is no such metric (near: request_total); requests_total{code=\"500\"}: there is no such metric (near: request_total)"]
        .assert_eq(&sentence(&mut silence, &fixture, 10));
}

#[tokio::test]
async fn silence_counts_from_the_last_sample_and_ends_with_the_next() {
    let fixture = Fixture::quiet();
    append(&fixture, "requests_total", 0);
    let mut silence = Silence::default();
    assert_eq!(sentence(&mut silence, &fixture, 0), "");
    assert_eq!(sentence(&mut silence, &fixture, 9), "");
    let told = sentence(&mut silence, &fixture, 10);
    assert!(told.contains("the last sample is from 2026-11-24 03:00:00 UTC"), "{told}");
    assert!(
        told.contains("requests_total: matches 1 series, of which none has samples now"),
        "{told}"
    );
    append(&fixture, "requests_total", 11);
    assert_eq!(sentence(&mut silence, &fixture, 11), "");
}

#[tokio::test]
async fn while_nobody_listened_nothing_was_silent() {
    let fixture = Fixture::quiet();
    append(&fixture, "requests_total", -43);
    let mut silence = Silence::default();
    assert_eq!(sentence(&mut silence, &fixture, 0), "", "the first scrape is still under way");
    assert_eq!(sentence(&mut silence, &fixture, 9), "");
    assert!(sentence(&mut silence, &fixture, 10).contains("from 2026-11-24 02:17:00 UTC"));
}

#[tokio::test]
async fn what_was_told_before_a_restart_stays_told() {
    let fixture = Fixture::quiet();
    let mut silence = Silence::default();
    drop(sentence(&mut silence, &fixture, 0));
    let now = fixture.app.clock.now() + SignedDuration::from_mins(10);
    fixture.ask(Command::ObserveBurns(silence.observe(&fixture.app, now)));
    let firing = || fixture.app.engine.read(|state| state.firing().count());
    assert_eq!(firing(), 1);
    // The rules of Prometheus know nothing of it, and end nothing.
    let coverage = nines_engine::Coverage::Complete;
    fixture.ask(Command::ObserveRules { firing: Vec::new(), coverage });
    assert_eq!(firing(), 1);
    let mut silence = Silence::resume(&fixture.app);
    assert!(!sentence(&mut silence, &fixture, 10).is_empty());
}
