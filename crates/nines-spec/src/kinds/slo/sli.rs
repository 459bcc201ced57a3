//! `sli` of an SLO: one of six kinds, and what missing data mean.

use jiff::SignedDuration;
use nines_base::format_duration;
use nines_slo::{DataRules, Method, NoData, NoTraffic, Sli, SliKind};

use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Pattern, SELECTOR, Shape, Type, words};

use super::{composite, event, place_of, promql, slices};

/// Long enough for several samples, short enough for alerts.
pub(super) const WIDTH_DEFAULT: SignedDuration = SignedDuration::from_mins(1);
/// The grain of recent counts.
const WIDTH_MIN: SignedDuration = SignedDuration::from_secs(15);
/// A longer slice would hide what happens in it.
const WIDTH_MAX: SignedDuration = SignedDuration::from_hours(24);
/// A silence shorter than this may be a slow scrape.
const STALE_AFTER_MIN: SignedDuration = SignedDuration::from_secs(15);
/// Who waits longer for data has none.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

const NO_DATA: [(&str, Option<NoData>); 4] = [
    ("ignore", Some(NoData::Ignore)),
    ("good", Some(NoData::Good)),
    ("bad", Some(NoData::Bad)),
    // How long is said by `carry_for`.
    ("carry", None),
];
static NO_DATA_WORDS: [&str; 4] = words(&NO_DATA);
const NO_TRAFFIC: [(&str, NoTraffic); 3] =
    [("good", NoTraffic::Good), ("bad", NoTraffic::Bad), ("ignore", NoTraffic::Ignore)];
static NO_TRAFFIC_WORDS: [&str; 3] = words(&NO_TRAFFIC);
static ALERT_AFTER: Pattern = Pattern {
    noun: "a duration or `off`",
    regex: "^(off|0|([0-9]+(y|w|d|h|m|s|ms))+)$",
    example: "10m",
};

const KINDS: [&str; 6] = ["counter", "histogram", "boolean", "slices", "promql", "composite"];

pub(super) static SLI: Shape = Shape::new(
    "an SLI",
    &[
        Field::new("counter", Type::Map(&event::COUNTER), "Events counted by counters."),
        Field::new(
            "histogram",
            Type::Map(&event::HISTOGRAM),
            "Observations of a histogram at or below a threshold.",
        ),
        Field::new(
            "boolean",
            Type::AnyOf(&[Type::Like(&SELECTOR), Type::Map(&event::BOOLEAN)]),
            "Gauges or probes that are 1 when all is well.",
        ),
        Field::new(
            "slices",
            Type::Map(&slices::SLICES),
            "One value per slice of time against a target; every slice is one event.",
        ),
        Field::new(
            "promql",
            Type::Map(&promql::PROMQL),
            "Any PromQL, evaluated once per slice with `$slice` as its range.",
        ),
        Field::new("composite", Type::Map(&composite::COMPOSITE), "Other SLOs together."),
        Field::new(
            "no_data",
            Type::Word(&NO_DATA_WORDS),
            "What a stretch without samples is: left out of the window, good, bad, or as before.",
        )
        .default("ignore"),
        Field::new(
            "carry_for",
            Type::Like(&DURATION),
            "How long `no_data: carry` goes on with the last verdict.",
        ),
        Field::new(
            "no_traffic",
            Type::Word(&NO_TRAFFIC_WORDS),
            "What a slice is in which samples came and nothing happened.",
        )
        .default("good"),
        Field::new(
            "stale_after",
            Type::Like(&DURATION),
            "Without a sample for longer than this there are no data.",
        )
        .default("5m"),
        Field::new("settle", Type::Like(&DURATION), "How long to wait for late targets.")
            .default("two scrape intervals"),
        Field::new(
            "no_data_alert",
            Type::Like(&ALERT_AFTER),
            "`SLONoData` fires after so long without data; `off` for never.",
        )
        .default("10m"),
    ],
)
.one_of(&KINDS);

/// `width` of the kinds that look at slices.
pub(super) const WIDTH: Field =
    Field::new("width", Type::Like(&DURATION), "The length of a slice, from 15s to 1d.")
        .default("1m");

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) -> Option<Sli> {
    let fields = page.shape(node, &SLI)?;
    let data = data_rules(page, &fields);
    let (kind, node) = page.chosen(&fields)?;
    let kind = match kind {
        "counter" => event::counter(page, node, fields.key("counter")),
        "histogram" => event::histogram(page, node),
        "boolean" => event::boolean(page, node),
        "slices" => slices::read(page, node),
        "promql" => promql::read(page, node),
        _ => composite::read(page, node),
    };
    Some(Sli { kind: kind?, data })
}

