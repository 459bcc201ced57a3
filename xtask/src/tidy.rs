//! The shape of the repository, as checks: what people would otherwise have to look for in each review.
//!
//! Each check is a pure function from what was read to a list of problems. Lists of exceptions may only
//! shrink: an exception that nothing needs is a problem too.

mod layers;
mod licences;
mod manifests;
mod places;
mod purity;
mod rust;
mod sources;
mod versions;

use std::process::ExitCode;

pub(crate) use self::layers::LAYERS;
use crate::generate;
use crate::repository::Repository;

/// Runs every check and prints every problem.
pub(crate) fn run(repository: &Repository) -> anyhow::Result<ExitCode> {
    let problems = problems(repository)?;
    for problem in &problems {
        println!("tidy: {problem}");
    }
    if problems.is_empty() {
        println!("tidy: no problems");
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} problems", problems.len());
    Ok(ExitCode::FAILURE)
}

/// Everything that is not as it should be, one line each.
pub(crate) fn problems(repository: &Repository) -> anyhow::Result<Vec<String>> {
    let files = repository.files()?;
    let tree = repository.tree()?;
    let mut problems = Vec::new();
    layers::check(&tree, &mut problems);
    purity::check_dependencies(&tree.edges, &mut problems);
    purity::check_sources(&files, &mut problems);
    sources::check_module_docs(&files, &mut problems);
    sources::check_unsafe(&files, &mut problems);
    licences::check(&tree.packages, &mut problems);
    versions::check_duplicates(&tree.packages, &mut problems);
    versions::check_count(&tree.packages, &mut problems);
    manifests::check(&files, &mut problems);
    places::check(&files, &mut problems);
    generate::check(&files, &mut problems);
    Ok(problems)
}
