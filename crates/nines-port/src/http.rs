//! How somebody is asked over HTTP: who we say we are, whom we believe, and by which way.
//!
//! Plain data, with the words of Prometheus' and Alertmanager's `http_config`. Who asks is not known here.

use std::fmt;
use std::path::PathBuf;

/// Everything about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Who we are.
    pub authorization: Authorization,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// Whom we believe.
    pub tls: TlsSettings,
    /// Every request goes through it.
    pub proxy_url: Option<String>,
    /// Whether we go where an answer points to.
    pub redirects: Redirects,
    /// Whether answers may be compressed.
    pub compression: Compression,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            authorization: Authorization::None,
            headers: Vec::new(),
            tls: TlsSettings::default(),
            proxy_url: None,
            redirects: Redirects::Followed,
            compression: Compression::Gzip,
        }
    }
}

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// Nobody.
    None,
    /// A name and a password.
    Basic {
        /// May come from a file.
        username: Secret,
        /// May come from a file.
        password: Secret,
    },
    /// The header `Authorization` as it is.
    Header {
        /// Such as `Bearer`.
        kind: String,
        /// What follows it.
        credentials: Secret,
    },
}

/// Something that is never shown. Files are read again for every use, so that they can be changed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// In the configuration.
    Inline(String),
    /// In a file, without blanks around it.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("<secret>"),
            Self::File(path) => write!(f, "{path:?}"),
        }
    }
}

/// Whom we believe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificates in PEM, instead of the machine's.
    pub authorities: Option<Secret>,
    /// Our own certificate and its key, in PEM.
    pub identity: Option<(Secret, Secret)>,
    /// Checked instead of the name in the address.
    pub server_name: Option<String>,
    /// Whether certificates are checked.
    pub verification: Verification,
}

/// Whether certificates are checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification {
    /// As they should be.
    #[default]
    Full,
    /// Not at all: anybody in between can read and write.
    Skipped,
}

/// Whether we go where an answer points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Up to ten times.
    Followed,
    /// A redirect is a failure.
    Refused,
}

/// Whether answers may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// With gzip.
    Gzip,
    /// Not at all.
    None,
}
