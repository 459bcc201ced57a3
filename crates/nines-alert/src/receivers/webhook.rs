//! The body of webhooks, version 4: the same bytes as from Alertmanager.

use nines_port::Payload;

use super::data::{AlertData, NoticeData, ZERO_TIME};
use super::json;

pub(super) fn render(alerts_max: u32, data: &NoticeData) -> Payload {
    let alerts_max = usize::try_from(alerts_max).unwrap_or(usize::MAX);
    if alerts_max == 0 || data.alerts.len() <= alerts_max {
        return Payload { body: body(data, 0), ..Payload::default() };
    }
    let (data, left_out) = data.truncated(alerts_max);
    Payload { body: body(&data, left_out), ..Payload::default() }
}

fn body(data: &NoticeData, left_out: usize) -> String {
    let mut out = String::with_capacity(512 + 512 * data.alerts.len());
    out.push_str("{\"receiver\":");
    json::text(&mut out, &quoted_meta(&data.receiver));
    out.push_str(",\"status\":");
    json::text(&mut out, data.status());
    out.push_str(",\"alerts\":[");
    for (index, it) in data.alerts.iter().enumerate() {
        if 0 < index {
            out.push(',');
        }
        alert(&mut out, it);
    }
    out.push_str("],\"groupLabels\":");
    json::pairs(&mut out, data.group_labels.iter());
    out.push_str(",\"commonLabels\":");
    json::pairs(&mut out, data.common_labels().into_iter());
    out.push_str(",\"commonAnnotations\":");
    json::pairs(&mut out, data.common_annotations().into_iter());
    out.push_str(",\"externalURL\":");
    json::text(&mut out, &data.external_url);
    out.push_str(",\"version\":\"4\",\"groupKey\":");
    json::text(&mut out, &data.group_key);
    out.push_str(&format!(",\"truncatedAlerts\":{left_out}}}\n"));
    out
}

fn alert(out: &mut String, it: &AlertData) {
    out.push_str("{\"status\":");
    json::text(out, it.status());
    out.push_str(",\"labels\":");
    json::pairs(out, it.labels.iter());
    out.push_str(",\"annotations\":");
    json::pairs(out, it.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    out.push_str(",\"startsAt\":");
    json::text(out, &it.starts_at.to_string());
    out.push_str(",\"endsAt\":");
    match it.ends_at {
        Some(at) => json::text(out, &at.to_string()),
        None => json::text(out, ZERO_TIME),
    }
    out.push_str(",\"generatorURL\":");
    json::text(out, &it.generator_url);
    out.push_str(",\"fingerprint\":");
    json::text(out, &it.fingerprint());
    out.push('}');
}

/// Every character that means something in Go's regular expressions gets a backslash: Alertmanager tells receivers so.
pub(super) fn quoted_meta(text: &str) -> String {
    let is_meta = |it: char| "\\.+*?()|[]{}^$".contains(it);
    text.chars().fold(String::with_capacity(text.len()), |mut out, it| {
        if is_meta(it) {
            out.push('\\');
        }
        out.push(it);
        out
    })
}
