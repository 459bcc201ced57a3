//! What a test expects.

use nines_port::Provider;
use nines_release::{Change, ChangeKind, Verdict};
use nines_slo::SloState;

use super::{Clock, origin, slo_name};
use crate::draft::Page;
use crate::fields::Fields;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::test_case::{
    Expectation, ExpectedAlert, ExpectedBudget, ExpectedDecision, ExpectedPage, ExpectedState,
    GoalName, Lists, Percent,
};

/// The most things that one expectation lists.
const LISTED_MAX: usize = 1_000;
/// Digits behind the point of a percentage; more are below a billionth.
const PERCENT_DIGITS_MAX: usize = 7;

const FIELDS: [&str; 8] =
    ["at", "contains", "alerts", "pages", "not_paged", "budgets", "states", "decisions"];
/// As `nines get slo` shows them.
const STATES: [(&str, SloState); 6] = [
    ("fine", SloState::Fine),
    ("ticket", SloState::Ticket),
    ("page", SloState::Page),
    ("spent", SloState::Spent),
    ("no data", SloState::NoData),
    ("no events", SloState::NoEvents),
];
const VERDICTS: [(&str, Verdict); 3] =
    [("open", Verdict::Open), ("closed", Verdict::Closed), ("unknown", Verdict::Unknown)];

/// What is named by an expectation, so that it can be looked up in the configuration.
type Named = Vec<(String, Span)>;

pub(super) fn read(
    page: &mut Page<'_, '_>,
    node: &Node,
    clock: &Clock,
    slos: &mut Named,
) -> Option<Expectation> {
    let fields = page.fields(node, "an expectation", &FIELDS)?;
    let at_node = page.need(&fields, "at", "at: 14:10");
    let at = at_node.and_then(|it| clock.time(page, it));
    if let (Some(node), Some(at)) = (at_node, at)
        && !(clock.clock.start..=clock.end()).contains(&at)
    {
        let (from, to) = (clock.clock.start.to_string(), clock.end().to_string());
        page.report(&Mistake::OutsideOfTest { from, to, at: node.span });
        return None;
    }
    let lists = match page.boolean(&fields, "contains") {
        Some(true) => Lists::Contained,
        Some(false) | None => Lists::Exact,
    };
    let mut context = Context { clock, slos };
    let alerts = each(page, &fields, "alerts", &mut context, alert);
    let pages = each(page, &fields, "pages", &mut context, expected_page);
    let budgets = each(page, &fields, "budgets", &mut context, budget);
    let states = each(page, &fields, "states", &mut context, state);
    let decisions = each(page, &fields, "decisions", &mut context, decision);
    let not_paged = page.texts(&fields, "not_paged");
    let parts = ["alerts", "pages", "not_paged", "budgets", "states", "decisions"];
    if !parts.iter().any(|it| fields.get(it).is_some()) {
        page.report(&Mistake::NothingExpected { at: fields.at });
    }
    Some(Expectation {
        at: at?,
        lists,
        alerts,
        pages,
        not_paged: not_paged.iter().map(|it| it.text.to_owned()).collect(),
        budgets: budgets.unwrap_or_default(),
        states: states.unwrap_or_default(),
        decisions: decisions.unwrap_or_default(),
        origin: origin(page, node),
    })
}

struct Context<'a> {
    clock: &'a Clock,
    slos: &'a mut Named,
}

/// Each item of an optional list that is understood.
fn each<T>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &str,
    context: &mut Context<'_>,
    read: fn(&mut Page<'_, '_>, &Node, &mut Context<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let (node, what) = (fields.get(field)?, format!("`{field}`"));
    let items = page.list(node, &what)?;
    page.check_length(items.len(), 0, LISTED_MAX, &what, node.span);
    Some(items.iter().filter_map(|it| read(page, it, context)).collect())
}

fn goal(page: &mut Page<'_, '_>, fields: &Fields<'_>, context: &mut Context<'_>) -> GoalName {
    let slo = page.maybe(fields, "slo");
    if let Some(text) = slo
        && slo_name(page, text).is_some()
    {
        context.slos.push((text.text.to_owned(), text.span));
    }
    let text = |page: &mut Page<'_, '_>, field: &str| {
        page.maybe(fields, field).map(|it| it.text.to_owned())
    };
    GoalName {
        slo: slo.map(|it| it.text.to_owned()),
        objective: text(page, "objective"),
        window: text(page, "window"),
    }
}

fn alert(page: &mut Page<'_, '_>, node: &Node, context: &mut Context<'_>) -> Option<ExpectedAlert> {
    let known = ["slo", "objective", "window", "severity", "alertname", "labels"];
    let fields = page.fields(node, "an expected alert", &known)?;
    let goal = goal(page, &fields, context);
    let mut labels = page.labels(&fields, "labels");
    for name in ["severity", "alertname"] {
        if let Some(text) = page.maybe(&fields, name) {
            labels = labels.with(name, text.text);
        }
    }
    Some(ExpectedAlert { goal, labels, origin: origin(page, node) })
}

