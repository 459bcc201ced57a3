//! The 18 kinds of integrations of `alertmanager.yml`, and the fields of each, described once.
//!
//! The reader of files takes from here what it knows, rendering what it fills, and the reference what it lists.
//!
//! Source: Alertmanager 0.34, "Configuration".

/// One kind of integration.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// As in the keys of receivers, without `_configs`.
    pub name: &'static str,
    /// The key of receivers.
    pub key: &'static str,
    /// Whether resolved alerts are told without saying so.
    pub sends_resolved: bool,
    /// The field with the short text; it names the alerts when its template fails. May be empty.
    pub title: &'static str,
    /// The field with the long text; it has all labels and the error when a template fails.
    pub words: &'static str,
    /// In the order of the documentation; `send_resolved` and `http_config` are not among them.
    pub fields: &'static [Field],
    /// Whether it speaks HTTP, and so has `http_config`.
    pub is_http: bool,
}

/// One field of an integration, or of a part of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it may be.
    pub value: FieldValue,
    /// What holds without it, as it would be written.
    pub default: Option<&'static str>,
    /// The key of `global` that gives the default.
    pub global: Option<&'static str>,
}

/// What the value of a field may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValue {
    /// A template of plain text.
    Text,
    /// A template of HTML.
    Html,
    /// Text without holes, for whoever sends.
    Plain,
    /// An address without secrets, for whoever sends.
    Address,
    /// A secret, or a file with it under the name with `_file`; for whoever sends.
    Secret,
    /// As [`Self::Secret`], but a text with holes is a template that is rendered.
    SecretText,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// A length of time, such as `1m30s`.
    Length,
    /// Names of any kind, and a template each.
    Texts,
    /// A list of templates.
    TextList,
    /// Anything; the texts in it are templates.
    Any,
    /// A list of mappings.
    List(&'static [Field]),
    /// A mapping.
    Map(&'static [Field]),
    /// `tls_config`; for whoever sends.
    Tls,
}

impl Kind {
    /// The kind of this name.
    pub fn of(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|it| it.name == name)
    }
}

const fn field(name: &'static str, value: FieldValue) -> Field {
    Field { name, value, default: None, global: None }
}

impl Field {
    /// Whether its value is a secret.
    pub fn is_hidden(&self) -> bool {
        matches!(self.value, Secret | SecretText)
    }

    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn global(self, key: &'static str) -> Self {
        Self { global: Some(key), ..self }
    }
}

use FieldValue::{
    Address, Any, Flag, Html, Length, List, Map, Plain, Secret, SecretText, Text, TextList, Texts,
    Tls, Whole,
};

