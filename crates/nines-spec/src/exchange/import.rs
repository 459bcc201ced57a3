//! Files of other tools, read into SLOs with a report of what is lost.
//!
//! Importers read the tree of a file as all readers do, so mistakes have places; what they understood is checked
//! again as our own form, so that what comes out passes `nines check`.

mod foreign;
mod pyrra;
mod slo_generator;
mod sloth;

use std::collections::BTreeMap;
use std::path::PathBuf;

use nines_base::Origin;
use nines_slo::{Severity, Slo};

use super::loss::{Loss, Losses};
use super::native::{self, Pairs};
use crate::draft::{Draft, Form, Page};
use crate::finding::{Finding, Level};
use crate::node::{Node, Value};
use crate::reading::{self, Reading, documents, report_damage};
use crate::source::{self, Loaded, ReadError, SourceFile, is_markdown};

/// A tool whose files are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// Sloth's own files, its Kubernetes resources and its window catalogues.
    Sloth,
    /// Pyrra's Kubernetes resources, with or without a cluster.
    Pyrra,
    /// OpenSLO v1, v1alpha and v2alpha.
    OpenSlo,
    /// slo-generator v2, for backends that speak PromQL.
    SloGenerator,
}

/// What became of some files.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Files in our own form, by path; empty when nothing was understood.
    pub files: Vec<SourceFile>,
    /// What was understood.
    pub slos: Vec<Slo>,
    /// What was not carried over.
    pub losses: Vec<Loss>,
    /// What is wrong with the files.
    pub findings: Vec<Finding>,
    /// The files themselves, for [`render`](crate::render).
    pub sources: Vec<SourceFile>,
}

impl Import {
    /// Whether something could not be understood at all.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.level == Level::Error)
    }
}

/// How an import is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Who is told of pages; without it a file is made in which one person has an inbox.
    pub escalation: Option<String>,
}

/// Reads files of `format`, which may refer to each other.
pub fn import(format: ImportFormat, sources: Vec<SourceFile>, options: &ImportOptions) -> Import {
    run(format, Loaded { files: sources, damages: Vec::new() }, options)
}

/// The same for files and folders of them; each file is named by the path that leads to it.
///
/// # Errors
/// A file or folder cannot be opened. Mistakes in the files are findings.
pub fn import_paths(
    format: ImportFormat,
    paths: &[PathBuf],
    options: &ImportOptions,
) -> Result<Import, ReadError> {
    Ok(run(format, load(paths)?, options))
}

/// Files and folders, each file named by the path that leads to it.
pub(super) fn load(paths: &[PathBuf]) -> Result<Loaded, ReadError> {
    let mut all = Loaded::default();
    for path in paths {
        let Loaded { files, damages } = source::load(path)?;
        let before = all.files.len();
        all.damages.extend(damages.into_iter().map(|(index, it)| (before + index, it)));
        all.files.extend(files.into_iter().map(|it| {
            let whole = if path.is_dir() { path.join(&it.path) } else { path.clone() };
            SourceFile { path: whole.to_string_lossy().into_owned(), ..it }
        }));
    }
    Ok(all)
}

fn run(format: ImportFormat, loaded: Loaded, options: &ImportOptions) -> Import {
    if format == ImportFormat::OpenSlo {
        return of_openslo(loaded, options);
    }
    let Loaded { files: sources, damages } = loaded;
    let mut draft = Draft::new(&sources);
    for (file, damage) in &damages {
        report_damage(&mut draft, *file, *damage);
    }
    let is_read = |file: &usize| {
        let is_whole = damages.iter().all(|(damaged, _)| damaged != file);
        is_whole && sources.get(*file).is_some_and(|it| !is_markdown(&it.path))
    };
    let nodes: Vec<(usize, Node)> =
        (0..sources.len()).filter(is_read).flat_map(|file| documents(&mut draft, file)).collect();
    let mut importing =
        Importing { draft: &mut draft, slos: Vec::new(), losses: Losses::default() };
    match format {
        ImportFormat::Sloth => sloth::read(&mut importing, &nodes),
        ImportFormat::Pyrra => pyrra::read(&mut importing, &nodes),
        ImportFormat::SloGenerator => slo_generator::read(&mut importing, &nodes),
        ImportFormat::OpenSlo => {}
    }
    let Importing { slos, losses, .. } = importing;
    let mut findings = draft.findings;
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    finish(slos, Pairs::Listed, losses, findings, sources, options)
}

