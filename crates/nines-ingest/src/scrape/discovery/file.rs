//! Files with lists of targets: read when they change. A bad file keeps its last good list.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use tokio::time::sleep;

use super::groups::{read_json, targets};
use super::{Output, Sources};
use crate::scrape::job::Target;

/// How often files are looked at; most looks find nothing new.
const LOOK: Duration = Duration::from_secs(5);
/// Files of one pattern.
const FILES_MAX: usize = 1_000;
/// Bytes of one file.
const BYTES_MAX: u64 = 16 << 20;
/// Set on every target.
const META: &str = "__meta_filepath";

/// When a file was written, and how long it is.
type Stamp = (Option<SystemTime>, u64);

pub(super) async fn follow(
    patterns: &[PathBuf],
    refresh: SignedDuration,
    sources: &Sources,
    output: Output,
) {
    let look = LOOK.min(refresh.unsigned_abs()).max(Duration::from_millis(100));
    let mut files = Files::default();
    loop {
        let (paths, reader) = (patterns.to_vec(), sources.clone());
        let work = move || {
            files.look(&paths, &reader);
            files
        };
        // A folder may be slow, and files large: not on the async threads.
        files = tokio::task::spawn_blocking(work).await.unwrap_or_default();
        output.set(&files.targets);
        sleep(look).await;
    }
}

#[derive(Debug, Default)]
pub(super) struct Files {
    stamps: BTreeMap<PathBuf, Stamp>,
    pub(super) targets: BTreeMap<String, Vec<Target>>,
}

impl Files {
    /// Reads what is new, and forgets what is gone.
    pub(super) fn look(&mut self, patterns: &[PathBuf], sources: &Sources) {
        let found: Vec<PathBuf> = patterns.iter().flat_map(|it| expand(it)).collect();
        self.stamps.retain(|it, _| found.contains(it));
        self.targets.retain(|it, _| found.iter().any(|path| path.to_string_lossy() == *it));
        for path in found {
            let stamp = path.metadata().map_or((None, 0), |it| (it.modified().ok(), it.len()));
            if self.stamps.insert(path.clone(), stamp) == Some(stamp) {
                continue;
            }
            let name = path.to_string_lossy().into_owned();
            match read(&path, &name, stamp.1, sources) {
                Ok(targets) => drop(self.targets.insert(name, targets)),
                Err(reason) => {
                    tracing::error!(
                        file = name,
                        reason,
                        "a list of targets cannot be read; the last good one stays"
                    );
                }
            }
        }
    }
}

fn read(path: &Path, name: &str, bytes: u64, sources: &Sources) -> Result<Vec<Target>, String> {
    if BYTES_MAX < bytes {
        return Err(format!("longer than {BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let groups = match (&sources.read_yaml, path.extension().is_some_and(|it| it == "json")) {
        (_, true) => read_json(text.as_bytes())?,
        (Some(read_yaml), false) => read_yaml(&text)?,
        (None, false) => return Err("only JSON can be read here".to_owned()),
    };
    targets(&groups, (META, name))
}

/// The files of a pattern: its last part may have one `*`.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((before, after)) = name.split_once('*') else {
        return if pattern.exists() { vec![pattern.to_owned()] } else { Vec::new() };
    };
    let folder = pattern.parent().filter(|it| !it.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let fits = |name: &str| {
        before.len() + after.len() <= name.len()
            && name.starts_with(before)
            && name.ends_with(after)
    };
    let names = entries.filter_map(|it| it.ok()?.file_name().into_string().ok());
    let mut files: Vec<PathBuf> =
        names.filter(|it| fits(it)).map(|it| pattern.with_file_name(it)).collect();
    files.sort();
    files.truncate(FILES_MAX);
    files
}
