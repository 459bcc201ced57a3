//! `rules` and `alerts`: rules of Prometheus, and burn alerts as if they were some.

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::Alert;
use nines_alert::rule::{Rule, RuleAlert, RuleHealth, RuleKind, RuleState};
use nines_alert::template::{FloatForm, format_float};
use nines_base::{Labels, Matcher};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::answer::{PromError, number, success};
use super::params::Params;
use crate::app::App;
use crate::rules::GroupView;

/// What a listing is restricted to.
struct Filter {
    kind: Option<&'static str>,
    rules: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    matchers: Vec<Vec<Matcher>>,
    leaves_alerts_out: bool,
    /// Groups of one answer.
    limit: Option<usize>,
    next: Option<String>,
}

impl Filter {
    fn of(params: &Params) -> Result<Self, PromError> {
        let kind = match params.get("type") {
            None => None,
            Some("alert") => Some("alerting"),
            Some("record") => Some("recording"),
            Some(other) => {
                let problem = format!("not supported value {other:?}");
                return Err(PromError::bad_parameter("type", problem));
            }
        };
        let leaves_alerts_out = match params.get("exclude_alerts") {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                let problem = format!("{other:?} is no boolean");
                return Err(PromError::bad_parameter("exclude_alerts", problem));
            }
        };
        let limit = params.get("group_limit").map(|it| {
            let limit = it.parse().ok().filter(|it| *it != 0_usize);
            limit.ok_or_else(|| {
                PromError::bad_parameter("group_limit", "a number above 0 is needed")
            })
        });
        let (limit, next) = (limit.transpose()?, params.get("group_next_token").map(str::to_owned));
        if next.is_some() && limit.is_none() {
            let message = "group_limit needs to be present in order to paginate over the groups";
            return Err(PromError::bad_data(message));
        }
        Ok(Self {
            kind,
            rules: params.all("rule_name[]").map(str::to_owned).collect(),
            groups: params.all("rule_group[]").map(str::to_owned).collect(),
            files: params.all("file[]").map(str::to_owned).collect(),
            matchers: params.matchers()?,
            leaves_alerts_out,
            limit,
            next,
        })
    }

    fn takes_group(&self, file: &str, name: &str) -> bool {
        let has = |list: &[String], it: &str| list.is_empty() || list.iter().any(|one| one == it);
        has(&self.files, file) && has(&self.groups, name)
    }

    fn takes_rule(&self, kind: &str, name: &str, labels: &Labels) -> bool {
        let is_kind = self.kind.is_none_or(|it| it == kind);
        let is_named = self.rules.is_empty() || self.rules.iter().any(|it| it == name);
        let matches = |all: &Vec<Matcher>| all.iter().all(|it| it.matches(labels));
        is_kind && is_named && (self.matchers.is_empty() || self.matchers.iter().any(matches))
    }
}

/// One group of an answer.
struct Group {
    file: String,
    name: String,
    body: Map<String, Value>,
    rules: Vec<Value>,
}

/// `/api/v1/rules`
pub(super) async fn rules(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let filter = Filter::of(&params)?;
    let mut groups: Vec<Group> =
        app.rules.groups().iter().filter_map(|it| rule_group(it, &filter)).collect();
    groups.extend(burn_groups(&app, &filter));
    groups.retain(|it| !it.rules.is_empty());
    groups.sort_by(|one, two| (&one.file, &one.name).cmp(&(&two.file, &two.name)));
    let (page, next) = page(groups, &filter)?;
    let groups: Vec<Value> = page.into_iter().map(Group::into_json).collect();
    let mut data = json!({ "groups": groups });
    if let Some(next) = next {
        data["groupNextToken"] = json!(next);
    }
    Ok(success(data))
}

/// The groups from the token on, and the token of the group after them.
fn page(groups: Vec<Group>, filter: &Filter) -> Result<(Vec<Group>, Option<String>), PromError> {
    let Some(limit) = filter.limit else { return Ok((groups, None)) };
    let start = match &filter.next {
        None => 0,
        Some(token) => groups.iter().position(|it| it.token() == *token).ok_or_else(|| {
            let message = format!("invalid group_next_token '{token}'. were rule groups changed?");
            PromError::bad_data(message)
        })?,
    };
    let mut rest = groups.into_iter().skip(start);
    let page: Vec<Group> = rest.by_ref().take(limit).collect();
    Ok((page, rest.next().map(|it| it.token())))
}

impl Group {
    /// Names the group in a token, and says nothing of it.
    fn token(&self) -> String {
        let hash = Sha256::digest(format!("{};{}", self.file, self.name));
        hash.iter().take(20).fold(String::new(), |token, it| format!("{token}{it:02x}"))
    }

    fn into_json(mut self) -> Value {
        self.body.insert("rules".to_owned(), Value::Array(self.rules));
        Value::Object(self.body)
    }
}

fn rule_group(view: &GroupView, filter: &Filter) -> Option<Group> {
    let group = &view.group;
    if !filter.takes_group(&group.file, &group.name) {
        return None;
    }
    let rules = view.rules().filter_map(|(rule, state)| {
        let kind = kind(rule);
        let labels = rule.labels.iter().fold(Labels::empty(), |all, (name, it)| all.with(name, it));
        filter.takes_rule(kind, &rule.name, &labels).then(|| self::rule(rule, state, filter))
    });
    let body = json!({
        "name": group.name,
        "file": group.file,
        "interval": seconds(group.interval),
        "limit": group.limit,
        "evaluationTime": seconds(view.took),
        "lastEvaluation": instant(view.evaluated_at),
    });
    let rules = rules.collect();
    let Value::Object(body) = body else { return None };
    Some(Group { file: group.file.clone(), name: group.name.clone(), body, rules })
}

