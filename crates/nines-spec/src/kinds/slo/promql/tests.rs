use super::*;

#[test]
fn a_place_behind_the_slice_is_found_in_what_was_written() {
    let (filled, places) = fill("rate(a[$slice]) / rat(b[$slice])", "15s");
    assert_eq!(filled, "rate(a[15s]) / rat(b[15s])");
    assert_eq!(back(filled.find("rat(b").unwrap(), &places), 18);
    assert_eq!(back(filled.len(), &places), "rate(a[$slice]) / rat(b[$slice])".len());
}

#[test]
fn ranges_are_found_outside_of_quotes() {
    let found =
        ranges(r#"rate(a{b="[5m]",c="\"[6m]"}[ 2m ]) + max_over_time(x[1h:1m]) + y[$slice]"#);
    let lengths: Vec<_> = found.iter().map(|it| it.length.map(|it| it.as_secs())).collect();
    assert_eq!(lengths, [Some(120), Some(3_600), None]);
}
