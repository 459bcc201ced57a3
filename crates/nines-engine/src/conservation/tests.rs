use expect_test::expect;
use nines_alert::dispatch::Incoming;
use nines_base::Labels;

use super::*;
use crate::alerts::tests::Lab;
use crate::engine::tests::second;

fn alert(pairs: &[(&str, &str)], ends_at: i64) -> Incoming {
    Incoming {
        labels: Labels::new(pairs.iter().copied()).unwrap(),
        annotations: BTreeMap::new(),
        starts_at: Some(second(0)),
        ends_at: Some(second(ends_at)),
        generator_url: String::new(),
        detail: None,
    }
}

/// A journal of alerts that were told, that ended, and one that waits.
fn facts() -> Vec<(Fact, Timestamp)> {
    let mut lab = Lab::new();
    lab.post(&[alert(&[("alertname", "Disk")], 4_000), alert(&[("alertname", "Fan")], 4_000)], 0);
    lab.delivered(40);
    lab.post(&[alert(&[("alertname", "Disk")], 100), alert(&[("alertname", "Fan")], 100)], 100);
    lab.post(&[alert(&[("alertname", "Fan")], 4_000)], 120);
    lab.delivered(400);
    lab.post(&[alert(&[("alertname", "Late")], 4_000)], 401);
    lab.dispatched()
}

fn audited(facts: &[(Fact, Timestamp)]) -> Conservation {
    let mut auditor = Auditor::default();
    for (fact, at) in facts {
        auditor.read(fact, *at);
    }
    auditor.finish()
}

#[test]
fn every_transition_is_in_one_bucket() {
    let Conservation { transitions, buckets, problems, .. } = audited(&facts());
    expect![[r#"
        6 {
            "known already": 2,
            "on its way": 1,
            "told": 3,
        } []"#]]
    .assert_eq(&format!("{transitions} {buckets:#?} {problems:?}"));
}

#[test]
fn a_tick_that_is_lost_shows() {
    let facts = facts();
    for (place, (fact, _)) in facts.iter().enumerate() {
        let mut without = facts.clone();
        without.remove(place);
        // What began long after must show that the tick is late.
        without.push((Fact::Expired(Vec::new()), second(4_000)));
        let found = audited(&without).problems_total;
        if matches!(fact, Fact::Flushed(_)) {
            assert_ne!(found, 0, "{fact:?}");
        }
    }
}
