//! Outlets: how a provider is reached, with the settings and secrets that no message carries.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Authorization, HttpSettings, Secret};

/// One account of ours at a provider, or one integration of a receiver.
///
/// Settings and secrets have the keys of the document that they come from: `api_url`, `bot_token`, … Which keys a
/// kind has is checked by whoever reads that document; an adapter refuses to send without one that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlet {
    /// The kind, as in the keys of `alertmanager.yml` without `_configs`, or of `accounts` in a Notify document.
    pub kind: String,
    /// What may be shown.
    pub settings: BTreeMap<String, String>,
    /// What may not. Alertmanager's `X_file` is `X` with [`Secret::File`].
    pub secrets: BTreeMap<String, Secret>,
    /// How it is asked over HTTP: `http_config`.
    pub http: HttpSettings,
}

impl Outlet {
    /// The same, with the files that it names looked for in `folder`.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        let locate = |it: &mut Secret| {
            if let Secret::File(path) = it {
                *path = folder.join(&*path);
            }
        };
        self.secrets.values_mut().for_each(locate);
        self.http.headers.iter_mut().for_each(|(_, it)| locate(it));
        match &mut self.http.authorization {
            Authorization::None => {}
            Authorization::Basic { username, password } => {
                locate(username);
                locate(password);
            }
            Authorization::Header { credentials, .. } => locate(credentials),
        }
        let tls = &mut self.http.tls;
        tls.authorities.iter_mut().for_each(locate);
        if let Some((certificate, key)) = &mut tls.identity {
            locate(certificate);
            locate(key);
        }
        self
    }
}
