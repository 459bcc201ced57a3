use expect_test::expect;
use jiff::Timestamp;

use super::{Data, instant, rows};

#[test]
fn a_time_is_an_instant_or_a_while_ago() {
    let now: Timestamp = "2026-11-24T03:00:00Z".parse().unwrap();
    let read = |text| instant(text, now).map(|it| it.to_string()).map_err(|it| it.to_string());
    assert_eq!(read("-2h").unwrap(), "2026-11-24T01:00:00Z");
    assert_eq!(read("2026-11-24T03:12:00+01:00").unwrap(), "2026-11-24T02:12:00Z");
    assert_eq!(read("now").unwrap(), "2026-11-24T03:00:00Z");
    expect!["`yesterday` is no time; write 2026-11-24T03:12:00Z or -2h"]
        .assert_eq(&read("yesterday").unwrap_err());
}

#[test]
fn series_are_written_as_selectors() {
    let data: Data = serde_json::from_str(
        r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a \"b\""},"value":[1,"1"]},
            {"metric":{},"value":[1,"NaN"]}]}"#,
    )
    .unwrap();
    expect![[r#"
        [
            [
                "up{job=\"a \\\"b\\\"\"}",
                "1",
            ],
            [
                "{}",
                "NaN",
            ],
        ]
    "#]]
    .assert_debug_eq(&rows(&data));
}