/// OpenSLO is read as it is; what it carries only nearly is a warning, and so a loss here.
fn of_openslo(loaded: Loaded, options: &ImportOptions) -> Import {
    let mut reading = reading::read(loaded);
    let mut losses = Losses::default();
    let mut findings = Vec::new();
    for it in std::mem::take(&mut reading.findings) {
        // Who is told is a matter of the files that come out.
        if it.code == REACHES_NOBODY {
            continue;
        }
        if it.level == Level::Warning {
            let origin = Origin { file: it.file.clone(), line: it.line };
            losses.add("", &origin, it.message.clone(), it.label.clone(), it.help.clone());
        }
        findings.push(it);
    }
    let Reading { spec, sources, .. } = reading;
    finish(spec.slos, Pairs::Named, losses, findings, sources, options)
}

/// Pages that reach nobody.
const REACHES_NOBODY: &str = "N0405";

/// What all importers write into.
pub(super) struct Importing<'d, 'a> {
    draft: &'d mut Draft<'a>,
    slos: Vec<Slo>,
    losses: Losses,
}

impl<'a> Importing<'_, 'a> {
    fn page(&mut self, file: usize) -> Page<'_, 'a> {
        Page { form: Form::Foreign, ..self.draft.page(file) }
    }
}

fn finish(
    mut slos: Vec<Slo>,
    pairs: Pairs,
    mut losses: Losses,
    findings: Vec<Finding>,
    sources: Vec<SourceFile>,
    options: &ImportOptions,
) -> Import {
    for goal in slos.iter_mut().flat_map(|it| &mut it.goals) {
        let pages = goal.alerting.pairs.iter().any(|it| it.severity == Severity::Page);
        if goal.alerting.escalation.is_none() && !goal.alerting.pairs.is_empty() {
            let name = options.escalation.as_deref().unwrap_or(ESCALATION);
            goal.alerting.escalation =
                Some(name.to_owned()).filter(|_| pages || options.escalation.is_some());
        }
    }
    let mut by_service: BTreeMap<String, String> = BTreeMap::new();
    for slo in &slos {
        let text = by_service.entry(slo.name.service.clone()).or_default();
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&native::document(slo, pairs));
    }
    let needs_people = slos
        .iter()
        .flat_map(|it| &it.goals)
        .any(|it| it.alerting.escalation.as_deref() == Some(ESCALATION));
    let mut files: Vec<SourceFile> = by_service
        .into_iter()
        .map(|(service, text)| SourceFile { path: format!("slo/{service}.yaml"), text })
        .collect();
    if needs_people && options.escalation.is_none() {
        files.push(SourceFile { path: "oncall/imported.yaml".to_owned(), text: PEOPLE.to_owned() });
        let instead = "`oncall/imported.yaml` puts every page into one inbox; name your people there, or import \
                       again with `--escalation NAME`";
        let why = "alerts of rules are routed by labels, elsewhere";
        losses.add("", &Origin::default(), "who is paged", why, instead);
    }
    Import { files, slos, losses: losses.into_list(), findings, sources }
}

/// Who is paged until somebody is named.
const ESCALATION: &str = "imported";
const PEOPLE: &str = "\
# Who is paged by imported SLOs. Name your people, or delete this file and let `escalation` name another policy.
apiVersion: nines/v1
kind: Person
metadata:
  name: nobody-yet
spec:
  contacts:
    - inbox: {}
---
apiVersion: nines/v1
kind: Escalation
metadata:
  name: imported
spec:
  steps:
    - notify:
        - person: nobody-yet
      wait: 10m
";

/// The items of a Kubernetes list, or the document itself.
fn unlist(node: &Node) -> Vec<&Node> {
    let Value::Map(entries) = &node.value else { return vec![node] };
    let items = entries.iter().find(|(key, _)| key.text == "items").map(|(_, it)| &it.value);
    match items {
        Some(Value::List(items)) => items.iter().collect(),
        _ => vec![node],
    }
}

#[cfg(test)]
mod tests;
