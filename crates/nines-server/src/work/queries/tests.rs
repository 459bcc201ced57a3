use nines_slo::Slo;

use super::*;

fn slo(by: &str) -> Slo {
    let text = format!(
        "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: a/b}}\nspec:\n  sli: {{counter: {{bad: b, total: t}}}}\n  objective: 99%\n  window: 7d\n{by}"
    );
    let file = nines_spec::SourceFile { path: "a.yaml".to_owned(), text };
    nines_spec::read_files(vec![file]).spec.slos.remove(0)
}

fn seen() -> Standing {
    Standing { has_seen_good: true, ..Standing::default() }
}

fn labels(region: &str) -> Labels {
    Labels::new([("region", region), ("pod", "p")]).unwrap()
}

fn group(region: &str) -> Labels {
    Labels::new([("region", region)]).unwrap()
}

#[test]
fn slices_in_a_row_are_one_query_and_a_gap_ends_it() {
    let due = |slo: &str, minute: i64| DueSlice {
        slo: slo.parse().unwrap(),
        end: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute),
        width: SignedDuration::from_mins(1),
    };
    let runs = runs(&[due("a/b", 1), due("a/b", 2), due("c/d", 7), due("a/b", 4)]);
    let minutes = |it: &Run| (it.first_ms / 60_000, it.last_ms / 60_000);
    let found: Vec<_> = runs.iter().map(|(name, it)| (name.to_string(), minutes(it))).collect();
    assert_eq!(found, [("a/b".to_owned(), (1, 2)), ("c/d".to_owned(), (7, 7))]);
    let ends: Vec<i64> = Run { first_ms: 10, last_ms: 30, width_ms: 10 }.ends().collect();
    assert_eq!(ends, [10, 20, 30]);
}

#[test]
fn the_length_of_a_slice_stands_in_the_query() {
    assert_eq!(written("sum(increase(x[$slice]))", 90_000), "sum(increase(x[1m30s]))");
}

#[test]
fn events_are_those_of_all_series_and_of_each_group() {
    let (eu, us) = (labels("eu"), labels("us"));
    let total = [(&eu, 10.4), (&us, 5.0)];
    let good = [(&eu, 9.6)];
    let alone = events(&slo(""), &total, &good, &seen()).unwrap();
    assert_eq!(alone, [(Labels::empty(), Outcome::Events { good: 10, total: 15 })]);
    let grouped = events(&slo("  by: [region]\n"), &total, &good, &seen()).unwrap();
    assert_eq!(
        grouped,
        [
            (Labels::empty(), Outcome::Events { good: 10, total: 15 }),
            (group("eu"), Outcome::Events { good: 10, total: 10 }),
            (group("us"), Outcome::Events { good: 0, total: 5 }),
        ]
    );
}

#[test]
fn good_events_that_were_never_seen_are_no_data_and_absent_ones_are_none() {
    let all = Labels::empty();
    let total = [(&all, 5.0)];
    let no_data = vec![(Labels::empty(), Outcome::NoData)];
    assert_eq!(events(&slo(""), &total, &[], &Standing::default()), Ok(no_data.clone()));
    let none = Outcome::Events { good: 0, total: 5 };
    assert_eq!(events(&slo(""), &total, &[], &seen()), Ok(vec![(Labels::empty(), none)]));
    assert_eq!(events(&slo(""), &[], &total, &seen()), Ok(no_data));
    assert_eq!(whole(f64::NAN), Ok(0), "0 / 0 is no event");
    assert!(whole(-1.0).is_err());
    assert!(whole(f64::INFINITY).is_err());
}

#[test]
fn several_values_at_once_are_a_mistake_of_the_query() {
    let (all, eu) = (Labels::empty(), labels("eu"));
    let one = values(&slo(""), &[(&all, 0.5)], Outcome::Ratio);
    assert_eq!(one, Ok(vec![(Labels::empty(), Outcome::Ratio(0.5))]));
    assert!(values(&slo(""), &[(&all, 0.5), (&eu, 0.5)], Outcome::Ratio).is_err());
    let grouped = slo("  by: [region]\n");
    assert!(values(&grouped, &[(&eu, 0.5)], Outcome::Ratio).is_err(), "nothing for all");
    let both = values(&grouped, &[(&all, 0.4), (&eu, 0.5)], Outcome::Value).unwrap();
    assert_eq!(both, [(Labels::empty(), Outcome::Value(0.4)), (group("eu"), Outcome::Value(0.5))]);
}
