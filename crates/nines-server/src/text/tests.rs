use super::*;

#[test]
fn numbers_are_written_for_people() {
    assert_eq!(percent(0.3102), "31.0\u{a0}%");
    assert_eq!(burn(14.62), "14.6×");
    assert_eq!(count(1_872_000), "1\u{202f}872\u{202f}000");
    assert_eq!(count(12), "12");
    assert_eq!(duration(SignedDuration::from_secs(22_520)), "6 h 15 m");
    assert_eq!(duration(SignedDuration::from_secs(3_600)), "1 h");
    assert_eq!(duration(SignedDuration::from_secs(3_601)), "1 h");
    assert_eq!(duration(SignedDuration::ZERO), "0 s");
}

#[test]
fn a_share_just_below_its_objective_never_looks_as_if_it_met_it() {
    let objective = "99.95%".parse().unwrap();
    assert_eq!(ratio_beside(0.999_499_9, objective), "99.949\u{a0}%");
    assert_eq!(ratio_beside(0.9995, objective), "99.950\u{a0}%");
}
