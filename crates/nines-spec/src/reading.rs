//! Reading a whole configuration: what was understood, and every mistake.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::draft::Draft;
use crate::finding::{Finding, Level, Span};
use crate::hex::hex;
use crate::kinds;
use crate::mistake::Mistake;
use crate::node::{self, Node, Value};
use crate::rules::RuleFiles;
use crate::source::{
    self, Damage, FILE_BYTES_MAX, FILES_MAX, Loaded, ReadError, SourceFile, is_markdown,
};
use crate::spec::Spec;
use crate::{alertmanager, link, openslo, rules, runbooks};

/// The most documents of one file.
const DOCUMENTS_MAX: usize = 1_000;
/// Digits of a revision: enough to tell, few enough to say.
const REVISION_DIGITS: usize = 12;

/// What the files say, and what is wrong with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Everything that was understood; complete only without errors.
    pub spec: Spec,
    /// Sorted by file and place.
    pub findings: Vec<Finding>,
    /// The files themselves, for [`render`](crate::render).
    pub sources: Vec<SourceFile>,
}

impl Reading {
    /// Whether the files must not be used.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.level == Level::Error)
    }
}

impl Reading {
    /// Puts further findings at their places.
    pub fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by(|one, other| one.place().cmp(&other.place()));
    }
}

/// Reads all `.yaml`, `.yml` and `.md` files below `dir`, or the one file that it is.
///
/// # Errors
/// The folder, or something in it, cannot be opened. Mistakes in the files are findings.
pub fn read_dir(dir: &Path) -> Result<Reading, ReadError> {
    read_paths(&[dir.to_owned()])
}

/// As [`read_dir`], of several folders and files together; they refer to each other.
///
/// # Errors
/// As [`read_dir`].
pub fn read_paths(paths: &[PathBuf]) -> Result<Reading, ReadError> {
    load(paths).map(read)
}

/// As [`read_paths`], but nothing when the files are those of an earlier reading: comparing costs much less than
/// reading what they mean.
///
/// # Errors
/// As [`read_dir`].
pub fn read_paths_unless(
    paths: &[PathBuf],
    known: &[SourceFile],
) -> Result<Option<Reading>, ReadError> {
    let loaded = load(paths)?;
    let is_known = loaded.damages.is_empty() && loaded.files == known;
    Ok((!is_known).then(|| read(loaded)))
}

fn load(paths: &[PathBuf]) -> Result<Loaded, ReadError> {
    let each = paths.iter().map(|it| source::load(it)).collect::<Result<Vec<_>, _>>()?;
    let mut named = RuleFiles::default();
    for (path, loaded) in paths.iter().zip(&each) {
        named.skip(path, loaded);
    }
    let mut all = Loaded::default();
    for (path, mut loaded) in paths.iter().zip(each) {
        named.load(path, &mut loaded)?;
        let Loaded { files, damages } = loaded;
        let before = all.files.len();
        all.files.extend(files);
        all.damages.extend(damages.into_iter().map(|(index, it)| (before + index, it)));
    }
    Ok(all)
}

/// The same for files that are in memory already, in the order of their paths.
pub fn read_files(mut files: Vec<SourceFile>) -> Reading {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut loaded = Loaded::default();
    for (index, file) in files.into_iter().enumerate() {
        let bytes = file.text.len();
        if index == FILES_MAX {
            loaded.damages.push((index, Damage::TooMany));
            loaded.files.push(SourceFile { text: String::new(), ..file });
            break;
        }
        if FILE_BYTES_MAX < bytes {
            loaded.damages.push((index, Damage::TooLarge { bytes: bytes as u64 }));
        }
        loaded.files.push(file);
    }
    read(loaded)
}

