use super::*;

/// One body that holds these series.
fn body(memory: &mut SeriesMemory, names: &[&str], ends: Ends, at_ms: i64) -> (usize, Vec<String>) {
    memory.begin();
    let mut added = 0;
    for name in names {
        let labels = || match *name {
            "dropped" => Ok(None),
            // Two spellings of one series.
            other => Ok(Some(Labels::new([("__name__", other.trim_end())]).unwrap())),
        };
        let place = memory.find(name.as_bytes(), labels).unwrap();
        added += usize::from(memory.note(place, ends) == Found::Added);
    }
    (added, memory.settle(at_ms).iter().map(|it| it.labels.to_string()).collect())
}

#[test]
fn a_series_that_is_missing_ends_once() {
    let mut memory = SeriesMemory::default();
    assert_eq!(body(&mut memory, &["a", "b"], Ends::WhenMissing, 1), (2, vec![]));
    assert_eq!(body(&mut memory, &["b"], Ends::WhenMissing, 2), (0, vec!["a".to_owned()]));
    assert_eq!(body(&mut memory, &["b"], Ends::WhenMissing, 3), (0, vec![]));
    assert_eq!(
        body(&mut memory, &["a", "b"], Ends::WhenMissing, 4),
        (1, vec![]),
        "it may come back"
    );
}

#[test]
fn another_spelling_of_a_series_does_not_end_it() {
    let mut memory = SeriesMemory::default();
    body(&mut memory, &["a"], Ends::WhenMissing, 1);
    assert_eq!(body(&mut memory, &["a "], Ends::WhenMissing, 2), (0, vec![]));
    memory.begin();
    let found: Vec<Found> = ["a", "a "]
        .iter()
        .map(|it| {
            let place = memory.find(it.as_bytes(), || panic!("both are known")).unwrap();
            memory.note(place, Ends::WhenMissing)
        })
        .collect();
    assert_eq!(found, [Found::Known, Found::Again]);
}

#[test]
fn a_series_with_its_own_time_does_not_end() {
    let mut memory = SeriesMemory::default();
    body(&mut memory, &["a"], Ends::Never, 1);
    assert_eq!(body(&mut memory, &[], Ends::WhenMissing, 2), (0, vec![]));
    assert!(memory.end_all(3).is_empty());
}

#[test]
fn a_series_that_a_rule_drops_is_remembered_and_never_ends() {
    let mut memory = SeriesMemory::default();
    assert_eq!(body(&mut memory, &["dropped", "a"], Ends::WhenMissing, 1), (1, vec![]));
    memory.begin();
    let place = memory.find(b"dropped", || panic!("its labels are read once")).unwrap();
    assert_eq!(memory.note(place, Ends::WhenMissing), Found::Dropped);
    assert_eq!(memory.end_all(2).len(), 1, "a");
}

#[test]
fn the_memory_of_series_that_come_and_go_is_bounded() {
    let mut memory = SeriesMemory::default();
    for round in 0..5_000 {
        body(&mut memory, &["stays", &format!("a{round}")], Ends::WhenMissing, round);
    }
    assert!(memory.series.len() <= ENDED_MAX + 4, "{}", memory.series.len());
    assert!(memory.spellings.len() <= ENDED_MAX + 4 && memory.by_labels.len() <= ENDED_MAX + 4);
    assert_eq!(
        body(&mut memory, &["stays"], Ends::WhenMissing, 9_000),
        (0, vec!["a4999".to_owned()])
    );
}

#[test]
fn the_key_is_that_of_the_labels() {
    let mut memory = SeriesMemory::default();
    body(&mut memory, &["a"], Ends::WhenMissing, 1);
    let (labels, key) = memory.stored(0).unwrap();
    assert_eq!(*key, key_of(labels));
}