fn kind(rule: &Rule) -> &'static str {
    match rule.kind {
        RuleKind::Record => "recording",
        RuleKind::Alert(_) => "alerting",
    }
}

fn rule(rule: &Rule, state: &RuleState, filter: &Filter) -> Value {
    let health = match &state.health {
        RuleHealth::Unknown => "unknown",
        RuleHealth::Good => "ok",
        RuleHealth::Bad(_) => "err",
    };
    let mut body = json!({
        "type": kind(rule),
        "name": rule.name,
        "query": rule.query.text(),
        "labels": rule.labels,
        "health": health,
        "evaluationTime": seconds(state.took),
        "lastEvaluation": instant(state.evaluated_at),
    });
    if let RuleHealth::Bad(problem) = &state.health {
        body["lastError"] = json!(problem);
    }
    if let RuleKind::Alert(alert) = &rule.kind {
        let annotations =
            alert.annotations.iter().map(|(name, it)| (name.clone(), json!(it.text())));
        body["state"] = json!(state.alerting.state().to_string());
        body["duration"] = seconds(alert.hold);
        body["keepFiringFor"] = seconds(alert.keep_firing);
        body["annotations"] = Value::Object(annotations.collect());
        let alerts = state.alerting.active.values().filter(|it| it.is_active());
        body["alerts"] =
            if filter.leaves_alerts_out { json!([]) } else { alerts.map(alert_body).collect() };
    }
    body
}

/// `/api/v1/alerts`: all that are pending or firing.
pub(super) async fn alerts(State(app): State<App>) -> Response {
    let views = app.rules.groups();
    let states = views.iter().flat_map(|it| it.rules.iter());
    let active = states.flat_map(|it| it.alerting.active.values()).filter(|it| it.is_active());
    let mut alerts: Vec<Value> = active.map(alert_body).collect();
    alerts.extend(burns(&app).into_iter().map(|(_, alert)| alert));
    success(json!({ "alerts": alerts }))
}

fn alert_body(alert: &RuleAlert) -> Value {
    let mut body = json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state.to_string(),
        "activeAt": alert.active_at,
        "value": format_float(alert.value, FloatForm::Exponent, None),
    });
    if let Some(since) = alert.keep_firing_since {
        body["keepFiringSince"] = json!(since);
    }
    body
}

/// Whole seconds without a point.
fn seconds(it: SignedDuration) -> Value {
    if it.subsec_nanos() == 0 { json!(it.as_secs()) } else { json!(it.as_secs_f64()) }
}

/// What never was is Go's zero time.
fn instant(at: Option<Timestamp>) -> Value {
    at.map_or_else(|| json!("0001-01-01T00:00:00Z"), |it| json!(it))
}

/// Burn alerts as alerting rules, one group for each objective.
fn burn_groups(app: &App, filter: &Filter) -> Vec<Group> {
    let alerts = burns(app);
    let spec = app.spec();
    let slos = spec.slos.iter().map(|slo| (slo, slo.name.to_string(), slo.origin.to_string()));
    let wanted = slos.filter(|(_, name, file)| filter.takes_group(file, name));
    let groups = wanted.map(|(slo, name, file)| {
        let of_slo = alerts.iter().filter(|(labels, _)| {
            labels.value("service") == slo.name.service && labels.value("slo") == slo.name.slo
        });
        let of_slo: Vec<&Value> = of_slo.map(|(_, alert)| alert).collect();
        let state = if of_slo.is_empty() { "inactive" } else { "firing" };
        let goal = slo.primary();
        let rule = json!({
            "type": "alerting",
            "name": nines_engine::SLO_ALERT,
            "query": format!("error budget of {} over {}", goal.latest(), goal.window),
            "duration": 0,
            "keepFiringFor": 0,
            "labels": slo.labels,
            "annotations": {},
            "alerts": if filter.leaves_alerts_out { json!([]) } else { json!(of_slo) },
            "health": "ok",
            "evaluationTime": 0,
            "lastEvaluation": app.clock.now(),
            "state": state,
        });
        let takes = filter.takes_rule("alerting", nines_engine::SLO_ALERT, &slo.labels);
        let body = json!({
            "name": name,
            "file": file,
            "interval": 15,
            "limit": 0,
            "evaluationTime": 0,
            "lastEvaluation": app.clock.now(),
        });
        let body = body.as_object().cloned().unwrap_or_default();
        Group { file, name, body, rules: if takes { vec![rule] } else { Vec::new() } }
    });
    groups.collect()
}

fn burns(app: &App) -> Vec<(Labels, Value)> {
    app.engine.read(|state| {
        let view = |alert: &Alert| {
            let value = json!({
                "labels": alert.labels,
                "annotations": alert.annotations(),
                "state": "firing",
                "activeAt": alert.activation.fired_at,
                "value": number(1.0),
            });
            (alert.labels.clone(), value)
        };
        let is_burn = |it: &Alert| it.labels.value("alertname") == nines_engine::SLO_ALERT;
        let burns = state.firing().filter(|(_, it)| is_burn(it));
        burns.map(|(_, it)| view(it)).collect()
    })
}
