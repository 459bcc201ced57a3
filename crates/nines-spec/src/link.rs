//! What can be judged only when everything is read: references, whether pages reach anyone, burn pairs.
//!
//! It must not know YAML.

mod alerts;
mod composites;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_alert::dispatch::Settings;
use nines_base::{Labels, format_duration};
use nines_oncall::{Policy, Target};
use nines_port::Provider;
use nines_slo::{Goal, Lint, Severity, Slo};

use crate::draft::{Draft, Noun, Place};
use crate::fields::suggestion;
use crate::mistake::Mistake;

/// Without scrape jobs in the files, samples come so often.
const SAMPLE_INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_secs(15);
/// A help names so many of the things that are defined.
const NAMED_MAX: usize = 5;

/// A name that something else must have.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) noun: Noun,
    pub(crate) name: String,
    pub(crate) place: Place,
    /// What happens when nothing of this name is defined.
    pub(crate) consequence: &'static str,
}

/// Where the parts of an SLO were written.
#[derive(Debug, Clone)]
pub(crate) struct SloPlaces {
    pub(crate) name: Place,
    pub(crate) alerting: Option<Place>,
    /// One for each goal.
    pub(crate) goals: Vec<GoalPlaces>,
}

/// Where the parts of a goal were written.
#[derive(Debug, Clone)]
pub(crate) struct GoalPlaces {
    pub(crate) objective: Place,
    /// One for each burn pair.
    pub(crate) pairs: Vec<Place>,
}

/// Adds what the whole shows.
pub(crate) fn check(draft: &mut Draft<'_>) {
    // What seems undefined may be defined in a document that could not be read: one mistake, one finding.
    if !draft.has_gaps {
        check_references(draft);
        check_pages(draft);
        check_mail(draft);
        check_accounts(draft);
        composites::check_patterns(draft);
        alerts::check(draft);
    }
    alerts::check_fallbacks(draft);
    composites::check_cycles(draft);
    check_retention(draft);
    check_burn_pairs(draft);
}

fn check_references(draft: &mut Draft<'_>) {
    for reference in std::mem::take(&mut draft.references) {
        if !is_defined(draft, reference.noun, &reference.name) {
            let mistake = undefined(draft, &reference);
            draft.report(reference.place.file, &mistake);
        }
    }
}

fn is_defined(draft: &Draft<'_>, noun: Noun, name: &str) -> bool {
    let has_slo =
        || noun == Noun::Service && draft.spec.slos.iter().any(|it| it.name.service == name);
    draft.definitions.contains_key(&(noun, name.to_owned())) || has_slo()
}

fn undefined(draft: &Draft<'_>, reference: &Reference) -> Mistake {
    let name = reference.name.clone();
    let at = reference.place.span;
    let known: Vec<(&str, Place)> = draft
        .definitions
        .iter()
        .filter(|((noun, _), _)| *noun == reference.noun)
        .map(|((_, name), place)| (name.as_str(), *place))
        .collect();
    let help = defined(draft, reference.noun, &known);
    let consequence = match suggestion(&name, known.iter().map(|(it, _)| *it)) {
        Some(it) => format!("{}; did you mean `{it}`?", reference.consequence),
        None => reference.consequence.to_owned(),
    };
    match reference.noun {
        Noun::Escalation => Mistake::UndefinedEscalation { name, help, consequence, at },
        Noun::Schedule => Mistake::UndefinedSchedule { name, help, consequence, at },
        Noun::Person => Mistake::UndefinedPerson { name, help, consequence, at },
        Noun::Team => Mistake::UndefinedTeam { name, help, consequence, at },
        Noun::Runbook => Mistake::UndefinedRunbook { name, help, consequence, at },
        Noun::Secret => Mistake::UndefinedSecret { name, help, consequence, at },
        Noun::Account => Mistake::UndefinedAccount { name, help, consequence, at },
        Noun::Slo => Mistake::UndefinedSlo { name, help, consequence, at },
        Noun::Receiver => Mistake::UndefinedReceiver { name, help, consequence, at },
        Noun::TimeInterval => Mistake::UndefinedInterval { name, help, consequence, at },
        Noun::Service
        | Noun::Exclusion
        | Noun::Inhibition
        | Noun::Silence
        | Noun::Gate
        | Noun::ScrapeJob
        | Noun::Indicator
        | Noun::DataSource
        | Noun::AlertPolicy
        | Noun::AlertCondition
        | Noun::NotificationTarget
        | Noun::Heartbeat
        | Noun::Integration
        | Noun::Setting => Mistake::UndefinedService { name, help, consequence, at },
    }
}

