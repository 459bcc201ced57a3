use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::{
    AlertData, FieldValue, KINDS, Kind, NoticeData, Provider, Setting, Templates, parse, render,
};
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

fn check(settings: Settings, data: &NoticeData, expect: &Expect) {
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
        &expect![[r#"
            {"receiver":"shop\\.web","status":"firing","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"},{"status":"firing","labels":{"alertname":"Down","instance":"b","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d9f86d2daaea1f36"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":0}
        "#]],
    );
}

#[test]
fn what_is_common_is_common_to_those_alerts_that_are_told() {
    check(
        Settings::Webhook { max_alerts: 1 },
        &data(two()),
        &expect![[r#"
            {"receiver":"shop\\.web","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","instance":"a","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":1}
        "#]],
    );
}

/// With defaults for what is not given, as the reader of files does.
fn provider(kind: &str, given: &[(&str, Setting)]) -> Settings {
    let kind = Kind::of(kind).unwrap();
    let mut settings = BTreeMap::new();
    for field in kind.fields {
        let given = given.iter().find(|(name, _)| *name == field.name).map(|(_, it)| it.clone());
        let default = || {
            let text = field.default?;
            Some(match field.value {
                FieldValue::Html => Setting::Html(parse(text).unwrap()),
                FieldValue::Text | FieldValue::Any => Setting::Text(parse(text).unwrap()),
                FieldValue::Whole => Setting::Whole(text.parse().unwrap()),
                FieldValue::Length => {
                    Setting::Whole(nines_base::parse_duration(text).unwrap().as_secs())
                }
                _ => Setting::Plain(text.to_owned()),
            })
        };
        if let Some(setting) = given.or_else(default) {
            settings.insert(field.name.to_owned(), setting);
        }
    }
    Settings::Provider(Box::new(Provider { kind, settings }))
}

fn shown(settings: Settings) -> String {
    let integration = Integration { send_resolved: true, settings };
    let payload = render(&integration, &data(two()), &Templates::default());
    let mut out = payload.body;
    for (name, value) in payload.fields {
        if !["key", "status"].contains(&name.as_str()) {
            out.push_str(&format!("\n{name}: {value}"));
        }
    }
    out + "\n"
}

fn text(template: &str) -> Setting {
    Setting::Text(parse(template).unwrap())
}

#[test]
fn every_kind_says_what_fires_without_being_told_how() {
    let mut out = String::new();
    for kind in &KINDS {
        out.push_str(&format!("# {}\n{}\n", kind.name, shown(provider(kind.name, &[]))));
    }
    expect![[r##"
        # webhook
        {"receiver":"shop\\.web","status":"firing","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"},{"status":"firing","labels":{"alertname":"Down","instance":"b","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d9f86d2daaea1f36"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":0}


        # email

        html: <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>[FIRING:1] Down job=x</title></head>
        <body style="margin:0;padding:16px;background:#f3f5f7;color:#1c2127;font-family:sans-serif;font-size:15px;line-height:1.45">
        <table role="presentation" style="max-width:640px;width:100%;margin:0 auto;background:#ffffff;border-collapse:collapse">
        <tr><td style="padding:16px 20px;color:#ffffff;background:#b3261e"><div style="font-size:17px;font-weight:600">[FIRING:1] Down job=x</div></td></tr>
        <tr><td style="padding:12px 20px 4px;font-weight:600">Firing: 1</td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3">
        <div style="font-weight:600">Down</div>
        <div style="color:#5b6570;font-size:13px">since 2026-05-28 20:26:40 UTC</div>
        <div style="margin-top:4px"><span style="color:#5b6570">a</span> &lt;same&gt;</div>
        <div style="margin-top:4px;font-family:monospace;font-size:13px">alertname=Down, instance=b, job=x</div>
        <div style="margin-top:4px"><a href="http://prometheus/graph?g0.expr=up&amp;g0.tab=1">source</a></div>
        </td></tr>
        <tr><td style="padding:12px 20px 4px;font-weight:600">Resolved: 1</td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3">
        <div style="font-weight:600">Down</div>
        <div style="color:#5b6570;font-size:13px">since 2026-05-28 20:26:40 UTC, until 2026-05-28 20:27:00 UTC</div>
        <div style="margin-top:4px"><span style="color:#5b6570">a</span> &lt;same&gt;</div>
        <div style="margin-top:4px;font-family:monospace;font-size:13px">alertname=Down, instance=a, job=x</div>
        <div style="margin-top:4px"><a href="http://prometheus/graph?g0.expr=up&amp;g0.tab=1">source</a></div>
        </td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3;font-size:13px"><a href="http://nines.example/alerts">nines</a></td></tr>
        </table></body></html>

        subject: [FIRING:1] Down

        # pagerduty
        {"event_action":"trigger","dedup_key":"72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af","client":"nines","client_url":"http://nines.example/alerts","payload":{"summary":"[FIRING:1] Down job=x","source":"nines","severity":"error"}}

        # opsgenie
        {"alias":"72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af","message":"[FIRING:1] Down job=x","description":"Firing:\n■ Down, since 2026-05-28 20:26:40 UTC\n  a: \u003csame\u003e\n  instance=b, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nResolved:\n✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC\n  a: \u003csame\u003e\n  instance=a, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nhttp://nines.example/alerts\n","details":{"alertname":"Down","job":"x"},"source":"http://nines.example/alerts"}
        alias: 72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af

        # wechat
        {"touser":"","toparty":"","totag":"","agentid":"","msgtype":"text","safe":"0","text":{"content":"[FIRING:1] Down job=x\nFiring:\n■ Down, since 2026-05-28 20:26:40 UTC\n  a: \u003csame\u003e\n  instance=b, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nResolved:\n✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC\n  a: \u003csame\u003e\n  instance=a, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nhttp://nines.example/alerts\n"}}

        # slack
        {"username":"nines","attachments":[{"title":"[FIRING:1] Down job=x","title_link":"http://nines.example/alerts","fallback":"[FIRING:1] Down job=x http://nines.example/alerts","color":"danger","mrkdwn_in":["fallback","pretext","text"]}]}

        # victorops
        {"message_type":"CRITICAL","entity_id":"72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af","entity_display_name":"[FIRING:1] Down job=x","state_message":"Firing:\n■ Down, since 2026-05-28 20:26:40 UTC\n  a: \u003csame\u003e\n  instance=b, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nResolved:\n✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC\n  a: \u003csame\u003e\n  instance=a, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nhttp://nines.example/alerts\n","monitoring_tool":"nines"}

        # pushover

        expire: 3600
        message: a: <same>
        priority: 2
        retry: 60
        title: [FIRING:1] Down job=x
        url: http://nines.example/alerts

        # sns

        message: Firing:
        ■ Down, since 2026-05-28 20:26:40 UTC
          a: <same>
          instance=b, job=x
          http://prometheus/graph?g0.expr=up&g0.tab=1
        Resolved:
        ✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC
          a: <same>
          instance=a, job=x
          http://prometheus/graph?g0.expr=up&g0.tab=1
        http://nines.example/alerts

        subject: [FIRING:1] Down job=x

        # telegram
        {"text":"Firing:\n■ Down, since 2026-05-28 20:26:40 UTC\n  a: \u003csame\u003e\n  instance=b, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nResolved:\n✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC\n  a: \u003csame\u003e\n  instance=a, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nhttp://nines.example/alerts\n","parse_mode":"HTML","disable_web_page_preview":true}

        # discord
        {"content":"","embeds":[{"title":"[FIRING:1] Down job=x","description":"**Firing**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=b`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n**Resolved**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=a`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n","color":11740702}]}

        # webex
        {"roomId":null,"markdown":"**[FIRING:1] Down job=x**\n**Firing**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=b`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n**Resolved**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=a`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n"}

        # msteams
        {"@context":"http://schema.org/extensions","@type":"MessageCard","title":"[FIRING:1] Down job=x","summary":"[FIRING:1] Down job=x","text":"**Firing**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=b`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n**Resolved**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=a`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n","themeColor":"b3261e"}

        # msteamsv2
        {"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.2","body":[{"type":"TextBlock","text":"[FIRING:1] Down job=x","weight":"Bolder","size":"Medium","wrap":true,"style":"heading","color":"Attention"},{"type":"TextBlock","text":"**Firing**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=b`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n**Resolved**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=a`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n","wrap":true}],"msteams":{"width":"full"}}}]}

        # jira
        {"fields":{"summary":"[FIRING:1] Down job=x","description":"Firing:\n■ Down, since 2026-05-28 20:26:40 UTC\n  a: \u003csame\u003e\n  instance=b, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nResolved:\n✓ Down, since 2026-05-28 20:26:40 UTC, until 20:27:00 UTC\n  a: \u003csame\u003e\n  instance=a, job=x\n  http://prometheus/graph?g0.expr=up\u0026g0.tab=1\nhttp://nines.example/alerts","labels":["ALERT{72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af}"],"priority":{"name":"Medium"}}}
        api_type: auto
        label: ALERT{72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af}

        # rocketchat
        {"attachments":[{"title":"[FIRING:1] Down job=x","title_link":"http://nines.example/alerts","color":"red"}]}

        # mattermost
        {"username":"nines","attachments":[{"fallback":"[FIRING:1] Down job=x http://nines.example/alerts","color":"#b3261e","title":"[FIRING:1] Down job=x","title_link":"http://nines.example/alerts","text":"**Firing**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=b`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n**Resolved**\n\n**Down** since 2026-05-28 20:26:40 UTC\n- a: \u003csame\u003e\n- `instance=a`, `job=x`\n- [source](http://prometheus/graph?g0.expr=up\u0026g0.tab=1)\n"}]}

        # incidentio
        {"receiver":"shop\\.web","status":"firing","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"a","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"2026-05-28T20:27:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d4c1d66169c5760d"},{"status":"firing","labels":{"alertname":"Down","instance":"b","job":"x"},"annotations":{"a":"\u003csame\u003e"},"startsAt":"2026-05-28T20:26:40.12Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","fingerprint":"d9f86d2daaea1f36"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","job":"x"},"commonAnnotations":{"a":"\u003csame\u003e"},"externalURL":"http://nines.example","version":"4","groupKey":"{}/{team=\"shop\"}:{alertname=\"Down\"}","truncatedAlerts":0}


    "##]].assert_eq(&out);
}

#[test]
fn a_template_that_fails_loses_nothing() {
    let broken = text("{{ index .Alerts 7 }}");
    let all = [
        (
            "slack",
            vec![("text", broken.clone()), ("channel", text("#shop")), ("color", broken.clone())],
        ),
        ("pagerduty", vec![("description", broken.clone())]),
        ("email", vec![("html", broken), ("to", text("shop@example.org"))]),
        ("telegram", vec![("message", text("{{ template \"nowhere\" . }}"))]),
    ];
    let mut out = String::new();
    for (kind, given) in all {
        out.push_str(&format!("# {kind}\n{}\n", shown(provider(kind, &given))));
    }
    expect![[r##"
        # slack
        {"channel":"#shop","username":"nines","attachments":[{"title":"[FIRING:1] Down job=x","title_link":"http://nines.example/alerts","text":"resolved since 2026-05-28T20:26:40.12Z {alertname=\"Down\", instance=\"a\", job=\"x\"}\n  a: \u003csame\u003e\nfiring since 2026-05-28T20:26:40.12Z {alertname=\"Down\", instance=\"b\", job=\"x\"}\n  a: \u003csame\u003e\nhttp://nines.example\n\nA template of this receiver failed: color: error calling index: index out of range: 7; text: error calling index: index out of range: 7","fallback":"[FIRING:1] Down job=x http://nines.example/alerts","color":"danger","mrkdwn_in":["fallback","pretext","text"]}]}

        # pagerduty
        {"event_action":"trigger","dedup_key":"72289441c54383fb345913d495b61403025e17a41380f4aa80be9a072fc975af","client":"nines","client_url":"http://nines.example/alerts","payload":{"summary":"[FIRING:1] Down\n\nA template of this receiver failed: description: error calling index: index out of range: 7","source":"nines","severity":"error"}}

        # email

        html: <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>[FIRING:1] Down job=x</title></head>
        <body style="margin:0;padding:16px;background:#f3f5f7;color:#1c2127;font-family:sans-serif;font-size:15px;line-height:1.45">
        <table role="presentation" style="max-width:640px;width:100%;margin:0 auto;background:#ffffff;border-collapse:collapse">
        <tr><td style="padding:16px 20px;color:#ffffff;background:#b3261e"><div style="font-size:17px;font-weight:600">[FIRING:1] Down job=x</div></td></tr>
        <tr><td style="padding:12px 20px 4px;font-weight:600">Firing: 1</td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3">
        <div style="font-weight:600">Down</div>
        <div style="color:#5b6570;font-size:13px">since 2026-05-28 20:26:40 UTC</div>
        <div style="margin-top:4px"><span style="color:#5b6570">a</span> <same></div>
        <div style="margin-top:4px;font-family:monospace;font-size:13px">alertname=Down, instance=b, job=x</div>
        <div style="margin-top:4px"><a href="http://prometheus/graph?g0.expr=up&g0.tab=1">source</a></div>
        </td></tr>
        <tr><td style="padding:12px 20px 4px;font-weight:600">Resolved: 1</td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3">
        <div style="font-weight:600">Down</div>
        <div style="color:#5b6570;font-size:13px">since 2026-05-28 20:26:40 UTC, until 2026-05-28 20:27:00 UTC</div>
        <div style="margin-top:4px"><span style="color:#5b6570">a</span> <same></div>
        <div style="margin-top:4px;font-family:monospace;font-size:13px">alertname=Down, instance=a, job=x</div>
        <div style="margin-top:4px"><a href="http://prometheus/graph?g0.expr=up&g0.tab=1">source</a></div>
        </td></tr>
        <tr><td style="padding:12px 20px;border-top:1px solid #d8dde3;font-size:13px"><a href="http://nines.example/alerts">nines</a></td></tr>
        </table></body></html>

        subject: [FIRING:1] Down
        text: resolved since 2026-05-28T20:26:40.12Z {alertname="Down", instance="a", job="x"}
          a: <same>
        firing since 2026-05-28T20:26:40.12Z {alertname="Down", instance="b", job="x"}
          a: <same>
        http://nines.example

        A template of this receiver failed: html: error calling index: index out of range: 7
        to: shop@example.org

        # telegram
        {"text":"resolved since 2026-05-28T20:26:40.12Z {alertname=\"Down\", instance=\"a\", job=\"x\"}\n  a: \u003csame\u003e\nfiring since 2026-05-28T20:26:40.12Z {alertname=\"Down\", instance=\"b\", job=\"x\"}\n  a: \u003csame\u003e\nhttp://nines.example\n\nA template of this receiver failed: message: template \"nowhere\" not defined","parse_mode":"HTML","disable_web_page_preview":true}

    "##]].assert_eq(&out);
}

/// The text of an e-mail, and its HTML.
fn filled(text: &str, html: &str, templates: &Templates) -> (String, String) {
    let parsed = |it: &str| parse(it).unwrap();
    let given = [("text", Setting::Text(parsed(text))), ("html", Setting::Html(parsed(html)))];
    let integration = Integration { send_resolved: true, settings: provider("email", &given) };
    let mut payload = render(&integration, &data(two()), templates);
    let mut take = |name: &str| payload.fields.remove(name).unwrap_or_default();
    (take("text"), take("html"))
}

#[test]
fn html_escapes_every_hole_but_markup() {
    let all = "{{ (index .Alerts 0).Annotations.a }} {{ \"<b>\" | safeHtml }}";
    let (text, html) = filled(all, all, &Templates::default());
    assert_eq!(text, "<same> <b>");
    assert_eq!(html, "&lt;same&gt; <b>");
}

#[test]
fn files_define_names_anew_and_call_each_other() {
    let mut templates = Templates::default();
    let file = "{{ define \"shop.line\" }}{{ .Labels.instance }};{{ end }}{{ define \"__subject\" }}ours{{ end }}";
    templates.add(&parse(file).unwrap());
    let text = "{{ template \"slack.default.title\" . }}: {{ range .Alerts }}{{ template \"shop.line\" . }}{{ end }}";
    assert_eq!(filled(text, "", &templates).0, "ours: a;b;");
}

#[test]
fn time_is_that_of_the_tick() {
    let text = "{{ since (index .Alerts 0).StartsAt }} {{ now | date \"15:04:05\" }} {{ (index .Alerts 0).StartsAt | tz \"Europe/Warsaw\" | date \"15:04 MST\" }} {{ humanizeDuration (since (index .Alerts 0).StartsAt) }}";
    let (text, _) = filled(text, "", &Templates::default());
    assert_eq!(text, "29.88s 20:27:10 22:26 CEST 29.88s");
}

#[test]
fn what_never_ends_is_stopped_and_nothing_is_lost() {
    let endless = [
        "{{ define \"x\" }}{{ template \"x\" . }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}",
        "{{ range $i, $a := .Alerts }}{{ range 5000 }}{{ range 5000 }}x{{ end }}{{ end }}{{ end }}",
        "{{ range 9000 }}{{ printf \"%100s\" \"x\" }}{{ end }}",
    ];
    for text in endless {
        let (said, _) = filled(text, "", &Templates::default());
        assert!(said.contains("Down") && said.contains("failed: text: "), "{text}: {said}");
    }
}

#[test]
fn json_of_a_notice_is_that_of_the_webhook() {
    let (text, _) = filled("{{ .Alerts | toJson }}", "", &Templates::default());
    let integration =
        Integration { send_resolved: true, settings: Settings::Webhook { max_alerts: 0 } };
    let body = render(&integration, &data(two()), &Templates::default()).body;
    assert!(body.contains(&text), "{text}");
}
