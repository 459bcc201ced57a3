//! Exclusions and corrections of files and of facts together, as trackers take them and as people see them.

use jiff::Timestamp;
use jiff::civil::Weekday;
use nines_engine::exclusions::Recorded;
use nines_slo::{Overlay, OverlayAlerts, OverlayEffect, SloName, SloPattern, When};
use serde::Serialize;

use crate::app::Shared;
use crate::text;

/// One exclusion or correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OverlayView {
    pub(crate) name: String,
    /// Whose counts: `service/slo`, where `*` stands for any part.
    pub(crate) slo: String,
    /// In words.
    pub(crate) when: String,
    /// The ends, of what happens once.
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// `exclude` or `correct`.
    pub(crate) kind: &'static str,
    pub(crate) good: Option<u64>,
    pub(crate) total: Option<u64>,
    /// `mute` or `keep`.
    pub(crate) alerts: &'static str,
    pub(crate) author: String,
    pub(crate) reason: String,
    pub(crate) evidence: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    /// Where it is written; absent for what the API recorded.
    pub(crate) origin: Option<String>,
    /// Of what the API recorded: to be named by whoever changes or withdraws it.
    pub(crate) revision: Option<u64>,
    pub(crate) created: Option<Timestamp>,
}

impl OverlayView {
    /// `does not count`, `counts as 9 good of 10`.
    pub(crate) fn effect_words(&self) -> String {
        match (self.good, self.total) {
            (Some(good), Some(total)) => {
                format!("counts as {} good of {}", text::count(good), text::count(total))
            }
            _ => "does not count".to_owned(),
        }
    }

    /// Evidence that a browser may be sent to.
    pub(crate) fn evidence_link(&self) -> Option<&str> {
        let is_web = |it: &&str| it.starts_with("https://") || it.starts_with("http://");
        self.evidence.as_deref().filter(is_web)
    }
}

impl Shared {
    /// What lies over counts: from files, then from facts.
    pub(crate) fn overlays(&self) -> Vec<Overlay> {
        let recorded = self
            .engine
            .read(|state| state.exclusions.iter().map(Recorded::overlay).collect::<Vec<_>>());
        self.spec().overlays.iter().cloned().chain(recorded).collect()
    }

    /// Those of one SLO, or all; the newest first.
    pub(crate) fn overlay_views(&self, of: Option<&SloName>) -> Vec<OverlayView> {
        let recorded = self
            .engine
            .read(|state| state.exclusions.iter().map(recorded_view).collect::<Vec<_>>());
        let spec = self.spec();
        let written = spec.overlays.iter().map(overlay_view);
        let concerns =
            |it: &OverlayView| of.is_none_or(|of| SloPattern { text: it.slo.clone() }.matches(of));
        let mut views: Vec<OverlayView> = written.chain(recorded).filter(concerns).collect();
        views.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| a.name.cmp(&b.name)));
        views
    }
}

/// What the API recorded.
pub(crate) fn recorded_view(recorded: &Recorded) -> OverlayView {
    OverlayView {
        origin: None,
        revision: Some(recorded.revision),
        created: Some(recorded.created),
        ..overlay_view(&recorded.overlay())
    }
}

fn overlay_view(overlay: &Overlay) -> OverlayView {
    let ends = match &overlay.when {
        When::Once { from, to } => Some((*from, *to)),
        When::Weekly { .. } => None,
    };
    let (kind, good, total) = match overlay.effect {
        OverlayEffect::Exclude => ("exclude", None, None),
        OverlayEffect::Correct { good, total } => ("correct", Some(good), Some(total)),
    };
    OverlayView {
        name: overlay.name.clone(),
        slo: overlay.slos.text.clone(),
        when: when_words(&overlay.when),
        from: ends.map(|it| it.0),
        to: ends.map(|it| it.1),
        kind,
        good,
        total,
        alerts: match overlay.alerts {
            OverlayAlerts::Mute => "mute",
            OverlayAlerts::Keep => "keep",
        },
        author: overlay.author.clone(),
        reason: overlay.reason.clone(),
        evidence: overlay.evidence.clone(),
        expires: overlay.expires,
        origin: Some(overlay.origin.to_string()),
        revision: None,
        created: None,
    }
}

/// `2026-11-24 02:00:00 to 2026-11-24 03:00:00`, `every sun 02:00–03:00 Europe/Warsaw`.
fn when_words(when: &When) -> String {
    match when {
        When::Once { from, to } => format!("{} to {}", text::clock(*from), text::clock(*to)),
        When::Weekly { days, from, to, zone, .. } => {
            let clock = |it: &jiff::civil::Time| it.strftime("%H:%M").to_string();
            let days = match days.len() {
                7 => "day".to_owned(),
                _ => days.iter().map(|it| day(*it)).collect::<Vec<_>>().join(", "),
            };
            let zone = zone.iana_name().unwrap_or("UTC");
            format!("every {days} {}–{} {zone}", clock(from), clock(to))
        }
    }
}

fn day(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}
