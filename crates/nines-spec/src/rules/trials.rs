//! Unit tests of rules: the test file and the rule files that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use nines_alert::rule::RuleGroup;
use nines_alert::rule::trial::{
    Comparison, ExpectedAlerts, ExpectedAnswer, InputSeries, Point, Trial,
};
use nines_base::Labels;

use super::points::{self, Wrong, understood};
use super::{files, group, histogram};
use crate::draft::{Draft, Page};
use crate::fields::Fields;
use crate::finding::{Finding, Level};
use crate::mistake::Mistake;
use crate::node::{self, Node, Value};
use crate::reading::{documents, report_damage};
use crate::source::{Loaded, ReadError, SourceFile, load_file};

/// As in promtool.
const EVALUATION_INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_mins(1);

const FILE_FIELDS: [&str; 5] =
    ["rule_files", "evaluation_interval", "group_eval_order", "tests", "fuzzy_compare"];
const TEST_FIELDS: [&str; 7] = [
    "name",
    "interval",
    "input_series",
    "alert_rule_test",
    "promql_expr_test",
    "external_labels",
    "external_url",
];

/// A file of unit tests, with the rules that it is about.
#[derive(Debug, Clone)]
pub struct RuleTests {
    /// In the order of evaluation.
    pub groups: Vec<Arc<RuleGroup>>,
    /// In the order of the file.
    pub trials: Vec<Trial>,
    /// Sorted by file and place; with errors among them the trials are incomplete.
    pub findings: Vec<Finding>,
    /// The test file and the rule files, for [`render`](crate::render).
    pub sources: Vec<SourceFile>,
}

impl RuleTests {
    /// Whether the tests cannot be played.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.level == Level::Error)
    }
}

