//! What is said when a template fails, without any template; and texts that fit.

use super::data::{AlertData, NoticeData};

/// So many alerts are told one by one; the others are counted.
const ALERTS_MAX: usize = 50;

/// One line.
pub(super) fn subject(notice: &NoticeData) -> String {
    let name = notice.common_labels().get("alertname").map(|it| (*it).to_owned());
    let name = name.unwrap_or_else(|| format!("{} alerts", notice.alerts.len()));
    let firing = notice.alerts.iter().filter(|it| it.ends_at.is_none()).count();
    match firing {
        0 => format!("[RESOLVED] {name}"),
        firing => format!("[FIRING:{firing}] {name}"),
    }
}

/// Every alert with all its labels and annotations.
pub(super) fn text(notice: &NoticeData) -> String {
    let mut out = String::new();
    for it in notice.alerts.iter().take(ALERTS_MAX) {
        alert(&mut out, it);
    }
    let more = notice.alerts.len().saturating_sub(ALERTS_MAX);
    if 0 < more {
        out.push_str(&format!("and {more} more alerts\n"));
    }
    out.push_str(&notice.external_url);
    out
}

fn alert(out: &mut String, it: &AlertData) {
    out.push_str(&format!("{} since {} {}\n", it.status(), it.starts_at, it.labels));
    for (name, value) in &it.annotations {
        out.push_str(&format!("  {name}: {value}\n"));
    }
}

/// At most so many characters; the last one says that something is missing.
pub(super) fn cut(text: &str, characters_max: usize) -> String {
    if text.chars().nth(characters_max).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    kept + "…"
}
