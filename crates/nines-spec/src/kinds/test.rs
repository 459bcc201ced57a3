//! Kind `Test`: a unit test of a configuration, played by `nines test`.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::trial::InputSeries;
use nines_base::{Origin, format_duration, parse_duration};
use nines_slo::SloName;

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Key, Node, Value};
use crate::rules::points;
use crate::test_case::{Fault, Rate, SloInput, TestCase, TestClock, TestInput};

mod expect;
mod happen;

/// The most evaluations of one test.
const STEPS_MAX: i64 = 100_000;
/// The longest history.
const HISTORY_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The most faults of one input, inputs and expectations of one test.
const ITEMS_MAX: usize = 1_000;
/// Without `clock.step`.
const STEP_DEFAULT: SignedDuration = SignedDuration::from_mins(1);

const FIELDS: [&str; 11] = [
    "apiVersion",
    "kind",
    "name",
    "use",
    "clock",
    "input",
    happen::FIELDS[0],
    happen::FIELDS[1],
    happen::FIELDS[2],
    happen::FIELDS[3],
    "expect",
];
const INPUT_FIELDS: [&str; 5] = ["slo", "labels", "history", "total", "faults"];
const FAULT_FIELDS: [&str; 5] = ["at", "for", "bad", "total", "silent"];

/// A test, and where the parts were written that only the configuration can judge.
pub(crate) struct Written {
    pub(crate) case: TestCase,
    /// One for each of `case.uses`.
    pub(crate) uses: Vec<Span>,
    /// SLOs that must be there.
    pub(crate) slos: Vec<(String, Span)>,
}

/// Whether the document is a test of ours.
pub(crate) fn is_test(document: &Node) -> bool {
    let Value::Map(entries) = &document.value else { return false };
    entries.iter().any(|(key, it)| key.text == "kind" && it.value == Value::Text("Test".to_owned()))
}

/// Reads a test; nothing when it cannot be played.
pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) -> Option<Written> {
    let fields = page.fields(document, "a test", &FIELDS)?;
    if let Some(node) = fields.get("apiVersion") {
        page.word(node, "`apiVersion` of a test", &[(super::NATIVE, ())]);
    }
    let kind = fields.get("kind").map_or(fields.at, |it| it.span);
    let fields = fields.at(kind);
    let name = page.need(&fields, "name", "name: a bad release spends the budget");
    let name = name.and_then(|it| page.scalar(it, "`name`")).map(|it| it.text.to_owned());
    page.need(&fields, "use", "use: [slo/, oncall/]");
    let uses = page.texts(&fields, "use");
    let clock = page.need(&fields, "clock", "clock: {start: 2026-06-10T14:00:00Z, run: 1h}");
    let clock = clock.and_then(|it| clock_of(page, it))?;
    let mut slos = Vec::new();
    let inputs = list(page, &fields, "input");
    let inputs: Vec<_> =
        inputs.iter().filter_map(|it| input(page, it, &clock, &mut slos)).collect();
    let happenings = happen::read(page, &fields, &clock);
    let expected = list(page, &fields, "expect");
    if expected.is_empty() {
        page.report(&Mistake::NothingExpected { at: fields.key("expect") });
    }
    let expected = expected.iter().filter_map(|it| expect::read(page, it, &clock, &mut slos));
    let mut expectations: Vec<_> = expected.collect();
    expectations.sort_by_key(|it| it.at);
    let case = TestCase {
        name: name?,
        uses: uses.iter().map(|it| it.text.to_owned()).collect(),
        clock: clock.clock,
        inputs,
        happenings,
        expectations,
        origin: page.origin(document.anchor()),
    };
    Some(Written { case, uses: uses.iter().map(|it| it.span).collect(), slos })
}

fn list<'n>(page: &mut Page<'_, '_>, fields: &Fields<'n>, field: &str) -> &'n [Node] {
    let what = format!("`{field}`");
    let Some(items) = fields.get(field).and_then(|it| page.list(it, &what)) else { return &[] };
    page.check_length(items.len(), 0, ITEMS_MAX, &what, fields.key(field));
    items
}

/// The clock, and the offset in which times of day are written.
pub(super) struct Clock {
    pub(super) clock: TestClock,
    offset: Offset,
}

fn clock_of(page: &mut Page<'_, '_>, node: &Node) -> Option<Clock> {
    let fields = page.fields(node, "`clock`", &["start", "step", "run"])?;
    let start = page.need(&fields, "start", "start: 2026-06-10T14:00:00Z");
    let start = start.and_then(|it| {
        let text = page.scalar(it, "`start`")?;
        let read = instant(text.text);
        if read.is_none() {
            bad_time(page, text);
        }
        read
    });
    let step = page.maybe_duration(&fields, "step").unwrap_or(STEP_DEFAULT);
    let run = page.need(&fields, "run", "run: 1h").and_then(|it| page.duration(it, "`run`"));
    let ((start, offset), run) = (start?, run?);
    let steps = run.as_millis() / step.as_millis().max(1);
    if step <= SignedDuration::ZERO || i128::from(STEPS_MAX) < steps {
        let (what, at) = ("`run` ÷ `step`".to_owned(), fields.key("run"));
        let range = format!("at most {STEPS_MAX} evaluations, and a step is longer than nothing");
        page.report(&Mistake::OutOfRange { what, range, at });
        return None;
    }
    Some(Clock { clock: TestClock { start, step, run }, offset })
}

/// RFC 3339, with the offset that was written.
fn instant(text: &str) -> Option<(Timestamp, Offset)> {
    let at: Timestamp = text.parse().ok()?;
    let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    Some((at, offset))
}

