use expect_test::expect;
use proptest::prelude::*;

use super::*;

#[test]
fn a_manifest_is_text_with_a_checksum() {
    let manifest = Manifest { checkpoint: 3, segments: vec![1, 7] };
    expect![[r#"
        nines-tsdb 1
        checkpoint 3
        segment 1
        segment 7
        crc32 58aa6517
    "#]]
    .assert_eq(&manifest.to_text());
    assert_eq!(Manifest::parse(&manifest.to_text()), Ok(manifest));
}

#[test]
fn every_changed_byte_is_found() {
    let text = Manifest { checkpoint: 3, segments: vec![1, 7] }.to_text();
    for index in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1;
        if let Ok(changed) = String::from_utf8(bytes) {
            assert!(Manifest::parse(&changed).is_err(), "{changed}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        drop(Manifest::parse(&text));
    }
}
