use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::{AlertData, NoticeData, Templates, render};
use crate::dispatch::{Integration, Settings};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn alert(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> AlertData {
    let annotations = annotations.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
    AlertData {
        labels: Labels::new(labels.iter().copied()).unwrap(),
        annotations: annotations.collect(),
        starts_at: at(0) + SignedDuration::from_millis(120),
        ends_at: None,
        generator_url: "http://prometheus/graph?g0.expr=up&g0.tab=1".to_owned(),
    }
}

fn data(alerts: Vec<AlertData>) -> NoticeData {
    let group = Labels::new([("alertname", "Down")]).unwrap();
    let key = "{}/{team=\"shop\"}:{alertname=\"Down\"}";
    NoticeData::new("shop.web", key, &group, alerts, "http://nines.example/", at(30))
}

fn check(settings: Settings, data: &NoticeData, expect: Expect) {
    let integration = Integration { send_resolved: true, settings };
    let payload = render(&integration, data, &Templates::default());
    assert!(payload.fields.is_empty());
    expect.assert_eq(&payload.body);
}

fn two() -> Vec<AlertData> {
    let one = alert(&[("alertname", "Down"), ("instance", "b"), ("job", "x")], &[("a", "<same>")]);
    let resolved = AlertData {
        ends_at: Some(at(20)),
        annotations: BTreeMap::from([("a".to_owned(), "<same>".to_owned())]),
        ..alert(&[("alertname", "Down"), ("instance", "a"), ("job", "x")], &[])
    };
    vec![one, resolved]
}

#[test]
fn a_webhook_gets_the_body_of_version_4() {
    check(
        Settings::Webhook { max_alerts: 0 },
        &data(two()),
        expect![[r#"
            {"receiver":"shop\\.web","status":"firing","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"},{"status":"firing","labels":{"alertname":"Down","instance":"b","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d9f86d2daaea1f36"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":0}
        "#]],
    );
}

#[test]
fn what_is_common_is_common_to_those_alerts_that_are_told() {
    check(
        Settings::Webhook { max_alerts: 1 },
        &data(two()),
        expect![[r#"
            {"receiver":"shop\\.web","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","instance":"a","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":1}
        "#]],
    );
}
