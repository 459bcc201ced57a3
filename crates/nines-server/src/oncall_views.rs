//! On-call as the API and the pages show it. It must not decide who is on call: `nines_oncall::Duty` does.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{Route, Settings};
use nines_engine::Config;
use nines_oncall::rota::{self, Entry, OfferRecord};
use nines_oncall::{Cover, Coverage, Duty, Fitness, PageRoute, Person, Stretch, coverage};
use nines_spec::Spec;
use serde::Serialize;

use crate::app::Shared;

/// How far ahead coverage is looked at.
pub(crate) const VERIFY_AHEAD: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The most changes and offers that are told.
const ROWS_MAX: usize = 500;

/// What decides who is on call, at one moment.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) config: Arc<Config>,
    pub(crate) rota: rota::State,
}

impl Watch {
    pub(crate) fn duty(&self) -> Duty<'_> {
        Duty { roster: &self.config.roster, rota: &self.rota }
    }
}

/// A stretch of a schedule.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StretchView {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// `staffed`, `buffer`, or `nobody`.
    pub(crate) state: &'static str,
    pub(crate) people: Vec<OnDutyView>,
}

/// Somebody on call, and what makes it so.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OnDutyView {
    pub(crate) person: String,
    pub(crate) source: Option<String>,
}

impl From<Stretch> for StretchView {
    fn from(stretch: Stretch) -> Self {
        let state = match &stretch.cover {
            Cover::Staffed(_) => "staffed",
            Cover::Buffer => "buffer",
            Cover::Nobody => "nobody",
        };
        let people = stretch.cover.on_duty().iter().map(|it| OnDutyView {
            person: it.person.clone(),
            source: it.source.as_ref().map(ToString::to_string),
        });
        Self { from: stretch.from, until: stretch.until, state, people: people.collect() }
    }
}

/// A change of the rota.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeView {
    /// `O-12`.
    pub(crate) name: String,
    /// `override`, `temporary` or `vacation`.
    pub(crate) kind: &'static str,
    pub(crate) schedule: Option<String>,
    pub(crate) people: Vec<String>,
    /// In a few words: `ben for ana`.
    pub(crate) what: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) by: String,
    pub(crate) reason: String,
}

impl ChangeView {
    fn of(number: u32, entry: &Entry) -> Self {
        let kind = match &entry.what {
            rota::What::Override { .. } => "override",
            rota::What::Temporary { .. } => "temporary",
            rota::What::Vacation { .. } => "vacation",
        };
        Self {
            name: format!("O-{number}"),
            kind,
            schedule: entry.what.schedule().map(str::to_owned),
            people: entry.what.people().into_iter().map(str::to_owned).collect(),
            what: entry.what.to_string(),
            from: entry.from,
            until: entry.until,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
        }
    }
}

/// An offer of a shift.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OfferView {
    /// `O-12`.
    pub(crate) name: String,
    pub(crate) schedule: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) by: String,
    pub(crate) to: Option<String>,
    pub(crate) reason: String,
    /// `open`, `taken`, `agreed`, `withdrawn` or `lapsed`.
    pub(crate) state: String,
    pub(crate) taker: Option<String>,
    pub(crate) give_from: Option<Timestamp>,
    pub(crate) give_until: Option<Timestamp>,
}

impl OfferView {
    fn of(number: u32, record: &OfferRecord) -> Self {
        let offer = &record.offer;
        Self {
            name: format!("O-{number}"),
            schedule: offer.schedule.clone(),
            from: offer.range.from,
            until: offer.range.until,
            by: offer.by.clone(),
            to: offer.to.clone(),
            reason: offer.reason.clone(),
            state: record.phase.to_string(),
            taker: record.taker.clone(),
            give_from: record.give.map(|it| it.from),
            give_until: record.give.map(|it| it.until),
        }
    }
}

/// What has not ended of the rota.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RotaView {
    pub(crate) changes: Vec<ChangeView>,
    pub(crate) offers: Vec<OfferView>,
}

/// One schedule over a range.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ScheduleView {
    pub(crate) schedule: String,
    pub(crate) zone: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// Who is on call, without gaps.
    pub(crate) stretches: Vec<StretchView>,
    /// By layer, the lowest first; without what people changed.
    pub(crate) layers: Vec<LayerView>,
    pub(crate) changes: Vec<ChangeView>,
    pub(crate) offers: Vec<OfferView>,
    pub(crate) origin: String,
}

/// One layer over a range.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LayerView {
    pub(crate) name: String,
    pub(crate) stretches: Vec<StretchView>,
}

