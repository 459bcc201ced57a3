//! The bodies that services want, each in its own shape. Limits of length are those of the services.
//!
//! What is secret, and where it is sent, is added by whoever sends: `routing_key` of PagerDuty, tokens in paths and
//! headers. `fields` of a payload hold what does not belong into the body:
//!
//! | field | meaning |
//! |---|---|
//! | `status` | `firing` or `resolved` |
//! | `key` | the same for all notices about a group: SHA-256 of the group's key |
//! | of `email` | `to`, `from`, `subject`, `text`, `html`, `header:NAME`, `thread` |
//! | of `pushover`, `sns` | every parameter of the form |
//! | of `opsgenie` | `alias`, `update` |
//! | of `victorops`, `telegram`, `webhook` | what a template put into the address: `routing_key`, `url` |
//!
//! Source: the public documentation of each service's API.

use std::collections::BTreeMap;

use nines_port::Payload;
use sha2::{Digest, Sha256};

use super::data::NoticeData;
use super::json::Json;
use super::setting::Filled;
use super::words::{cut, subject as subject_of};
use super::{Provider, Templates, webhook};

/// Decimal, as Discord wants colours: red, green.
const DISCORD_COLORS: (i64, i64) = (0x00b3_261e, 0x002e_7d32);
/// Hexadecimal, as Teams wants them.
const TEAMS_COLORS: (&str, &str) = ("b3261e", "2e7d32");

pub(super) fn render(provider: &Provider, notice: &NoticeData, templates: &Templates) -> Payload {
    let filled = Filled::new(provider, notice, templates);
    let it = Body { filled, notice, key: hash(&notice.group_key) };
    let mut payload = match provider.kind.name {
        "webhook" => it.webhook(),
        "email" => it.email(),
        "pagerduty" => it.pagerduty(),
        "opsgenie" => it.opsgenie(),
        "wechat" => it.wechat(),
        "slack" => it.slack(),
        "victorops" => it.victorops(),
        "pushover" => it.pushover(),
        "sns" => it.sns(),
        "telegram" => it.telegram(),
        "discord" => it.discord(),
        "webex" => it.webex(),
        "msteams" => it.msteams(),
        "msteamsv2" => it.msteams_v2(),
        "jira" => it.jira(),
        "rocketchat" => it.rocketchat(),
        "mattermost" => it.mattermost(),
        _ => it.incidentio(),
    };
    payload.fields.insert("status".to_owned(), notice.status().to_owned());
    payload.fields.insert("key".to_owned(), it.key);
    payload
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16).unwrap_or('0');
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).collect()
}

struct Body<'a> {
    filled: Filled,
    notice: &'a NoticeData,
    key: String,
}

/// A payload of nothing but JSON.
fn json(body: &Json) -> Payload {
    Payload { body: body.to_text(), ..Payload::default() }
}

