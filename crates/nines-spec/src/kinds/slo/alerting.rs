//! `alerting` of an SLO: a preset, or pairs of windows of one's own.

use jiff::SignedDuration;
use nines_slo::{AlertMode, Alerting, BurnFactor, BurnPair, Guard, Preset, Severity, Window};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{DECIMAL, DURATION, Field, SHARE, Shape, Type, words};
use crate::values::decimal;

use super::sli::within;

/// The most pairs of one SLO.
const PAIRS_MAX: usize = 20;
/// Without `short`: a twelfth of the long window.
const LONG_PER_SHORT: i32 = 12;
/// A burn that must hold for longer is not an alert.
const HOLD_MAX: SignedDuration = SignedDuration::from_hours(24);
/// No objective lets anything burn so fast.
const FACTOR_MAX: BurnFactor = BurnFactor(1_000_000_000 * BurnFactor::ONE.0);
/// The preset that holds when nothing is said.
pub(crate) const PRESET_DEFAULT: Preset = Preset::Scaled;

const PRESETS: [(&str, Preset); 4] = [
    ("scaled", Preset::Scaled),
    ("workbook", Preset::Workbook),
    ("pyrra", Preset::Pyrra),
    ("none", Preset::None),
];
static PRESET_WORDS: [&str; 4] = words(&PRESETS);
const SEVERITIES: [(&str, Severity); 2] = [("page", Severity::Page), ("ticket", Severity::Ticket)];
static SEVERITY_WORDS: [&str; 2] = words(&SEVERITIES);
const MODES: [(&str, AlertMode); 2] =
    [("safe", AlertMode::Safe), ("prometheus", AlertMode::Prometheus)];
static MODE_WORDS: [&str; 2] = words(&MODES);
const GUARDS: [(&str, Guard); 2] = [("tail", Guard::Tail), ("off", Guard::Off)];
static GUARD_WORDS: [&str; 2] = words(&GUARDS);

pub(super) const TYPE: Type = Type::AnyOf(&[Type::Word(&PRESET_WORDS), Type::Map(&ALERTING)]);

static ALERTING: Shape = Shape::new(
    "alerting",
    &[
        Field::new("preset", Type::Word(&PRESET_WORDS), "A ready-made set of pairs.")
            .default("scaled"),
        Field::new(
            "pairs",
            Type::List { of: &Type::Map(&PAIR), min: 0, max: PAIRS_MAX },
            "Pairs of windows of one's own; those of one severity are one alert.",
        ),
        Field::new(
            "mode",
            Type::Word(&MODE_WORDS),
            "How it is judged: with care for missing data and luck, or as exported rules are.",
        )
        .default("safe"),
        Field::new(
            "guard",
            Type::AnyOf(&[Type::Word(&GUARD_WORDS), Type::Map(&GUARD)]),
            "What keeps luck from paging while few events are expected.",
        )
        .default("tail"),
        Field::new("escalation", Type::Text, "Who is told; without it the routing decides."),
    ],
);
static GUARD: Shape = Shape::new(
    "a guard",
    &[Field::new(
        "min_bad",
        Type::Whole { min: 1, max: u32::MAX as u64 },
        "At least so many bad events in the long window.",
    )
    .needed("min_bad: 3")],
);
static PAIR: Shape = Shape::new(
    "a pair",
    &[
        Field::new("severity", Type::Word(&SEVERITY_WORDS), "What it makes people do.")
            .needed("severity: page"),
        Field::new("long", Type::Like(&DURATION), "The long window: enough evidence.")
            .needed("long: 1h"),
        Field::new("short", Type::Like(&DURATION), "The short window: still going on.")
            .default("a twelfth of the long one"),
        Field::new(
            "factor",
            Type::Like(&DECIMAL),
            "How many times the speed at which the budget would just last.",
        ),
        Field::new(
            "share",
            Type::Like(&SHARE),
            "Instead of `factor`: the share of the budget that is gone when it fires.",
        ),
        Field::new("for", Type::Like(&DURATION), "It must hold for so long before it fires.")
            .default("0s"),
    ],
)
.one_of(&["factor", "share"]);

/// Alerts before they meet a window: presets and shares follow its length.
#[derive(Debug, Clone)]
pub(super) struct AlertingSpec {
    source: Source,
    mode: AlertMode,
    guard: Guard,
    escalation: Option<String>,
}

#[derive(Debug, Clone)]
enum Source {
    Preset(Preset, Span),
    Pairs(Vec<(PairSpec, Span)>),
}

#[derive(Debug, Clone, Copy)]
struct PairSpec {
    severity: Severity,
    long: SignedDuration,
    short: SignedDuration,
    speed: Speed,
    hold: SignedDuration,
}

#[derive(Debug, Clone, Copy)]
enum Speed {
    Factor(BurnFactor),
    /// Of the budget, in billionths.
    Share(u64),
}

impl AlertingSpec {
    /// The alerts for a budget over `window`, and the place of each pair.
    pub(super) fn over(&self, window: &Window) -> (Alerting, Vec<Span>) {
        let (pairs, places) = match &self.source {
            Source::Preset(preset, at) => {
                let Alerting { pairs, .. } = Alerting::preset(*preset, window, None);
                let places = vec![*at; pairs.len()];
                (pairs, places)
            }
            Source::Pairs(pairs) => pairs
                .iter()
                .filter_map(|(pair, at)| Some((pair.over(window.nominal())?, *at)))
                .unzip(),
        };
        let Self { mode, guard, ref escalation, .. } = *self;
        (Alerting { mode, guard, pairs, escalation: escalation.clone() }, places)
    }
}

