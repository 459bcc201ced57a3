use super::{collected, median_and_worst};

#[test]
fn the_count_of_callgrind_is_read() {
    let text = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n";
    assert_eq!(collected(text), Some(1_234_567));
    assert_eq!(collected("==7== no such line"), None);
}

#[test]
fn the_median_is_the_one_in_the_middle() {
    let (median, worst) = median_and_worst(vec![3.0, 1.004, 2.006]);
    assert_eq!(format!("{median} {worst}"), "2.01 3");
}
