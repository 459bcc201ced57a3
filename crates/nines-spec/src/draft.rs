//! What has been understood so far, and every mistake: the book that all readers write into.
//!
//! It must not know any kind of document.

use std::collections::{BTreeMap, BTreeSet};

use nines_base::Origin;
use nines_port::Provider;
use nines_slo::{SloPattern, Window};

use crate::alertmanager::AlertDraft;
use crate::finding::{Change, Finding, Level, Span, line_and_column};
use crate::link::{Reference, SloPlaces};
use crate::mistake::Mistake;
use crate::openslo::Shared;
use crate::scraping::Defaults;
use crate::source::SourceFile;
use crate::spec::Spec;

/// The most findings of one reading.
pub const FINDINGS_MAX: usize = 1_000;

/// A place in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counts from 0.
    pub(crate) file: usize,
    pub(crate) span: Span,
}

/// What has a name that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Noun {
    Slo,
    Person,
    Team,
    Schedule,
    Escalation,
    Runbook,
    Gate,
    Service,
    Secret,
    Account,
    ScrapeJob,
    Indicator,
    Setting,
    DataSource,
    AlertPolicy,
    AlertCondition,
    NotificationTarget,
    Exclusion,
    Receiver,
    TimeInterval,
    Inhibition,
    Silence,
    Heartbeat,
    Integration,
}

impl Noun {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Slo => "SLO",
            Self::Person => "person",
            Self::Team => "team",
            Self::Schedule => "schedule",
            Self::Escalation => "escalation",
            Self::Runbook => "runbook",
            Self::Gate => "policy",
            Self::Service => "service",
            Self::Secret => "secret",
            Self::Account => "account",
            Self::ScrapeJob => "scrape job",
            Self::Indicator => "SLI",
            Self::Setting => "setting",
            Self::DataSource => "DataSource",
            Self::AlertPolicy => "AlertPolicy",
            Self::AlertCondition => "AlertCondition",
            Self::NotificationTarget => "AlertNotificationTarget",
            Self::Exclusion => "exclusion",
            Self::Receiver => "receiver",
            Self::TimeInterval => "time interval",
            Self::Inhibition => "inhibition",
            Self::Silence => "silence",
            Self::Heartbeat => "heartbeat",
            Self::Integration => "integration",
        }
    }
}

/// Everything that is known while the files are read.
pub(crate) struct Draft<'a> {
    pub(crate) files: &'a [SourceFile],
    pub(crate) spec: Spec,
    pub(crate) findings: Vec<Finding>,
    /// Also of things that have mistakes: a name that is written down is not undefined.
    pub(crate) definitions: BTreeMap<(Noun, String), Place>,
    pub(crate) references: Vec<Reference>,
    /// One for each of `spec.slos`.
    pub(crate) slo_places: Vec<SloPlaces>,
    /// Every window of a budget, with its place.
    pub(crate) window_places: Vec<(Place, Window)>,
    /// Names of SLOs with `*`, and where they stand.
    pub(crate) slo_patterns: Vec<(SloPattern, Place)>,
    /// E-mail contacts.
    pub(crate) mail_places: Vec<Place>,
    /// By which providers contacts use which accounts, and where.
    pub(crate) account_uses: Vec<(Place, Provider, String)>,
    /// Documents of OpenSLO that others refer to.
    pub(crate) shared: BTreeMap<(Noun, String), Shared>,
    /// Of all files, whatever is wrong with them; notification targets of OpenSLO may have their names.
    pub(crate) escalation_names: BTreeSet<String>,
    /// Something was not read at all, so what seems undefined may be defined there.
    pub(crate) has_gaps: bool,
    /// Of scrape jobs that say nothing else, once a `global` was read.
    pub(crate) scrape_defaults: Option<Defaults>,
    /// A route was left out, so what seems to match none may match that one.
    pub(crate) has_broken_routes: bool,
    /// What documents about alerts said.
    pub(crate) alerts: AlertDraft,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(files: &'a [SourceFile]) -> Self {
        Self {
            files,
            spec: Spec::default(),
            findings: Vec::new(),
            definitions: BTreeMap::new(),
            references: Vec::new(),
            slo_places: Vec::new(),
            window_places: Vec::new(),
            slo_patterns: Vec::new(),
            mail_places: Vec::new(),
            account_uses: Vec::new(),
            shared: BTreeMap::new(),
            escalation_names: BTreeSet::new(),
            has_gaps: false,
            scrape_defaults: None,
            has_broken_routes: false,
            alerts: AlertDraft::default(),
        }
    }

    pub(crate) fn page(&mut self, file: usize) -> Page<'_, 'a> {
        Page { draft: self, file, form: Form::Native }
    }

    pub(crate) fn report(&mut self, file: usize, mistake: &Mistake) {
        self.add(file, mistake, None, None);
    }

    /// The finding may be milder than its mistake usually is.
    fn add(&mut self, file: usize, mistake: &Mistake, level: Option<Level>, fix: Option<Change>) {
        let Some(SourceFile { path, text }) = self.files.get(file) else { return };
        if self.findings.len() < FINDINGS_MAX {
            let finding = Finding::new(path, text, mistake);
            let level = level.unwrap_or(finding.level);
            self.findings.push(Finding { level, fix, ..finding });
        } else if self.findings.len() == FINDINGS_MAX {
            let last = Mistake::TooManyFindings { limit: FINDINGS_MAX };
            self.findings.push(Finding::new(path, text, &last));
        }
    }

    pub(crate) fn origin(&self, place: Place) -> Origin {
        let Some(file) = self.files.get(place.file) else { return Origin::default() };
        let (line, _) = line_and_column(&file.text, place.span.start);
        Origin { file: file.path.clone(), line }
    }

    /// Whether the name was free; the first definition wins.
    pub(crate) fn define(&mut self, noun: Noun, name: &str, place: Place) -> bool {
        let key = (noun, name.to_owned());
        if let Some(first) = self.definitions.get(&key).copied() {
            let first = self.origin(first).to_string();
            let (noun, name) = (noun.word(), name.to_owned());
            self.report(place.file, &Mistake::DuplicateName { noun, name, first, at: place.span });
            return false;
        }
        self.definitions.insert(key, place);
        true
    }
}

