//! `rule_files` and `scrape_config_files`: which files a pattern names.
//!
//! It touches a disk, as `source.rs` does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::node::{self, Node, Value};
use crate::source::{Loaded, ReadError, load_file};

/// The lists that name files.
const FIELDS: [&str; 3] = ["rule_files", "scrape_config_files", "templates"];
/// The most patterns of one file.
const PATTERNS_MAX: usize = 1_000;

/// Files that `rule_files` and `scrape_config_files` of a `prometheus.yml` name: each is loaded once, however many patterns name it.
#[derive(Debug, Default)]
pub(crate) struct RuleFiles {
    known: BTreeSet<PathBuf>,
}

impl RuleFiles {
    /// Notes files that are there already.
    pub(crate) fn skip(&mut self, path: &Path, loaded: &Loaded) {
        let root = root(path);
        self.known.extend(loaded.files.iter().map(|it| normal(&root.join(&it.path))));
    }

    /// Adds what is named and not there yet. `path` is where the others were loaded from.
    ///
    /// Patterns are relative to the file that holds them. Only the last part of a path may hold `*` and `?`.
    pub(crate) fn load(&mut self, path: &Path, loaded: &mut Loaded) -> Result<(), ReadError> {
        let root = root(path);
        let mut wanted = Vec::new();
        for file in &loaded.files {
            let file_path = root.join(&file.path);
            let folder = file_path.parent().unwrap_or(root);
            for pattern in patterns(&file.text) {
                wanted.extend(matching(&folder.join(pattern))?);
            }
        }
        for path in wanted {
            if self.known.insert(normal(&path)) {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                load_file(loaded, name, &path)?;
            }
        }
        Ok(())
    }
}

/// The folder that the files' names begin at.
fn root(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) }
}

/// The texts of these lists in documents that are no unit tests.
fn patterns(text: &str) -> Vec<String> {
    // Most files have none, and need not be parsed twice.
    if !FIELDS.iter().any(|it| text.contains(it)) {
        return Vec::new();
    }
    let documents = node::documents(text).into_iter();
    let documents = documents.filter_map(|(before, text)| node::parse(text, before).ok());
    documents.flat_map(|it| rule_files(&it)).take(PATTERNS_MAX).collect()
}

/// The patterns of one document.
fn rule_files(document: &Node) -> Vec<String> {
    let Value::Map(entries) = &document.value else { return Vec::new() };
    let field = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, it)| it);
    if field("tests").is_some() || field("apiVersion").is_some() {
        return Vec::new();
    }
    let lists = FIELDS.iter().filter_map(|it| match &field(it)?.value {
        Value::List(items) => Some(items),
        _ => None,
    });
    let texts = lists.flatten().filter_map(|it| match &it.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// The files that a path names whose last part may hold `*` and `?`, sorted.
pub(super) fn matching(pattern: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !name.contains(['*', '?']) {
        return Ok(if pattern.is_file() { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let folder = pattern.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let unreadable = |source| ReadError::Unreadable { path: folder.to_owned(), source };
        let entry = entry.map_err(unreadable)?;
        let is_match = matches(name.as_bytes(), entry.file_name().to_string_lossy().as_bytes());
        if is_match && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `*` stands for any text, `?` for one byte. Goes back to the last star only, so it takes no long time.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut to, mut star) = (0, 0, None);
    while to < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, to));
                at += 1;
            }
            Some(it) if *it == b'?' || Some(it) == name.get(to) => (at, to) = (at + 1, to + 1),
            _ => match star {
                Some((star_at, star_to)) => {
                    star = Some((star_at, star_to + 1));
                    (at, to) = (star_at + 1, star_to + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|it| *it == b'*'))
}

/// Without `.` and `..`, so that one file is one path.
fn normal(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests;
