use super::*;

#[test]
fn phases_are_stable_and_even() {
    let interval_ms = 10_000;
    let phase = |port: i32| phase_ms("shop", &format!("127.0.0.1:{port}"), interval_ms);
    assert_eq!(phase(9090), phase(9090));
    let mut tenths = [0; 10];
    for port in 9000..10_000 {
        tenths[usize::try_from(phase(port)).unwrap() / 1_000] += 1;
    }
    assert!(tenths.iter().all(|count| (60..=140).contains(count)), "{tenths:?}");
}

#[test]
fn slots_follow_the_clock() {
    assert_eq!(next_slot_ms(0, None, 1_000, 300), 300);
    assert_eq!(next_slot_ms(299, None, 1_000, 300), 300);
    assert_eq!(next_slot_ms(300, Some(300), 1_000, 300), 1_300);
    assert_eq!(
        next_slot_ms(5_950, Some(300), 1_000, 300),
        6_300,
        "slots that were missed are gone"
    );
    assert_eq!(next_slot_ms(-1, None, 1_000, 0), 0);
}

#[test]
fn a_clock_that_steps_back_makes_no_second_scrape_of_a_slot() {
    assert_eq!(next_slot_ms(1_299, Some(1_300), 1_000, 300), 2_300);
    assert_eq!(next_slot_ms(-50_000, Some(1_300), 1_000, 300), -49_700);
}

#[test]
fn only_a_small_delay_is_aligned_away() {
    assert_eq!(aligned_ms(1_002, 1_000, 5_000), 1_000);
    assert_eq!(aligned_ms(998, 1_000, 5_000), 1_000);
    assert_eq!(aligned_ms(1_003, 1_000, 5_000), 1_003);
    assert_eq!(aligned_ms(1_002, 1_000, 100), 1_002);
}
