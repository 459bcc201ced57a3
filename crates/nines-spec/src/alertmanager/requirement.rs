//! What each kind of integration must have, and what excludes each other.

use nines_alert::receivers::{Kind, Setting};

use super::global::Global;
use super::setting::Parts;
use crate::draft::Page;
use crate::fields::{Fields, did_you_mean};
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::scraping::AuthorizationSpec;

/// Fields that VictorOps itself has.
const VICTOROPS_RESERVED: [&str; 7] = [
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
];
/// Where messages of a Slack app go.
const SLACK_POST: &str = "https://slack.com/api/chat.postMessage";

/// Of each kind: groups of fields of which one must say something.
const NEEDED: [(&str, &[&[&str]]); 17] = [
    ("webhook", &[&["url"]]),
    ("email", &[&["to"], &["from"], &["smarthost"]]),
    ("pagerduty", &[&["routing_key", "service_key"]]),
    ("opsgenie", &[&["api_key"]]),
    ("wechat", &[&["api_secret"], &["corp_id"]]),
    ("slack", &[&["api_url", "app_token"]]),
    ("victorops", &[&["api_key"], &["routing_key"]]),
    ("pushover", &[&["user_key"], &["token"]]),
    ("sns", &[&["topic_arn", "phone_number", "target_arn"]]),
    ("telegram", &[&["bot_token"], &["chat_id", "chat_id_file"]]),
    ("discord", &[&["webhook_url"]]),
    ("webex", &[&["room_id"]]),
    ("msteams", &[&["webhook_url"]]),
    ("msteamsv2", &[&["webhook_url"]]),
    ("jira", &[&["project"], &["issue_type"], &["api_url"]]),
    ("rocketchat", &[&["token"], &["token_id"]]),
    ("mattermost", &[&["webhook_url"]]),
];
/// Of fields of a kind: the words that they may be.
const WORDS: [(&str, &str, &[&str]); 5] = [
    ("wechat", "message_type", &["text", "markdown"]),
    ("telegram", "parse_mode", &["", "Markdown", "MarkdownV2", "HTML"]),
    ("jira", "api_type", &["auto", "cloud", "datacenter"]),
    ("victorops", "message_type", &[]),
    ("opsgenie", "type", &["team", "teams", "user", "escalation", "schedule"]),
];

/// Whether a secret comes from `global` where an integration does not say it: one of two ways excludes the other.
pub(super) fn inherits(field: &str, own: &Fields<'_>) -> bool {
    let has = |name: &str| own.get(name).is_some();
    match field {
        "api_url" if has("app_token") || has("app_token_file") => false,
        "app_token" => !has("api_url") && !has("api_url_file"),
        _ => true,
    }
}

/// Two fields of which only one may be there.
pub(super) fn conflict(page: &mut Page<'_, '_>, own: &Fields<'_>, one: &str, other: &str) {
    let problem = format!("`{one}` and `{other}` exclude each other");
    let help = "keep one of them".to_owned();
    page.report(&Mistake::BadIntegration { problem, help, at: own.key(other) });
}