fn bad_time(page: &mut Page<'_, '_>, text: Text<'_>) {
    page.report(&Mistake::BadTestTime { text: text.text.to_owned(), at: text.span });
}

impl Clock {
    /// The last instant of the test.
    pub(super) fn end(&self) -> Timestamp {
        self.clock.start.saturating_add(self.clock.run).unwrap_or(Timestamp::MAX)
    }

    /// `14:10` (of the day of the start, or of the next day), `+10m` and `-3d` from the start, or RFC 3339.
    pub(super) fn time(&self, page: &mut Page<'_, '_>, node: &Node) -> Option<Timestamp> {
        let text = page.scalar(node, "a time")?;
        let time = self.read(text.text);
        if time.is_none() {
            bad_time(page, text);
        }
        time
    }

    fn read(&self, text: &str) -> Option<Timestamp> {
        let start = self.clock.start;
        if let Some(after) = text.strip_prefix('+') {
            return start.checked_add(parse_duration(after).ok()?).ok();
        }
        if let Some(before) = text.strip_prefix('-') {
            return start.checked_sub(parse_duration(before).ok()?).ok();
        }
        if text.len() <= 8 && text.contains(':') {
            let time: Time = text.parse().ok()?;
            let of_day = |date: Date| self.offset.to_timestamp(date.to_datetime(time)).ok();
            let date = self.offset.to_datetime(start).date();
            let at = of_day(date)?;
            return if at < start { of_day(date.tomorrow().ok()?) } else { Some(at) };
        }
        instant(text).map(|(at, _)| at)
    }
}

fn input(
    page: &mut Page<'_, '_>,
    node: &Node,
    clock: &Clock,
    slos: &mut Vec<(String, Span)>,
) -> Option<TestInput> {
    let Value::Map(entries) = &node.value else {
        page.report(&Mistake::BadTestInput { at: node.anchor() });
        return None;
    };
    if entries.iter().any(|(key, _)| key.text == "slo") {
        return slo_input(page, node, clock, slos).map(TestInput::Slo);
    }
    match entries.as_slice() {
        [(key, values)] => series(page, key, values).map(TestInput::Series),
        _ => {
            page.report(&Mistake::BadTestInput { at: node.anchor() });
            None
        }
    }
}

/// `'queue_depth{job="checkout"}': '10+0x60'`
fn series(page: &mut Page<'_, '_>, key: &Key, values: &Node) -> Option<InputSeries> {
    let written = Text { text: &key.text, span: key.span };
    let labels = points::understood(page, written, points::series(&key.text));
    let values = page.scalar(values, "the values of a series")?;
    let points = points::understood(page, values, points::values(values.text));
    Some(InputSeries { labels: labels?, points: points? })
}

fn slo_input(
    page: &mut Page<'_, '_>,
    node: &Node,
    clock: &Clock,
    slos: &mut Vec<(String, Span)>,
) -> Option<SloInput> {
    let fields = page.fields(node, "an input", &INPUT_FIELDS)?;
    let text = page.scalar(fields.get("slo")?, "`slo`")?;
    let slo = slo_name(page, text);
    slos.push((text.text.to_owned(), text.span));
    let labels = page.labels(&fields, "labels");
    let history = page.maybe_duration(&fields, "history").unwrap_or_default();
    if HISTORY_MAX < history {
        let (what, at) = ("`history`".to_owned(), fields.key("history"));
        let range = format!("at most {}", format_duration(HISTORY_MAX));
        page.report(&Mistake::OutOfRange { what, range, at });
        return None;
    }
    let total = page.need(&fields, "total", "total: 300/min").and_then(|it| rate(page, it));
    let faults = list(page, &fields, "faults");
    let faults: Vec<_> = faults.iter().filter_map(|it| fault(page, it, clock)).collect();
    let origin = page.origin(text.span);
    Some(SloInput { slo: slo?, labels, history, total: total?, faults, origin })
}

/// `service/slo`.
pub(super) fn slo_name(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<SloName> {
    let name = text.text.parse().ok();
    if name.is_none() {
        let rule = "`service/slo`, each of 1 to 63 letters, digits, `-`, `_` or `.`";
        page.report(&Mistake::BadName { name: text.text.to_owned(), rule, at: text.span });
    }
    name
}

fn fault(page: &mut Page<'_, '_>, node: &Node, clock: &Clock) -> Option<Fault> {
    let fields = page.fields(node, "a fault", &FAULT_FIELDS)?;
    let from = page.need(&fields, "at", "at: 14:00").and_then(|it| clock.time(page, it));
    let length = page.need(&fields, "for", "for: 20m").and_then(|it| page.duration(it, "`for`"));
    let bad = match fields.get("bad") {
        Some(it) => page.share(it, "`bad`"),
        None => Some(0),
    };
    let total = fields.get("total").map(|it| rate(page, it));
    let is_silent = page.boolean(&fields, "silent").unwrap_or(false);
    let (from, bad) = (from?, bad?);
    let to = from.saturating_add(length?).unwrap_or(Timestamp::MAX);
    let total = match total {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Fault { from, to, bad, total, is_silent })
}

/// `300/min`.
fn rate(page: &mut Page<'_, '_>, node: &Node) -> Option<Rate> {
    let text = page.scalar(node, "a rate")?;
    let rate = text.text.parse().ok();
    if rate.is_none() {
        page.report(&Mistake::BadRate { text: text.text.to_owned(), at: text.span });
    }
    rate
}

/// Where a part of a test was written.
pub(super) fn origin(page: &Page<'_, '_>, node: &Node) -> Origin {
    page.origin(node.anchor())
}

#[cfg(test)]
mod tests;
