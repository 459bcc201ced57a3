//! The small parts that pages share: states, times, budgets, places. They format, and compute nothing.

use jiff::Timestamp;
use maud::{Markup, html};

use super::visit::Visit;
use crate::slo_views::{BudgetView, SloView};
use crate::text;
use crate::views::{AlertView, IncidentView};

/// How loud a thing is, with its shape: colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Warn,
    Unknown,
    Note,
    Quiet,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Bad => "s bad",
            Self::Warn => "s warn",
            Self::Unknown => "s unknown",
            Self::Note => "s note",
            Self::Quiet => "s",
        }
    }

    fn shape(self) -> &'static str {
        match self {
            Self::Bad => "■",
            Self::Warn => "▲",
            Self::Unknown => "◇",
            Self::Note => "●",
            Self::Quiet => "",
        }
    }

    /// Of the words that views use for states, severities and results; what is not known is no alarm.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "page" | "spent" | "closed" | "fail" | "failed" | "SEV1" | "SEV2" | "error"
            | "down" | "aborted" => Self::Bad,
            "ticket" | "SEV3" | "waiting" | "warning" | "not done" | "given up" => Self::Warn,
            "no data" | "no events" | "unknown" => Self::Unknown,
            "under way" | "running" | "SEV4" | "SEV5" | "hint" => Self::Note,
            _ => Self::Quiet,
        }
    }
}

/// A word with its shape and colour.
pub(super) fn tone(tone: Tone, word: &str) -> Markup {
    html! {
        span class=(tone.class()) { span aria-hidden="true" { (tone.shape()) } " " (word) }
    }
}

/// A word that has a tone of its own.
pub(super) fn state(word: &str) -> Markup {
    tone(Tone::of(word), word)
}

/// The state of an alert: its severity while it fires.
pub(super) fn alert_state(alert: &AlertView) -> Markup {
    match alert.state {
        "firing" => state(&alert.severity),
        other => tone(Tone::Quiet, other),
    }
}

/// An instant, absolute.
pub(super) fn at(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (text::clock(at)) } }
}

/// An instant, relative, with the absolute one as a hint.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title={ (text::clock(at)) " UTC" } { (text::ago(at, now)) } }
}

/// How long something has lasted.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Markup {
    let lasted = text::duration(now.duration_since(at));
    html! { time datetime=(at) title={ "since " (text::clock(at)) " UTC" } { (lasted) } }
}

/// What is left of a budget, in words; every page prints it this way.
pub(super) fn budget_left(budget: &BudgetView) -> String {
    match budget.total {
        0 => "—".to_owned(),
        _ => text::percent(budget.remaining_ratio).replace('-', "−"),
    }
}

/// What is left of a budget, as a bar and in words.
pub(super) fn budget(budget: &BudgetView) -> Markup {
    html! {
        @if 0 < budget.total { (bar(budget.remaining_ratio)) " " }
        span.num { (budget_left(budget)) }
    }
}

/// The words beside it say the same.
fn bar(ratio: f64) -> Markup {
    let width = format!("{:.1}", ratio.clamp(0.0, 1.0) * 100.0);
    let class = if ratio <= 0.0 { "bar over" } else { "bar" };
    html! {
        svg class=(class) viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="8" {}
            rect.fill width=(width) height="8" {}
        }
    }
}

/// The counts that a budget was made from.
pub(super) fn counts(it: &BudgetView) -> String {
    let (bad, total) = (text::count(it.bad), text::count(it.total));
    format!("{bad} bad of {} allowed of {total}", it.allowed_tenths())
}

/// The address of an objective's page.
pub(super) fn slo_path(slo: &SloView) -> String {
    format!("/slo/{}/{}", slo.slo.service, slo.slo.slo)
}

/// Where something is written.
pub(super) fn origin(origin: &str) -> Markup {
    html! { code.origin { (origin) } }
}

/// Commands that show or do the same.
pub(super) fn commands(commands: &[String]) -> Markup {
    html! {
        section aria-labelledby="cli" {
            h2 #cli { "The same from a terminal" }
            pre { @for it in commands { (it) "\n" } }
        }
    }
}

/// In place of a form, for a visitor whose forms would be refused.
pub(super) fn sign_in(visit: &Visit) -> Markup {
    html! {
        p { a href={ "/login?next=" (visit.path) } { "Sign in" } " to act on this." }
    }
}

/// Who has an incident.
pub(super) fn acknowledged(incident: &IncidentView, now: Timestamp) -> Markup {
    html! {
        @match (&incident.acknowledged_by, incident.acknowledged_at) {
            (Some(by), Some(at)) => { "acknowledged by " (by) " " (ago(at, now)) },
            (Some(by), None) => { "acknowledged by " (by) },
            (None, _) => { "not acknowledged" },
        }
    }
}

/// A line for an empty list: what belongs there, and what fills it.
pub(super) fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}
