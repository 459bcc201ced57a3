//! Kind `Policy`: what an error budget permits, and who may override it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_release::{
    Basis, BudgetView, ChangeKind, Claim, Condition, EXPIRES_MAX, Effects, Freeze, Level, Lint,
    Mode, NORMAL, OnDependency, OnOpenIncident, OnUnknown, Overrides, Policy, Rule, Scope,
    ServicePattern, Unknowns, lint,
};

use crate::draft::{Noun, Page};
use crate::fields::{Fields, Text};
use crate::hex::sha256;
use crate::mistake::Mistake;
use crate::node::{Node, Value};

use super::Envelope;
use shapes::{
    BASES, BUDGET, DEPENDENCIES, EFFECTS, FREEZE, LEVEL, MODES, OPEN_INCIDENT, OVERRIDES, RULE,
    SCOPE, UNKNOWN,
};

mod shapes;

pub(crate) use shapes::SPEC;

/// The most levels of a policy, and as many rules and freezes.
const PARTS_MAX: usize = 50;
/// More approvals than any change gets.
const APPROVALS_MAX: u32 = 20;
/// More overrides than anybody should need in a quarter.
const OVERRIDES_MAX: u32 = 1_000;
/// Scraping more often than this is load, not care.
const SCRAPE_MIN: SignedDuration = SignedDuration::from_secs(1);
/// Without a `min_coverage`, a quarter of the window.
const MIN_COVERAGE_DEFAULT: u64 = 250_000_000;

pub(super) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let name = document.name(page, Noun::Gate);
    let metadata = document.metadata.as_ref();
    let texts = |page: &mut Page<'_, '_>, field: &str| {
        let texts = metadata.map(|it| page.texts(it, field)).unwrap_or_default();
        texts.into_iter().map(|it| it.text.to_owned()).collect::<Vec<_>>()
    };
    let (owners, approvers) = (texts(page, "owners"), texts(page, "approvers"));
    let revisit =
        metadata.and_then(|it| it.get("revisit")).and_then(|it| page.day(it, "`revisit`"));
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    let mode = spec.get("mode").and_then(|it| page.word(it, "`mode`", &MODES));
    let scope = spec.get("scope").map(|it| scope(page, it)).unwrap_or_default();
    let budget = spec.get("budget").and_then(|it| budget(page, it)).unwrap_or(ALL_BUDGETS);
    let mut names = BTreeSet::new();
    let levels = parts(page, &spec, "levels", |page, it| level(page, it, &mut names));
    let mut number = 0;
    let rules = parts(page, &spec, "rules", |page, it| {
        number += 1;
        rule(page, it, number, &mut names)
    });
    let calendar = parts(page, &spec, "calendar", freeze);
    let open_incident =
        spec.get("open_incident").and_then(|it| page.word(it, "`open_incident`", &OPEN_INCIDENT));
    let dependency =
        spec.get("dependencies").and_then(|it| page.word(it, "`dependencies`", &DEPENDENCIES));
    let unknown = spec.get("unknown").map_or(Unknowns::STRICT, |it| unknowns(page, it));
    let overrides = spec.get("overrides").and_then(|it| overrides(page, it));
    let Some(name) = name else { return };
    let mut policy = Policy {
        name: name.text.to_owned(),
        owners,
        approvers,
        revisit,
        mode: mode.unwrap_or(Mode::Enforce),
        scope,
        budget,
        levels: levels.iter().map(|(it, _)| it.clone()).collect(),
        rules: rules.into_iter().map(|(it, _)| it).collect(),
        calendar: calendar.into_iter().map(|(it, _)| it).collect(),
        open_incident: open_incident.unwrap_or(OnOpenIncident::Close),
        dependency: dependency.unwrap_or(OnDependency::Note),
        unknown,
        overrides,
        digest: String::new(),
        origin: document.origin.clone(),
    };
    policy.digest = digest(&policy);
    // What could not be read has its own finding, and the rest would look strange without it.
    let written = ["levels", "rules"].into_iter().map(|it| written(&spec, it)).sum::<usize>();
    if policy.levels.len() + policy.rules.len() == written {
        report_lints(page, &policy, name, &levels);
    }
    page.draft.spec.release_policies.push(policy);
}

/// How many items a list of the spec has.
fn written(spec: &Fields<'_>, field: &str) -> usize {
    match spec.get(field).map(|it| &it.value) {
        Some(Value::List(items)) => items.len(),
        _ => 0,
    }
}

/// Every budget, as seen, of which a quarter is known.
const ALL_BUDGETS: BudgetView = BudgetView {
    objective: None,
    window: None,
    basis: Basis::Seen,
    min_coverage: MIN_COVERAGE_DEFAULT,
};

