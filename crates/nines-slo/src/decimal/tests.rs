use proptest::prelude::*;

use super::*;

#[test]
fn a_decimal_is_exact() {
    let billionths = |text: &str| text.parse::<Decimal>().map(|it| it.billionths);
    assert_eq!(billionths("0.3"), Ok(300_000_000));
    assert_eq!(billionths("-1000.000000001"), Ok(-1_000_000_000_001));
    assert_eq!(billionths("1.0000000001"), Err(DecimalError::TooLong));
    for wrong in ["", ".", "1.", ".5", "1e3", "1,5", "--1", "0x1", "١"] {
        assert!(matches!(billionths(wrong), Err(DecimalError::NotADecimal { .. })), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_printed_decimal_reads_back(billionths in -(1i128 << 80)..1i128 << 80) {
        let decimal = Decimal { billionths };
        prop_assert_eq!(decimal.to_string().parse(), Ok(decimal));
    }

    #[test]
    fn no_text_panics(text: String) {
        drop(text.parse::<Decimal>());
    }
}
