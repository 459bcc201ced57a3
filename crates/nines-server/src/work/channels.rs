//! From what the files say about channels to what sends. A new configuration takes the place of the old one while
//! messages are on their way.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, RwLock};

use nines_engine::LOOPBACK;
use nines_notify::{
    Channels, HttpCaller, InboxNotifier, OutletKey, ProviderNotifier, Receivers, SmtpConfig,
    SmtpNotifier, Tls, WebhookNotifier,
};
use nines_port::{Channel, Clock, Delivery, Message, Notifier, Outlet, Secret, StepRunner};
use nines_spec::{SecretSpec, SmtpSpec, SmtpTls, Spec};

use super::scraping::http;

type Failure = Box<dyn Error + Send + Sync>;

/// The channels of the configuration that decides.
#[derive(Debug)]
pub(crate) struct Outward {
    caller: HttpCaller,
    runner: Arc<dyn StepRunner>,
    channels: RwLock<Arc<Channels>>,
}

impl Outward {
    /// Files that the configuration names are looked for in `folder`.
    ///
    /// # Errors
    /// A secret cannot be read or used, or the system gives no runtime.
    pub(crate) fn open(
        clock: Arc<dyn Clock>,
        runner: Arc<dyn StepRunner>,
        spec: &Spec,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let caller = HttpCaller::new(clock)?;
        let channels = channels(&caller, &runner, spec, folder)?;
        Ok(Self { caller, runner, channels: RwLock::new(Arc::new(channels)) })
    }

    /// From now on messages leave as `spec` says.
    ///
    /// # Errors
    /// As [`Self::open`]; then the last good channels stay.
    pub(crate) fn follow(&self, spec: &Spec, folder: &Path) -> Result<(), Failure> {
        let channels = channels(&self.caller, &self.runner, spec, folder)?;
        *self.channels.write().expect("nobody panics while holding the channels") =
            Arc::new(channels);
        Ok(())
    }

    /// Our accounts at providers, by name.
    pub(crate) fn accounts(&self) -> BTreeMap<String, Outlet> {
        self.channels().providers.accounts().clone()
    }

    fn channels(&self) -> Arc<Channels> {
        Arc::clone(&self.channels.read().expect("nobody panics while holding the channels"))
    }
}

impl Notifier for Outward {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        if matches!(channel, Channel::Receiver { kind, .. } if kind == LOOPBACK) {
            return Delivery::Accepted { reference: "loopback".to_owned() };
        }
        self.channels().send(channel, message)
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        self.channels().deduplicates(channel)
    }

    fn query(&self, channel: &Channel, message: &Message) -> Option<Delivery> {
        self.channels().query(channel, message)
    }

    fn verify(&self, channel: &Channel) -> Option<Delivery> {
        self.channels().verify(channel)
    }
}

fn channels(
    caller: &HttpCaller,
    runner: &Arc<dyn StepRunner>,
    spec: &Spec,
    folder: &Path,
) -> Result<Channels, Failure> {
    let accounts = spec.notify.accounts.iter();
    let accounts = accounts.map(|(name, it)| (name.clone(), it.clone().in_folder(folder)));
    Ok(Channels {
        inbox: InboxNotifier,
        webhook: WebhookNotifier::new(caller.clone(), read_secrets(spec, folder)?)?,
        smtp: spec.notify.smtp.as_ref().map(|it| smtp(it, folder)).transpose()?,
        providers: ProviderNotifier::new(caller.clone(), Arc::clone(runner), accounts.collect()),
        receivers: Receivers::new(caller.clone(), outlets(spec, folder)),
    })
}

/// The integrations of receivers. Files that one names are looked for beside the file that it is written in.
fn outlets(spec: &Spec, folder: &Path) -> BTreeMap<OutletKey, Outlet> {
    let mut outlets = BTreeMap::new();
    for receiver in &spec.receivers {
        for (index, it) in (0..).zip(&receiver.integrations) {
            let beside = Path::new(&it.origin.file).parent().unwrap_or(Path::new(""));
            let folder = folder.join(beside);
            let secret = |it: &SecretSpec| match it {
                SecretSpec::Inline(text) => Secret::Inline(text.clone()),
                SecretSpec::File(path) => Secret::File(folder.join(path)),
            };
            let secrets = it.secrets.iter().map(|(name, it)| (name.clone(), secret(it)));
            let (mut secrets, mut settings) =
                (secrets.collect::<BTreeMap<_, _>>(), it.options.clone());
            // Read when it is used, as secrets are.
            if let Some(file) = settings.remove("chat_id_file") {
                secrets.insert("chat_id".to_owned(), Secret::File(folder.join(file)));
            }
            let outlet =
                Outlet { kind: it.kind.clone(), settings, secrets, http: http(&it.http, &folder) };
            outlets.insert((receiver.name.clone(), index), outlet);
        }
    }
    outlets
}

/// The values of each secret of webhooks, one a line.
pub(crate) fn read_secrets(
    spec: &Spec,
    folder: &Path,
) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut secrets = BTreeMap::new();
    for (name, file) in &spec.notify.webhook_secrets {
        let text = read_secret(&folder.join(file))?;
        let values = text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        secrets.insert(name.clone(), values.collect());
    }
    Ok(secrets)
}

fn read_secret(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| format!("failed to read the secret {}: {error}", file.display()).into())
}

fn smtp(spec: &SmtpSpec, folder: &Path) -> Result<SmtpNotifier, Failure> {
    let password =
        spec.password_file.as_ref().map(|it| read_secret(&folder.join(it))).transpose()?;
    let config = SmtpConfig {
        host: spec.host.clone(),
        port: spec.port,
        tls: match spec.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::StartTls => Tls::StartTls,
            SmtpTls::Tls => Tls::Tls,
        },
        username: spec.username.clone(),
        password: password.map(|it| it.trim().to_owned()),
        from: spec.from.clone(),
    };
    Ok(SmtpNotifier::new(config)?)
}
