use super::*;

#[test]
fn after_signing_in_nobody_is_sent_to_another_host() {
    for next in ["//evil.example", "/\\evil.example", "https://evil.example", "", "a", "/x\r\ny"] {
        assert_eq!(local(next), "/", "{next:?}");
    }
    assert_eq!(local("/i/42?x=1"), "/i/42?x=1");
}

#[test]
fn a_name_cannot_break_out_of_its_cookie() {
    for name in ["", "ana; Path=/", "ana b", "ana\n", "ana,ben", "änna"] {
        assert!(!is_name(name), "{name:?}");
    }
    assert!(is_name("ana.b@shop"));
}
