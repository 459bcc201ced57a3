//! Kind SLO: several objectives of one indicator, or a composite of several indicators.

use nines_base::Labels;
use nines_slo::{
    Alerting, CompositeRule, CompositeSli, Goal, Member, Method, OnMissing, Preset, Sli, SliKind,
    Slo, SloName, Window,
};

use super::indicator::Measure;
use super::metadata::Name;
use super::objective::{Budgeting, Context, WIDTH_DEFAULT, Written};
use super::{Version, alerts, indicator, metadata, nearly, objective, unsupported, window};
use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::finding::Span;
use crate::kinds::slo::{PRESET_DEFAULT, WINDOW_DEFAULT};
use crate::link::{GoalPlaces, SloPlaces};
use crate::mistake::Mistake;
use crate::values::is_name;

/// The most objectives of one SLO.
const OBJECTIVES_MAX: usize = 16;

pub(super) fn read(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) {
    let metadata = metadata::read(page, fields, version, "metadata: {name: availability}");
    let (name, labels) = metadata.map_or((None, Labels::empty()), |it| (it.name, it.labels));
    let Some(spec) = page.need(fields, "spec", "spec: {service: shop, ...}") else { return };
    let (inline, by_name) = indicator::keys(version);
    let service_key = if version == Version::V2alpha { "serviceRef" } else { "service" };
    let known = [
        "description",
        service_key,
        inline,
        by_name,
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies",
    ];
    // An early draft of v2alpha called it as v1 does.
    let others = ["service"];
    let Some(spec) = page.fields_beside(spec, "an OpenSLO SLO", &known, &others) else { return };
    metadata::check_description(page, &spec);
    let written = if spec.get(service_key).is_none() { "service" } else { service_key };
    let service = page.need(&spec, written, "service: shop");
    let service = service.and_then(|it| page.name(it, "`service`"));
    let budgeting = objective::budgeting(page, &spec, version);
    let window = window::read(page, &spec);
    let alerts = alerts::read(page, &spec, version);
    let nodes = page.need(&spec, "objectives", "objectives: [{target: 0.999}]");
    let nodes = nodes.and_then(|it| page.list(it, "`objectives`")).unwrap_or_default();
    page.check_length(nodes.len(), 1, OBJECTIVES_MAX, "`objectives`", spec.key("objectives"));
    let is_composite = objective::is_composite(nodes, version);
    let shape = if is_composite { Shape::Composite } else { Shape::Simple };
    let measure = measure(page, &spec, version, shape);
    let context =
        Context { version, budgeting, is_composite, measure: measure.as_ref().map(|(it, _)| it) };
    let objectives: Vec<Written> =
        nodes.iter().filter_map(|it| objective::read(page, it, context)).collect();
    let (Some(name), Some(service)) = (name, service) else { return };
    let draft = Draft {
        service: service.text.to_owned(),
        name,
        labels,
        budgeting: budgeting.unwrap_or(Budgeting::Occurrences),
        window: window.unwrap_or(Window::Rolling(WINDOW_DEFAULT)),
        alerts,
        at: fields.at,
    };
    match measure {
        Some((measure, _)) => draft.simple(page, &measure, &objectives),
        None if is_composite => draft.composite(page, &objectives),
        None => draft.claim(page),
    }
}

/// Where the indicators are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Simple,
    Composite,
}

/// The indicator of the whole SLO; a composite has none.
fn measure(
    page: &mut Page<'_, '_>,
    spec: &Fields<'_>,
    version: Version,
    shape: Shape,
) -> Option<(Measure, String)> {
    let (inline, by_name) = indicator::keys(version);
    let written = [by_name, inline].into_iter().find(|it| spec.get(it).is_some());
    match (written, shape) {
        (Some(key), Shape::Composite) => {
            let owner = "an SLO whose objectives have indicators";
            let (one, at) = ("objectives", spec.key(key));
            page.report(&Mistake::Conflict { owner, one, other: key, at });
            None
        }
        (Some(_), Shape::Simple) => indicator::read(page, "an SLO", spec, version),
        (None, Shape::Composite) => None,
        (None, Shape::Simple) => {
            page.need(spec, by_name, "indicatorRef: availability");
            None
        }
    }
}

/// Everything but what is measured.
pub(super) struct Draft {
    pub(super) service: String,
    pub(super) name: Name,
    pub(super) labels: Labels,
    pub(super) budgeting: Budgeting,
    pub(super) window: Window,
    /// Nothing where the file says nothing.
    pub(super) alerts: Option<Alerting>,
    pub(super) at: Span,
}

impl Draft {
    /// The name is taken, even if the SLO cannot be read.
    fn claim(&self, page: &mut Page<'_, '_>) {
        page.define(Noun::Slo, &format!("{}/{}", self.service, self.name.text), self.name.at);
    }

