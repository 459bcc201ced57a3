//! Accounts: outlets with their secrets, for the time of one exchange.

use std::collections::BTreeMap;
use std::fmt;

use nines_http::read_secret;
use nines_port::Outlet;

/// An account with its secrets, for the time of one exchange.
pub(crate) struct Account {
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Account {
    pub(crate) fn open(outlet: &Outlet) -> Result<Self, String> {
        let read = |(name, it): (&String, _)| Ok((name.clone(), read_secret(it)?));
        let secrets: Result<_, String> = outlet.secrets.iter().map(read).collect();
        Ok(Self { settings: outlet.settings.clone(), secrets: secrets? })
    }

    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    pub(crate) fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// A setting or a secret that nothing works without.
    pub(crate) fn need(&self, name: &str) -> Result<&str, String> {
        let found = self.secret(name).or_else(|| self.setting(name));
        found.ok_or_else(|| format!("the account has no `{name}`"))
    }

    /// Where the provider listens, without a slash at the end.
    pub(crate) fn base<'a>(&'a self, standard: &'a str) -> &'a str {
        self.setting("base_url").unwrap_or(standard).trim_end_matches('/')
    }
}