pub(crate) fn read(loaded: Loaded) -> Reading {
    let Loaded { files, damages } = loaded;
    let mut draft = Draft::new(&files);
    for (file, damage) in &damages {
        report_damage(&mut draft, *file, *damage);
    }
    let is_whole = |index: usize| damages.iter().all(|(file, _)| *file != index);
    let templates = alertmanager::template_files(&mut draft);
    let documents: Vec<(usize, Node)> = files
        .iter()
        .enumerate()
        .filter(|(index, file)| {
            is_whole(*index) && !is_markdown(&file.path) && !templates.contains(index)
        })
        .flat_map(|(index, _)| documents(&mut draft, index))
        .flat_map(|(index, it)| openslo::unlist(it).into_iter().map(move |it| (index, it)))
        .collect();
    for (file, document) in &documents {
        openslo::collect(&mut draft.page(*file), document);
    }
    for (file, document) in &documents {
        read_document(&mut draft, *file, document);
    }
    for (index, file) in files.iter().enumerate() {
        if is_whole(index) && is_markdown(&file.path) && !templates.contains(&index) {
            runbooks::read(&mut draft.page(index));
        }
    }
    rules::apply(&mut draft);
    alertmanager::join(&mut draft, &templates);
    link::check(&mut draft);
    let (mut spec, mut findings) = (draft.spec, draft.findings);
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    // One SLI that several SLOs share is read several times.
    findings.dedup();
    spec.revision = revision(&files);
    spec.files = files.len();
    Reading { spec, findings, sources: files }
}

pub(crate) fn report_damage(draft: &mut Draft<'_>, file: usize, damage: Damage) {
    draft.has_gaps = true;
    let mistake = match damage {
        Damage::TooLarge { bytes } => Mistake::FileTooLarge { bytes, limit: FILE_BYTES_MAX },
        Damage::TooMany => Mistake::TooManyFiles { limit: FILES_MAX },
        Damage::NotUtf8 { at } => Mistake::NotUtf8 { at: Span { start: at, len: 1 } },
    };
    draft.report(file, &mistake);
}

/// The documents of one file that are YAML.
pub(crate) fn documents(draft: &mut Draft<'_>, file: usize) -> Vec<(usize, Node)> {
    let Some(source) = draft.files.get(file) else { return Vec::new() };
    let mut documents = Vec::new();
    for (before, text) in node::documents(&source.text).into_iter().take(DOCUMENTS_MAX) {
        match node::parse(text, before) {
            Ok(node) if node.value == Value::Null => {}
            Ok(node) => documents.push((file, node)),
            Err(error) => {
                draft.has_gaps = true;
                let (problem, at) = (error.problem, error.at);
                let mistake = if error.is_limit {
                    Mistake::TooComplex { problem, at }
                } else {
                    Mistake::Syntax { problem, at }
                };
                draft.report(file, &mistake);
            }
        }
    }
    documents
}

/// `apiVersion` says whose form it is; the kind says the rest.
fn read_document(draft: &mut Draft<'_>, file: usize, document: &Node) {
    let mut page = draft.page(file);
    if rules::read(&mut page, document) {
        return;
    }
    if alertmanager::is_alertmanager(document) {
        alertmanager::read(&mut page, document);
        return;
    }
    if kinds::test::is_test(document) {
        // Only mistakes matter here: it is `nines test` that plays it.
        drop(kinds::test::read(&mut page, document));
        return;
    }
    let Value::Map(entries) = &document.value else {
        page.draft.has_gaps = true;
        let help = "begin with `apiVersion: nines/v1` and `kind: ...`";
        page.wrong_type("a document", "a mapping", document, help);
        return;
    };
    let version = entries.iter().find(|(key, _)| key.text == "apiVersion").map(|(_, it)| it);
    if version.is_none() && kinds::is_prometheus(document) {
        kinds::read_prometheus(&mut page, document);
        return;
    }
    let Some(version) = version else {
        page.draft.has_gaps = true;
        let (owner, field, at) = ("a document", "apiVersion", document.anchor());
        let example = "apiVersion: nines/v1";
        page.report(&Mistake::MissingField { owner, field, example, at });
        return;
    };
    let Some(version) = page.scalar(version, "`apiVersion`") else { return };
    match (version.text, openslo::version(version.text)) {
        (kinds::NATIVE, _) => kinds::read(&mut page, document),
        (_, Some(it)) => openslo::read(&mut page, document, it),
        (other, None) => {
            page.draft.has_gaps = true;
            let (version, at) = (other.to_owned(), version.span);
            page.report(&Mistake::UnknownVersion { version, at });
        }
    }
}

/// Lengths are part of it, so that no two lists of files run into the same bytes.
fn revision(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for part in files.iter().flat_map(|it| [&it.path, &it.text]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()).chars().take(REVISION_DIGITS).collect()
}

#[cfg(test)]
mod tests;
