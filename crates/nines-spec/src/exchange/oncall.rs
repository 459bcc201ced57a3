//! People, schedules and escalation policies of other tools, read from what their public APIs answer, with a
//! report of what is lost and of who would have been on call.
//!
//! Each tool becomes plain people, schedules and policies, and beside them a model of its own rules that knows
//! nothing of ours. Both are asked who is on call at every boundary and every hour of the next 90 days.

mod equal;
mod goalert;
mod grafana;
mod pagerduty;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use nines_base::Origin;
use nines_oncall::{Person, Policy, Schedule};

use super::loss::{Loss, Losses};
use crate::draft::{Draft, Form, Page};
use crate::finding::{Finding, Level};
use crate::node::{Node, Value};
use crate::reading::{documents, read_files, report_damage};
use crate::source::{Loaded, ReadError, SourceFile};

pub use equal::{Comparison, Difference};

/// How far ahead schedules are compared.
const COMPARED: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The most people, schedules and policies of one import.
const ITEMS_MAX: usize = 10_000;

/// A tool whose people, schedules and policies are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OncallFormat {
    /// `GET /users`, `/schedules/{id}` and `/escalation_policies` of PagerDuty's REST API.
    PagerDuty,
    /// The lists of Grafana OnCall's HTTP API, each under the name of its resource.
    GrafanaOncall,
    /// The lists of GoAlert's GraphQL API.
    GoAlert,
}

/// What became of some files.
#[derive(Debug, Clone)]
pub struct OncallImport {
    /// Files in our own form, by path; empty when nothing was understood.
    pub files: Vec<SourceFile>,
    /// Who would have been on call, schedule by schedule.
    pub comparisons: Vec<Comparison>,
    /// What was not carried over.
    pub losses: Vec<Loss>,
    /// What is wrong with the files.
    pub findings: Vec<Finding>,
    /// The files themselves, for [`render`](crate::render).
    pub sources: Vec<SourceFile>,
}

impl OncallImport {
    /// Whether something could not be understood at all.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.level == Level::Error)
    }
}

/// Reads files of `format`, which may refer to each other; schedules are compared from `now` on.
pub fn import_oncall(
    format: OncallFormat,
    sources: Vec<SourceFile>,
    now: Timestamp,
) -> OncallImport {
    run(format, Loaded { files: sources, damages: Vec::new() }, now)
}

/// The same for files and folders of them.
///
/// # Errors
/// A file or folder cannot be opened. Mistakes in the files are findings.
pub fn import_oncall_paths(
    format: OncallFormat,
    paths: &[PathBuf],
    now: Timestamp,
) -> Result<OncallImport, ReadError> {
    Ok(run(format, super::import::load(paths)?, now))
}

fn run(format: OncallFormat, loaded: Loaded, now: Timestamp) -> OncallImport {
    let Loaded { files: sources, damages } = loaded;
    let mut draft = Draft::new(&sources);
    for (file, damage) in &damages {
        report_damage(&mut draft, *file, *damage);
    }
    let is_whole = |file: &usize| damages.iter().all(|(damaged, _)| damaged != file);
    let nodes: Vec<(usize, Node)> =
        (0..sources.len()).filter(is_whole).flat_map(|file| documents(&mut draft, file)).collect();
    let mut importing = Importing {
        draft: &mut draft,
        now,
        losses: Losses::default(),
        names: BTreeSet::new(),
        found: Found::default(),
    };
    match format {
        OncallFormat::PagerDuty => pagerduty::read(&mut importing, &nodes),
        OncallFormat::GrafanaOncall => grafana::read(&mut importing, &nodes),
        OncallFormat::GoAlert => goalert::read(&mut importing, &nodes),
    }
    let Importing { found, losses, .. } = importing;
    let mut findings = draft.findings;
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    let files = written::files(&found);
    let comparisons = found.schedules.iter().map(|it| equal::compare(it, now)).collect();
    // What comes out passes `nines check`; if not, that is told and not hidden.
    let reading = read_files(files.clone());
    findings.extend(reading.findings.into_iter().filter(|it| it.level == Level::Error));
    OncallImport { files, comparisons, losses: losses.into_list(), findings, sources }
}

/// What was understood.
#[derive(Debug, Default)]
struct Found {
    people: Vec<Person>,
    schedules: Vec<FoundSchedule>,
    policies: Vec<Policy>,
}

/// A schedule in our form, and what the tool itself would do.
#[derive(Debug)]
struct FoundSchedule {
    schedule: Schedule,
    /// The tool's rules, by a model of its own.
    rules: Vec<equal::ForeignLayer>,
    /// The shifts that the tool itself has worked out; empty when the file has none.
    told: Vec<equal::ToldShift>,
}

/// What an importer writes into.
struct Importing<'d, 'a> {
    draft: &'d mut Draft<'a>,
    now: Timestamp,
    losses: Losses,
    /// Names that are taken, with their kind.
    names: BTreeSet<(&'static str, String)>,
    found: Found,
}

impl<'a> Importing<'_, 'a> {
    fn page(&mut self, file: usize) -> Page<'_, 'a> {
        Page { form: Form::Foreign, ..self.draft.page(file) }
    }

    fn origin(&mut self, file: usize, node: &Node) -> Origin {
        let at = node.anchor();
        self.page(file).origin(at)
    }

    /// A name of ours for what people call `text`, unique among its kind.
    fn name(&mut self, kind: &'static str, text: &str) -> String {
        let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.');
        let mut name = String::new();
        for it in text.trim().chars().flat_map(char::to_lowercase).take(50) {
            if fits(it) {
                name.push(it);
            } else if !name.ends_with('-') && !name.is_empty() {
                name.push('-');
            }
        }
        let name = name.trim_end_matches('-');
        let name = if name.is_empty() { kind } else { name };
        let numbered = (2..).map(|it| format!("{name}-{it}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let free = candidates.find(|it| !self.names.contains(&(kind, it.clone())));
        let free = free.expect("numbers do not end");
        self.names.insert((kind, free.clone()));
        free
    }
}

/// A field of a mapping.
fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

/// The text or number of a field; nothing when it is missing, empty or null.
fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    match &field(node, name)?.value {
        Value::Text(it) | Value::Number(it) | Value::Bool(it) if !it.is_empty() => Some(it),
        _ => None,
    }
}

fn number(node: &Node, name: &str) -> Option<i64> {
    text(node, name)?.parse().ok()
}

/// The items of a list; nothing is none.
fn items<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    match field(node, name).map(|it| &it.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The texts of a list.
fn list(node: &Node) -> Vec<&str> {
    let Value::List(items) = &node.value else { return Vec::new() };
    let texts = items.iter().filter_map(|it| match &it.value {
        Value::Text(it) | Value::Number(it) | Value::Bool(it) => Some(it.as_str()),
        _ => None,
    });
    texts.collect()
}

/// The texts of the list of a field; nothing is none.
fn texts<'n>(node: &'n Node, name: &str) -> Vec<&'n str> {
    field(node, name).map(list).unwrap_or_default()
}

/// All items of the lists `many`, and the values of the fields `one`, of all documents.
fn all<'n>(nodes: &'n [(usize, Node)], many: &str, one: &str) -> Vec<(usize, &'n Node)> {
    let of = |(file, node): &'n (usize, Node)| {
        let listed = items(node, many).iter().chain(field(node, one));
        listed.map(|it| (*file, it)).collect::<Vec<_>>()
    };
    nodes.iter().flat_map(of).take(ITEMS_MAX).collect()
}

/// Names of ours by the tool's ids.
type Ids = BTreeMap<String, String>;
