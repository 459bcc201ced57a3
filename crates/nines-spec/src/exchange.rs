//! Objectives of other tools: read into our own form with a report of what is lost, and written from it.
//!
//! An importer gives plain SLOs, `native` writes them down; an exporter starts from plain SLOs. So no tool knows
//! another. It must not know who asked, nor where files are.

mod alertmanager;
mod expression;
mod import;
mod loss;
mod native;
mod oncall;
mod openslo;
mod rules;
mod yaml;

pub use alertmanager::export_alertmanager;
pub use import::{Import, ImportFormat, ImportOptions, import, import_paths};
pub use loss::{Export, Loss};
pub use oncall::{
    Comparison, Difference, OncallFormat, OncallImport, import_oncall, import_oncall_paths,
};
pub use openslo::export_openslo;
pub use rules::{RULES_PER_SLO_MAX, RuleOptions, export_rules};

#[cfg(test)]
mod testing;
