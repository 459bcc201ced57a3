//! E-mail over SMTP, step by step, because what a failure means depends on the step.
//!
//! Until the message itself is sent, nothing has happened. Once it may have been sent, only the server's answer
//! tells. SMTP has no way to ask and none to deduplicate.
//!
//! Source: RFC 5321, "Simple Mail Transfer Protocol".

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use nines_port::{Channel, Delivery, Message, Notifier};

use crate::mail::{MailError, compose, mailbox};

/// For each single read or write.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where and how mail is handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpConfig {
    /// A name or an address.
    pub host: String,
    /// 587, 465 or 25.
    pub port: u16,
    /// Whether, and when, the connection is encrypted.
    pub tls: Tls,
    /// With a password: who logs in.
    pub username: Option<String>,
    /// Never printed.
    pub password: Option<String>,
    /// `nines@example.org` or `Name <nines@example.org>`.
    pub from: String,
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, tls, username, password: _, from } = self;
        f.debug_struct("SmtpConfig")
            .field("host", host)
            .field("port", port)
            .field("tls", tls)
            .field("username", username)
            .field("from", from)
            .finish_non_exhaustive()
    }
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the field's words")]
pub enum Tls {
    /// Not at all.
    None,
    /// After a plain greeting; a server that cannot is refused.
    StartTls,
    /// From the first byte.
    Tls,
}

/// Why there is no notifier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// `from` is not an address.
    #[error("the sender `{from}` is not an e-mail address")]
    From {
        /// As it was configured.
        from: String,
    },
    /// A user name without a password, or the other way round.
    #[error("SMTP needs both a user name and a password, or neither")]
    HalfCredentials,
    /// A password would be sent in the clear.
    #[error("SMTP with a password needs `tls`: the password would be readable on the way")]
    PasswordInTheClear,
    /// The host is no name for a certificate, or the certificates cannot be used.
    #[error("failed to prepare TLS for SMTP")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Delivers to [`Channel::Email`].
#[derive(Debug)]
pub struct SmtpNotifier {
    server: MailServer,
    from: Mailbox,
}

/// A server that takes mail from us.
#[derive(Debug)]
pub(crate) struct MailServer {
    host: String,
    port: u16,
    opening: Opening,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

/// How the connection begins.
enum Opening {
    Plain,
    /// By STARTTLS.
    Upgraded(TlsParameters),
    Encrypted(TlsParameters),
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Upgraded(_) => "Upgraded",
            Self::Encrypted(_) => "Encrypted",
        })
    }
}

impl SmtpNotifier {
    /// Connects to nobody before the first message.
    ///
    /// # Errors
    /// A sender that is no address, half of the credentials, credentials without TLS, or TLS that cannot be.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpError> {
        let from =
            mailbox(&config.from).map_err(|_| SmtpError::From { from: config.from.clone() })?;
        let hello = from.email.domain().to_owned();
        Ok(Self { server: MailServer::new(config, hello, None)?, from })
    }
}

impl MailServer {
    /// The `from` of the settings is not looked at. `trust` says otherwise whom to believe.
    pub(crate) fn new(
        config: SmtpConfig,
        hello: String,
        trust: Option<TlsParameters>,
    ) -> Result<Self, SmtpError> {
        let SmtpConfig { host, port, tls, username, password, from: _ } = config;
        let credentials = match (username, password) {
            (Some(username), Some(password)) => Some(Credentials::new(username, password)),
            (None, None) => None,
            _ => return Err(SmtpError::HalfCredentials),
        };
        if tls == Tls::None && credentials.is_some() {
            return Err(SmtpError::PasswordInTheClear);
        }
        let parameters = || match trust {
            Some(trust) => Ok(trust),
            None => TlsParameters::new_rustls(host.clone()).map_err(SmtpError::Tls),
        };
        let opening = match tls {
            Tls::None => Opening::Plain,
            Tls::StartTls => Opening::Upgraded(parameters()?),
            Tls::Tls => Opening::Encrypted(parameters()?),
        };
        let hello = ClientId::Domain(hello);
        Ok(Self { host, port, opening, credentials, hello, timeout: TIMEOUT })
    }

    /// Up to the point where the server waits for the message.
    fn prepare(
        &self,
        mail: &lettre::Message,
    ) -> Result<SmtpConnection, lettre::transport::smtp::Error> {
        let from_first_byte = match &self.opening {
            Opening::Encrypted(parameters) => Some(parameters),
            Opening::Plain | Opening::Upgraded(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let timeout = Some(self.timeout);
        let mut connection =
            SmtpConnection::connect(server, timeout, &self.hello, from_first_byte, None)?;
        if let Opening::Upgraded(parameters) = &self.opening {
            connection.starttls(parameters, &self.hello)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials)?;
        }
        connection.command(Mail::new(mail.envelope().from().cloned(), Vec::new()))?;
        for to in mail.envelope().to() {
            connection.command(Rcpt::new(to.clone(), Vec::new()))?;
        }
        connection.command(Data)?;
        Ok(connection)
    }

    pub(crate) fn hand_over(&self, mail: &lettre::Message) -> Delivery {
        let mut connection = match self.prepare(mail) {
            Ok(connection) => connection,
            Err(error) => return before_data(&error),
        };
        let answer = connection.message(&mail.formatted());
        let delivery = match answer {
            Ok(reply) => {
                let reply: Vec<&str> = reply.message().collect();
                Delivery::Accepted { reference: reply.join(" ") }
            }
            Err(error) if error.is_transient() || error.is_permanent() => before_data(&error),
            Err(error) => Delivery::Unknown {
                reason: format!("the message was sent, but not confirmed: {}", chain(&error)),
            },
        };
        // The message is where it is; whether the goodbye arrives changes nothing.
        connection.abort();
        delivery
    }
}

impl Notifier for SmtpNotifier {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        let Channel::Email { address } = channel else {
            return Delivery::Refused { reason: format!("SMTP cannot send to {channel}") };
        };
        let mail = mailbox(address).and_then(|to| compose(&self.from, &to, message));
        match mail {
            Ok(mail) => self.server.hand_over(&mail),
            Err(error @ MailError::Address { .. }) => {
                Delivery::Refused { reason: error.to_string() }
            }
            Err(MailError::Message(error)) => {
                Delivery::Refused { reason: format!("the e-mail cannot be written: {error}") }
            }
        }
    }

    fn deduplicates(&self, _channel: &Channel) -> bool {
        false
    }
}

/// What a failure means while no message is on its way, or the server has answered.
fn before_data(error: &lettre::transport::smtp::Error) -> Delivery {
    let reason = chain(error);
    // The library's own refusals: no STARTTLS, no way to log in.
    if error.is_permanent() || error.is_client() {
        Delivery::Refused { reason }
    } else {
        Delivery::Temporary { reason, after: None }
    }
}

fn chain(error: &lettre::transport::smtp::Error) -> String {
    // The library prints its direct cause itself.
    let mut out = error.to_string();
    let mut cause = error.source().and_then(std::error::Error::source);
    while let Some(error) = cause {
        out.push_str(": ");
        out.push_str(&error.to_string());
        cause = error.source();
    }
    out
}

#[cfg(test)]
pub(crate) mod tests;