    /// One SLO with all objectives that differ in nothing but their target; each other threshold is one more.
    pub(super) fn simple(self, page: &mut Page<'_, '_>, measure: &Measure, objectives: &[Written]) {
        let mut groups: Vec<(SliKind, Method, Vec<&Written>)> = Vec::new();
        for objective in objectives {
            let width = objective.width.unwrap_or(WIDTH_DEFAULT);
            let Some(kind) = measure.kind(width, objective.threshold) else { continue };
            let method = objective.method(self.budgeting);
            match groups.iter_mut().find(|(it, of, _)| *it == kind && *of == method) {
                Some((_, _, members)) => members.push(objective),
                None => groups.push((kind, method, vec![objective])),
            }
        }
        if groups.is_empty() {
            return self.claim(page);
        }
        if 1 < groups.len() {
            let how =
                format!("they are SLOs of their own, `{0}`, `{0}-2` and so on", self.name.text);
            nearly(page, "objectives with thresholds or slices of their own", how, self.name.at);
        }
        for (index, (kind, method, members)) in groups.into_iter().enumerate() {
            let suffix = if index == 0 { String::new() } else { format!("-{}", index + 1) };
            let name = format!("{}{suffix}", self.name.text);
            self.push(page, &name, kind, method, &members, self.alerts.clone());
        }
    }

    /// Each part is an SLO that alerts nobody, and the whole is a composite of them.
    fn composite(self, page: &mut Page<'_, '_>, objectives: &[Written]) {
        let mut members = Vec::new();
        for (index, objective) in objectives.iter().enumerate() {
            let Some(part) = &objective.part else { continue };
            let width = objective.width.unwrap_or(WIDTH_DEFAULT);
            let Some(kind) = part.measure.kind(width, objective.threshold) else { continue };
            let name = format!("{}-{}", self.name.text, part.name);
            let name =
                if is_name(&name) { name } else { format!("{}-{}", self.name.text, index + 1) };
            let none = Alerting::preset(Preset::None, &self.window, None);
            let method = objective.method(self.budgeting);
            if self.push(page, &name, kind, method, &[objective], Some(none)) {
                let slo = SloName { service: self.service.clone(), slo: name };
                members.push(Member { slo, weight: part.weight });
            }
        }
        let Some(first) = objectives.iter().find(|it| it.target.is_some()) else {
            return self.claim(page);
        };
        if members.len() != objectives.len() {
            return self.claim(page);
        }
        let how = format!(
            "it burns as fast as the weighted burn of its parts `{}-…`; its own target is that of the first",
            self.name.text
        );
        nearly(page, "the composite", how, self.name.at);
        let sli =
            CompositeSli { members, rule: CompositeRule::Weighted, on_missing: OnMissing::NoData };
        let name = self.name.text.clone();
        let alerts = self.alerts.clone();
        self.push(page, &name, SliKind::Composite(sli), Method::Occurrences, &[first], alerts);
    }

    /// Whether the SLO could be added.
    fn push(
        &self,
        page: &mut Page<'_, '_>,
        name: &str,
        kind: SliKind,
        method: Method,
        objectives: &[&Written],
        alerts: Option<Alerting>,
    ) -> bool {
        let full_name = format!("{}/{name}", self.service);
        let Ok(slo_name) = full_name.parse::<SloName>() else {
            unsupported(page, "so long a name", "shorten it", self.name.at);
            return false;
        };
        if !page.define(Noun::Slo, &full_name, self.name.at) {
            return false;
        }
        let alerting =
            alerts.unwrap_or_else(|| Alerting::preset(PRESET_DEFAULT, &self.window, None));
        let place = page.place(self.name.at);
        let (mut goals, mut places) = (Vec::new(), Vec::new());
        for objective in objectives {
            let Some(target) = objective.target else { continue };
            let goal = Goal::new(target, self.window.clone(), alerting.clone());
            let name = goal_name(objective, goals.len(), &goals);
            goals.push(Goal { objective: name, ..goal });
            let pairs = vec![place; alerting.pairs.len()];
            places.push(GoalPlaces { objective: page.place(objective.at), pairs });
        }
        if goals.is_empty() {
            return false;
        }
        page.draft.slo_places.push(SloPlaces { name: place, alerting: None, goals: places });
        let origin = page.origin(self.at);
        page.draft.spec.slos.push(Slo {
            name: slo_name,
            owner: None,
            runbook: None,
            labels: self.labels.clone(),
            sli: Sli::from(kind),
            method,
            goals,
            grouping: None,
            origin,
        });
        true
    }
}

/// The display name as a name, where there are several; unique.
fn goal_name(objective: &Written, index: usize, others: &[Goal]) -> String {
    let slug = objective.display_name.as_ref().map(|it| {
        let it = it.to_lowercase();
        let words = it.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        words.collect::<Vec<_>>().join("-")
    });
    let is_free = |it: &String| is_name(it) && others.iter().all(|other| other.objective != *it);
    match slug.filter(is_free) {
        Some(name) => name,
        None if index == 0 => Goal::OBJECTIVE.to_owned(),
        None => format!("{}-{}", Goal::OBJECTIVE, index + 1),
    }
}
