use axum::response::IntoResponse;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(body: &str, expect: &Expect) {
    let told = match read(body.as_bytes()) {
        Ok(Posted { alerts, invalid }) => {
            let told = |it: &Incoming| {
                let time =
                    |it: Option<Timestamp>| it.map_or("absent".to_owned(), |it| it.to_string());
                let (start, end) = (time(it.starts_at), time(it.ends_at));
                format!(
                    "{} {:?} {start} to {end} {:?}\n",
                    it.labels, it.annotations, it.generator_url
                )
            };
            let lines: String = alerts.iter().map(told).collect();
            lines + &invalid.iter().flat_map(|it| ["invalid: ", it, "\n"]).collect::<String>()
        }
        Err(error) => {
            let told = format!("{error:?}");
            format!("{} {told}\n", error.into_response().status())
        }
    };
    expect.assert_eq(&told);
}

#[test]
fn labels_without_a_value_are_none_and_annotations_without_one_stay() {
    check(
        r#"[{"labels":{"alertname":"a","x":""},"annotations":{"s":""},"generatorURL":"http://g/?a=b"},
            {"labels":{"b":"2","a":"1","b":"3"},"annotations":null}]"#,
        &expect![[r#"
            {alertname="a"} {"s": ""} absent to absent "http://g/?a=b"
            {a="1", b="3"} {} absent to absent ""
        "#]],
    );
    check("[]", &expect![[r#""#]]);
}

#[test]
fn the_zero_time_of_go_is_no_time() {
    check(
        r#"[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00Z"},
            {"labels":{"a":"b"},"startsAt":"2026-11-25T20:00:00.123+01:00","endsAt":""},
            {"labels":{"a":"b"},"endsAt":"2026-11-25T20:00:00Z"}]"#,
        &expect![[r#"
            {a="b"} {} absent to absent ""
            {a="b"} {} 2026-11-25T19:00:00.123Z to absent ""
            {a="b"} {} absent to 2026-11-25T20:00:00Z ""
        "#]],
    );
}

#[test]
fn the_good_ones_of_a_bad_batch_count() {
    check(
        r#"[{"labels":{"x":""}},{"labels":{"a":"b"}},{"labels":{"":"b"}},
            {"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2029-01-01T00:00:00Z"}]"#,
        &expect![[r#"
            {a="b"} {} absent to absent ""
            invalid: at least one label pair required
            invalid: invalid label set: invalid name ""
            invalid: start time must be before end time
        "#]],
    );
}

#[test]
fn a_body_of_another_shape_is_refused_as_a_whole() {
    check(
        r#"[{"annotations":{"s":"t"}}]"#,
        &expect![[r#"
        422 Unprocessable Entity AmError { status: 422, body: Object {"code": Number(602), "message": String("0.labels in body is required")} }
    "#]],
    );
    check(
        r#"[{"labels":{"alertname":5}}]"#,
        &expect![[r#"
        400 Bad Request AmError { status: 400, body: Object {"code": Number(400), "message": String("parsing alerts body from \"\" failed, because invalid type: integer `5`, expected a string at line 1 column 25")} }
    "#]],
    );
    check(
        "{",
        &expect![[r#"
        400 Bad Request AmError { status: 400, body: Object {"code": Number(400), "message": String("parsing alerts body from \"\" failed, because invalid type: map, expected a sequence at line 1 column 0")} }
    "#]],
    );
    check(
        "null",
        &expect![[r#"
        422 Unprocessable Entity AmError { status: 422, body: Object {"code": Number(602), "message": String("alerts in body is required")} }
    "#]],
    );
    check(
        r#"[{"labels":{"a":"b"},"startsAt":"yesterday"}]"#,
        &expect![[r#"
        400 Bad Request AmError { status: 400, body: Object {"code": Number(400), "message": String("parsing alerts body from \"\" failed, because `yesterday` is no time")} }
    "#]],
    );
    check(
        r#"[{"labels":{"a":"b"},"generatorURL":"::no url"}]"#,
        &expect![[r#"
        422 Unprocessable Entity AmError { status: 422, body: Object {"code": Number(601), "message": String("0.generatorURL in body must be of type uri: \"::no url\"")} }
    "#]],
    );
    let many = format!("[{}{{}}]", "{},".repeat(ALERTS_MAX));
    check(
        &many,
        &expect![[r#"
        413 Payload Too Large AmError { status: 413, body: String("10001 alerts at once are too many; at most 10000 are taken") }
    "#]],
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        drop(read(&bytes));
    }

    #[test]
    fn any_labels_are_read_as_they_are_written(
        pairs in proptest::collection::btree_map(".{1,6}", ".{0,6}", 1..6),
    ) {
        let body = serde_json::json!([{ "labels": pairs }]).to_string();
        let posted = read(body.as_bytes()).unwrap();
        match Labels::new(pairs).unwrap() {
            labels if labels.is_empty() => prop_assert_eq!(posted.invalid.len(), 1),
            labels => prop_assert_eq!(&posted.alerts[0].labels, &labels),
        }
    }
}
