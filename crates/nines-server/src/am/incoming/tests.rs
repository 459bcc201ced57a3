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
            lines + &invalid.iter().map(|it| format!("invalid: {it}\n")).collect::<String>()
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
        &expect![[r#""#]],
    );
    check("[]", &expect![[r#""#]]);
}

#[test]
fn the_zero_time_of_go_is_no_time() {
    check(
        r#"[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00Z"},
            {"labels":{"a":"b"},"startsAt":"2026-11-25T20:00:00.123+01:00","endsAt":""},
            {"labels":{"a":"b"},"endsAt":"2026-11-25T20:00:00Z"}]"#,
        &expect![[r#""#]],
    );
}

#[test]
fn the_good_ones_of_a_bad_batch_count() {
    check(
        r#"[{"labels":{"x":""}},{"labels":{"a":"b"}},{"labels":{"":"b"}},
            {"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2029-01-01T00:00:00Z"}]"#,
        &expect![[r#""#]],
    );
}

#[test]
fn a_body_of_another_shape_is_refused_as_a_whole() {
    check(r#"[{"annotations":{"s":"t"}}]"#, &expect![[r#""#]]);
    check(r#"[{"labels":{"alertname":5}}]"#, &expect![[r#""#]]);
    check("{", &expect![[r#""#]]);
    check("null", &expect![[r#""#]]);
    check(r#"[{"labels":{"a":"b"},"startsAt":"yesterday"}]"#, &expect![[r#""#]]);
    check(r#"[{"labels":{"a":"b"},"generatorURL":"::no url"}]"#, &expect![[r#""#]]);
    let many = format!("[{}{{}}]", "{},".repeat(ALERTS_MAX));
    check(&many, &expect![[r#""#]]);
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