fn defined(draft: &Draft<'_>, noun: Noun, known: &[(&str, Place)]) -> String {
    if known.is_empty() {
        return match noun {
            Noun::Runbook => "no runbook is defined; add a Markdown file to `runbooks/`".to_owned(),
            Noun::Secret => {
                "no secret is defined; add `webhook_secrets` to a Notify document".to_owned()
            }
            Noun::Account => {
                "no account is defined; add `accounts` to a Notify document".to_owned()
            }
            _ => format!("no {} is defined", noun.word()),
        };
    }
    let named = known.iter().take(NAMED_MAX);
    let named: Vec<String> =
        named.map(|(name, place)| format!("{name} ({})", draft.origin(*place))).collect();
    let more = match known.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("defined are {}{more}", named.join(", "))
}

/// A page that reaches nobody is worse than no page: people rely on it.
fn check_pages(draft: &mut Draft<'_>) {
    let mut mistakes = Vec::new();
    for (slo, places) in draft.spec.slos.iter().zip(&draft.slo_places) {
        let pages = |it: &&Goal| it.alerting.pairs.iter().any(|it| it.severity == Severity::Page);
        let lost = slo.goals.iter().filter(pages).find_map(|it| why_nobody(draft, slo, it));
        if let Some(because) = lost {
            let (slo, help) = (slo.name.to_string(), help_for_nobody(draft));
            let place = places.alerting.unwrap_or(places.name);
            let at = place.span;
            mistakes.push((place.file, Mistake::ReachesNobody { slo, because, help, at }));
        }
    }
    for (file, mistake) in mistakes {
        draft.report(file, &mistake);
    }
}

fn help_for_nobody(draft: &Draft<'_>) -> String {
    let reaches =
        |it: &&Policy| it.steps.iter().flat_map(|it| &it.targets).any(|it| is_reached(draft, it));
    match draft.spec.policies.iter().find(reaches) {
        Some(it) => {
            format!("write `escalation: {}`, or `preset: none` if nobody shall be woken", it.name)
        }
        None if draft.spec.policies.is_empty() => {
            "add documents of kinds Person and Escalation, or write `preset: none`".to_owned()
        }
        None => "give a person of an escalation a contact, e.g. `contacts: [inbox: {}]`".to_owned(),
    }
}

/// The reason, or nothing when somebody is reached or when the reason is a finding of its own.
fn why_nobody(draft: &Draft<'_>, slo: &Slo, goal: &Goal) -> Option<String> {
    let names = match &goal.alerting.escalation {
        Some(name) => vec![name.clone()],
        None => {
            let labels = slo
                .labels
                .with("alertname", "SLOBurn")
                .with("service", &slo.name.service)
                .with("slo", &slo.name.slo)
                .with("severity", "page");
            let told = told(draft, &labels);
            if told.iter().any(|it| !matches!(it, Settings::Escalation(_))) {
                return None; // somebody's service hears of it
            }
            let names = told.into_iter().filter_map(|it| match it {
                Settings::Escalation(name) => Some(name.clone()),
                _ => None,
            });
            let names: Vec<String> = names.collect();
            let root = &draft.spec.dispatch.root;
            if names.is_empty() {
                let nothing = root.children.is_empty() && root.receiver.is_empty();
                let because = if nothing {
                    "it names no escalation, and there are no routes".to_owned()
                } else {
                    format!("no route matches {labels}")
                };
                return (!draft.has_broken_routes).then_some(because);
            }
            names
        }
    };
    let mut because = None;
    for name in names {
        let policy = draft.spec.policies.iter().find(|it| it.name == name)?;
        let targets = policy.steps.iter().flat_map(|it| &it.targets);
        if targets.clone().any(|it| is_reached(draft, it)) || !is_complete(draft, policy) {
            return None;
        }
        because = Some(format!("nobody in escalation `{name}` has a contact"));
    }
    because
}

/// Whatever hears of an alert with these labels.
fn told<'d>(draft: &'d Draft<'_>, labels: &Labels) -> Vec<&'d Settings> {
    let rules = &draft.spec.dispatch;
    let receivers = rules.route(labels).into_iter();
    let receivers = receivers.filter_map(|it| rules.receivers.get(&it.receiver));
    receivers.flat_map(|it| &it.integrations).map(|it| &it.settings).collect()
}

fn is_reached(draft: &Draft<'_>, target: &Target) -> bool {
    let has_contact = |name: &&str| {
        draft.spec.people.iter().any(|it| it.name == **name && !it.contacts.is_empty())
    };
    draft.spec.people_behind(target).is_some_and(|it| it.iter().any(has_contact))
}

/// Whether all that the policy names is there; else that is the finding.
fn is_complete(draft: &Draft<'_>, policy: &Policy) -> bool {
    let has_person = |name: &&str| draft.spec.people.iter().any(|it| it.name == **name);
    let mut targets = policy.steps.iter().flat_map(|it| &it.targets);
    targets.all(|it| draft.spec.people_behind(it).is_some_and(|it| it.iter().all(has_person)))
}

fn check_mail(draft: &mut Draft<'_>) {
    if draft.spec.notify.smtp.is_none() {
        for place in std::mem::take(&mut draft.mail_places) {
            draft.report(place.file, &Mistake::NoMailServer { at: place.span });
        }
    }
}

