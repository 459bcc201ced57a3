//! `alerting` of an SLO: a preset, or pairs of windows of one's own.

use jiff::SignedDuration;
use nines_slo::{AlertMode, Alerting, BurnFactor, BurnPair, Guard, Preset, Severity, Window};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::values::decimal;

use super::PRESET_DEFAULT;

/// The most pairs of one SLO.
const PAIRS_MAX: usize = 20;
/// Without `short`: a twelfth of the long window.
const LONG_PER_SHORT: i32 = 12;

/// No objective lets anything burn so fast.
const FACTOR_MAX: BurnFactor = BurnFactor(1_000_000_000 * BurnFactor::ONE.0);

const PRESETS: [(&str, Preset); 3] =
    [("scaled", Preset::Scaled), ("workbook", Preset::Workbook), ("none", Preset::None)];
const SEVERITIES: [(&str, Severity); 2] = [("page", Severity::Page), ("ticket", Severity::Ticket)];

/// The alerts for a budget over `window`, and the place of each pair.
pub(super) fn read(
    page: &mut Page<'_, '_>,
    node: Option<&Node>,
    window: &Window,
    otherwise: Span,
) -> (Alerting, Vec<Span>) {
    let of_preset = |preset, escalation, at: Span| {
        let alerting = Alerting::preset(preset, window, escalation);
        let places = vec![at; alerting.pairs.len()];
        (alerting, places)
    };
    let known = ["preset", "pairs", "escalation"];
    let fields = node.and_then(|it| page.fields(it, "alerting", &known));
    let Some(fields) = fields else { return of_preset(PRESET_DEFAULT, None, otherwise) };
    let escalation = page.maybe(&fields, "escalation");
    if let Some(it) = escalation {
        let consequence = "a page for this SLO would reach nobody";
        page.refer(Noun::Escalation, it.text, it.span, consequence);
    }
    let escalation = escalation.map(|it| it.text.to_owned());
    if let (Some(_), Some(_)) = (fields.get("preset"), fields.get("pairs")) {
        let (owner, one, other) = ("alerting", "preset", "pairs");
        let at = fields.key("pairs");
        page.report(&Mistake::Conflict { owner, one, other, at });
    }
    if let Some(node) = fields.get("pairs") {
        let (pairs, places) = pairs(page, node, window.nominal());
        let (mode, guard) = (AlertMode::Safe, Guard::Tail);
        return (Alerting { mode, guard, pairs, escalation }, places);
    }
    let preset = fields.get("preset");
    let at = preset.map_or(otherwise, |it| it.span);
    let preset = preset.and_then(|it| page.word(it, "`preset`", &PRESETS));
    of_preset(preset.unwrap_or(PRESET_DEFAULT), escalation, at)
}

fn pairs(
    page: &mut Page<'_, '_>,
    node: &Node,
    window: SignedDuration,
) -> (Vec<BurnPair>, Vec<Span>) {
    let items = page.list(node, "`pairs`").unwrap_or_default();
    page.check_length(items.len(), 0, PAIRS_MAX, "`pairs`", node.span);
    items
        .iter()
        .take(PAIRS_MAX)
        .filter_map(|it| Some((pair(page, it, window)?, it.anchor())))
        .unzip()
}

fn pair(page: &mut Page<'_, '_>, node: &Node, window: SignedDuration) -> Option<BurnPair> {
    let known = ["severity", "long", "short", "factor", "share"];
    let fields = page.fields(node, "a pair", &known)?;
    let severity = page.need(&fields, "severity", "severity: page");
    let severity = severity.and_then(|it| page.word(it, "`severity`", &SEVERITIES));
    let long = page.need(&fields, "long", "long: 1h");
    let long = long.and_then(|it| page.duration(it, "`long`"));
    let short = match fields.get("short") {
        Some(it) => page.duration(it, "`short`"),
        None => long.map(|it| it / LONG_PER_SHORT),
    };
    let factor = factor(page, &fields, long, window);
    let (long, short) = (long?, short?);
    let hold = SignedDuration::ZERO;
    Some(BurnPair { severity: severity?, long, short, factor: factor?, hold })
}

/// `factor`, or the one at which `share` of the budget is gone after the long window.
fn factor(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    long: Option<SignedDuration>,
    window: SignedDuration,
) -> Option<BurnFactor> {
    let Some(share) = fields.get("share") else {
        let node = page.need(fields, "factor", "factor: 14.4")?;
        let text = page.scalar(node, "`factor`")?;
        let factor = decimal(text.text, 9).filter(|it| *it <= FACTOR_MAX.0);
        if factor.is_none() {
            page.report(&Mistake::BadFactor { text: text.text.to_owned(), at: text.span });
        }
        return factor.map(BurnFactor);
    };
    if fields.get("factor").is_some() {
        let (owner, one, other) = ("a pair", "factor", "share");
        let at = fields.key("share");
        page.report(&Mistake::Conflict { owner, one, other, at });
        return None;
    }
    let share = page.share(share, "`share`")?;
    // Billionths of the budget × the window ÷ the long window, in billionths, rounded.
    let long_ms = long.map(|it| it.as_millis()).filter(|it| 0 < *it)?;
    let product = i128::from(share) * window.as_millis();
    u64::try_from((product + long_ms / 2) / long_ms).ok().map(BurnFactor)
}
