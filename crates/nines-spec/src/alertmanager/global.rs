//! `global`: what integrations have that do not say it themselves.

use jiff::SignedDuration;
use nines_alert::receivers::Field;

use super::setting;
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Key, Node};
use crate::scraping::{HttpSpec, http_settings};

/// As in Alertmanager.
const RESOLVE_TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_mins(5);

const FIELDS: [&str; 42] = [
    "resolve_timeout",
    "http_config",
    "smtp_from",
    "smtp_hello",
    "smtp_smarthost",
    "smtp_auth_username",
    "smtp_auth_password",
    "smtp_auth_password_file",
    "smtp_auth_secret",
    "smtp_auth_secret_file",
    "smtp_auth_identity",
    "smtp_require_tls",
    "smtp_force_implicit_tls",
    "smtp_tls_config",
    "slack_api_url",
    "slack_api_url_file",
    "slack_app_token",
    "slack_app_token_file",
    "slack_app_url",
    "pagerduty_url",
    "opsgenie_api_url",
    "opsgenie_api_key",
    "opsgenie_api_key_file",
    "wechat_api_url",
    "wechat_api_secret",
    "wechat_api_secret_file",
    "wechat_api_corp_id",
    "victorops_api_url",
    "victorops_api_key",
    "victorops_api_key_file",
    "telegram_api_url",
    "telegram_bot_token",
    "telegram_bot_token_file",
    "webex_api_url",
    "rocketchat_api_url",
    "rocketchat_token",
    "rocketchat_token_file",
    "rocketchat_token_id",
    "rocketchat_token_id_file",
    "mattermost_webhook_url",
    "mattermost_webhook_url_file",
    "jira_api_url",
];
/// What holds where nobody says anything.
const DEFAULTS: [(&str, &str); 10] = [
    ("smtp_hello", "localhost"),
    ("smtp_require_tls", "true"),
    ("pagerduty_url", "https://events.pagerduty.com/v2/enqueue"),
    ("opsgenie_api_url", "https://api.opsgenie.com/"),
    ("wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/"),
    ("victorops_api_url", "https://alert.victorops.com/integrations/generic/20131114/alert/"),
    ("telegram_api_url", "https://api.telegram.org"),
    ("webex_api_url", "https://webexapis.com/v1/messages"),
    ("rocketchat_api_url", "https://open.rocket.chat/"),
    ("slack_app_url", "https://slack.com/api/chat.postMessage"),
];

/// What was written there.
#[derive(Debug, Clone)]
pub(crate) struct Global<'n> {
    fields: Option<Fields<'n>>,
    pub(super) resolve_timeout: SignedDuration,
    pub(super) http: HttpSpec,
    /// Of mail servers.
    pub(super) tls: HttpSpec,
}

impl<'n> Global<'n> {
    /// The node of this name.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.fields.as_ref()?.get(name)
    }

    /// Nothing but the defaults: what native receivers have.
    pub(crate) fn empty() -> Self {
        let http = HttpSpec::default();
        let tls = HttpSpec::default();
        Self { fields: None, resolve_timeout: RESOLVE_TIMEOUT_DEFAULT, http, tls }
    }
}

/// What holds where nobody says anything.
pub(super) fn default(name: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(it, _)| *it == name).map(|(_, it)| *it)
}

/// What a field of an integration is without being written anywhere.
pub(crate) fn default_of(field: &Field) -> Option<&'static str> {
    field.default.or_else(|| field.global.and_then(default))
}

pub(super) fn read<'n>(page: &mut Page<'_, '_>, file: &Fields<'n>) -> Global<'n> {
    let mut global = Global::empty();
    let Some(node) = file.get("global") else { return global };
    let Some(fields) = page.fields(node, "`global`", &FIELDS) else { return global };
    for (name, file) in FIELDS.windows(2).filter_map(|it| match it {
        [name, file] if file.strip_suffix("_file") == Some(name) => Some((*name, *file)),
        _ => None,
    }) {
        page.apart(&fields, name, file);
    }
    if let Some(timeout) = page.maybe_duration(&fields, "resolve_timeout") {
        if timeout.is_zero() {
            let (field, at) = ("resolve_timeout", fields.key("resolve_timeout"));
            page.report(&Mistake::ZeroTime { field, at });
        } else {
            global.resolve_timeout = timeout;
        }
    }
    if let Some(node) = fields.get("http_config")
        && let Some(own) = setting::http(page, node)
    {
        global.http = http_settings(page, &own);
    }
    if let Some((key, node)) = fields.entry("smtp_tls_config") {
        // The same keys as `tls_config` has.
        let key = Key { text: "tls_config".to_owned(), span: key.span };
        global.tls = http_settings(page, &Fields::of("smtp_tls_config", &key, node));
    }
    global.fields = Some(fields);
    global
}