pub(super) fn check(
    page: &mut Page<'_, '_>,
    kind: &Kind,
    own: &Fields<'_>,
    global: &Global<'_>,
    parts: &Parts,
) {
    needed(page, kind, own, parts);
    words(page, kind, own);
    match kind.name {
        "email" => {
            email(page, own, parts);
            if parts.secrets.contains_key("auth_secret")
                && !parts.secrets.contains_key("auth_password")
            {
                let (what, at) = ("CRAM-MD5 (`auth_secret`)".to_owned(), own.key("auth_secret"));
                page.report(&Mistake::CannotDeliver { what, help: "use `auth_password`", at });
            }
        }
        "opsgenie" => {
            each(page, own, "responders", responder);
        }
        "slack" => slack(page, own),
        "rocketchat" => titled(page, own, "fields"),
        "mattermost" => {
            titled(page, own, "fields");
        }
        "victorops" => {
            if let Some(Value::Map(entries)) = own.get("custom_fields").map(|it| &it.value) {
                for (key, _) in entries.iter().filter(|(key, _)| is_reserved(&key.text)) {
                    let problem = format!("`{}` is a field of VictorOps itself", key.text);
                    let help = "give it another name".to_owned();
                    page.report(&Mistake::BadIntegration { problem, help, at: key.span });
                }
            }
        }
        "pushover" => {
            let says = |name| parts.settings.get(name) == Some(&Setting::Flag(true));
            if says("html") && says("monospace") {
                conflict(page, own, "html", "monospace");
            }
        }
        "sns" => sns(page, own),
        "telegram" if own.get("chat_id").is_some() && own.get("chat_id_file").is_some() => {
            conflict(page, own, "chat_id", "chat_id_file");
        }
        "webex" => {
            // As in Alertmanager, that of `global` does not count here.
            let has = own.get("http_config").is_some_and(has_authorization);
            if !has {
                let problem = "webex has no `http_config` with `authorization`".to_owned();
                let help = "add `http_config: {authorization: {credentials_file: webex.token}}`";
                let (help, at) = (help.to_owned(), own.at);
                page.report(&Mistake::BadIntegration { problem, help, at });
            }
        }
        "incidentio" => incidentio(page, own, global),
        _ => {}
    }
}

fn is_reserved(name: &str) -> bool {
    VICTOROPS_RESERVED.contains(&name)
}

fn says(parts: &Parts, name: &str) -> bool {
    let setting = match parts.settings.get(name) {
        Some(Setting::Text(template) | Setting::Html(template)) => !template.text().is_empty(),
        Some(Setting::Plain(text)) => !text.is_empty(),
        Some(Setting::Whole(it)) => *it != 0,
        Some(_) => true,
        None => false,
    };
    setting
        || parts.secrets.contains_key(name)
        || parts.options.get(name).is_some_and(|it| !it.is_empty())
}

fn needed(page: &mut Page<'_, '_>, kind: &Kind, own: &Fields<'_>, parts: &Parts) {
    let groups = NEEDED.iter().find(|(name, _)| *name == kind.name).map_or(&[][..], |(_, it)| *it);
    for group in groups {
        // What is written and wrong has a finding of its own.
        let is_written = |it: &&str| own.get(it).is_some_and(|it| it.kind() != "nothing");
        let is_empty = |it: &&str| matches!(own.get(it).map(|it| &it.value), Some(Value::Text(text)) if text.is_empty());
        let has = group.iter().any(|it| {
            says(parts, it) || is_written(it) && !is_empty(it) && kind.name != "telegram"
        });
        if has {
            continue;
        }
        let (Some(first), global) = (group.first(), global_of(kind, group)) else { continue };
        let problem = format!("{} has no `{}`", kind.name, group.join("` and no `"));
        let help = match global {
            Some(key) => format!("add `{first}`, or `{key}` to `global`"),
            None => format!("add `{first}`"),
        };
        page.report(&Mistake::BadIntegration { problem, help, at: own.at });
    }
}

fn global_of(kind: &Kind, group: &[&str]) -> Option<&'static str> {
    kind.fields.iter().filter(|it| group.contains(&it.name)).find_map(|it| it.global)
}

fn words(page: &mut Page<'_, '_>, kind: &Kind, own: &Fields<'_>) {
    for (_, field, known) in WORDS.iter().filter(|(name, _, _)| *name == kind.name) {
        if let Some(node) = own.get(field).filter(|_| !known.is_empty()) {
            word(page, node, field, known);
        }
    }
}