/// Names what a policy means.
pub(super) fn digest(policy: &Policy) -> String {
    format!("sha256:{}", sha256(policy.canonical().as_bytes()))
}

/// The items of a list of the spec that could be read, with their nodes.
fn parts<'n, T>(
    page: &mut Page<'_, '_>,
    spec: &Fields<'n>,
    field: &str,
    mut read: impl FnMut(&mut Page<'_, '_>, &'n Node) -> Option<T>,
) -> Vec<(T, &'n Node)> {
    let Some(node) = spec.get(field) else { return Vec::new() };
    let what = format!("`{field}`");
    let items = page.list(node, &what).unwrap_or_default();
    page.check_length(items.len(), 0, PARTS_MAX, &what, node.span);
    let items = items.get(..PARTS_MAX).unwrap_or(items);
    items.iter().filter_map(|it| Some((read(page, it)?, it))).collect()
}

fn scope(page: &mut Page<'_, '_>, node: &Node) -> Scope {
    let Some(fields) = page.shape(node, &SCOPE) else { return Scope::default() };
    let services = fields.get("services").map(|it| pattern(page, it)).unwrap_or_default();
    let envs = fields.get("env").map(|it| page.one_or_more(it, "`env`")).unwrap_or_default();
    let envs = envs.iter().filter_map(|it| page.scalar(it, "`env`"));
    let envs = envs.map(|it| it.text.to_owned()).collect();
    let changes = fields.get("changes").map(|it| page.one_or_more(it, "`changes`"));
    let changes = changes.unwrap_or_default().iter();
    let changes = changes.filter_map(|it| page.word(it, "a change", &ChangeKind::ALL)).collect();
    Scope { services, envs, changes }
}

/// `'tier=1'`, or a list of names.
fn pattern(page: &mut Page<'_, '_>, node: &Node) -> ServicePattern {
    if let Value::List(items) = &node.value {
        let mut names = BTreeSet::new();
        for it in items {
            let Some(name) = page.name(it, "`services`") else { continue };
            page.refer(Noun::Service, name.text, name.span, "this policy would never rule it");
            names.insert(name.text.to_owned());
        }
        return ServicePattern::Named(names);
    }
    let Some(Text { text, span }) = page.scalar(node, "`services`") else {
        return ServicePattern::default();
    };
    let mut wanted = BTreeMap::new();
    for part in text.split(',') {
        match part.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some((key, value)) if ServicePattern::KEYS.contains(&key) && !value.is_empty() => {
                wanted.insert(key.to_owned(), value.to_owned());
            }
            _ => {
                let (text, expected) = (part.trim().to_owned(), "a choice of services");
                let example = "tier=1,owner=shop";
                page.report(&Mistake::BadAddress { text, expected, example, at: span });
            }
        }
    }
    ServicePattern::Selected(wanted)
}

fn budget(page: &mut Page<'_, '_>, node: &Node) -> Option<BudgetView> {
    let fields = page.shape(node, &BUDGET)?;
    let text =
        |page: &mut Page<'_, '_>, field| page.maybe(&fields, field).map(|it| it.text.to_owned());
    let (objective, window) = (text(page, "objective"), text(page, "window"));
    let basis = fields.get("basis").and_then(|it| page.word(it, "`basis`", &BASES));
    let min_coverage = fields.get("min_coverage").and_then(|it| page.share(it, "`min_coverage`"));
    Some(BudgetView {
        objective,
        window,
        basis: basis.unwrap_or(Basis::Seen),
        min_coverage: min_coverage.unwrap_or(MIN_COVERAGE_DEFAULT),
    })
}

fn level(page: &mut Page<'_, '_>, node: &Node, names: &mut BTreeSet<String>) -> Option<Level> {
    let fields = page.shape(node, &LEVEL)?;
    let name = page.needed(&fields, "name").and_then(|it| page.name(it, "`name`"));
    let enter = page.needed(&fields, "enter");
    let enter = enter.and_then(|it| page.condition(it, "`enter`"));
    let leave = page.needed(&fields, "leave");
    let leave = leave.and_then(|it| page.condition(it, "`leave`"));
    let hold = page.maybe_duration(&fields, "hold").unwrap_or(SignedDuration::ZERO);
    let effects = page.needed(&fields, "effects");
    let effects = effects.map(|it| effects_of(page, it)).unwrap_or_default();
    let name = unique(page, name?, names)?;
    Some(Level { name, enter: enter?, leave: leave?, hold, effects })
}

