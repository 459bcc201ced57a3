//! Sloth: `prometheus/v1` files, `PrometheusServiceLevel` resources, `AlertWindows` catalogues.
//!
//! Source: the documentation of Sloth's API. Its alerts compare plain ratios, but the windows and factors are kept
//! and judged with our usual care.

use jiff::SignedDuration;
use nines_base::{Labels, format_duration};
use nines_slo::{
    AlertMode, Alerting, BurnFactor, BurnPair, Guard, PromqlQueries, PromqlSli, Severity, SliKind,
};

use super::foreign::{Role, Subject, WIDTH, factor, field, goal, percentage, text_of};
use super::{Importing, unlist};
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::query::with_slice;

/// The period of Sloth, if no catalogue says otherwise.
const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The most SLOs of one service.
const SLOS_MAX: usize = 1_000;

/// The windows of one period: severity, share of the budget in billionths, short and long.
#[derive(Debug, Clone)]
struct Catalogue {
    period: SignedDuration,
    rows: Vec<(Severity, u64, SignedDuration, SignedDuration)>,
}

impl Default for Catalogue {
    /// Those that Sloth has built in for 30 days, and with the same windows for 28.
    fn default() -> Self {
        let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
        let percent = |it: u64| it * 10_000_000;
        Self {
            period: PERIOD,
            rows: vec![
                (Severity::Page, percent(2), minutes(5), hours(1)),
                (Severity::Page, percent(5), minutes(30), hours(6)),
                (Severity::Ticket, percent(10), hours(2), hours(24)),
                (Severity::Ticket, percent(10), hours(6), hours(72)),
            ],
        }
    }
}

pub(super) fn read(importing: &mut Importing<'_, '_>, nodes: &[(usize, Node)]) {
    let all: Vec<(usize, &Node)> =
        nodes.iter().flat_map(|(file, it)| unlist(it).into_iter().map(|it| (*file, it))).collect();
    let is_windows = |it: &Node| {
        text_of(field(it, "kind")) == Some("AlertWindows")
            || text_of(field(it, "version")) == Some("alertWindows/v1")
    };
    let mut catalogue = Catalogue::default();
    for (file, node) in all.iter().filter(|(_, it)| is_windows(it)) {
        if let Some(it) = windows(&mut importing.page(*file), node) {
            catalogue = it;
        }
    }
    for (file, node) in all.iter().filter(|(_, it)| !is_windows(it)) {
        service(importing, *file, node, &catalogue);
    }
}

/// A catalogue, as a file or as a resource.
fn windows(page: &mut Page<'_, '_>, node: &Node) -> Option<Catalogue> {
    let known =
        ["apiVersion", "kind", "metadata", "version", "spec", "sloPeriod", "page", "ticket"];
    let fields = page.fields(node, "alert windows", &known)?;
    let fields = match fields.get("spec") {
        Some(it) => page.fields(it, "alert windows", &["sloPeriod", "page", "ticket"])?,
        None => fields,
    };
    let period = page.need(&fields, "sloPeriod", "sloPeriod: 30d");
    let period = period.and_then(|it| page.duration(it, "`sloPeriod`"))?;
    let mut rows = Vec::new();
    for (field, severity) in [("page", Severity::Page), ("ticket", Severity::Ticket)] {
        let Some(node) = page.need(&fields, field, "page: {quick: ..., slow: ...}") else {
            continue;
        };
        let Some(pair) = page.fields(node, "windows of a severity", &["quick", "slow"]) else {
            continue;
        };
        for speed in ["quick", "slow"] {
            let Some(node) = pair.get(speed) else { continue };
            let known = ["errorBudgetPercent", "shortWindow", "longWindow"];
            let Some(row) = page.fields(node, "a window", &known) else { continue };
            let percent = page.need(&row, "errorBudgetPercent", "errorBudgetPercent: 2");
            let percent = percent.and_then(|it| page.scalar(it, "`errorBudgetPercent`"));
            let share = percent.and_then(|it| {
                let share = crate::values::decimal(it.text, 7).filter(|it| *it <= 1_000_000_000);
                if share.is_none() {
                    page.report(&Mistake::BadShare { text: it.text.to_owned(), at: it.span });
                }
                share
            });
            let short = page.need(&row, "shortWindow", "shortWindow: 5m");
            let short = short.and_then(|it| page.duration(it, "`shortWindow`"));
            let long = page.need(&row, "longWindow", "longWindow: 1h");
            let long = long.and_then(|it| page.duration(it, "`longWindow`"));
            if let (Some(share), Some(short), Some(long)) = (share, short, long) {
                rows.push((severity, share, short, long));
            }
        }
    }
    Some(Catalogue { period, rows })
}

