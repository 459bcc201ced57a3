use super::*;

#[test]
fn a_key_is_the_same_for_the_same_labels_only() {
    let labels = |pairs: &[(&str, &str)]| Labels::new(pairs.iter().copied()).unwrap();
    let one = labels(&[("__name__", "up"), ("job", "a")]);
    assert_eq!(key_of(&one), key_of(&labels(&[("job", "a"), ("__name__", "up")])));
    // Shifted borders between names and values must not meet.
    assert_ne!(key_of(&labels(&[("a", "bc")])), key_of(&labels(&[("ab", "c")])));
    assert_ne!(key_of(&labels(&[("a", "b"), ("c", "d")])), key_of(&labels(&[("a", "bcd")])));
}

#[test]
fn labels_are_spelled_as_remote_write_does_at_every_length() {
    for len in [1, 2, 60, 61, 63, 64, 126, 127, 128, 129, 16_382, 16_383, 16_384, 20_000] {
        let value = "v".repeat(len);
        let mut spelled = Vec::new();
        spell(&mut spelled, b"name", value.as_bytes());
        let mut writer = crate::wire::Writer::default();
        writer.message(1, |it| {
            it.text(1, "name");
            it.text(2, &value);
        });
        assert_eq!(spelled, writer.into_bytes(), "{len}");
    }
}
