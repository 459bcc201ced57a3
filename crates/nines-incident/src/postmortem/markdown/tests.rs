use proptest::prelude::*;

use super::*;

#[test]
fn numbers_read_as_people_write_them() {
    assert_eq!(count(1_234_567), "1 234 567");
    assert_eq!(count(999), "999");
    assert_eq!(share(21_345_678), "2.135 %");
    assert_eq!(share(1), "0.001 %");
    assert_eq!(share(0), "0.000 %");
    assert_eq!(share(-10_000), "-0.001 %");
    let later = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(90_999);
    assert_eq!(span(Timestamp::UNIX_EPOCH, later), "1m30s");
    assert_eq!(span(later, Timestamp::UNIX_EPOCH), "-1m30s");
    assert_eq!(instant(later), "1970-01-01 00:01:30");
}

proptest! {
    #[test]
    fn a_text_never_leaves_its_cell(text in ".{0,40}") {
        let cell = cell(&text);
        prop_assert!(!cell.contains('\n'));
        // Without what is escaped, nothing that ends a cell or starts markup is left.
        let bare = cell.replace("\\\\", "").replace("\\|", "").replace("\\<", "");
        prop_assert!(!bare.contains('|') && !bare.contains('<'));
    }
}
