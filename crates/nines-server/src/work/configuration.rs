//! Reading the configuration again when its files change. What has errors is not applied: the last good one
//! stays, and everybody is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nines_engine::{Command, Config};
use nines_ingest::ScrapeJob;
use nines_oncall::Roster;
use nines_spec::{ReadError, Reading, SourceFile, Spec};
use tokio::sync::{mpsc, watch};

use super::counts::back_fill;
use super::scraping::{receivers, scrape_jobs};
use crate::app::{App, Loaded};
use crate::backend::Backend;
use crate::reload::{Asker, Outcome};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Where the configuration is.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) paths: Vec<PathBuf>,
    /// Jobs that no file names, such as the demo's.
    pub(crate) extra_jobs: Vec<ScrapeJob>,
}

impl Files {
    /// Where files that the configuration names are looked for.
    pub(crate) fn folder(&self) -> &Path {
        match self.paths.first() {
            Some(path) if path.is_dir() => path,
            Some(file) => file.parent().unwrap_or(file),
            None => Path::new(""),
        }
    }
}

/// Reads all files.
pub(crate) fn load(files: &Files) -> Result<Reading, ReadError> {
    nines_spec::read_paths(&settled(&files.paths))
}

/// A link that is replaced meanwhile must not give files of two revisions.
fn settled(paths: &[PathBuf]) -> Vec<PathBuf> {
    let one = |it: &PathBuf| {
        if it.is_symlink() { it.canonicalize().unwrap_or_else(|_| it.clone()) } else { it.clone() }
    };
    paths.iter().map(one).collect()
}

/// Who can be told by a configuration.
pub(crate) fn roster(spec: &Spec) -> Roster {
    Roster {
        people: spec.people.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        schedules: spec.schedules.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        policies: spec.policies.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        teams: spec.teams.iter().map(|it| (it.name.clone(), it.clone())).collect(),
    }
}

/// What the engine needs of a configuration.
pub fn engine_config(spec: &Spec) -> Arc<Config> {
    let roster = roster(spec);
    let needs = spec.services.iter().map(|it| (it.name.clone(), it.depends_on.clone()));
    Arc::new(Config {
        revision: spec.revision.clone(),
        files: u32::try_from(spec.files).unwrap_or(u32::MAX),
        roster,
        dispatch: Arc::new(spec.dispatch.clone()),
        templates: Arc::new(spec.dispatch.templates.clone()),
        fallbacks: nines_engine::Fallbacks {
            of: spec.fallbacks.of.clone(),
            last_resort: spec.fallbacks.last_resort.clone(),
        },
        depends_on: needs.collect(),
        runbooks: spec.runbooks.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        heartbeats: spec.heartbeats.iter().map(|it| (it.name.clone(), it.clone())).collect(),
        release: spec.rulebook(),
    })
}

/// Looks at the files until `shutdown`, and applies what is new and good. Whoever asks is told what came of it.
pub(crate) async fn watch_files(
    app: App,
    (files, jobs, mut askers): (Files, watch::Sender<Vec<ScrapeJob>>, mpsc::Receiver<Asker>),
    mut shutdown: watch::Receiver<bool>,
) {
    loop {
        let asker = tokio::select! {
            _ = shutdown.changed() => return,
            Some(asker) = askers.recv() => Some(asker),
            () = tokio::time::sleep(LOOK) => None,
        };
        let outcome = read_again(&app, &files, &jobs, &shutdown).await;
        if let Some(asker) = asker {
            // Whoever asked may have gone.
            drop(asker.send(outcome));
        }
    }
}

