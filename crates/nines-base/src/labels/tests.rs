use expect_test::expect;
use proptest::prelude::*;

use super::*;

#[test]
fn labels_are_sorted_and_empty_values_are_no_labels() {
    let labels = Labels::new([("zone", "a"), ("__name__", "up"), ("job", "")]).unwrap();
    expect![[r#"up{zone="a"}"#]].assert_eq(&labels.to_string());
    assert_eq!((labels.get("job"), labels.value("zone")), (None, "a"));
}

#[test]
fn a_name_given_twice_or_empty_is_refused() {
    let twice = Labels::new([("job", "a"), ("job", "b")]).unwrap_err();
    expect!["label `job` is given twice"].assert_eq(&twice.to_string());
    let empty = Labels::new([("", "a")]).unwrap_err();
    expect!["a label has an empty name"].assert_eq(&empty.to_string());
}

#[test]
fn the_fingerprint_is_fnv_1a_with_separators() {
    // Computed by a second implementation of FNV-1a.
    let labels = Labels::new([("alertname", "x")]).unwrap();
    expect!["d240efc3896bf266"].assert_eq(&format!("{:016x}", labels.fingerprint()));
}

proptest! {
    #[test]
    fn with_and_filtered_keep_the_order(names in prop::collection::vec("[a-z]{1,3}", 0..8)) {
        let labels = names.iter().fold(Labels::empty(), |labels, name| labels.with(name, "1"));
        let again = Labels::new(labels.iter()).unwrap();
        prop_assert_eq!(&again, &labels);
        for name in &names {
            prop_assert_eq!(labels.filtered(|it| it != name), labels.with(name, ""));
        }
    }

    #[test]
    fn labels_survive_json(names in prop::collection::btree_map("[a-z]{1,3}", ".{1,3}", 0..8)) {
        let labels = Labels::new(names).unwrap();
        let json = serde_json::to_string(&labels).unwrap();
        prop_assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
    }
}
