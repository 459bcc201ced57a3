use super::*;
use crate::tests::message;

fn text(message: &Message) -> String {
    let address = |it| mailbox(it).unwrap();
    let mail = compose(&address("nines@example.org"), &address("ana@example.org"), message);
    String::from_utf8(mail.unwrap().formatted()).unwrap()
}

fn header(mail: &str, name: &str) -> String {
    let line = mail.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap().to_owned()
}

#[test]
fn the_same_message_is_the_same_bytes() {
    assert_eq!(text(&message()), text(&message()));
}

#[test]
fn a_repeat_keeps_its_id_and_says_so() {
    let (first, repeat) = (text(&message()), text(&Message { possible_repeat: true, ..message() }));
    assert_eq!(header(&first, "Message-ID"), header(&repeat, "Message-ID"));
    assert!(repeat.contains("(possible repeat)") && !first.contains("(possible repeat)"));
}

#[test]
fn messages_of_a_thread_refer_to_the_same_root() {
    let other = Message { key: "key-2".to_owned(), ..message() };
    let (first, second) = (text(&message()), text(&other));
    assert_eq!(header(&first, "References"), header(&second, "References"));
    assert_eq!(header(&first, "References"), header(&first, "In-Reply-To"));
    assert_ne!(header(&first, "Message-ID"), header(&second, "Message-ID"));
    let elsewhere = text(&Message { thread: "alert/cart".to_owned(), ..message() });
    assert_ne!(header(&first, "References"), header(&elsewhere, "References"));
}

#[test]
fn a_subject_cannot_add_headers() {
    let subject = "over\r\nBcc: mallory@example.org".to_owned();
    let mail = text(&Message { subject, ..message() });
    assert!(!mail.lines().any(|it| it.starts_with("Bcc")), "{mail}");
    assert_eq!(header(&mail, "Subject"), "over  Bcc: mallory@example.org");
}

#[test]
fn html_shows_the_text_and_nothing_of_it_is_markup() {
    let message = Message { text: "<script>\"a\" & 'b'</script>".to_owned(), ..message() };
    let html = html(&message);
    assert!(
        html.contains("&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;"),
        "{html}"
    );
    assert!(html.contains("href=\"http://localhost:9999/ack/abc?x=1&amp;y=2\""), "{html}");
}

#[test]
fn without_a_link_there_is_nothing_to_tap() {
    let message = Message { ack_url: None, ..message() };
    assert!(!html(&message).contains("href") && !plain(&message).contains("Acknowledge"));
}

#[test]
fn dates_outside_of_four_digit_years_do_not_panic() {
    for decided_at in [Timestamp::MIN, Timestamp::MAX] {
        text(&Message { decided_at, ..message() });
    }
}
