//! Files to domain values, with diagnostics.
//!
//! Reading gives what was understood *and* every mistake of all files, each with its place, its consequence
//! and a fix. This is the only crate that knows YAML. It must not know what is done with the values.

#![warn(missing_docs)]

mod alertmanager;
mod change;
mod draft;
mod exchange;
mod explain;
mod fields;
mod finding;
mod fix;
mod hex;
mod kinds;
mod layout;
mod link;
mod live;
mod mistake;
mod node;
mod openslo;
mod place;
mod query;
mod reading;
mod render;
mod rulebook;
mod rules;
mod runbooks;
mod schema;
mod scraping;
mod shape;
mod shown;
mod source;
mod spec;
mod test_case;
mod test_files;
mod values;

pub use alertmanager::{IntegrationSpec, ReceiverSpec};
pub use change::{Action, DocumentChange, FIELDS_MAX, FieldChange, compare};
pub use draft::FINDINGS_MAX;
pub use exchange::{
    Comparison, Difference, Export, Import, ImportFormat, ImportOptions, Loss, OncallFormat,
    OncallImport, RULES_PER_SLO_MAX, RuleOptions, export_alertmanager, export_openslo,
    export_rules, import, import_oncall, import_oncall_paths, import_paths,
};
pub use explain::{codes, explain};
pub use fields::LIST_MAX;
pub use finding::{Change, Finding, Level, Span};
pub use fix::{FixedFile, fix};
pub use layout::format;
pub use live::{LiveFacts, live_findings, live_queries};
pub use reading::{Reading, read_dir, read_files, read_paths, read_paths_unless};
pub use render::{Style, render};
pub use rules::{AlertmanagerSpec, RuleSettings, RuleTests, read_rule_tests};
pub use schema::{explain_field, kinds, reference, schema};
pub use scraping::{
    AuthorizationSpec, DiscoverySpec, DnsRecordSpec, DurabilitySpec, HttpSpec, OtlpSpec,
    RelabelSpec, RemoteWriteSpec, ScrapeLimitsSpec, ScrapeSpec, SecretSpec, StorageSpec,
    TargetGroupSpec, read_target_groups,
};
pub use shown::shown;
pub use source::{FILE_BYTES_MAX, FILES_MAX, FOLDER_DEPTH_MAX, ReadError, SourceFile};
pub use spec::{
    BackendSpec, FallbackSpec, Integration, NotifySpec, Service, SmtpSpec, SmtpTls, Spec,
};
pub use test_case::{
    Expectation, ExpectedAlert, ExpectedBudget, ExpectedDecision, ExpectedPage, ExpectedState,
    Fault, GoalName, Happening, HappeningKind, Lists, Percent, Rate, RateError, SloInput, TestCase,
    TestClock, TestInput,
};
pub use test_files::{TestFile, TestForm, UnitTest, read_tests, test_form};
