use super::*;

fn capture(chunks: &[&[u8]]) -> CapturedOutput {
    let mut capture = Capture::default();
    for chunk in chunks {
        capture.push(chunk);
    }
    capture.text()
}

#[test]
fn a_short_output_is_whole_however_it_arrives() {
    let text = "größe €\n";
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(capture(&bytes), CapturedOutput { text: text.to_owned(), omitted_bytes: 0 });
}

#[test]
fn a_character_across_head_and_tail_stays_whole() {
    let mut bytes = vec![b'x'; HEAD_BYTES - 1];
    bytes.extend_from_slice("€".as_bytes());
    let captured = capture(&[&bytes]);
    assert!(captured.text.ends_with("x€"));
    assert_eq!(captured.omitted_bytes, 0);
}

#[test]
fn a_long_output_keeps_its_ends_and_counts_its_middle() {
    let mut bytes = vec![b'h'; HEAD_BYTES];
    bytes.extend(vec![b'm'; 5_000]);
    bytes.extend(vec![b't'; TAIL_BYTES]);
    for size in [1, 4_096, bytes.len()] {
        let captured = capture(&bytes.chunks(size).collect::<Vec<_>>());
        assert_eq!(captured.omitted_bytes, 5_000);
        assert_eq!(captured.text.len(), HEAD_BYTES + TAIL_BYTES);
        assert!(captured.text.starts_with("hh") && captured.text.ends_with("tt"));
        assert!(!captured.text.contains('m'));
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(capture(&[b"a\xffb"]).text, "a\u{fffd}b");
}