fn rule(
    page: &mut Page<'_, '_>,
    node: &Node,
    number: usize,
    names: &mut BTreeSet<String>,
) -> Option<Rule> {
    let fields = page.shape(node, &RULE)?;
    let name = fields.get("name").and_then(|it| page.name(it, "`name`"));
    let when = page.needed(&fields, "when");
    let when = when.and_then(|it| page.condition(it, "`when`"));
    let then = page.needed(&fields, "then");
    let then = then.map(|it| effects_of(page, it)).unwrap_or_default();
    let name = match name {
        Some(name) => unique(page, name, names)?,
        None => format!("rule {number}"),
    };
    Some(Rule { name, when: when?, then })
}

/// Names of levels and rules are one list, because facts name both.
fn unique(page: &mut Page<'_, '_>, name: Text<'_>, names: &mut BTreeSet<String>) -> Option<String> {
    let (text, at) = (name.text.to_owned(), name.span);
    if text == NORMAL || !names.insert(text.clone()) {
        let first = if text == NORMAL { "nines itself" } else { "the same policy" };
        let first = first.to_owned();
        page.report(&Mistake::DuplicateName { noun: "level", name: text, first, at });
        return None;
    }
    Some(text)
}

fn effects_of(page: &mut Page<'_, '_>, node: &Node) -> Effects {
    let Some(fields) = page.shape(node, &EFFECTS) else { return Effects::default() };
    let text =
        |page: &mut Page<'_, '_>, field| page.maybe(&fields, field).map(|it| it.text.to_owned());
    let max_step = fields.get("max_step").and_then(|it| page.share(it, "`max_step`"));
    let min_bake = page.maybe_duration(&fields, "min_bake");
    let batch = page.maybe_duration(&fields, "batch");
    let approvals = page.whole_number(&fields, "approvals", 0, APPROVALS_MAX).unwrap_or(0);
    let hold = page.boolean(&fields, "hold").unwrap_or(false);
    let freeze = page.boolean(&fields, "freeze").unwrap_or(false);
    let exempt = claims(page, &fields);
    let scrape = page.maybe_duration(&fields, "scrape").filter(|it| {
        let is_right = SCRAPE_MIN <= *it;
        if !is_right {
            let (what, range) = ("`scrape`".to_owned(), "at least 1s".to_owned());
            page.report(&Mistake::OutOfRange { what, range, at: fields.key("scrape") });
        }
        is_right
    });
    let postmortem = fields.get("postmortem");
    let postmortem = postmortem.and_then(|it| page.word(it, "`postmortem`", &[("required", true)]));
    let (ticket, notify) = (text(page, "ticket"), text(page, "notify"));
    let (action, plan_item) = (text(page, "action"), text(page, "plan_item"));
    Effects {
        max_step,
        min_bake,
        batch,
        approvals,
        hold,
        freeze,
        exempt,
        ticket,
        notify,
        scrape,
        postmortem: postmortem.unwrap_or(false),
        action,
        plan_item,
    }
}