impl Shared {
    pub(crate) fn watch(&self) -> Watch {
        let config = Arc::clone(&self.loaded().engine_config);
        Watch { config, rota: self.engine.read(|it| it.rota.clone()) }
    }

    /// What has not ended at `now`, by number.
    pub(crate) fn rota_view(&self, schedule: Option<&str>, now: Timestamp) -> RotaView {
        self.engine.read(|state| rota_view(&state.rota, schedule, now))
    }

    /// Who is on call for `name` in a range; nothing when there is no such schedule.
    pub(crate) fn schedule_view(
        &self,
        name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<ScheduleView> {
        let watch = self.watch();
        let schedule = watch.config.roster.schedules.get(name)?;
        let views = |it: Vec<Stretch>| it.into_iter().map(StretchView::from).collect();
        let layer = |it: &nines_oncall::Layer| {
            let alone = nines_oncall::Schedule { layers: vec![it.clone()], ..schedule.clone() };
            LayerView { name: it.name.clone(), stretches: views(alone.stretches(from, until)) }
        };
        let RotaView { changes, offers } = rota_view(&watch.rota, Some(name), from);
        Some(ScheduleView {
            schedule: name.to_owned(),
            zone: schedule.zone.iana_name().unwrap_or("UTC").to_owned(),
            from,
            until,
            stretches: views(watch.duty().stretches(name, from, until)),
            layers: schedule.layers.iter().map(layer).collect(),
            changes,
            offers,
            origin: schedule.origin.to_string(),
        })
    }

    /// Whether pages would reach somebody at every minute of a range.
    pub(crate) fn coverage(&self, from: Timestamp, until: Timestamp) -> Coverage {
        let watch = self.watch();
        coverage(watch.duty(), &page_routes(&self.spec()), &fitness, from, until)
    }
}

fn rota_view(state: &rota::State, schedule: Option<&str>, now: Timestamp) -> RotaView {
    let wanted = |it: Option<&str>| schedule.is_none_or(|wanted| it == Some(wanted));
    let changes = state.entries.iter().filter(|(_, it)| now < it.until);
    let changes = changes.filter(|(_, it)| wanted(it.what.schedule()));
    let offers = state.offers.iter().filter(|(_, it)| now < it.offer.range.until);
    let offers = offers.filter(|(_, it)| wanted(Some(&it.offer.schedule)));
    RotaView {
        changes: changes.map(|(number, it)| ChangeView::of(*number, it)).take(ROWS_MAX).collect(),
        offers: offers.map(|(number, it)| OfferView::of(*number, it)).take(ROWS_MAX).collect(),
    }
}

/// What is known of a person's contacts from the files. Whether they work only a message tells.
pub(crate) fn fitness(person: &Person) -> Fitness {
    let contacts = u32::try_from(person.contacts.len()).unwrap_or(u32::MAX);
    Fitness { contacts, because: "no contact is configured".to_owned() }
}

/// Everything that leads to an escalation, each with its place: routes, objectives and integrations that name one.
pub(crate) fn page_routes(spec: &Spec) -> Vec<PageRoute> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Route> = vec![&spec.dispatch.root];
    while let Some(route) = waiting.pop() {
        waiting.extend(&route.children);
        let receiver = spec.dispatch.receivers.get(&route.receiver);
        let integrations = receiver.map(|it| it.integrations.as_slice()).unwrap_or_default();
        for integration in integrations {
            if let Settings::Escalation(policy) = &integration.settings {
                let matchers = route.matchers.iter().map(ToString::to_string);
                let matchers: Vec<String> = matchers.collect();
                let name = format!("{} {{{}}}", route.origin, matchers.join(", "));
                found.insert((name, policy.clone()));
            }
        }
    }
    for slo in &spec.slos {
        let told = slo.goals.iter().filter(|it| !it.alerting.pairs.is_empty());
        let policies = told.filter_map(|it| it.alerting.escalation.clone());
        found.extend(policies.map(|it| (format!("SLO {}", slo.name), it)));
    }
    for it in &spec.integrations {
        let policy = it.escalation.clone();
        found.extend(policy.map(|policy| (format!("integration {}", it.name), policy)));
    }
    found.into_iter().map(|(name, policy)| PageRoute { name, policy }).collect()
}

/// What files alone say of the next 90 days: without vacations, and without what people changed.
pub fn coverage_of(spec: &Spec, now: Timestamp) -> Coverage {
    let (roster, rota) = (crate::work::roster(spec), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let until = now.checked_add(VERIFY_AHEAD).unwrap_or(now);
    coverage(duty, &page_routes(spec), &fitness, now, until)
}
