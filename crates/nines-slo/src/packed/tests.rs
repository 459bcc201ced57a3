use proptest::prelude::*;

use super::*;

fn slots_of(counts: impl Fn(u64) -> (u64, u64)) -> Slots {
    let mut slots = [Sums::default(); SLOTS];
    for (slot, it) in (0..).zip(&mut slots) {
        let (whole, part) = counts(slot);
        *it = Sums { whole, part };
    }
    slots
}

/// A whole block is 64 slices of 16 bytes; these are what is kept of it.
#[test]
fn blocks_take_as_many_bytes_as_their_counts_vary() {
    let size = |counts: fn(u64) -> (u64, u64)| pack(&slots_of(counts)).len();
    assert_eq!(size(|_| (0, 0)), 4, "nothing");
    assert_eq!(size(|_| (75, 0)), 4, "always as much");
    assert_eq!(size(|it| (70 + it % 16, 0)), 4 + 32, "between 70 and 85 events a slice");
    assert_eq!(size(|it| (70 + it % 16, u64::from(it == 9))), 4 + 32 + 8, "one of them is bad");
    assert_eq!(size(|it| (if it % 4 == 0 { 300 + it } else { 0 }, 0)), 5 + 8 + 12, "every fourth");
}

fn counts() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0), 4 => 0..100_u64, 2 => 0..1_000_000_u64, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn blocks() -> impl Strategy<Value = Slots> {
    let slots = prop::collection::vec((counts(), counts()), SLOTS);
    slots.prop_map(|it| {
        let slots: Vec<Sums> = it.iter().map(|&(whole, part)| Sums { whole, part }).collect();
        slots.try_into().unwrap()
    })
}

proptest! {
    #[test]
    fn a_block_comes_back_as_it_was(slots in blocks(), last in 0..SLOTS) {
        let bytes = pack(&slots);
        let packed = Packed::new(&bytes).unwrap();
        prop_assert_eq!(packed.unpack(), slots);
        prop_assert_eq!(packed.sum_to(last), sum(&slots[..=last]));
        prop_assert!(Packed::new(&bytes[..bytes.len() - 1]).is_none());
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(packed) = Packed::new(&bytes) {
            packed.unpack();
            packed.sum_to(3);
        }
    }

    #[test]
    fn numbers_come_back_as_they_were(value in any::<u64>()) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, value);
        let mut rest = bytes.as_slice();
        prop_assert_eq!(take_varint(&mut rest), Some(value));
        prop_assert!(rest.is_empty());
    }
}
