use nines_port::Message;
use proptest::prelude::*;

use super::*;
use crate::tests::message;

const TOKEN_URL: &str = "https://nines.example.org/ack/8812-0011";

#[test]
fn a_short_message_says_how_to_acknowledge() {
    let message = Message { ack_url: Some(TOKEN_URL.to_owned()), ..message() };
    assert_eq!(
        text(&message, Answers::Heard),
        "checkout burns its budget 14.4x Reply 8812 to acknowledge."
    );
    assert_eq!(
        text(&message, Answers::Unheard),
        "checkout burns its budget 14.4x https://nines.example.org/ack/8812-0011"
    );
    let repeat = Message { possible_repeat: true, ack_url: None, ..message };
    assert_eq!(text(&repeat, Answers::Heard), "(repeat?) checkout burns its budget 14.4x");
}

proptest! {
    #[test]
    fn a_short_message_is_one_message(subject in ".{0,400}", heard: bool, repeat: bool) {
        let ack_url = Some(TOKEN_URL.to_owned());
        let message = Message { subject, ack_url, possible_repeat: repeat, ..message() };
        let text = text(&message, if heard { Answers::Heard } else { Answers::Unheard });
        prop_assert!(text.chars().count() <= CHARS_MAX);
        prop_assert!(text.chars().all(|it| in_alphabet(it).eq([it])), "{text}");
    }

    #[test]
    fn what_is_put_into_json_stays_inside_of_its_string(text in ".{0,50}") {
        let json = format!("\"{}\"", in_json(&text));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
