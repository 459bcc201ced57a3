use expect_test::expect;
use nines_slo::Counts;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

/// Slices of a minute with 100 events each.
fn slices(bad: &[u64]) -> Vec<Slice> {
    let slice = |(minute, bad): (i64, &u64)| Slice {
        from: at(minute),
        to: at(minute + 1),
        counts: Counts { total: 100, bad: *bad },
        known: SignedDuration::from_mins(1),
    };
    (0..).zip(bad).map(slice).collect()
}

fn print(stretches: &[Stretch]) -> String {
    let line = |it: &Stretch| {
        format!("{}–{} {}/{}", it.from.as_second() / 60, it.to.as_second() / 60, it.bad, it.total)
    };
    stretches.iter().map(line).collect::<Vec<_>>().join(", ")
}

#[test]
fn short_pauses_belong_to_a_stretch_and_long_ones_end_it() {
    let target = "99%".parse().unwrap();
    let found = runs(&slices(&[0, 5, 1, 0, 7, 0, 0, 0, 2, 1]), target);
    expect!["1–5 13/400, 8–9 2/100"].assert_eq(&print(&found));
    assert_eq!(runs(&slices(&[1, 1, 0]), target), [], "as fast as the budget lasts is not faster");
    expect!["1–9 15/500"].assert_eq(&print(&[whole(&found).unwrap()]));
}

#[test]
fn changes_shortly_before_and_incidents_during_a_stretch_are_named_with_it() {
    let named = |name: &str, from, to| Named {
        cause: Cause { name: name.to_owned(), severity: 2, from: at(from), to: at(to) },
        text: name.to_owned(),
    };
    let causes = Causes {
        incidents: vec![named("INC-2", 95, 130), named("INC-1", 0, 100)],
        deploys: Vec::new(),
        changes: vec![
            (at(121), "deploy v3 (02:01)".to_owned()),
            (at(98), "deploy v2 (01:38)".to_owned()),
            (at(60), "deploy v1 (01:00)".to_owned()),
        ],
    };
    assert_eq!(causes.during(at(100), at(120)), ["deploy v2 (01:38)", "INC-2"]);
}