fn word(page: &mut Page<'_, '_>, node: &Node, field: &str, known: &[&str]) {
    let Value::Text(text) = &node.value else { return };
    if text.contains("{{") || known.contains(&text.as_str()) {
        return;
    }
    let label = did_you_mean(text, known.iter().copied());
    let label = label.unwrap_or_else(|| "not one of them".to_owned());
    let (what, word, at) = (format!("`{field}`"), text.clone(), node.span);
    let known = known.iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(", ");
    page.report(&Mistake::UnknownWord { what, word, known, label, at });
}

fn bad(page: &mut Page<'_, '_>, problem: String, help: &str, node: &Node) {
    let (help, at) = (help.to_owned(), node.anchor());
    page.report(&Mistake::BadIntegration { problem, help, at });
}

/// Every element of a list, if it is one.
fn each(
    page: &mut Page<'_, '_>,
    own: &Fields<'_>,
    field: &str,
    mut check: impl FnMut(&mut Page<'_, '_>, &Node),
) {
    if let Some(Value::List(items)) = own.get(field).map(|it| &it.value) {
        for item in items {
            check(page, item);
        }
    }
}

fn has(node: &Node, name: &str) -> bool {
    node.field(name).is_some_and(|it| !matches!(&it.value, Value::Text(text) if text.is_empty()))
}

fn titled(page: &mut Page<'_, '_>, own: &Fields<'_>, field: &str) {
    each(page, own, field, |page, item| {
        for name in ["title", "value"] {
            if !has(item, name) {
                bad(page, format!("a field has no `{name}`"), "give it a title and a value", item);
            }
        }
    });
}

fn email(page: &mut Page<'_, '_>, own: &Fields<'_>, parts: &Parts) {
    if let Some(host) = parts.options.get("smarthost").filter(|it| !it.is_empty())
        && host.rsplit_once(':').is_none_or(|(_, port)| port.is_empty())
    {
        let problem = format!("`{host}` is no host with a port");
        let help = "write it like `mail.example.org:587`".to_owned();
        page.report(&Mistake::BadIntegration { problem, help, at: own.key("smarthost") });
    }
    let mut seen: Vec<String> = Vec::new();
    if let Some(Value::Map(entries)) = own.get("headers").map(|it| &it.value) {
        for (key, _) in entries {
            let name = key.text.to_ascii_lowercase();
            if seen.contains(&name) {
                let problem = format!("header `{}` is there twice", key.text);
                let help = "keep one of them; upper and lower case are the same".to_owned();
                page.report(&Mistake::BadIntegration { problem, help, at: key.span });
            }
            seen.push(name);
        }
    }
    let Some(threading) = own.get("threading") else { return };
    let enabled = matches!(threading.field("enabled").map(|it| &it.value), Some(Value::Bool(it)) if it == "true");
    if !enabled {
        return;
    }
    for name in ["references", "in-reply-to"] {
        if seen.iter().any(|it| it == name) {
            let problem = format!("`threading` writes the header `{name}` itself");
            bad(page, problem, "take the header or `threading` out", threading);
        }
    }
    match threading.field("thread_by_date") {
        Some(node) => word(page, node, "thread_by_date", &["none", "daily"]),
        None => {
            let problem = "`threading` does not say by which date".to_owned();
            bad(page, problem, "add `thread_by_date: daily` or `thread_by_date: none`", threading);
        }
    }
}

fn responder(page: &mut Page<'_, '_>, node: &Node) {
    if !["id", "username", "name"].iter().any(|it| has(node, it)) {
        let problem = "a responder has no `id`, no `username` and no `name`".to_owned();
        bad(page, problem, "write one of them", node);
    }
    match node.field("type").filter(|_| has(node, "type")) {
        Some(kind) => {
            let lower = match &kind.value {
                Value::Text(text) => {
                    Node { value: Value::Text(text.to_lowercase()), span: kind.span }
                }
                _ => kind.clone(),
            };
            word(page, &lower, "type", &["team", "teams", "user", "escalation", "schedule"]);
        }
        None => bad(page, "a responder has no `type`".to_owned(), "write `type: team`", node),
    }
}