fn data_rules(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> DataRules {
    let standard = DataRules::default();
    let no_traffic = fields.get("no_traffic");
    let no_traffic = no_traffic.and_then(|it| page.word(it, "`no_traffic`", &NO_TRAFFIC));
    let alert = page.maybe(fields, "no_data_alert");
    let alert_after = match alert {
        None => standard.alert_after,
        Some(it) if it.text == "off" => None,
        Some(_) => within(page, fields, "no_data_alert", SignedDuration::ZERO, WAIT_MAX),
    };
    DataRules {
        no_traffic: no_traffic.unwrap_or(standard.no_traffic),
        no_data: no_data(page, fields).unwrap_or(standard.no_data),
        stale_after: within(page, fields, "stale_after", STALE_AFTER_MIN, WAIT_MAX),
        settle: within(page, fields, "settle", SignedDuration::ZERO, WAIT_MAX),
        alert_after,
    }
}

fn no_data(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<NoData> {
    let word = fields.get("no_data").and_then(|it| page.word(it, "`no_data`", &NO_DATA));
    if word == Some(None) {
        page.need(fields, "carry_for", "carry_for: 10m")?;
        let at_most = within(page, fields, "carry_for", STALE_AFTER_MIN, WAIT_MAX)?;
        return Some(NoData::Carry { at_most });
    }
    if fields.get("carry_for").is_some() {
        let (what, at) = ("`carry_for`".to_owned(), fields.key("carry_for"));
        let help = "it belongs to `no_data: carry`";
        page.report(&Mistake::Ignored { what, help, at });
    }
    word.flatten()
}

/// A duration of an optional field that lies between two others.
pub(super) fn within(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &str,
    min: SignedDuration,
    max: SignedDuration,
) -> Option<SignedDuration> {
    let duration = page.maybe_duration(fields, field)?;
    if (min..=max).contains(&duration) {
        return Some(duration);
    }
    let (what, at) = (format!("`{field}`"), place_of(fields, field));
    let range = format!("from {} to {}", format_duration(min), format_duration(max));
    page.report(&Mistake::OutOfRange { what, range, at });
    None
}

/// The length of a slice: whole seconds that a day has a whole number of, so that slices begin at midnight.
pub(super) fn width(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Option<SignedDuration> {
    const DAY_MS: i128 = 86_400_000;
    if fields.get("width").is_none() {
        return Some(WIDTH_DEFAULT);
    }
    let width = within(page, fields, "width", WIDTH_MIN, WIDTH_MAX)?;
    if DAY_MS % width.as_millis() == 0 && width.as_millis() % 1_000 == 0 {
        return Some(width);
    }
    let (what, at) = ("`width`".to_owned(), place_of(fields, "width"));
    let range = "whole seconds that divide a day, such as `15s`, `1m`, `5m` or `1h`".to_owned();
    page.report(&Mistake::OutOfRange { what, range, at });
    None
}

/// Rules that need a slice say nothing where events are counted.
pub(super) fn check_rules(page: &mut Page<'_, '_>, spec: &Fields<'_>, sli: &Sli, method: Method) {
    let counts_events = method == Method::Occurrences && own_width(&sli.kind).is_none();
    if !counts_events {
        return;
    }
    let Some(fields) = spec.get("sli").and_then(|it| it.field("no_traffic")) else { return };
    let (what, at) = ("`no_traffic`".to_owned(), fields.span);
    let help =
        "where events are counted, a time without events is nothing; use `method: timeslices`";
    page.report(&Mistake::Ignored { what, help, at });
}

/// The length of the slices that the SLI itself looks at.
pub(super) fn own_width(kind: &SliKind) -> Option<SignedDuration> {
    use nines_slo::BooleanRule::{All, Any, EachSample, Quorum};
    match kind {
        SliKind::Slices(it) => Some(it.width),
        SliKind::Promql(it) => Some(it.width),
        SliKind::Boolean(it) => match it.rule {
            EachSample => None,
            All { width } | Any { width } | Quorum { width, .. } => Some(width),
        },
        SliKind::Counter(_) | SliKind::Histogram(_) | SliKind::Composite(_) => None,
    }
}