/// The kinds, in the order in which Alertmanager counts a receiver's integrations.
pub static KINDS: [Kind; 18] = [
    Kind {
        name: "webhook",
        key: "webhook_configs",
        sends_resolved: true,
        title: "",
        words: "",
        is_http: true,
        fields: &[
            field("url", SecretText),
            field("max_alerts", Whole).or("0"),
            field("timeout", Length),
            field("payload", Any),
        ],
    },
    Kind {
        name: "email",
        key: "email_configs",
        sends_resolved: false,
        title: "subject",
        words: "text",
        is_http: false,
        fields: &[
            field("to", Text),
            field("from", Text).global("smtp_from"),
            field("smarthost", Plain).global("smtp_smarthost"),
            field("hello", Plain).global("smtp_hello"),
            field("auth_username", Plain).global("smtp_auth_username"),
            field("auth_password", Secret).global("smtp_auth_password"),
            field("auth_secret", Secret).global("smtp_auth_secret"),
            field("auth_identity", Plain).global("smtp_auth_identity"),
            field("require_tls", Flag).global("smtp_require_tls"),
            field("force_implicit_tls", Flag).global("smtp_force_implicit_tls"),
            field("tls_config", Tls).global("smtp_tls_config"),
            field("headers", Texts),
            field("html", Html).or("{{ template \"email.default.html\" . }}"),
            field("text", Text),
            field("threading", Map(&[field("enabled", Flag), field("thread_by_date", Plain)])),
        ],
    },
    Kind {
        name: "pagerduty",
        key: "pagerduty_configs",
        sends_resolved: true,
        title: "description",
        words: "description",
        is_http: true,
        fields: &[
            field("routing_key", SecretText),
            field("service_key", SecretText),
            field("url", Address).global("pagerduty_url"),
            field("client", Text).or("{{ template \"pagerduty.default.client\" . }}"),
            field("client_url", Text).or("{{ template \"pagerduty.default.clientURL\" . }}"),
            field("description", Text).or("{{ template \"pagerduty.default.description\" . }}"),
            field("severity", Text).or("error"),
            field("source", Text),
            field("class", Text),
            field("component", Text),
            field("group", Text),
            field("details", Any),
            field("images", List(&[field("href", Text), field("src", Text), field("alt", Text)])),
            field("links", List(&[field("href", Text), field("text", Text)])),
            field("timeout", Length),
        ],
    },
    Kind {
        name: "opsgenie",
        key: "opsgenie_configs",
        sends_resolved: true,
        title: "message",
        words: "description",
        is_http: true,
        fields: &[
            field("api_key", Secret).global("opsgenie_api_key"),
            field("api_url", Address).global("opsgenie_api_url"),
            field("message", Text).or("{{ template \"opsgenie.default.message\" . }}"),
            field("description", Text).or("{{ template \"opsgenie.default.description\" . }}"),
            field("source", Text).or("{{ template \"opsgenie.default.source\" . }}"),
            field("details", Texts),
            field("entity", Text),
            field(
                "responders",
                List(&[
                    field("id", Text),
                    field("name", Text),
                    field("username", Text),
                    field("type", Text),
                ]),
            ),
            field("actions", Text),
            field("tags", Text),
            field("note", Text),
            field("priority", Text),
            field("update_alerts", Flag),
        ],
    },
    Kind {
        name: "wechat",
        key: "wechat_configs",
        sends_resolved: false,
        title: "",
        words: "message",
        is_http: true,
        fields: &[
            field("api_secret", Secret).global("wechat_api_secret"),
            field("api_url", Address).global("wechat_api_url"),
            field("corp_id", Plain).global("wechat_api_corp_id"),
            field("message", Text).or("{{ template \"wechat.default.message\" . }}"),
            field("message_type", Plain).or("text"),
            field("agent_id", Text).or("{{ template \"wechat.default.agent_id\" . }}"),
            field("to_user", Text).or("{{ template \"wechat.default.to_user\" . }}"),
            field("to_party", Text).or("{{ template \"wechat.default.to_party\" . }}"),
            field("to_tag", Text).or("{{ template \"wechat.default.to_tag\" . }}"),
        ],
    },
    Kind {
        name: "slack",
        key: "slack_configs",
        sends_resolved: false,
        title: "title",
        words: "text",
        is_http: true,
        fields: &[
            field("api_url", Secret).global("slack_api_url"),
            field("app_token", Secret).global("slack_app_token"),
            field("app_url", Address).global("slack_app_url"),
            field("channel", Text),
            field("username", Text).or("{{ template \"slack.default.username\" . }}"),
            field("color", Text).or("{{ template \"slack.default.color\" . }}"),
            field("title", Text).or("{{ template \"slack.default.title\" . }}"),
            field("title_link", Text).or("{{ template \"slack.default.titlelink\" . }}"),
            field("pretext", Text).or("{{ template \"slack.default.pretext\" . }}"),
            field("text", Text).or("{{ template \"slack.default.text\" . }}"),
            field("message_text", Text),
            field(
                "fields",
                List(&[field("title", Text), field("value", Text), field("short", Flag)]),
            ),
            field("short_fields", Flag),
            field("footer", Text).or("{{ template \"slack.default.footer\" . }}"),
            field("fallback", Text).or("{{ template \"slack.default.fallback\" . }}"),
            field("callback_id", Text).or("{{ template \"slack.default.callbackid\" . }}"),
            field("icon_emoji", Text).or("{{ template \"slack.default.iconemoji\" . }}"),
            field("icon_url", Text).or("{{ template \"slack.default.iconurl\" . }}"),
            field("image_url", Text),
            field("thumb_url", Text),
            field("link_names", Flag),
            field("mrkdwn_in", TextList),
            field(
                "actions",
                List(&[
                    field("type", Text),
                    field("text", Text),
                    field("url", Text),
                    field("name", Text),
                    field("value", Text),
                    field("style", Text),
                    field(
                        "confirm",
                        Map(&[
                            field("text", Text),
                            field("title", Text),
                            field("ok_text", Text),
                            field("dismiss_text", Text),
                        ]),
                    ),
                ]),
            ),
            field("update_message", Flag),
            field("timeout", Length),
        ],
    },
    Kind {
        name: "victorops",
        key: "victorops_configs",
        sends_resolved: true,
        title: "entity_display_name",
        words: "state_message",
        is_http: true,
        fields: &[
            field("api_key", Secret).global("victorops_api_key"),
            field("api_url", Address).global("victorops_api_url"),
            field("routing_key", Text),
            field("message_type", Text).or("CRITICAL"),
            field("state_message", Text).or("{{ template \"victorops.default.state_message\" . }}"),
            field("entity_display_name", Text)
                .or("{{ template \"victorops.default.entity_display_name\" . }}"),
            field("monitoring_tool", Text)
                .or("{{ template \"victorops.default.monitoring_tool\" . }}"),
            field("custom_fields", Texts),
        ],
    },
    Kind {
        name: "pushover",
        key: "pushover_configs",
        sends_resolved: true,
        title: "title",
        words: "message",
        is_http: true,
        fields: &[
            field("user_key", Secret),
            field("token", Secret),
            field("title", Text).or("{{ template \"pushover.default.title\" . }}"),
            field("message", Text).or("{{ template \"pushover.default.message\" . }}"),
            field("url", Text).or("{{ template \"pushover.default.url\" . }}"),
            field("url_title", Text),
            field("device", Text),
            field("sound", Text),
            field("priority", Text).or("{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}"),
            field("retry", Length).or("1m"),
            field("expire", Length).or("1h"),
            field("ttl", Length),
            field("html", Flag),
            field("monospace", Flag),
        ],
    },
    Kind {
        name: "sns",
        key: "sns_configs",
        sends_resolved: true,
        title: "subject",
        words: "message",
        is_http: true,
        fields: &[
            field("api_url", Text),
            field(
                "sigv4",
                Map(&[
                    field("region", Plain),
                    field("access_key", Plain),
                    field("secret_key", Secret),
                    field("profile", Plain),
                    field("role_arn", Plain),
                ]),
            ),
            field("topic_arn", Text),
            field("phone_number", Text),
            field("target_arn", Text),
            field("subject", Text).or("{{ template \"sns.default.subject\" . }}"),
            field("message", Text).or("{{ template \"sns.default.message\" . }}"),
            field("attributes", Texts),
            field("use_aws_http_client", Flag),
        ],
    },
    Kind {
        name: "telegram",
        key: "telegram_configs",
        sends_resolved: true,
        title: "",
        words: "message",
        is_http: true,
        fields: &[
            field("api_url", Address).global("telegram_api_url"),
            field("bot_token", Secret).global("telegram_bot_token"),
            field("chat_id", Whole),
            field("chat_id_file", Plain),
            field("message_thread_id", Whole),
            field("message", Text).or("{{ template \"telegram.default.message\" . }}"),
            field("disable_notifications", Flag),
            field("parse_mode", Plain).or("HTML"),
        ],
    },
    Kind {
        name: "discord",
        key: "discord_configs",
        sends_resolved: true,
        title: "title",
        words: "message",
        is_http: true,
        fields: &[
            field("webhook_url", Secret),
            field("title", Text).or("{{ template \"discord.default.title\" . }}"),
            field("message", Text).or("{{ template \"discord.default.message\" . }}"),
            field("content", Text).or("{{ template \"discord.default.content\" . }}"),
            field("username", Text),
            field("avatar_url", Text),
        ],
    },
    Kind {
        name: "webex",
        key: "webex_configs",
        sends_resolved: true,
        title: "",
        words: "message",
        is_http: true,
        fields: &[
            field("api_url", Address).global("webex_api_url"),
            field("room_id", Text),
            field("message", Text).or("{{ template \"webex.default.message\" . }}"),
        ],
    },
    Kind {
        name: "msteams",
        key: "msteams_configs",
        sends_resolved: true,
        title: "title",
        words: "text",
        is_http: true,
        fields: &[
            field("webhook_url", Secret),
            field("title", Text).or("{{ template \"msteams.default.title\" . }}"),
            field("summary", Text).or("{{ template \"msteams.default.summary\" . }}"),
            field("text", Text).or("{{ template \"msteams.default.text\" . }}"),
        ],
    },
    Kind {
        name: "msteamsv2",
        key: "msteamsv2_configs",
        sends_resolved: true,
        title: "title",
        words: "text",
        is_http: true,
        fields: &[
            field("webhook_url", Secret),
            field("title", Text).or("{{ template \"msteamsv2.default.title\" . }}"),
            field("text", Text).or("{{ template \"msteamsv2.default.text\" . }}"),
        ],
    },
    Kind {
        name: "jira",
        key: "jira_configs",
        sends_resolved: true,
        title: "summary",
        words: "description",
        is_http: true,
        fields: &[
            field("api_url", Address).global("jira_api_url"),
            field("api_type", Plain).or("auto"),
            field("project", Text),
            field("issue_type", Text),
            field("summary", Any).or("{{ template \"jira.default.summary\" . }}"),
            field("description", Any).or("{{ template \"jira.default.description\" . }}"),
            field("labels", TextList),
            field("priority", Text).or("{{ template \"jira.default.priority\" . }}"),
            field("reopen_transition", Plain),
            field("resolve_transition", Plain),
            field("wont_fix_resolution", Plain),
            field("reopen_duration", Length),
            field("fields", Any),
        ],
    },
    Kind {
        name: "rocketchat",
        key: "rocketchat_configs",
        sends_resolved: false,
        title: "title",
        words: "text",
        is_http: true,
        fields: &[
            field("api_url", Address).global("rocketchat_api_url"),
            field("token", Secret).global("rocketchat_token"),
            field("token_id", Secret).global("rocketchat_token_id"),
            field("channel", Text),
            field("color", Text).or("{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}"),
            field("title", Text).or("{{ template \"rocketchat.default.title\" . }}"),
            field("title_link", Text).or("{{ template \"rocketchat.default.titlelink\" . }}"),
            field("text", Text).or("{{ template \"rocketchat.default.text\" . }}"),
            field(
                "fields",
                List(&[field("title", Text), field("value", Text), field("short", Flag)]),
            ),
            field("short_fields", Flag),
            field("emoji", Text).or("{{ template \"rocketchat.default.emoji\" . }}"),
            field("icon_url", Text).or("{{ template \"rocketchat.default.iconurl\" . }}"),
            field("image_url", Text),
            field("thumb_url", Text),
            field("link_names", Flag),
            field(
                "actions",
                List(&[
                    field("type", Text),
                    field("text", Text),
                    field("url", Text),
                    field("image_url", Text),
                    field("is_webview", Flag),
                    field("webview_height_ratio", Text),
                    field("msg", Text),
                    field("msg_in_chat_window", Flag),
                    field("msg_processing_type", Text),
                ]),
            ),
        ],
    },
    Kind {
        name: "mattermost",
        key: "mattermost_configs",
        sends_resolved: true,
        title: "title",
        words: "text",
        is_http: true,
        fields: &[
            field("webhook_url", Secret).global("mattermost_webhook_url"),
            field("channel", Text),
            field("username", Text).or("{{ template \"mattermost.default.username\" . }}"),
            field("text", Text).or("{{ template \"mattermost.default.text\" . }}"),
            field("fallback", Text).or("{{ template \"mattermost.default.fallback\" . }}"),
            field("color", Text).or("{{ template \"mattermost.default.color\" . }}"),
            field("pretext", Text),
            field("author_name", Text),
            field("author_link", Text),
            field("author_icon", Text),
            field("title", Text).or("{{ template \"mattermost.default.title\" . }}"),
            field("title_link", Text).or("{{ template \"mattermost.default.titlelink\" . }}"),
            field("fields", MATTERMOST_FIELDS),
            field("thumb_url", Text),
            field("footer", Text),
            field("footer_icon", Text),
            field("image_url", Text),
            field("icon_url", Text),
            field("icon_emoji", Text),
            field(
                "attachments",
                List(&[
                    field("fallback", Text),
                    field("color", Text),
                    field("pretext", Text),
                    field("text", Text),
                    field("author_name", Text),
                    field("author_link", Text),
                    field("author_icon", Text),
                    field("title", Text),
                    field("title_link", Text),
                    field("fields", MATTERMOST_FIELDS),
                    field("thumb_url", Text),
                    field("footer", Text),
                    field("footer_icon", Text),
                    field("image_url", Text),
                ]),
            ),
            field("type", Text),
            field("props", Map(&[field("card", Text)])),
            field(
                "priority",
                Map(&[
                    field("priority", Text),
                    field("requested_ack", Flag),
                    field("persistent_notifications", Flag),
                ]),
            ),
        ],
    },
    Kind {
        name: "incidentio",
        key: "incidentio_configs",
        sends_resolved: true,
        title: "",
        words: "",
        is_http: true,
        fields: &[
            field("url", Secret),
            field("alert_source_token", Secret),
            field("max_alerts", Whole).or("0"),
            field("timeout", Length),
        ],
    },
];

const MATTERMOST_FIELDS: FieldValue =
    List(&[field("title", Text), field("value", Text), field("short", Flag)]);