fn slack(page: &mut Page<'_, '_>, own: &Fields<'_>) {
    let has_own = |name: &str| own.get(name).is_some();
    let url = has_own("api_url") || has_own("api_url_file");
    let token = has_own("app_token") || has_own("app_token_file");
    if url && token {
        conflict(
            page,
            own,
            "api_url",
            if has_own("app_token") { "app_token" } else { "app_token_file" },
        );
    }
    if token && own.get("http_config").is_some_and(has_authorization) {
        conflict(page, own, "app_token", "http_config");
    }
    let updates = matches!(own.get("update_message").map(|it| &it.value), Some(Value::Bool(it)) if it == "true");
    let posts =
        matches!(own.get("api_url").map(|it| &it.value), Some(Value::Text(it)) if it == SLACK_POST);
    if updates && !posts {
        let problem = "`update_message` needs the API of Slack's apps".to_owned();
        let help = format!("write `api_url: {SLACK_POST}`, and the token in `http_config`");
        page.report(&Mistake::BadIntegration { problem, help, at: own.key("update_message") });
    }
    titled(page, own, "fields");
    each(page, own, "actions", |page, item| {
        for name in ["type", "text"] {
            if !has(item, name) {
                bad(page, format!("an action has no `{name}`"), "give it a type and a text", item);
            }
        }
        if !has(item, "url") && !has(item, "name") {
            bad(page, "an action has no `url` and no `name`".to_owned(), "write one of them", item);
        }
        if let Some(confirm) = item.field("confirm").filter(|it| !has(it, "text")) {
            bad(page, "a question has no `text`".to_owned(), "say what is asked", confirm);
        }
    });
}

fn sns(page: &mut Page<'_, '_>, own: &Fields<'_>) {
    let given = ["topic_arn", "phone_number", "target_arn"];
    let given: Vec<&str> = given.into_iter().filter(|it| own.get(it).is_some()).collect();
    if let [one, other, ..] = given.as_slice() {
        conflict(page, own, one, other);
    }
    for name in ["profile", "role_arn"] {
        if own.get("sigv4").is_some_and(|it| has(it, name)) {
            let (what, at) = (format!("`{name}` of `sigv4`"), own.key("sigv4"));
            let help = "use `access_key` and `secret_key`";
            page.report(&Mistake::CannotDeliver { what, help, at });
        }
    }
    if let Some(sigv4) = own.get("sigv4")
        && has(sigv4, "access_key") != (has(sigv4, "secret_key") || has(sigv4, "secret_key_file"))
    {
        let problem = "`access_key` and `secret_key` belong together".to_owned();
        bad(page, problem, "write both, or none", sigv4);
    }
}

fn incidentio(page: &mut Page<'_, '_>, own: &Fields<'_>, global: &Global<'_>) {
    if own.get("url").is_none() && own.get("url_file").is_none() {
        let problem = "incidentio has no `url` and no `url_file`".to_owned();
        let help = "add `url`".to_owned();
        page.report(&Mistake::BadIntegration { problem, help, at: own.at });
    }
    let token = own.get("alert_source_token").or_else(|| own.get("alert_source_token_file"));
    let local = own.get("http_config").is_some_and(has_authorization);
    if token.is_some() && local {
        conflict(page, own, "alert_source_token", "http_config");
    }
    let inherited = global.http.authorization != AuthorizationSpec::None;
    if token.is_none() && !local && !inherited {
        let problem = "incidentio has no `alert_source_token`".to_owned();
        let help = "add `alert_source_token_file`".to_owned();
        page.report(&Mistake::BadIntegration { problem, help, at: own.at });
    }
}

fn has_authorization(http: &Node) -> bool {
    ["authorization", "bearer_token", "bearer_token_file", "basic_auth"]
        .iter()
        .any(|it| has(http, it))
}