/// Reads a test file as promtool does, and the rule files that it names relative to its folder.
///
/// # Errors
/// A file cannot be opened. Mistakes in the files are findings.
pub fn read_rule_tests(path: &Path) -> Result<RuleTests, ReadError> {
    if !path.exists() {
        return Err(ReadError::Missing { path: path.to_owned() });
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = |it: &Path| it.strip_prefix(folder).unwrap_or(it).to_string_lossy().into_owned();
    let mut loaded = Loaded::default();
    load_file(&mut loaded, name(path), path)?;
    let mut unmatched = BTreeSet::new();
    let patterns = loaded.files.first().map(|it| patterns(&it.text)).unwrap_or_default();
    let mut known = BTreeSet::new();
    for pattern in patterns {
        let matching = files::matching(&folder.join(&pattern))?;
        if matching.is_empty() {
            unmatched.insert(pattern);
        }
        for path in matching {
            if known.insert(path.clone()) {
                load_file(&mut loaded, name(&path), &path)?;
            }
        }
    }
    Ok(read(&loaded, &unmatched))
}

/// `rule_files`, before anything is judged.
fn patterns(text: &str) -> Vec<String> {
    let first = node::documents(text).into_iter().next();
    let Some(document) = first.and_then(|(before, text)| node::parse(text, before).ok()) else {
        return Vec::new();
    };
    let Value::Map(entries) = document.value else { return Vec::new() };
    let rule_files = entries.into_iter().find(|(key, _)| key.text == "rule_files");
    let Some((_, Node { value: Value::List(items), .. })) = rule_files else { return Vec::new() };
    let texts = items.into_iter().filter_map(|it| match it.value {
        Value::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

fn read(loaded: &Loaded, unmatched: &BTreeSet<String>) -> RuleTests {
    let mut draft = Draft::new(&loaded.files);
    for (file, damage) in &loaded.damages {
        report_damage(&mut draft, *file, *damage);
    }
    for file in 1..loaded.files.len() {
        for (file, document) in documents(&mut draft, file) {
            group::read(&mut draft.page(file), &document);
        }
    }
    let (mut trials, mut order) = (Vec::new(), Vec::new());
    if let Some((file, document)) = documents(&mut draft, 0).into_iter().next() {
        let mut page = draft.page(file);
        (trials, order) = test_file(&mut page, &document, unmatched);
    }
    super::apply(&mut draft);
    let place = |it: &RuleGroup| order.iter().position(|name| *name == it.name).unwrap_or(0);
    let mut groups = std::mem::take(&mut draft.spec.rule_groups);
    groups.sort_by_key(place);
    let mut findings = draft.findings;
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    RuleTests {
        groups: groups.into_iter().map(Arc::new).collect(),
        trials,
        findings,
        sources: loaded.files.clone(),
    }
}

/// The trials, and the names of groups in the order of evaluation.
fn test_file(
    page: &mut Page<'_, '_>,
    document: &Node,
    unmatched: &BTreeSet<String>,
) -> (Vec<Trial>, Vec<String>) {
    let Some(fields) = page.fields(document, "a test file", &FILE_FIELDS) else {
        return (Vec::new(), Vec::new());
    };
    for text in page.texts(&fields, "rule_files") {
        if unmatched.contains(text.text) {
            page.report(&Mistake::NoRuleFile { pattern: text.text.to_owned(), at: text.span });
        }
    }
    let interval = page.maybe_duration(&fields, "evaluation_interval");
    let interval = interval.filter(|it| !it.is_zero()).unwrap_or(EVALUATION_INTERVAL_DEFAULT);
    let comparison = match page.boolean(&fields, "fuzzy_compare") {
        Some(true) => Comparison::Fuzzy,
        Some(false) | None => Comparison::Exact,
    };
    let mut order: Vec<String> = Vec::new();
    for name in page.texts(&fields, "group_eval_order") {
        if order.iter().any(|it| it == name.text) {
            let (noun, first) = ("rule group", "the same list".to_owned());
            let text = name.text.to_owned();
            page.report(&Mistake::DuplicateName { noun, name: text, first, at: name.span });
        }
        order.push(name.text.to_owned());
    }
    let tests = fields.get("tests");
    let tests = tests.and_then(|it| page.list(it, "`tests`")).unwrap_or_default();
    let trials = tests.iter().filter_map(|it| trial(page, it, interval, comparison));
    (trials.collect(), order)
}

fn trial(
    page: &mut Page<'_, '_>,
    node: &Node,
    evaluation_interval: SignedDuration,
    comparison: Comparison,
) -> Option<Trial> {
    let fields = page.fields(node, "a test", &TEST_FIELDS)?;
    let interval = page.maybe_duration(&fields, "interval").filter(|it| !it.is_zero());
    let name = page.maybe(&fields, "name").map_or("", |it| it.text).to_owned();
    let series = items(page, &fields, "input_series", input_series);
    let alerts = items(page, &fields, "alert_rule_test", expected_alerts);
    let answers = items(page, &fields, "promql_expr_test", expected_answer);
    let external_labels = page.labels(&fields, "external_labels");
    let external_url = page.maybe(&fields, "external_url").map_or("", |it| it.text);
    let external_url = external_url.trim_end_matches('/').to_owned();
    Some(Trial {
        name,
        interval: interval.unwrap_or(evaluation_interval),
        evaluation_interval,
        series: merged(series),
        alerts,
        answers,
        external_labels,
        external_url,
        comparison,
    })
}

/// Each item of a list that is understood.
fn items<T>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &str,
    read: fn(&mut Page<'_, '_>, &Node) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    let items = page.list(node, &format!("`{field}`")).unwrap_or_default();
    items.iter().filter_map(|it| read(page, it)).collect()
}

/// A series that is given twice has the points of both, the later winning.
fn merged(series: Vec<InputSeries>) -> Vec<InputSeries> {
    let mut by_labels: BTreeMap<Labels, Vec<Option<Point>>> = BTreeMap::new();
    for InputSeries { labels, points } in series {
        let known = by_labels.entry(labels).or_default();
        if known.len() < points.len() {
            known.resize(points.len(), None);
        }
        for (old, new) in known.iter_mut().zip(points) {
            if new.is_some() {
                *old = new;
            }
        }
    }
    by_labels.into_iter().map(|(labels, points)| InputSeries { labels, points }).collect()
}

fn input_series(page: &mut Page<'_, '_>, node: &Node) -> Option<InputSeries> {
    let fields = page.fields(node, "an input series", &["series", "values"])?;
    let series = page.need(&fields, "series", "series: up{job=\"api\"}");
    let series = series.and_then(|it| page.scalar(it, "`series`"));
    let labels = series.and_then(|it| understood(page, it, points::series(it.text)));
    let values = page.need(&fields, "values", "values: 0+10x5");
    let values = values.and_then(|it| page.scalar(it, "`values`"));
    let points = values.and_then(|it| understood(page, it, points::values(it.text)));
    Some(InputSeries { labels: labels?, points: points? })
}

fn expected_alerts(page: &mut Page<'_, '_>, node: &Node) -> Option<ExpectedAlerts> {
    let fields = page.fields(node, "an alert test", &["eval_time", "alertname", "exp_alerts"])?;
    let at = page.maybe_duration(&fields, "eval_time").unwrap_or_default();
    let name = page.need(&fields, "alertname", "alertname: InstanceDown");
    let name = name.and_then(|it| page.scalar(it, "`alertname`"))?.text.to_owned();
    let mut alerts = Vec::new();
    let expected = fields.get("exp_alerts");
    let expected = expected.and_then(|it| page.list(it, "`exp_alerts`")).unwrap_or_default();
    for node in expected {
        let known = ["exp_labels", "exp_annotations"];
        let Some(fields) = page.fields(node, "an expected alert", &known) else { continue };
        let labels = group::pairs(page, &fields, "exp_labels");
        let labels = labels
            .into_iter()
            .fold(Labels::empty(), |labels, (name, it)| labels.with(&name, it.text));
        let annotations = group::pairs(page, &fields, "exp_annotations").into_iter();
        let annotations = annotations.map(|(name, it)| (name, it.text.to_owned()));
        alerts.push((labels.with("alertname", &name), annotations.collect()));
    }
    Some(ExpectedAlerts { at, alert: name, alerts })
}

fn expected_answer(page: &mut Page<'_, '_>, node: &Node) -> Option<ExpectedAnswer> {
    let fields = page.fields(node, "an expression test", &["expr", "eval_time", "exp_samples"])?;
    let at = page.maybe_duration(&fields, "eval_time").unwrap_or_default();
    let query = page.need(&fields, "expr", "expr: sum(up)");
    let query = query.and_then(|it| page.scalar(it, "`expr`"));
    let query = query.and_then(|it| group::expression(page, it));
    let samples = items(page, &fields, "exp_samples", expected_sample);
    Some(ExpectedAnswer { at, query: query?, samples })
}

fn expected_sample(page: &mut Page<'_, '_>, node: &Node) -> Option<(Labels, Point)> {
    let fields = page.fields(node, "an expected sample", &["labels", "value", "histogram"])?;
    let labels = match page.maybe(&fields, "labels") {
        Some(text) => understood(page, text, points::series(text.text))?,
        None => Labels::empty(),
    };
    if let Some(text) = page.maybe(&fields, "histogram") {
        let inside = text.text.trim().strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
        let read = match inside {
            Some(inside) => histogram::read(inside),
            None => Err("a histogram stands between `{{` and `}}`".to_owned()),
        };
        let read = read.map_err(|it| Wrong::new(0, it));
        let histogram = understood(page, text, read)?;
        return Some((labels, Point::Histogram(Arc::new(histogram))));
    }
    let value = match page.maybe(&fields, "value") {
        Some(text) => {
            let wrong = || Wrong::new(0, format!("`{}` is not a number", text.text));
            understood(page, text, yaml_number(text.text).ok_or_else(wrong))?
        }
        None => 0.0,
    };
    Some((labels, Point::Number(value)))
}

/// YAML writes what is not finite with a point: `.inf`, `.NaN`.
fn yaml_number(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|it| *it != '_').collect();
    match plain.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        ".nan" => Some(f64::NAN),
        _ => points::number(&plain),
    }
}
