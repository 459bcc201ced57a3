use super::*;
use crate::engine::tests::installation;

#[test]
fn a_token_names_its_page_and_nothing_else_is_a_token() {
    let installation = installation();
    let token = ack_token(&installation, 42);
    assert_eq!(read_ack_token(&installation, &token), Some(42));
    let other = Installation { secret: [8; 32], ..installation.clone() };
    assert_eq!(read_ack_token(&other, &token), None, "of another installation");
    let moved = token.replacen("42-", "43-", 1);
    for wrong in ["", "42", "42-", "42-00", "x-00", moved.as_str(), "42-é"] {
        assert_eq!(read_ack_token(&installation, wrong), None, "{wrong}");
    }
}