/// A bot of one service reaches nobody at another.
fn check_accounts(draft: &mut Draft<'_>) {
    for (place, provider, name) in std::mem::take(&mut draft.account_uses) {
        let Some(outlet) = draft.spec.notify.accounts.get(&name) else { continue };
        if !provider.is_served_by(&outlet.kind) {
            let (kind, wanted) = (outlet.kind.clone(), provider.word());
            let serving = match provider {
                Provider::Sms | Provider::Voice => "twilio or gateway",
                _ => wanted,
            };
            let at = place.span;
            let mistake = Mistake::AccountOfOtherKind { name, kind, wanted, serving, at };
            draft.report(place.file, &mistake);
        }
    }
}

/// A budget over more time than is kept is only whole while the process that counted it goes on.
fn check_retention(draft: &mut Draft<'_>) {
    let kept = draft.spec.storage.retention.filter(SignedDuration::is_positive);
    let Some(kept) = kept else { return };
    for (place, window) in std::mem::take(&mut draft.window_places) {
        if kept < window.nominal() {
            let (window, retention) = (window.to_string(), format_duration(kept));
            let at = place.span;
            draft.report(place.file, &Mistake::LongerThanRetention { window, retention, at });
        }
    }
}

fn check_burn_pairs(draft: &mut Draft<'_>) {
    let intervals = draft.spec.scrapes.iter().map(|it| it.interval);
    let interval = intervals.max().unwrap_or(SAMPLE_INTERVAL_DEFAULT);
    let mut mistakes = BTreeMap::new();
    for (slo, places) in draft.spec.slos.iter().zip(&draft.slo_places) {
        for lint in nines_slo::lint(slo, interval) {
            let found = burn_pair_mistake(slo, places, &lint);
            if let Some((place, mistake)) = found.or_else(|| slo_mistake(places, &lint)) {
                // A preset has four pairs at one place; the same words once are enough.
                let key = (place.file, place.span, mistake.to_string());
                mistakes.entry(key).or_insert(mistake);
            }
        }
    }
    for ((file, _, _), mistake) in mistakes {
        draft.report(file, &mistake);
    }
}

/// What is wrong with more than one pair.
fn slo_mistake(places: &SloPlaces, lint: &Lint) -> Option<(Place, Mistake)> {
    match lint {
        Lint::NothingToBurn { goal_index } => {
            let place = places.goals.get(*goal_index)?.objective;
            Some((place, Mistake::NothingToBurn { at: place.span }))
        }
        Lint::GroupLabelTaken { label } => {
            let place = places.name;
            let problem = format!("groups by `{label}` cannot be told apart in alerts");
            let help =
                "their alerts use this label for something else; group by another one".to_owned();
            Some((place, Mistake::BadGrouping { problem, help, at: place.span }))
        }
        _ => None,
    }
}

fn burn_pair_mistake(slo: &Slo, places: &SloPlaces, lint: &Lint) -> Option<(Place, Mistake)> {
    let (Lint::FactorBelowOne { goal_index, pair_index, pair }
    | Lint::NeverFires { goal_index, pair_index, pair, .. }
    | Lint::ShortWindowTooShort { goal_index, pair_index, pair, .. }
    | Lint::ShortWindowNotShorter { goal_index, pair_index, pair }
    | Lint::LongWindowTooLong { goal_index, pair_index, pair, .. }) = *lint
    else {
        return None;
    };
    let goal = slo.goals.get(goal_index)?;
    let places = places.goals.get(goal_index)?;
    let place = places.pairs.get(pair_index).copied().unwrap_or(places.objective);
    let at = place.span;
    let factor = pair.factor.to_string().trim_end_matches('×').to_owned();
    let long = format_duration(pair.long);
    let short = format_duration(pair.short);
    let mistake = match *lint {
        Lint::NeverFires { worst_thousandths, .. } => Mistake::NeverFires {
            severity: pair.severity.to_string(),
            factor,
            objective: goal.latest().to_string(),
            worst: thousandths(worst_thousandths),
            at,
        },
        Lint::ShortWindowTooShort { short_min, .. } => Mistake::BadPair {
            problem: format!("a short window of {short} holds too few samples"),
            help: format!("use at least {}", format_duration(short_min)),
            at,
        },
        Lint::ShortWindowNotShorter { .. } => Mistake::BadPair {
            problem: format!(
                "the short window of {short} is not shorter than the long one of {long}"
            ),
            help: "a twelfth of the long window is usual".to_owned(),
            at,
        },
        Lint::LongWindowTooLong { window, .. } => Mistake::BadPair {
            problem: format!(
                "the long window of {long} is longer than the budget's of {}",
                format_duration(window)
            ),
            help: "use a shorter one, or a longer `window`".to_owned(),
            at,
        },
        _ => Mistake::FactorBelowOne { factor, at },
    };
    Some((place, mistake))
}

fn thousandths(number: u64) -> String {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