fn service(importing: &mut Importing<'_, '_>, file: usize, node: &Node, catalogue: &Catalogue) {
    let mut page = importing.page(file);
    let known = [
        "version",
        "service",
        "labels",
        "slos",
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "status",
    ];
    let Some(fields) = page.fields(node, "a Sloth file", &known) else { return };
    let fields = match fields.get("spec") {
        Some(spec) => {
            let known = ["service", "labels", "slos", "sloPlugins"];
            match page.fields(spec, "a PrometheusServiceLevel", &known) {
                Some(it) => it,
                None => return,
            }
        }
        None => {
            if let Some(node) = page.need(&fields, "version", "version: prometheus/v1") {
                page.word(node, "`version`", &[("prometheus/v1", ())]);
            }
            fields
        }
    };
    let service = page.need(&fields, "service", "service: checkout");
    let service = service.and_then(|it| page.scalar(it, "`service`"));
    let slos = page.need(&fields, "slos", "slos: [{name: availability, objective: 99.9, ...}]");
    let slos = slos.and_then(|it| page.list(it, "`slos`")).unwrap_or_default();
    let Some(service) = service else { return };
    if fields.get("sloPlugins").is_some() {
        let why = "plugins are programs of Sloth";
        let at = fields.key("sloPlugins");
        importing.lose_in_file(
            file,
            at,
            "`sloPlugins`",
            why,
            "write what they add as rules of Prometheus",
        );
    }
    for node in slos.iter().take(SLOS_MAX) {
        slo(importing, file, &fields, service, node, catalogue);
    }
}

fn slo(
    importing: &mut Importing<'_, '_>,
    file: usize,
    service_fields: &Fields<'_>,
    service: crate::fields::Text<'_>,
    node: &Node,
    catalogue: &Catalogue,
) {
    let mut page = importing.page(file);
    let known = ["name", "objective", "description", "labels", "sli", "alerting", "plugins"];
    let Some(fields) = page.fields(node, "an SLO of Sloth", &known) else { return };
    let name = page.need(&fields, "name", "name: availability");
    let name = name.and_then(|it| page.scalar(it, "`name`"));
    let target = page.need(&fields, "objective", "objective: 99.9");
    let target = target.and_then(|it| page.scalar(it, "`objective`"));
    let target = target.and_then(|it| percentage(&mut page, it));
    let sli_node = page.need(&fields, "sli", "sli: {events: {error_query: ..., total_query: ...}}");
    let Some(name) = name else { return };
    let Some(subject) = importing.subject(file, service, name) else { return };
    let labels = importing.labels(&subject, service_fields, Labels::empty());
    let labels = importing.labels(&subject, &fields, labels);
    importing.lose_field(
        &subject,
        &fields,
        "description",
        "an SLO of nines has no description",
        "keep it as a comment",
    );
    importing.lose_field(
        &subject,
        &fields,
        "plugins",
        "plugins are programs of Sloth",
        "write what they add as rules of Prometheus",
    );
    let kind = sli_node.and_then(|it| sli(importing, &subject, it));
    let alerting = alerting(importing, &subject, &fields, catalogue);
    if let (Some(kind), Some(target)) = (kind, target) {
        importing.add(&subject, kind, labels, vec![goal(target, catalogue.period, alerting)]);
    }
}

fn sli(importing: &mut Importing<'_, '_>, subject: &Subject, node: &Node) -> Option<SliKind> {
    let mut page = importing.page(subject.file);
    let fields = page.fields(
        node,
        "an SLI of Sloth",
        &["events", "raw", "plugin", "denominator_corrected"],
    )?;
    if let Some(node) = fields.get("events").or(fields.get("denominator_corrected")) {
        let known = ["error_query", "success_query", "total_query"];
        // Resources of Kubernetes have the same fields in their own spelling.
        let aliases = ["errorQuery", "successQuery", "totalQuery"];
        let events = page.fields_beside(node, "events of Sloth", &known, &aliases)?;
        let query = |page: &mut Page<'_, '_>, names: [&str; 2]| {
            names.into_iter().find_map(|it| page.maybe(&events, it))
        };
        let bad = query(&mut page, ["error_query", "errorQuery"]);
        let good = query(&mut page, ["success_query", "successQuery"]);
        let total = query(&mut page, ["total_query", "totalQuery"]);
        let (role, part) = match (bad, good) {
            (Some(it), _) => (Role::Bad, it),
            (None, Some(it)) => (Role::Good, it),
            (None, None) => {
                page.need(
                    &events,
                    "error_query",
                    "error_query: sum(rate(errors_total[{{.window}}]))",
                );
                return None;
            }
        };
        if total.is_none() {
            page.need(
                &events,
                "total_query",
                "total_query: sum(rate(requests_total[{{.window}}]))",
            );
        }
        return importing.ratio(subject, role, part, total?);
    }
    if let Some(node) = fields.get("raw") {
        let raw =
            page.fields_beside(node, "raw of Sloth", &["error_ratio_query"], &["errorRatioQuery"])?;
        let query = page.maybe(&raw, "error_ratio_query").or(page.maybe(&raw, "errorRatioQuery"));
        let Some(query) = query else {
            page.need(&raw, "error_ratio_query", "error_ratio_query: job:errors:ratio{{.window}}");
            return None;
        };
        // `a / b` of two counters is what `events` would say.
        if let Some((bad, total)) = quotient(query.text) {
            let place = |text| crate::fields::Text { text, span: query.span };
            return importing.ratio(subject, Role::Bad, place(bad), place(total));
        }
        let Ok(text) = with_slice(query.text) else {
            page.foreign_query(query);
            return None;
        };
        let why = "it is a ratio that is made elsewhere";
        let instead = "it is evaluated once per minute, and every minute weighs the same";
        importing.lose(subject, query.span, "the weight of events", why, instead);
        let queries = PromqlQueries::Ratio(format!("1 - ({text})"));
        return Some(SliKind::Promql(PromqlSli { queries, width: WIDTH }));
    }
    if fields.get("plugin").is_some() {
        let (what, at) = ("an SLI plugin".to_owned(), fields.key("plugin"));
        let help = "write the query that the plugin makes as `events`, or as `promql` in nines";
        page.report(&Mistake::Unsupported { what, help, at });
        return None;
    }
    page.need(&fields, "events", "events: {error_query: ..., total_query: ...}");
    None
}

