//! The repository as data: its files and what cargo knows about its packages.
//!
//! Everything that a check looks at is read here, so that the checks are pure functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Crates that only another platform builds do not count.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Where the repository lies.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
}

/// A text file, by its path from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A package of the tree of dependencies, or of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) is_member: bool,
}

/// Who depends on whom, of the workspace's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) purpose: Purpose,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The crate itself, or its build script.
    Product,
    /// Its tests and benchmarks.
    Tests,
}

/// What cargo knows.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) packages: Vec<Package>,
    pub(crate) edges: Vec<Edge>,
}

impl Repository {
    /// The root, wherever inside it the task was started.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().context("xtask/ lies in the root")?;
        ensure!(root.join("Cargo.lock").is_file(), "{} is no longer there", root.display());
        Ok(Self { root: root.to_owned() })
    }

    /// Where it lies.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The text files that git knows or would take; binary files are left out.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<File>> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("failed to start git; install the package git")?;
        ensure!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let listed = String::from_utf8(listed.stdout).context("a path is not UTF-8")?;
        let mut files = BTreeMap::new();
        for path in listed.split_terminator('\0') {
            // A file that was deleted and not yet committed is listed too.
            if let Ok(text) = fs::read_to_string(self.root.join(path)) {
                files.insert(path.to_owned(), text);
            }
        }
        Ok(files.into_iter().map(|(path, text)| File { path, text }).collect())
    }

    /// What cargo knows about the workspace, from its lock file.
    pub(crate) fn tree(&self) -> anyhow::Result<Tree> {
        let metadata = MetadataCommand::new()
            .current_dir(&self.root)
            .other_options(["--locked".to_owned(), format!("--filter-platform={PLATFORM}")])
            .exec()
            .context("cargo metadata --locked")?;
        Ok(Tree { packages: packages(&metadata), edges: edges(&metadata) })
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> anyhow::Result<PathBuf> {
        let metadata = MetadataCommand::new().current_dir(&self.root).no_deps().exec()?;
        Ok(metadata.target_directory.into())
    }
}

impl File {
    /// Whether the file is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|it| it == "rs")
    }

    /// Whether the file is only ever part of a test.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.starts_with("tests/")
    }
}

fn packages(metadata: &Metadata) -> Vec<Package> {
    let package = |it: &cargo_metadata::Package| Package {
        name: it.name.to_string(),
        version: it.version.to_string(),
        licence: it.license.clone(),
        is_member: metadata.workspace_members.contains(&it.id),
    };
    metadata.packages.iter().map(package).collect()
}

fn edges(metadata: &Metadata) -> Vec<Edge> {
    let of_member = |member: &&cargo_metadata::Package| {
        let from = member.name.to_string();
        let edge = |it: &cargo_metadata::Dependency| Edge {
            from: from.clone(),
            to: it.name.clone(),
            purpose: match it.kind {
                DependencyKind::Development => Purpose::Tests,
                _ => Purpose::Product,
            },
        };
        member.dependencies.iter().map(edge).collect::<Vec<_>>()
    };
    metadata.workspace_packages().iter().flat_map(of_member).collect()
}
