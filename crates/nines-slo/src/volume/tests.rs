use proptest::prelude::*;

use super::*;

fn block(seed: u64) -> Slots {
    let mut random = fastrand::Rng::with_seed(seed);
    let greatest = 1 << (seed % 40);
    let mut count = || Sums { whole: random.u64(0..=greatest), part: random.u64(0..=seed % 3) };
    let mut slots = [Sums::default(); SLOTS];
    for it in &mut slots {
        *it = count();
    }
    slots
}

fn text(volume: &Volume) -> String {
    serde_json::to_string(volume).unwrap()
}

#[test]
fn what_is_no_volume_is_refused() {
    let is_refused = |text: &str| serde_json::from_str::<Volume>(text).is_err();
    let shape = r#"{"present":5,"whole_bytes":1,"part_bytes":0}"#;
    // Two heads of three bytes; blocks of one event in each slice.
    let (first, second) = ("6,0,0, 10,0,64", "0,1,0,0, 0,1,0,0");
    assert!(!is_refused(&format!("[7,{shape},[{first},{second}]]")));
    assert!(is_refused(&format!("[7,{shape},[{first},{second},0]]")), "a byte more");
    assert!(is_refused(&format!("[7,{shape},[{first},0,1,0,0,0]]")), "half of a block");
    assert!(is_refused(&format!("[7,{shape},[6,0,64, 10,0,0,{second}]]")), "sums that fall");
    assert!(is_refused(&format!("[7,{shape},[6,0]]")), "no heads");
}

proptest! {
    #[test]
    fn any_block_is_found_at_its_place(
        steps in prop::collection::vec((0..BLOCKS, 0..u64::MAX >> 1), 0..40), place in 0..BLOCKS, slot in 0..SLOTS,
    ) {
        let (mut volume, mut blocks) = (Volume::new(7), std::collections::BTreeMap::new());
        for (place, seed) in steps {
            prop_assert_eq!(volume.remove(place), blocks.remove(&place));
            if seed % 4 != 0 {
                volume.insert(place, &block(seed));
                blocks.insert(place, block(seed));
            }
        }
        let earlier = blocks.range(..place).map(|(_, it)| sum(it));
        let within = blocks.get(&place).map(|it| sum(&it[..=slot]));
        let expected = earlier.chain(within).fold(Sums::default(), Sums::plus);
        prop_assert_eq!(volume.up_to(place, slot), expected);
        prop_assert_eq!(volume.is_empty(), blocks.is_empty());

        let restored: Volume = serde_json::from_str(&text(&volume)).unwrap();
        prop_assert_eq!(restored.up_to(place, slot), expected);
        prop_assert_eq!((restored.sum, text(&restored)), (volume.sum, text(&volume)));
    }
}
