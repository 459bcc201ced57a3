use super::*;

fn read(memory: &mut SeriesMemory, body: &str, at_ms: i64) -> (Read, Vec<String>) {
    let limits = TextLimits::default();
    let how = Reading { format: Format::Text, limits, honor_timestamps: true, at_ms };
    let read = memory.read(body, how, Labels::clone).unwrap();
    let ended = memory.settle(at_ms).iter().map(|it| it.labels.to_string()).collect();
    (read, ended)
}

#[test]
fn lines_in_their_old_order_are_found_without_reading_labels() {
    let mut memory = SeriesMemory::default();
    let built = std::cell::Cell::new(0);
    let attach = |it: &Labels| {
        built.set(built.get() + 1);
        it.clone()
    };
    for at_ms in [1, 2] {
        let body = "a{x=\"1\"} 1\na{x=\"2\"} 1\nab 1\n";
        let limits = TextLimits::default();
        let how = Reading { format: Format::Text, limits, honor_timestamps: true, at_ms };
        assert_eq!(memory.read(body, how, attach).unwrap().batches.len(), 3);
        memory.settle(at_ms);
    }
    assert_eq!(built.get(), 3);
}

#[test]
fn a_name_that_begins_like_another_is_not_taken_for_it() {
    let mut memory = SeriesMemory::default();
    read(&mut memory, "a 1\n", 1);
    let (second, ended) = read(&mut memory, "a {x=\"1\"} 2\nab 3\na 4\n", 2);
    let names: Vec<String> = second.batches.iter().map(|it| it.labels.to_string()).collect();
    assert_eq!(names, ["a{x=\"1\"}", "ab", "a"]);
    assert_eq!((second.added, ended.len()), (2, 0));
}

#[test]
fn another_spelling_of_a_series_does_not_end_it() {
    let mut memory = SeriesMemory::default();
    read(&mut memory, "a{x=\"1\",y=\"2\"} 1\n", 1);
    let (second, ended) = read(&mut memory, "a{y=\"2\",x=\"1\"} 2\n", 2);
    assert_eq!((second.added, ended.len()), (0, 0));
    let (third, _) = read(&mut memory, "a{x=\"1\",y=\"2\"} 3\na{y=\"2\",x=\"1\"} 4\n", 3);
    assert_eq!((third.scraped, third.batches.len()), (2, 1), "the first of two counts");
}

#[test]
fn a_series_with_its_own_time_does_not_end() {
    let mut memory = SeriesMemory::default();
    let (first, _) = read(&mut memory, "a 1 77\na 2 78\nb 1\n", 100);
    let times: Vec<i64> = first.batches.iter().map(|it| it.samples[0].at_ms).collect();
    assert_eq!(times, [77, 78, 100]);
    let (_, ended) = read(&mut memory, "", 200);
    assert_eq!(ended, ["b"]);
    let (_, ended) = read(&mut memory, "", 300);
    assert!(ended.is_empty(), "it ends once");
}

#[test]
fn the_memory_of_series_that_come_and_go_is_bounded() {
    let mut memory = SeriesMemory::default();
    for round in 0..5_000 {
        read(&mut memory, &format!("stays 1\na{{id=\"{round}\"}} 1\n"), round);
    }
    assert!(memory.series.len() <= ENDED_MAX + 4, "{}", memory.series.len());
    assert!(memory.spellings.len() <= ENDED_MAX + 4 && memory.by_labels.len() <= ENDED_MAX + 4);
    let (last, ended) = read(&mut memory, "stays 1\n", 9_000);
    assert_eq!((last.added, ended), (0, vec!["a{id=\"4999\"}".to_owned()]));
}
