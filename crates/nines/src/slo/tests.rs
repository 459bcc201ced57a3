//! Shares and durations as people write and read them.

use jiff::SignedDuration;

use super::{percent, share, spoken};

#[test]
fn a_share_is_a_percentage() {
    assert_eq!(share("100%"), Ok(1_000_000_000));
    assert_eq!(share("0.8%"), Ok(8_000_000));
    assert_eq!(percent(8_000_000), "0.8\u{a0}%");
    assert_eq!(percent(1_000_000_000), "100\u{a0}%");
    for text in ["", "%", "101%", "0.8", "-1%", "1.23456789%", "x%", "1.-5%"] {
        assert!(share(text).is_err(), "{text}");
    }
}

#[test]
fn a_time_has_two_units_at_most() {
    let spoken = |millis| spoken(SignedDuration::from_millis(millis));
    assert_eq!(spoken(298_500), "4 m 59 s");
    assert_eq!(spoken(241_920), "4 m 02 s");
    assert_eq!(spoken(12_096_000), "3 h 22 m");
    assert_eq!(spoken(45 * 3_600_000), "45 h");
    assert_eq!(spoken(30 * 60_000), "30 m");
    assert_eq!(spoken(15_000), "15 s");
}
