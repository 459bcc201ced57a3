use super::phone::{Asked, asked};
use super::proof;

#[test]
fn signatures_are_those_of_the_documentation() {
    // `printf '%s' 'v0:1531420618:payload=%7B%7D' | openssl dgst -sha256 -hmac s3cret`
    assert_eq!(
        proof::slack("s3cret", "1531420618", b"payload=%7B%7D"),
        "v0=23d1183575bd4efc43e449a6830cec7a37800af462bfdaa134fbd44320a6595b"
    );
    // As Twilio's documentation has it.
    let fields = [
        ("Digits", "1234"),
        ("To", "+18005551212"),
        ("From", "+14158675309"),
        ("Caller", "+14158675309"),
        ("CallSid", "CA1234567890ABCDE"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(
        proof::twilio("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &fields),
        "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    );
    // `printf '%s' '{}' | openssl dgst -sha256 -hmac s3cret`
    assert_eq!(
        proof::pagerduty("s3cret", b"{}"),
        "v1=adbde1ce40c89c14215687d5d762a47df6dfaefcfad61e2e86718ffc8498571b"
    );
}

/// Source: RFC 8032, 7.1, test 2: the message is one byte, `r`.
#[test]
fn discord_signs_with_the_key_of_the_application() {
    let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert!(proof::discord(key, signature, "", b"r"));
    assert!(proof::discord(key, signature, "r", b""));
    for (key, signature, body) in [
        (key, signature, "s"),
        (key, "92a0", "r"),
        ("3d40", signature, "r"),
        ("no hex", signature, "r"),
        (key, "", "r"),
        ("", signature, "r"),
    ] {
        assert!(!proof::discord(key, signature, "", body.as_bytes()), "{key} {signature} {body}");
    }
}

#[test]
fn a_signed_time_is_five_minutes_old_at_most() {
    let now: jiff::Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
    let at = now.as_second();
    for (at, expected) in [(at, true), (at - 300, true), (at + 300, true), (at - 301, false)] {
        assert_eq!(proof::is_fresh(&at.to_string(), now), expected, "{at}");
    }
    for at in ["", "soon", "-9223372036854775808", "0"] {
        assert!(!proof::is_fresh(at, now), "{at}");
    }
}

#[test]
fn replies_are_numbers_and_a_few_words() {
    assert_eq!(asked(" 8812 "), Asked::Page(8812));
    assert_eq!(asked("OK!"), Asked::All);
    assert_eq!(asked("ack"), Asked::All);
    assert_eq!(asked("Stop."), Asked::Stop);
    for text in ["", "what?", "-1", "8812 please", "99999999999999999999"] {
        assert_eq!(asked(text), Asked::Unclear, "{text}");
    }
}