fn expected_page(
    page: &mut Page<'_, '_>,
    node: &Node,
    context: &mut Context<'_>,
) -> Option<ExpectedPage> {
    let known = ["person", "channel", "at", "because"];
    let fields = page.fields(node, "an expected page", &known)?;
    let person = page.maybe(&fields, "person").map(|it| it.text.to_owned());
    let channel = match fields.get("channel") {
        Some(it) => Some(channel(page, it)?),
        None => None,
    };
    let because = page.maybe(&fields, "because").map(|it| it.text.to_owned());
    let at = match fields.get("at") {
        Some(it) => Some(context.clock.time(page, it)?),
        None => None,
    };
    Some(ExpectedPage { person, channel, at, because, origin: origin(page, node) })
}

/// The kind of a contact, in one word.
fn channel(page: &mut Page<'_, '_>, node: &Node) -> Option<String> {
    let own = ["inbox", "webhook", "email"].map(|it| (it, it));
    let providers = Provider::ALL.map(|it| (it.word(), it.word()));
    let known: Vec<(&'static str, &'static str)> = own.into_iter().chain(providers).collect();
    page.word(node, "`channel`", &known).map(str::to_owned)
}

fn budget(
    page: &mut Page<'_, '_>,
    node: &Node,
    context: &mut Context<'_>,
) -> Option<ExpectedBudget> {
    let known = ["slo", "objective", "window", "total", "good", "bad", "remaining"];
    let fields = page.fields(node, "an expected budget", &known)?;
    page.need(&fields, "slo", "slo: checkout/availability")?;
    let goal = goal(page, &fields, context);
    let total = count(page, &fields, "total");
    let good = count(page, &fields, "good");
    let bad = count(page, &fields, "bad");
    let remaining = fields.get("remaining").and_then(|it| percent(page, it));
    Some(ExpectedBudget { goal, total, good, bad, remaining, origin: origin(page, node) })
}

fn count(page: &mut Page<'_, '_>, fields: &Fields<'_>, field: &str) -> Option<u64> {
    let node = fields.get(field)?;
    let number = match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let what = format!("`{field}`");
        page.wrong_type(&what, "a whole number", node, "write digits, without quotes");
    }
    number
}

fn percent(page: &mut Page<'_, '_>, node: &Node) -> Option<Percent> {
    let text = page.scalar(node, "`remaining`")?;
    let percent = read_percent(text.text);
    if percent.is_none() {
        page.report(&Mistake::BadRemaining { text: text.text.to_owned(), at: text.span });
    }
    percent
}

/// Reads `96.03%` and `-4.10%`.
pub(super) fn read_percent(text: &str) -> Option<Percent> {
    let number = text.strip_suffix('%')?.trim_end();
    let (sign, number) = match number.strip_prefix('-') {
        Some(it) => (-1, it),
        None => (1, number),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(decimals)
        || PERCENT_DIGITS_MAX < decimals.len()
    {
        return None;
    }
    let value: i64 = format!("{whole}{decimals}").parse().ok()?;
    Some(Percent { value: sign * value, digits: u32::try_from(decimals.len()).ok()? })
}

fn state(page: &mut Page<'_, '_>, node: &Node, context: &mut Context<'_>) -> Option<ExpectedState> {
    let known = ["slo", "objective", "window", "state"];
    let fields = page.fields(node, "an expected state", &known)?;
    page.need(&fields, "slo", "slo: checkout/availability")?;
    let goal = goal(page, &fields, context);
    let state = page.need(&fields, "state", "state: fine")?;
    let state = page.word(state, "`state`", &STATES)?;
    Some(ExpectedState { goal, state, origin: origin(page, node) })
}

fn decision(page: &mut Page<'_, '_>, node: &Node, _: &mut Context<'_>) -> Option<ExpectedDecision> {
    let fields =
        page.fields(node, "an expected decision", &["change", "gate", "level", "cause"])?;
    let change = page.need(&fields, "change", "change: {service: checkout}");
    let change = change.and_then(|it| self::change(page, it));
    let gate = page.need(&fields, "gate", "gate: open");
    let gate = gate.and_then(|it| page.word(it, "`gate`", &VERDICTS))?;
    let level = page.maybe(&fields, "level").map(|it| it.text.to_owned());
    let cause = page.maybe(&fields, "cause").map(|it| it.text.to_owned());
    let origin = origin(page, node);
    Some(ExpectedDecision { change: change?, gate, level, cause, origin })
}

fn change(page: &mut Page<'_, '_>, node: &Node) -> Option<Change> {
    let fields = page.fields(node, "a change", &["service", "env", "version", "sha", "kind"])?;
    let service = page.need(&fields, "service", "service: checkout");
    let service = service.and_then(|it| page.scalar(it, "`service`"))?.text.to_owned();
    let kind = match fields.get("kind") {
        Some(it) => page.word(it, "`kind`", &ChangeKind::ALL)?,
        None => ChangeKind::Code,
    };
    let text = |page: &mut Page<'_, '_>, field: &str| {
        page.maybe(&fields, field).map(|it| it.text.to_owned())
    };
    Some(Change {
        service,
        env: text(page, "env").unwrap_or_else(|| "prod".to_owned()),
        version: text(page, "version"),
        sha: text(page, "sha"),
        kind,
    })
}