/// Who wrote a document, and so how strict we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Our own: an unknown field is an error.
    Native,
    /// Somebody else's: an unknown field is a warning.
    Foreign,
}

/// The draft, seen from one file.
pub(crate) struct Page<'d, 'a> {
    pub(crate) draft: &'d mut Draft<'a>,
    pub(crate) file: usize,
    pub(crate) form: Form,
}

impl Page<'_, '_> {
    pub(crate) fn report(&mut self, mistake: &Mistake) {
        self.draft.report(self.file, mistake);
    }

    /// With the text that the place should have had, where only one can be meant.
    pub(crate) fn report_fixable(&mut self, mistake: &Mistake, at: Span, meant: Option<String>) {
        let fix = meant.map(|text| Change { at, text });
        self.draft.add(self.file, mistake, None, fix);
    }

    /// An error in a native document, a warning in a foreign one.
    pub(crate) fn report_by_form(&mut self, mistake: &Mistake) {
        self.report_by_form_fixable(mistake, None);
    }

    /// As [`Self::report_by_form`] and [`Self::report_fixable`].
    pub(crate) fn report_by_form_fixable(&mut self, mistake: &Mistake, fix: Option<Change>) {
        let level = match self.form {
            Form::Native => None,
            Form::Foreign => Some(Level::Warning),
        };
        self.draft.add(self.file, mistake, level, fix);
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    pub(crate) fn origin(&self, span: Span) -> Origin {
        self.draft.origin(self.place(span))
    }

    /// Path below the configuration folder.
    pub(crate) fn file_path(&self) -> &str {
        self.draft.files.get(self.file).map_or("", |it| it.path.as_str())
    }

    /// The file's text, for spans inside scalars.
    pub(crate) fn text(&self) -> &str {
        self.draft.files.get(self.file).map_or("", |it| it.text.as_str())
    }

    pub(crate) fn define(&mut self, noun: Noun, name: &str, at: Span) -> bool {
        let place = self.place(at);
        self.draft.define(noun, name, place)
    }

    /// `consequence` is what happens when nothing of this name is defined.
    pub(crate) fn refer(&mut self, noun: Noun, name: &str, at: Span, consequence: &'static str) {
        let place = self.place(at);
        self.draft.references.push(Reference { noun, name: name.to_owned(), place, consequence });
    }
}