impl Body<'_> {
    fn fires(&self) -> bool {
        self.notice.status() == "firing"
    }

    fn get(&self, name: &str) -> Json {
        self.filled.get(name)
    }

    /// Fields by the names that the service gives them; what says nothing is left out.
    fn brief(&self, names: &[(&str, &str)]) -> Vec<(String, Json)> {
        let entries = names.iter().map(|(to, from)| ((*to).to_owned(), self.get(from)));
        entries.filter(|(_, it)| !it.is_empty()).collect()
    }

    /// Those of these fields that say something, for the payload.
    fn fields(&self, names: &[&str]) -> BTreeMap<String, String> {
        let text = |name: &str| match self.get(name) {
            Json::Whole(it) => it.to_string(),
            _ => self.filled.text(name).to_owned(),
        };
        let said = names.iter().map(|it| ((*it).to_owned(), text(it)));
        said.filter(|(_, text)| !text.is_empty()).collect()
    }

    fn webhook(&self) -> Payload {
        let alerts_max = match self.get("max_alerts") {
            Json::Whole(it) => u32::try_from(it).unwrap_or(0),
            _ => 0,
        };
        let mut payload = match self.get("payload") {
            Json::Null => webhook::render(alerts_max, self.notice),
            custom => json(&custom),
        };
        payload.fields = self.fields(&["url"]);
        payload
    }

    fn incidentio(&self) -> Payload {
        let alerts_max = match self.get("max_alerts") {
            Json::Whole(it) => u32::try_from(it).unwrap_or(0),
            _ => 0,
        };
        webhook::render(alerts_max, self.notice)
    }

    fn email(&self) -> Payload {
        let mut fields = self.fields(&["to", "from", "text", "html"]);
        for (name, value) in self.filled.entries("headers") {
            if let Json::Text(text) = value {
                // A line break in a header would begin another header.
                let line = text.replace(['\r', '\n'], " ");
                let is_subject = name.eq_ignore_ascii_case("subject");
                let name = if is_subject { "subject".to_owned() } else { format!("header:{name}") };
                fields.insert(name, line.trim().to_owned());
            }
        }
        // A subject whose template failed says the same as a text that failed.
        let subject = fields.entry("subject".to_owned()).or_default();
        if subject.is_empty() {
            *subject = subject_of(self.notice);
        }
        if let Some((_, Json::Bool(true))) =
            self.filled.entries("threading").iter().find(|(name, _)| name == "enabled")
        {
            let by_date = self.filled.entries("threading").iter();
            let mut by_date = by_date.filter(|(name, _)| name == "thread_by_date");
            let daily = by_date.any(|(_, it)| *it == Json::from("daily"));
            let day = if daily {
                self.notice.at.to_string().chars().take("2026-01-01".len()).collect()
            } else {
                String::new()
            };
            fields.insert("thread".to_owned(), hash(&format!("{}{day}", self.notice.group_key)));
        }
        Payload { body: String::new(), fields }
    }

    fn pagerduty(&self) -> Payload {
        /// Of the summary.
        const SUMMARY_MAX: usize = 1_024;
        let summary = self.filled.cut("description", SUMMARY_MAX);
        let action = if self.fires() { "trigger" } else { "resolve" };
        let details = self.get("details");
        let body = if self.filled.text("version") == "1" {
            Json::brief([
                ("incident_key", Json::from(self.key.as_str())),
                ("event_type", Json::from(action)),
                ("description", summary),
                ("client", self.get("client")),
                ("client_url", self.get("client_url")),
                ("details", details),
            ])
        } else {
            let source = match self.filled.text("source") {
                "" => self.get("client"),
                _ => self.get("source"),
            };
            let payload = Json::brief([
                ("summary", summary),
                ("source", source),
                ("severity", self.get("severity")),
                ("class", self.get("class")),
                ("component", self.get("component")),
                ("group", self.get("group")),
                ("custom_details", details),
            ]);
            Json::brief([
                ("event_action", Json::from(action)),
                ("dedup_key", Json::from(self.key.as_str())),
                ("client", self.get("client")),
                ("client_url", self.get("client_url")),
                ("payload", payload),
                ("images", with_text(self.filled.list("images"), "src")),
                ("links", with_text(self.filled.list("links"), "href")),
            ])
        };
        Payload { body: body.to_text(), fields: self.fields(&["routing_key", "service_key"]) }
    }

    fn opsgenie(&self) -> Payload {
        /// Of the message, and of the description.
        const MESSAGE_MAX: usize = 130;
        const DESCRIPTION_MAX: usize = 15_000;
        let source = self.get("source");
        let mut fields = BTreeMap::from([("alias".to_owned(), self.key.clone())]);
        if self.filled.flag("update_alerts") {
            fields.insert("update".to_owned(), "true".to_owned());
        }
        if !self.fires() {
            return Payload { body: Json::brief([("source", source)]).to_text(), fields };
        }
        let mut details: Vec<(String, Json)> = self
            .notice
            .common_labels()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .collect();
        for (name, value) in self.filled.entries("details") {
            details.retain(|(it, _)| it != name);
            details.push((name.clone(), value.clone()));
        }
        let body = Json::brief([
            ("alias", Json::from(self.key.as_str())),
            ("message", self.filled.cut("message", MESSAGE_MAX)),
            ("description", self.filled.cut("description", DESCRIPTION_MAX)),
            ("details", Json::Map(details)),
            ("source", source),
            ("responders", responders(self.filled.list("responders"))),
            ("tags", words(self.filled.text("tags"))),
            ("note", self.get("note")),
            ("priority", self.get("priority")),
            ("entity", self.get("entity")),
            ("actions", words(self.filled.text("actions"))),
        ]);
        Payload { body: body.to_text(), fields }
    }

    fn wechat(&self) -> Payload {
        /// Of the content.
        const CONTENT_MAX: usize = 2_048;
        let kind = if self.filled.text("message_type") == "markdown" { "markdown" } else { "text" };
        let content = Json::map([("content", self.filled.cut("message", CONTENT_MAX))]);
        json(&Json::map([
            ("touser", self.get("to_user")),
            ("toparty", self.get("to_party")),
            ("totag", self.get("to_tag")),
            ("agentid", self.get("agent_id")),
            ("msgtype", Json::from(kind)),
            ("safe", Json::from("0")),
            (kind, content),
        ]))
    }

    fn slack(&self) -> Payload {
        /// Of the title.
        const TITLE_MAX: usize = 1_024;
        let mut attachment = vec![("title".to_owned(), self.filled.cut("title", TITLE_MAX))];
        attachment.retain(|(_, it)| !it.is_empty());
        attachment.extend(self.brief(&[
            ("title_link", "title_link"),
            ("pretext", "pretext"),
            ("text", "text"),
            ("fallback", "fallback"),
            ("callback_id", "callback_id"),
            ("image_url", "image_url"),
            ("thumb_url", "thumb_url"),
            ("footer", "footer"),
            ("color", "color"),
        ]));
        let fields = self.short_fields();
        if !fields.is_empty() {
            attachment.push(("fields".to_owned(), Json::List(fields)));
        }
        let actions: Vec<Json> = self.filled.list("actions").iter().map(without_empty).collect();
        if !actions.is_empty() {
            attachment.push(("actions".to_owned(), Json::List(actions)));
        }
        let marked = match self.filled.list("mrkdwn_in") {
            [] => ["fallback", "pretext", "text"].map(Json::from).to_vec(),
            listed => listed.to_vec(),
        };
        attachment.push(("mrkdwn_in".to_owned(), Json::List(marked)));
        let mut body = self.brief(&[
            ("channel", "channel"),
            ("username", "username"),
            ("icon_emoji", "icon_emoji"),
            ("icon_url", "icon_url"),
            ("link_names", "link_names"),
            ("text", "message_text"),
        ]);
        body.push(("attachments".to_owned(), Json::List(vec![Json::Map(attachment)])));
        let mut payload = json(&Json::Map(body));
        if self.filled.flag("update_message") {
            payload.fields.insert("update".to_owned(), "true".to_owned());
        }
        payload
    }

    /// Fields of a message, each short as it says itself or as all are.
    fn short_fields(&self) -> Vec<Json> {
        let all_short = self.filled.flag("short_fields");
        let short = |it: &Json| match it.get("short") {
            Some(Json::Bool(it)) => Json::Bool(*it),
            _ => Json::Bool(all_short),
        };
        let entry = |it: &Json, name: &str| it.get(name).cloned().unwrap_or(Json::from(""));
        let fields = self.filled.list("fields").iter();
        fields
            .map(|it| {
                Json::map([
                    ("title", entry(it, "title")),
                    ("value", entry(it, "value")),
                    ("short", short(it)),
                ])
            })
            .collect()
    }

    fn victorops(&self) -> Payload {
        /// Of the message.
        const MESSAGE_MAX: usize = 20_480;
        let kind = self.filled.text("message_type").to_ascii_uppercase();
        let kind = match kind.as_str() {
            _ if !self.fires() => "RECOVERY",
            "WARNING" => "WARNING",
            "INFO" => "INFO",
            _ => "CRITICAL",
        };
        let mut body = vec![
            ("message_type".to_owned(), Json::from(kind)),
            ("entity_id".to_owned(), Json::from(self.key.as_str())),
            ("entity_display_name".to_owned(), self.get("entity_display_name")),
            ("state_message".to_owned(), self.filled.cut("state_message", MESSAGE_MAX)),
            ("monitoring_tool".to_owned(), self.get("monitoring_tool")),
        ];
        body.extend(self.filled.entries("custom_fields").iter().cloned());
        Payload { body: Json::Map(body).to_text(), fields: self.fields(&["routing_key"]) }
    }

    fn pushover(&self) -> Payload {
        let mut fields = BTreeMap::new();
        for (name, characters_max) in
            [("title", 250), ("message", 1_024), ("url", 512), ("url_title", 100)]
        {
            fields.insert(name.to_owned(), cut(self.filled.text(name).trim(), characters_max));
        }
        // The service refuses an empty message.
        if fields.get("message").is_none_or(String::is_empty) {
            fields.insert("message".to_owned(), "(no details)".to_owned());
        }
        fields.extend(self.fields(&["device", "sound", "priority", "retry", "expire", "ttl"]));
        for name in ["html", "monospace"] {
            if self.filled.flag(name) {
                fields.insert(name.to_owned(), "1".to_owned());
            }
        }
        fields.retain(|_, text| !text.is_empty());
        Payload { body: String::new(), fields }
    }

    fn sns(&self) -> Payload {
        /// Of a subject; of a message on a phone, and elsewhere.
        const SUBJECT_MAX: usize = 100;
        const PHONE_MAX: usize = 1_600;
        const MESSAGE_MAX: usize = 64_000;
        let mut fields = self.fields(&["api_url", "topic_arn", "phone_number", "target_arn"]);
        let message_max = if fields.contains_key("phone_number") { PHONE_MAX } else { MESSAGE_MAX };
        let subject = self.filled.text("subject").replace(['\r', '\n'], " ");
        fields.insert("subject".to_owned(), cut(&subject, SUBJECT_MAX));
        fields.insert("message".to_owned(), cut(self.filled.text("message"), message_max));
        for (name, value) in self.filled.entries("attributes") {
            if let Json::Text(text) = value {
                fields.insert(format!("attribute:{name}"), text.clone());
            }
        }
        Payload { body: String::new(), fields }
    }

    fn telegram(&self) -> Payload {
        /// Of a message.
        const MESSAGE_MAX: usize = 4_096;
        json(&Json::brief([
            ("chat_id", self.get("chat_id")),
            ("message_thread_id", self.get("message_thread_id")),
            ("text", self.filled.cut("message", MESSAGE_MAX)),
            ("parse_mode", self.get("parse_mode")),
            ("disable_notification", Json::Bool(self.filled.flag("disable_notifications"))),
            ("disable_web_page_preview", Json::Bool(true)),
        ]))
    }

    fn discord(&self) -> Payload {
        let (red, green) = DISCORD_COLORS;
        let color = if self.fires() { red } else { green };
        let embed = Json::map([
            ("title", self.filled.cut("title", 256)),
            ("description", self.filled.cut("message", 4_096)),
            ("color", Json::Whole(color)),
        ]);
        let mut body = vec![
            ("content".to_owned(), self.filled.cut("content", 2_000)),
            ("embeds".to_owned(), Json::List(vec![embed])),
        ];
        body.extend(self.brief(&[("username", "username"), ("avatar_url", "avatar_url")]));
        json(&Json::Map(body))
    }

    fn webex(&self) -> Payload {
        /// Of a message.
        const MESSAGE_MAX: usize = 7_000;
        json(&Json::map([
            ("roomId", self.get("room_id")),
            ("markdown", self.filled.cut("message", MESSAGE_MAX)),
        ]))
    }

    fn msteams(&self) -> Payload {
        let (red, green) = TEAMS_COLORS;
        json(&Json::map([
            ("@context", Json::from("http://schema.org/extensions")),
            ("@type", Json::from("MessageCard")),
            ("title", self.get("title")),
            ("summary", self.get("summary")),
            ("text", self.filled.cut("text", 20_000)),
            ("themeColor", Json::from(if self.fires() { red } else { green })),
        ]))
    }

    fn msteams_v2(&self) -> Payload {
        let color = Json::from(if self.fires() { "Attention" } else { "Good" });
        let block = |text: Json| vec![("type", Json::from("TextBlock")), ("text", text)];
        let mut title = block(self.get("title"));
        title.extend([
            ("weight", Json::from("Bolder")),
            ("size", Json::from("Medium")),
            ("wrap", Json::Bool(true)),
            ("style", Json::from("heading")),
            ("color", color),
        ]);
        let mut text = block(self.filled.cut("text", 20_000));
        text.push(("wrap", Json::Bool(true)));
        let content = Json::map([
            ("$schema", Json::from("http://adaptivecards.io/schemas/adaptive-card.json")),
            ("type", Json::from("AdaptiveCard")),
            ("version", Json::from("1.2")),
            ("body", Json::List(vec![Json::map(title), Json::map(text)])),
            ("msteams", Json::map([("width", Json::from("full"))])),
        ]);
        let attachment = Json::map([
            ("contentType", Json::from("application/vnd.microsoft.card.adaptive")),
            ("content", content),
        ]);
        json(&Json::map([
            ("type", Json::from("message")),
            ("attachments", Json::List(vec![attachment])),
        ]))
    }

    /// The fields of an issue; whoever sends looks for the group's issue first, by the label.
    fn jira(&self) -> Payload {
        /// Of a summary, and of a description.
        const SUMMARY_MAX: usize = 255;
        const DESCRIPTION_MAX: usize = 32_767;
        let mut fields = self.fields(&[
            "reopen_transition",
            "resolve_transition",
            "wont_fix_resolution",
            "reopen_duration",
            "api_type",
        ]);
        let part = |name: &str| match self.get(name) {
            it @ Json::Map(_) => {
                let text = it.get("template").cloned().unwrap_or(Json::from(""));
                let updates = it.get("enable_update") != Some(&Json::Bool(false));
                (text, updates)
            }
            it => (it, false),
        };
        let mut cut_part = |name: &str, characters_max| {
            let (text, updates) = part(name);
            if updates {
                fields.insert(format!("update:{name}"), "true".to_owned());
            }
            match text {
                Json::Text(text) => Json::Text(cut(text.trim(), characters_max)),
                other => other,
            }
        };
        let summary = cut_part("summary", SUMMARY_MAX);
        let description = cut_part("description", DESCRIPTION_MAX);
        let label = format!("ALERT{{{}}}", self.key);
        let mut labels = self.filled.list("labels").to_vec();
        labels.push(Json::from(label.as_str()));
        fields.insert("label".to_owned(), label);
        let named = |it: &str, key: &str| match self.filled.text(it) {
            "" => Json::Null,
            text => Json::map([(key.to_owned(), Json::from(text))]),
        };
        let mut issue = vec![
            ("project".to_owned(), named("project", "key")),
            ("issuetype".to_owned(), named("issue_type", "name")),
            ("summary".to_owned(), summary),
            ("description".to_owned(), description),
            ("labels".to_owned(), Json::List(labels)),
            ("priority".to_owned(), named("priority", "name")),
        ];
        issue.extend(self.filled.entries("fields").iter().cloned());
        let body = Json::map([("fields", Json::brief(issue))]);
        Payload { body: body.to_text(), fields }
    }

    fn rocketchat(&self) -> Payload {
        let mut attachment = self.brief(&[
            ("title", "title"),
            ("title_link", "title_link"),
            ("text", "text"),
            ("image_url", "image_url"),
            ("thumb_url", "thumb_url"),
            ("color", "color"),
        ]);
        let fields = self.short_fields();
        if !fields.is_empty() {
            attachment.push(("fields".to_owned(), Json::List(fields)));
        }
        let actions: Vec<Json> = self.filled.list("actions").iter().map(without_empty).collect();
        if !actions.is_empty() {
            attachment.push(("actions".to_owned(), Json::List(actions)));
        }
        let mut body = self.brief(&[
            ("channel", "channel"),
            ("emoji", "emoji"),
            ("avatar", "icon_url"),
            ("parseUrls", "link_names"),
        ]);
        body.push(("attachments".to_owned(), Json::List(vec![Json::Map(attachment)])));
        json(&Json::Map(body))
    }

    fn mattermost(&self) -> Payload {
        let mut attachment = self.brief(&[
            ("fallback", "fallback"),
            ("color", "color"),
            ("pretext", "pretext"),
            ("author_name", "author_name"),
            ("author_link", "author_link"),
            ("author_icon", "author_icon"),
            ("title", "title"),
            ("title_link", "title_link"),
            ("text", "text"),
            ("thumb_url", "thumb_url"),
            ("image_url", "image_url"),
            ("footer", "footer"),
            ("footer_icon", "footer_icon"),
        ]);
        let fields = self.short_fields();
        if !fields.is_empty() {
            attachment.push(("fields".to_owned(), Json::List(fields)));
        }
        let own = [Json::Map(attachment)].into_iter();
        let more = self.filled.list("attachments").iter().map(without_empty);
        let mut body = self.brief(&[
            ("channel", "channel"),
            ("username", "username"),
            ("icon_url", "icon_url"),
            ("icon_emoji", "icon_emoji"),
            ("type", "type"),
            ("props", "props"),
            ("priority", "priority"),
        ]);
        body.push(("attachments".to_owned(), Json::List(own.chain(more).collect())));
        json(&Json::Map(body))
    }
}

