use expect_test::{Expect, expect};
use nines_base::Labels;
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn number(value: f64) -> String {
    written(|out| super::number(out, value))
}

fn check(values: &[f64], expect: &Expect) {
    let lines: Vec<String> = values.iter().map(|it| number(*it)).collect();
    expect.assert_eq(&lines.join("\n"));
}

#[test]
fn numbers_are_the_shortest_decimals_without_an_exponent() {
    check(
        &[
            0.0,
            -0.0,
            1.0,
            -17.0,
            0.1,
            1e-7,
            -1.5e-9,
            1e21,
            1.25e23,
            1.234_567_890_123_456_8e20,
            9_007_199_254_740_992.0,
            0.000_123,
            12_345.678,
            836_764_792_515_975.2,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ],
        &expect![[r#"
            0
            -0
            1
            -17
            0.1
            0.0000001
            -0.0000000015
            1000000000000000000000
            125000000000000000000000
            123456789012345680000
            9007199254740992
            0.000123
            12345.678
            836764792515975.2
            NaN
            +Inf
            -Inf"#]],
    );
}

proptest! {
    #[test]
    fn a_number_reads_back_and_is_as_short_as_the_standard_library_prints_it(bits: u64) {
        // Where two are as short and as near, Go takes the even one, and the library takes another.
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let printed = number(value);
        prop_assert_eq!(printed.parse::<f64>().unwrap().to_bits(), bits);
        prop_assert_eq!(printed.len(), value.to_string().len());
    }

    #[test]
    fn whole_and_short_numbers_too(whole in -1_000_000_000_i64..1_000_000_000, scale in 0_i32..8) {
        let value = whole as f64 / 10_f64.powi(scale);
        prop_assert_eq!(number(value), value.to_string());
    }

    #[test]
    fn any_text_is_read_back_by_a_json_parser(text: String) {
        let json = written(|out| super::text(out, &text));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn seconds_read_back_as_milliseconds(at_ms in -9_000_000_000_000_i64..9_000_000_000_000) {
        let seconds: f64 = written(|out| super::seconds(out, at_ms)).parse().unwrap();
        prop_assert!(((seconds * 1_000.0).round() - at_ms as f64).abs() < 0.5);
    }
}

#[test]
fn seconds_have_three_decimals_or_none() {
    let seconds = |at_ms| written(|out| super::seconds(out, at_ms));
    assert_eq!([1_500, 1_000, 7, -1_050].map(seconds), ["1.500", "1", "0.007", "-1.050"]);
}

#[test]
fn labels_are_an_object() {
    let labels = Labels::new([("__name__", "up"), ("path", "a\"b\\c\n\u{1}")]).unwrap();
    assert_eq!(
        written(|out| super::labels(out, &labels)),
        r#"{"__name__":"up","path":"a\"b\\c\n\u0001"}"#
    );
    assert_eq!(written(|out| super::labels(out, &Labels::empty())), "{}");
}