impl PairSpec {
    /// Nothing when the factor is too large for any objective.
    fn over(self, window: SignedDuration) -> Option<BurnPair> {
        let Self { severity, long, short, speed, hold } = self;
        let factor = match speed {
            Speed::Factor(factor) => factor,
            // Billionths of the budget × the window ÷ the long window, in billionths, rounded.
            Speed::Share(share) => {
                let long_ms = long.as_millis();
                let product = i128::from(share) * window.as_millis();
                BurnFactor(u64::try_from((product + long_ms / 2) / long_ms).ok()?)
            }
        };
        Some(BurnPair { severity, long, short, factor, hold })
    }
}

/// A word, or a mapping; `otherwise` is the place of what nobody wrote.
pub(super) fn read(page: &mut Page<'_, '_>, node: Option<&Node>, otherwise: Span) -> AlertingSpec {
    let of_preset = |preset, at| AlertingSpec {
        source: Source::Preset(preset, at),
        mode: AlertMode::Safe,
        guard: Guard::Tail,
        escalation: None,
    };
    let Some(node) = node else { return of_preset(PRESET_DEFAULT, otherwise) };
    if let Value::Text(_) = node.value {
        let preset = page.word(node, "`preset`", &PRESETS);
        return of_preset(preset.unwrap_or(PRESET_DEFAULT), node.span);
    }
    let Some(fields) = page.shape(node, &ALERTING) else {
        return of_preset(PRESET_DEFAULT, otherwise);
    };
    let escalation = page.maybe(&fields, "escalation");
    if let Some(it) = escalation {
        let consequence = "a page for this SLO would reach nobody";
        page.refer(Noun::Escalation, it.text, it.span, consequence);
    }
    page.apart(&fields, "preset", "pairs");
    let mode = fields.get("mode").and_then(|it| page.word(it, "`mode`", &MODES));
    let mode = mode.unwrap_or(AlertMode::Safe);
    let guard = guard(page, &fields, mode);
    let source = match fields.get("pairs") {
        Some(node) => Source::Pairs(pairs(page, node)),
        None => {
            let preset = fields.get("preset");
            let at = preset.map_or(otherwise, |it| it.span);
            let preset = preset.and_then(|it| page.word(it, "`preset`", &PRESETS));
            Source::Preset(preset.unwrap_or(PRESET_DEFAULT), at)
        }
    };
    AlertingSpec { source, mode, guard, escalation: escalation.map(|it| it.text.to_owned()) }
}

fn guard(page: &mut Page<'_, '_>, fields: &Fields<'_>, mode: AlertMode) -> Guard {
    let Some(node) = fields.get("guard") else { return Guard::Tail };
    if mode == AlertMode::Prometheus {
        let (what, at) = ("`guard`".to_owned(), fields.key("guard"));
        let help = "`mode: prometheus` judges as exported rules do, and they have no guard";
        page.report(&Mistake::Ignored { what, help, at });
    }
    let guard = match &node.value {
        Value::Map(_) => page.shape(node, &GUARD).and_then(|it| {
            page.needed(&it, "min_bad")?;
            let least = page.whole_number(&it, "min_bad", 1, u32::MAX)?;
            Some(Guard::MinBad(u64::from(least)))
        }),
        _ => page.word(node, "`guard`", &GUARDS),
    };
    guard.unwrap_or(Guard::Tail)
}

fn pairs(page: &mut Page<'_, '_>, node: &Node) -> Vec<(PairSpec, Span)> {
    let items = page.list(node, "`pairs`").unwrap_or_default();
    page.check_length(items.len(), 0, PAIRS_MAX, "`pairs`", node.span);
    let pairs = items.iter().take(PAIRS_MAX);
    pairs.filter_map(|it| Some((pair(page, it)?, it.anchor()))).collect()
}

fn pair(page: &mut Page<'_, '_>, node: &Node) -> Option<PairSpec> {
    let fields = page.shape(node, &PAIR)?;
    let severity = page.needed(&fields, "severity");
    let severity = severity.and_then(|it| page.word(it, "`severity`", &SEVERITIES));
    let long = page.needed(&fields, "long").and_then(|it| {
        let long = page.duration(it, "`long`")?;
        if long.is_zero() {
            let (what, range) = ("`long`".to_owned(), "longer than nothing".to_owned());
            page.report(&Mistake::OutOfRange { what, range, at: it.span });
        }
        (!long.is_zero()).then_some(long)
    });
    let short = match fields.get("short") {
        Some(it) => page.duration(it, "`short`"),
        None => long.map(|it| it / LONG_PER_SHORT),
    };
    let hold = within(page, &fields, "for", SignedDuration::ZERO, HOLD_MAX);
    let speed = speed(page, &fields);
    let hold = hold.unwrap_or(SignedDuration::ZERO);
    Some(PairSpec { severity: severity?, long: long?, short: short?, speed: speed?, hold })
}

/// `factor`, or the one at which `share` of the budget is gone after the long window.
fn speed(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<Speed> {
    let (name, node) = page.chosen(fields)?;
    if name == "share" {
        return page.share(node, "`share`").map(Speed::Share);
    }
    let text = page.scalar(node, "`factor`")?;
    let factor = decimal(text.text, 9).filter(|it| *it <= FACTOR_MAX.0);
    if factor.is_none() {
        page.report(&Mistake::BadFactor { text: text.text.to_owned(), at: text.span });
    }
    factor.map(|it| Speed::Factor(BurnFactor(it)))
}