/// Mappings in which this entry says something; others were emptied by their templates.
fn with_text(items: &[Json], name: &str) -> Json {
    let says = |it: &&Json| it.get(name).is_some_and(|it| !it.is_empty());
    Json::List(items.iter().filter(says).map(without_empty).collect())
}

fn without_empty(it: &Json) -> Json {
    match it {
        Json::Map(entries) => {
            Json::brief(entries.iter().map(|(name, it)| (name.clone(), without_empty(it))))
        }
        other => other.clone(),
    }
}

/// `a, b` as a list.
fn words(text: &str) -> Json {
    let words = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    Json::List(words.map(Json::from).collect())
}

/// `teams` is a list of names; responders whose templates gave nothing are left out.
fn responders(items: &[Json]) -> Json {
    let mut out = Vec::new();
    for it in items {
        let kind = match it.get("type") {
            Some(Json::Text(kind)) => kind.to_ascii_lowercase(),
            _ => String::new(),
        };
        if kind == "teams" {
            let names = match it.get("name") {
                Some(Json::Text(names)) => words(names),
                _ => Json::List(Vec::new()),
            };
            if let Json::List(names) = names {
                out.extend(
                    names
                        .into_iter()
                        .map(|name| Json::map([("name", name), ("type", Json::from("team"))])),
                );
            }
            continue;
        }
        let says = ["id", "name", "username"]
            .iter()
            .any(|name| it.get(name).is_some_and(|it| !it.is_empty()));
        if says {
            out.push(without_empty(it));
        }
    }
    Json::List(out)
}
