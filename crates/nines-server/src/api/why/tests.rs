use super::*;

#[test]
fn labels_are_read_as_people_write_them() {
    let read = |text: &str| read_labels(text).map(|it| it.to_string()).map_err(|_| ());
    let expected = Ok(r#"{alertname="Down", severity="page"}"#.to_owned());
    assert_eq!(read(r#"{alertname="Down", severity="page"}"#), expected);
    assert_eq!(read("alertname=Down,severity=page"), expected);
    for wrong in ["", "{}", "alertname=~D.*", "a=b,a=c", "a"] {
        assert_eq!(read(wrong), Err(()), "{wrong}");
    }
}
