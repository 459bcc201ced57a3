use proptest::prelude::*;

use super::*;

const GRAIN_MS: i64 = 10;

fn change(whole: i64, part: i64) -> Change {
    Change { whole, part }
}

#[test]
fn a_slice_is_open_on_the_left_and_closed_on_the_right() {
    let mut ledger = Ledger::new(GRAIN_MS, 1_000);
    ledger.book(10, change(1, 0));
    ledger.book(11, change(2, 1));
    ledger.settle();
    assert_eq!(ledger.up_to(10), Sums { whole: 1, part: 0 });
    assert_eq!(ledger.up_to(20), Sums { whole: 3, part: 1 });
}

#[test]
fn what_is_dropped_is_told() {
    let mut ledger = Ledger::new(GRAIN_MS, GRAIN_MS * SLICES);
    for block in 0..10 {
        ledger.book(block * GRAIN_MS * SLICES + 5, change(1, 0));
    }
    ledger.settle();
    let complete_ms = ledger.complete_from_ms();
    assert_eq!(complete_ms, 7 * GRAIN_MS * SLICES - GRAIN_MS);
    let recent = |it: &Ledger| it.up_to(100_000).minus(it.up_to(complete_ms));
    assert_eq!(recent(&ledger), Sums { whole: 3, part: 0 });
    ledger.book(5, change(1_000, 0)); // too old to matter
    ledger.settle();
    assert_eq!(recent(&ledger), Sums { whole: 3, part: 0 });
}

#[test]
fn one_instant_in_the_far_future_costs_one_block() {
    let mut ledger = Ledger::new(GRAIN_MS, 1_000_000);
    ledger.book(5, change(1, 0));
    ledger.book(i64::MAX, change(1, 0));
    ledger.settle();
    assert_eq!(ledger.blocks.len(), 2);
    assert_eq!(ledger.up_to(10), Sums { whole: 1, part: 0 });
}

proptest! {
    #[test]
    fn any_order_gives_the_sums_of_the_set(
        bookings in prop::collection::vec((-5_000..20_000_i64, 0..100_i64, 0..100_i64), 0..60),
        edges in (-600..2_100_i64, -600..2_100_i64),
    ) {
        let mut ledger = Ledger::new(GRAIN_MS, 30_000);
        for (index, &(at_ms, whole, part)) in bookings.iter().enumerate() {
            ledger.book(at_ms, change(whole, part));
            if index % 7 == 0 {
                ledger.settle();
            }
        }
        ledger.settle();
        let (from_ms, to_ms) = (edges.0.min(edges.1) * GRAIN_MS, edges.0.max(edges.1) * GRAIN_MS);
        let inside = bookings.iter().filter(|it| from_ms < it.0 && it.0 <= to_ms);
        let (whole, part) = inside.fold((0, 0), |sum, it| (sum.0 + it.1, sum.1 + it.2));
        let sums = ledger.up_to(to_ms).minus(ledger.up_to(from_ms));
        prop_assert_eq!(sums, Sums { whole: whole.try_into().unwrap(), part: part.try_into().unwrap() });
    }
}
