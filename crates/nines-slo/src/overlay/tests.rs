use crate::SloPattern;
use crate::testing::name;

#[test]
fn a_star_stands_for_any_text() {
    let matches =
        |pattern: &str, slo: &str| SloPattern { text: pattern.to_owned() }.matches(&name(slo));
    assert!(matches("checkout/*", "checkout/availability"));
    assert!(matches("*", "checkout/availability"));
    assert!(matches("*/avail*ity", "checkout/availability"));
    assert!(matches("checkout/availability", "checkout/availability"));
    assert!(!matches("checkout/*", "cart/availability"));
    assert!(!matches("*/lat*", "checkout/availability"));
    assert!(!matches("checkout/availability", "checkout/availability2"));
}