async fn read_again(
    app: &App,
    files: &Files,
    jobs: &watch::Sender<Vec<ScrapeJob>>,
    stopping: &watch::Receiver<bool>,
) -> Outcome {
    let (at, loaded) = (files.clone(), app.loaded());
    let look = move || {
        // Most looks find what decides already.
        if loaded.is_current {
            return nines_spec::read_paths_unless(&settled(&at.paths), &loaded.sources);
        }
        load(&at).map(Some)
    };
    let reading = match tokio::task::spawn_blocking(look).await {
        Ok(Ok(Some(reading))) => reading,
        Ok(Ok(None)) => return Ok(()),
        Ok(Err(error)) => {
            tracing::error!(%error, "the configuration cannot be read; the last good one stays");
            return Err(error.to_string());
        }
        Err(error) => {
            tracing::error!(%error, "reading the configuration panicked");
            return Err(error.to_string());
        }
    };
    let loaded = app.loaded();
    if reading.findings == loaded.findings
        && (reading.spec.revision == loaded.spec.revision || !loaded.is_current)
    {
        return if loaded.is_current { Ok(()) } else { Err(complaint(&reading)) };
    }
    apply(app, files, reading, jobs).await?;
    let receivers = receivers(&app.spec(), files.folder());
    if let Err(error) = app.metrics.forwarding.follow(receivers, stopping) {
        tracing::error!(%error, "samples are not forwarded to a new receiver");
    }
    Ok(())
}

/// The files as anybody may see them.
pub(crate) fn shown(sources: &[SourceFile]) -> String {
    let is_markdown = |it: &SourceFile| {
        Path::new(&it.path).extension().is_some_and(|it| it.eq_ignore_ascii_case("md"))
    };
    let is_yaml = |it: &&SourceFile| !is_markdown(it);
    let files = sources.iter().filter(is_yaml).map(|it| nines_spec::shown(&it.text));
    files.filter(|it| !it.is_empty()).collect::<Vec<_>>().join("---\n")
}

/// Who answers queries, if not our own store.
pub(crate) fn backend(spec: &Spec) -> Result<Option<Arc<Backend>>, String> {
    let backend = spec.backend.as_ref().map(Backend::new).transpose()?;
    Ok(backend.map(Arc::new))
}

/// All findings, as `nines check` shows them.
fn complaint(reading: &Reading) -> String {
    nines_spec::render(&reading.findings, &reading.sources, nines_spec::Style::Unicode)
}

async fn apply(
    app: &App,
    files: &Files,
    reading: Reading,
    jobs: &watch::Sender<Vec<ScrapeJob>>,
) -> Outcome {
    let loaded = app.loaded();
    let now = app.clock.now();
    if reading.has_errors() {
        let errors = reading.findings.len();
        tracing::error!(
            errors,
            revision = loaded.spec.revision,
            "the configuration has errors (see `nines check`); the last good one stays"
        );
        let complaint = complaint(&reading);
        let next = Loaded {
            spec: Arc::clone(&loaded.spec),
            engine_config: Arc::clone(&loaded.engine_config),
            findings: reading.findings,
            backend: loaded.backend.clone(),
            text: loaded.text.clone(),
            sources: Arc::clone(&loaded.sources),
            is_current: false,
            read_at: now,
        };
        *app.loaded.write().expect("nobody panics while holding the configuration") =
            Arc::new(next);
        return Err(complaint);
    }
    let backend = backend(&reading.spec)?;
    let spec = Arc::new(reading.spec);
    let engine_config = engine_config(&spec);
    if let Err(error) = app.ask(Command::ApplyConfig(Arc::clone(&engine_config))).await {
        tracing::error!(%error, "the engine did not take the configuration; it is offered again");
        return Err(error.to_string());
    }
    let followed = app.followed(&spec.slos).await.map_err(|error| error.to_string())?;
    let fresh = app.metrics.follow(followed);
    let at = Arc::clone(app);
    let filled = tokio::task::spawn_blocking(move || {
        back_fill(&at.metrics, &fresh, i64::MIN, now.as_millisecond())
    });
    if let Ok(Err(error)) = filled.await {
        tracing::error!(error, "the past of new objectives cannot be counted");
    }
    if let Err(error) = app.outward.follow(&spec, files.folder()) {
        tracing::error!(%error, "the channels of the new configuration cannot be used; the old ones stay");
    }
    jobs.send_replace(scrape_jobs(&spec, files.folder(), &files.extra_jobs));
    tracing::info!(revision = spec.revision, "a new configuration decides");
    let (text, findings) = (shown(&reading.sources), reading.findings);
    let sources = reading.sources.into();
    let next = Loaded {
        spec,
        engine_config,
        findings,
        backend,
        text,
        sources,
        is_current: true,
        read_at: now,
    };
    *app.loaded.write().expect("nobody panics while holding the configuration") = Arc::new(next);
    app.lay_overlays();
    app.lay_forecasts(now);
    Ok(())
}