/// The two sides of `a / b`.
fn quotient(query: &str) -> Option<(&str, &str)> {
    use super::foreign::split_top;
    let [above, below] = split_top(query.trim(), '/')?.try_into().ok()?;
    Some((above, below))
}

fn alerting(
    importing: &mut Importing<'_, '_>,
    subject: &Subject,
    fields: &Fields<'_>,
    catalogue: &Catalogue,
) -> Alerting {
    let mut pairs = Vec::new();
    let mut page = importing.page(subject.file);
    let known = ["name", "labels", "annotations", "page_alert", "ticket_alert"];
    let aliases = ["pageAlert", "ticketAlert"];
    // The resources of Kubernetes spell them so; files do not, and then they are mistakes.
    let is_resource = fields.get("sli").is_some_and(|it| {
        let events = field(it, "events").or(field(it, "raw"));
        events.is_some_and(|it| {
            field(it, "errorQuery").is_some() || field(it, "errorRatioQuery").is_some()
        })
    });
    let others: &[&str] = if is_resource { &aliases } else { &[] };
    let alerting = fields
        .get("alerting")
        .and_then(|it| page.fields_beside(it, "alerting of Sloth", &known, others));
    if let Some(it) = &alerting {
        importing.lose_field(
            subject,
            it,
            "name",
            "burn alerts of nines are called `SLOBurn`",
            "route by `service` and `slo`",
        );
        importing.lose_field(
            subject,
            it,
            "labels",
            "they are of the alert, not of the SLO",
            "add those that you route by to `metadata.labels`",
        );
        importing.lose_field(
            subject,
            it,
            "annotations",
            "nines writes its own",
            "put a runbook into `metadata.runbook`",
        );
    }
    for (severity, names) in [
        (Severity::Page, ["page_alert", "pageAlert"]),
        (Severity::Ticket, ["ticket_alert", "ticketAlert"]),
    ] {
        let alert = alerting.as_ref().and_then(|it| {
            let name = if is_resource && it.get(names[0]).is_none() { names[1] } else { names[0] };
            it.get(name)
        });
        if let Some(node) = alert {
            let mut page = importing.page(subject.file);
            let Some(alert) =
                page.fields(node, "an alert of Sloth", &["disable", "labels", "annotations"])
            else {
                continue;
            };
            if page.boolean(&alert, "disable") == Some(true) {
                continue;
            }
            importing.lose_field(
                subject,
                &alert,
                "labels",
                "they are of one alert, not of the SLO",
                "route by `severity`, `service` and `slo`",
            );
            importing.lose_field(
                subject,
                &alert,
                "annotations",
                "nines writes its own",
                "put a runbook into `metadata.runbook`",
            );
        }
        for (_, share, short, long) in catalogue.rows.iter().filter(|(it, ..)| *it == severity) {
            let Some(exact) = factor(*share, catalogue.period, *long) else { continue };
            let hold = SignedDuration::ZERO;
            let factor = exact.max(BurnFactor::ONE);
            if factor != exact {
                let what = format!(
                    "the factor {} over {}",
                    super::native::number(exact),
                    format_duration(*long)
                );
                let why = "it would alert on a service that meets its objective";
                importing.lose(subject, subject.at, &what, why, "the factor is 1");
            }
            pairs.push(BurnPair { severity, long: *long, short: *short, factor, hold });
        }
    }
    Alerting { mode: AlertMode::Safe, guard: Guard::Tail, pairs, escalation: None }
}
