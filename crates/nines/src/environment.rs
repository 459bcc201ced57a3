//! What the environment says, read once. Nothing else asks for variables.

use std::env;
use std::path::PathBuf;

/// The variables that matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// `NINES_URL`: which server.
    pub(crate) url: Option<String>,
    /// `NINES_TOKEN_FILE`: the file with its token.
    pub(crate) token_file: Option<PathBuf>,
    /// `NINES_LOG`: which messages of the server are logged.
    pub(crate) log: Option<String>,
    /// The folder of contexts, in the user's state folder; none without a home.
    pub(crate) contexts: Option<PathBuf>,
    /// Who runs the command.
    pub(crate) user: Option<String>,
    /// `GITHUB_OUTPUT`: where a step of GitHub puts its variables.
    pub(crate) github_output: Option<PathBuf>,
    /// `GITHUB_STEP_SUMMARY`: where it puts what people read.
    pub(crate) github_summary: Option<PathBuf>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let text = |name| env::var(name).ok().filter(|it| !it.is_empty());
        let state = text("XDG_STATE_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
        let home = || text("HOME").map(|it| PathBuf::from(it).join(".local/state"));
        Self {
            url: text("NINES_URL"),
            token_file: text("NINES_TOKEN_FILE").map(PathBuf::from),
            log: text("NINES_LOG"),
            contexts: state.or_else(home).map(|it| it.join("nines/contexts")),
            user: text("USER").or_else(|| text("LOGNAME")),
            github_output: text("GITHUB_OUTPUT").map(PathBuf::from),
            github_summary: text("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }
}
