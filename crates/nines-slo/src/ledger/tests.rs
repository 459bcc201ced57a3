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
    let volume_ms = GRAIN_MS * SLICES * BLOCKS;
    let mut ledger = Ledger::new(GRAIN_MS, volume_ms);
    for volume in 0..10 {
        ledger.book(volume * volume_ms + 5, change(1, 0));
    }
    ledger.settle();
    // The last two blocks are open.
    let complete_ms = ledger.complete_from_ms();
    assert_eq!(complete_ms, 5 * volume_ms - GRAIN_MS);
    let recent = |it: &Ledger| it.up_to(200_000).minus(it.up_to(complete_ms));
    assert_eq!(recent(&ledger), Sums { whole: 5, part: 0 });
    ledger.book(5, change(1_000, 0)); // too old to matter
    ledger.settle();
    assert_eq!(recent(&ledger), Sums { whole: 5, part: 0 });
}

#[test]
fn one_instant_in_the_far_future_costs_one_block() {
    let mut ledger = Ledger::new(GRAIN_MS, 1_000_000);
    ledger.book(5, change(1, 0));
    ledger.book(i64::MAX, change(1, 0));
    ledger.settle();
    assert_eq!((ledger.volumes.len(), ledger.open.len()), (0, 2));
    assert_eq!(ledger.up_to(10), Sums { whole: 1, part: 0 });
}

#[test]
fn what_is_taken_back_leaves_nothing() {
    let mut ledger = Ledger::new(GRAIN_MS, 1_000_000);
    let times: Vec<i64> = (0..40).map(|it| it * GRAIN_MS * SLICES).collect();
    for at_ms in &times {
        ledger.book(*at_ms, change(5, 1));
    }
    for at_ms in &times {
        ledger.book(*at_ms, change(-5, -1));
    }
    ledger.settle();
    assert_eq!((ledger.volumes.len(), ledger.open.len()), (0, 2));
    assert_eq!(ledger.up_to(1_000_000), Sums::default());
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

/// A plain list of all slices: what a ledger must look like from outside.
#[derive(Default)]
struct Plain(std::collections::BTreeMap<i64, Sums>);

impl Plain {
    fn book(&mut self, at_ms: i64, by: Change) {
        self.0.entry((at_ms - 1).div_euclid(GRAIN_MS)).or_default().change(by);
    }

    fn up_to(&self, at_ms: i64) -> Sums {
        let slices = self.0.range(..=(at_ms - 1).div_euclid(GRAIN_MS));
        slices.fold(Sums::default(), |sum, (_, it)| sum.plus(*it))
    }
}

proptest! {
    /// Live samples with stragglers, history in pieces, and bookings that are taken back.
    #[test]
    fn answers_do_not_depend_on_what_is_packed(
        pieces in prop::collection::vec((0..60_000_i64, 1..40_i64, -40..200_i64), 1..30),
        taken_back in 0..30_usize,
        edges in prop::collection::vec(-1_000..100_000_i64, 1..20),
    ) {
        let (mut ledger, mut plain) = (Ledger::new(GRAIN_MS, 200_000), Plain::default());
        let mut book = |at_ms, by| {
            ledger.book(at_ms, by);
            plain.book(at_ms, by);
            ledger.settle();
        };
        let bookings = |&(from_ms, count, step_ms): &(i64, i64, i64)| {
            (0..count).map(move |it| (from_ms + it * step_ms, 1 + it * from_ms % 900))
        };
        for piece in &pieces {
            for (at_ms, events) in bookings(piece) {
                book(at_ms, change(events, events % 3));
            }
        }
        for (at_ms, events) in pieces.iter().take(taken_back).flat_map(bookings) {
            book(at_ms, change(-events, -(events % 3)));
        }
        let saved = serde_json::to_string(&ledger).unwrap();
        let restored: Ledger = serde_json::from_str(&saved).unwrap();
        for at_ms in edges {
            prop_assert_eq!(ledger.up_to(at_ms), plain.up_to(at_ms));
            prop_assert_eq!(restored.up_to(at_ms), plain.up_to(at_ms));
        }
    }
}

#[test]
fn what_is_no_ledger_is_refused() {
    let refused = |grain_ms: i64, volumes: &str, open: &str| {
        let text = format!(
            r#"{{"grain_ms":{grain_ms},"volumes_max":9,"first_number":0,"volumes":{volumes},"open":{open}}}"#
        );
        serde_json::from_str::<Ledger>(&text).is_err()
    };
    // One block of one event in each slice.
    let shape = r#"{"present":1,"whole_bytes":1,"part_bytes":0}"#;
    let volume = |number: i64| format!("[{number},{shape},[3,0,0,0,1,0,0]]");
    assert!(!refused(10, &format!("[{}]", volume(3)), "[]"));
    assert!(refused(10, &format!("[{},{}]", volume(3), volume(2)), "[]"), "in wrong order");
    assert!(refused(10, "[]", "[[3,[1,0]]]"), "half of a block");
    assert!(refused(0, "[]", "[]"), "slices without length");
}
