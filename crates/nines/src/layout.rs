//! `nines fmt` and `nines fix`: files are laid out, and mended where one thing can be meant.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::check::unreadable;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct FmtArgs {
    /// Folders and files; Markdown stays as it is
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Only say which files differ; ends with 1 when one does
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FixArgs {
    /// The folder of YAML and Markdown, or one file of it
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// Lays out every YAML file.
pub(crate) fn fmt(args: &FmtArgs) -> anyhow::Result<Exit> {
    let (mut files, mut changed) = (0, 0);
    for root in &args.paths {
        let reading = nines_spec::read_dir(root).map_err(unreadable)?;
        for source in reading.sources {
            let path = place_of(root, &source.path);
            let is_yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
            // What was not read whole must not be written.
            let is_whole = fs::read(&path).is_ok_and(|it| it == source.text.as_bytes());
            if !is_yaml || !is_whole {
                continue;
            }
            files += 1;
            let laid = nines_spec::format(&source.text);
            if laid == source.text {
                continue;
            }
            changed += 1;
            output::print(&path.display().to_string())?;
            if !args.check {
                write(&path, &laid)?;
            }
        }
    }
    let verb = if args.check { "would be laid out" } else { "laid out" };
    output::note(&format!("{changed} of {files} files {verb}"));
    if !args.check || changed == 0 {
        return Ok(Exit::Yes);
    }
    output::note("next: nines fmt");
    Ok(Exit::No)
}

/// Ends with 0 whatever is left; `nines check` says that.
pub(crate) fn fix(args: &FixArgs) -> anyhow::Result<Exit> {
    let reading = nines_spec::read_dir(&args.folder).map_err(unreadable)?;
    let fixed = nines_spec::fix(reading);
    let (mut changes, mut skipped) = (0, 0);
    for file in &fixed {
        let path = place_of(&args.folder, &file.path);
        if fs::read(&path).is_ok_and(|it| it != file.before.as_bytes()) {
            skipped += 1;
            continue;
        }
        output::print(&file.diff())?;
        changes += file.changes;
        if !args.dry_run {
            write(&path, &file.after)?;
        }
    }
    if skipped != 0 {
        output::note(&format!("{skipped} files changed meanwhile and stay as they are"));
    }
    let (count, verb) =
        (fixed.len() - skipped, if args.dry_run { "would be made" } else { "made" });
    output::note(&format!("{changes} changes in {count} files {verb}"));
    output::note(&format!("next: nines check {}", args.folder.display()));
    Ok(Exit::Yes)
}

/// Where a file of a reading lies: below the folder that was read, or the file itself.
fn place_of(root: &Path, path: &str) -> PathBuf {
    if root.is_dir() { root.join(path) } else { root.to_owned() }
}

/// Whole or not at all: a file that is half written would be half a configuration.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tried = || format!("failed to write {}", path.display());
    let mut draft = tempfile::NamedTempFile::new_in(folder).with_context(tried)?;
    std::io::Write::write_all(&mut draft, text.as_bytes()).with_context(tried)?;
    let permissions = fs::metadata(path).with_context(tried)?.permissions();
    draft.as_file().set_permissions(permissions).with_context(tried)?;
    draft.persist(path).with_context(tried)?;
    Ok(())
}
