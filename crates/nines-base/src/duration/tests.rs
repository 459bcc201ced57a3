use proptest::prelude::*;

use super::*;

#[test]
fn durations_are_read_as_prometheus_reads_them() {
    for (text, ms) in [
        ("0", 0),
        ("0s", 0),
        ("300ms", 300),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("28d", 2_419_200_000),
        ("2w", 1_209_600_000),
        ("1y", 31_536_000_000),
    ] {
        assert_eq!(parse_duration(text).unwrap().as_millis(), ms, "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    for text in ["", "5", "m", "5 m", "-5m", "1m1h", "1m1m", "5M", "1.5h", "99999999999y", "5m€"]
    {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(ms in 0..10_000_000_000_000_i64) {
        let duration = SignedDuration::from_millis(ms);
        prop_assert_eq!(parse_duration(&format_duration(duration)).unwrap(), duration);
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,12}") {
        drop(parse_duration(&text));
    }
}
