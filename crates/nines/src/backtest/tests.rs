//! Changes as the command line writes them.

use super::{change, counted};

#[test]
fn a_change_is_a_time_a_service_and_what_else_is_known() {
    let read =
        |text: &str| change(text).map(|(at, it)| (at.to_string(), it.service, it.version, it.env));
    let at = "2026-06-10T14:00:00Z".to_owned();
    let (shop, prod) = ("shop".to_owned(), "prod".to_owned());
    let version = Some("v2".to_owned());
    assert_eq!(read("2026-06-10T14:00:00Z,shop"), Ok((at.clone(), shop.clone(), None, prod)));
    let full = read("2026-06-10T14:00:00Z, shop, v2, test");
    assert_eq!(full, Ok((at, shop, version, "test".to_owned())));
    for text in ["", "soon,shop", "2026-06-10T14:00:00Z", "2026-06-10T14:00:00Z,a,b,c,d"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn one_is_not_several() {
    assert_eq!(
        (counted(1, "page"), counted(0, "page")),
        ("1 page".to_owned(), "0 pages".to_owned())
    );
}