fn claims(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<Claim> {
    let items = fields.get("exempt").map(|it| page.one_or_more(it, "`exempt`"));
    let items = items.unwrap_or_default().iter();
    items.filter_map(|it| page.word(it, "`exempt`", &Claim::ALL)).collect()
}

fn freeze(page: &mut Page<'_, '_>, node: &Node) -> Option<Freeze> {
    let fields = page.shape(node, &FREEZE)?;
    let name = page.needed(&fields, "name");
    let name = name.and_then(|it| page.name(it, "`name`"));
    let from = page.needed(&fields, "from");
    let from = from.and_then(|it| page.day(it, "`from`"));
    let until = page.needed(&fields, "until");
    let until_node = until;
    let until = until.and_then(|it| page.day(it, "`until`"));
    let exempt = claims(page, &fields);
    let (from, until) = (from?, until?);
    if until <= from {
        let (what, range) = ("`until`".to_owned(), "an instant after `from`".to_owned());
        let at = until_node.map_or(fields.at, |it| it.span);
        page.report(&Mistake::OutOfRange { what, range, at });
        return None;
    }
    Some(Freeze { name: name?.text.to_owned(), from, until, exempt })
}

fn unknowns(page: &mut Page<'_, '_>, node: &Node) -> Unknowns {
    let Some(fields) = page.shape(node, &UNKNOWN) else { return Unknowns::STRICT };
    let word = |page: &mut Page<'_, '_>, field: &str| {
        let word = fields.get(field);
        let word = word.and_then(|it| page.word(it, &format!("`{field}`"), &OnUnknown::ALL));
        word.unwrap_or(OnUnknown::Unknown)
    };
    Unknowns {
        no_data: word(page, "no_data"),
        stale: word(page, "stale"),
        young: word(page, "young"),
        unreachable: word(page, "unreachable"),
    }
}

fn overrides(page: &mut Page<'_, '_>, node: &Node) -> Option<Overrides> {
    let fields = page.shape(node, &OVERRIDES)?;
    // Quotas of other periods may come; a file that says which one stays right.
    fields.get("per").and_then(|it| page.word(it, "`per`", &[("quarter", ())]));
    let team = page.whole_number(&fields, "team", 0, OVERRIDES_MAX);
    let expires = page.maybe_duration(&fields, "expires");
    if expires.is_some_and(|it| !it.is_positive() || EXPIRES_MAX < it) {
        let longest = nines_base::format_duration(EXPIRES_MAX);
        let (what, range) = ("`expires`".to_owned(), format!("more than 0 and at most {longest}"));
        let at = fields.get("expires").map_or(fields.at, |it| it.span);
        page.report(&Mistake::OutOfRange { what, range, at });
    }
    let names = |page: &mut Page<'_, '_>, field: &str| {
        let texts = page.texts(&fields, field);
        texts.into_iter().map(|it| it.text.to_owned()).collect::<Vec<_>>()
    };
    let (approvers, higher) = (names(page, "approvers"), names(page, "higher"));
    if approvers.is_empty() {
        let (owner, field) = ("overrides", "approvers");
        let example = "approvers: [release-managers]";
        page.report(&Mistake::MissingField { owner, field, example, at: fields.at });
    }
    Some(Overrides {
        team: team.unwrap_or(0),
        expires: expires.unwrap_or(EXPIRES_MAX).min(EXPIRES_MAX),
        approvers,
        higher,
    })
}

impl Page<'_, '_> {
    /// A condition of a policy; mistakes point into the text.
    fn condition(&mut self, node: &Node, what: &str) -> Option<Condition> {
        let Text { text, span } = self.scalar(node, what)?;
        match text.parse::<Condition>() {
            Ok(condition) => Some(condition),
            Err(error) => {
                let part = crate::finding::Span { start: error.start, len: error.length.max(1) };
                let at = self.inside(span, text, part);
                let (problem, help) = (error.problem, error.help);
                self.report(&Mistake::BadCondition { problem, help, at });
                None
            }
        }
    }

    /// A day, which begins at midnight in UTC, or an instant.
    fn day(&mut self, node: &Node, what: &str) -> Option<Timestamp> {
        let Text { text, span } = self.scalar(node, what)?;
        let midnight = |it: Date| TimeZone::UTC.to_timestamp(it.at(0, 0, 0, 0)).ok();
        let day = || text.parse::<Date>().ok().and_then(midnight);
        let instant = text.parse::<Timestamp>().ok().or_else(day);
        if instant.is_none() {
            let (text, expected) = (text.to_owned(), "a day or an instant");
            let example = "2026-11-27T00:00:00Z";
            self.report(&Mistake::BadAddress { text, expected, example, at: span });
        }
        instant
    }
}

fn report_lints(
    page: &mut Page<'_, '_>,
    policy: &Policy,
    name: Text<'_>,
    levels: &[(Level, &Node)],
) {
    let at_level = |index: usize| levels.get(index).map_or(name.span, |(_, it)| it.anchor());
    let level_name =
        |index: usize| levels.get(index).map_or_else(String::new, |(it, _)| it.name.clone());
    // Whether a day has passed is asked where there is a clock.
    for it in lint(policy, None) {
        let (problem, help, at) = match it {
            Lint::NoOwner => (
                format!("policy `{}` has no owner", policy.name),
                "add `owners: [team]` to its metadata",
                name.span,
            ),
            Lint::NeverRestricts => (
                format!("policy `{}` never restricts anything", policy.name),
                "give a level or a rule `freeze`, `hold`, `approvals` or `max_step`",
                name.span,
            ),
            Lint::LeaveWithinEnter { level_index } => (
                format!("level `{}` may be left where it is entered", level_name(level_index)),
                "let `leave` ask for more than the reverse of `enter`",
                at_level(level_index),
            ),
            Lint::Unreachable { level_index, behind_index } => (
                format!(
                    "level `{}` never rules: `{}` is entered where it is",
                    level_name(level_index),
                    level_name(behind_index)
                ),
                "give them different limits, the mildest first",
                at_level(level_index),
            ),
            _ => continue,
        };
        page.report(&Mistake::DoubtfulPolicy { problem, help, at });
    }
}
