//! Accounts: ours at the providers that reach people. Each is of one kind; secrets stand in files of their own.

use std::collections::BTreeMap;

use nines_port::{HttpSettings, Outlet, Secret};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::shape::{Field, Shape, Type, URL};
use crate::values::is_name;

/// A field whose name ends so holds the name of a file.
const FILE: &str = "_file";

pub(super) static ACCOUNT: Shape = Shape::new(
    "an account",
    &[
        Field::new("slack", Type::Map(&SLACK), "A bot of Slack."),
        Field::new("mattermost", Type::Map(&MATTERMOST), "A bot of a Mattermost server."),
        Field::new("discord", Type::Map(&DISCORD), "A bot of Discord."),
        Field::new("teams", Type::Map(&TEAMS), "A workflow of Microsoft Teams."),
        Field::new("googlechat", Type::Map(&GOOGLE_CHAT), "A space of Google Chat."),
        Field::new("ntfy", Type::Map(&NTFY), "A server of ntfy."),
        Field::new("pushover", Type::Map(&PUSHOVER), "An application of Pushover."),
        Field::new("gotify", Type::Map(&GOTIFY), "An application of a Gotify server."),
        Field::new("telegram", Type::Map(&TELEGRAM), "A bot of Telegram."),
        Field::new("matrix", Type::Map(&MATRIX), "A user of a Matrix server."),
        Field::new("twilio", Type::Map(&TWILIO), "Short messages and calls by Twilio's API."),
        Field::new("gateway", Type::Map(&GATEWAY), "Short messages or calls by any HTTP gateway."),
        Field::new("pagerduty", Type::Map(&PAGERDUTY), "An integration of PagerDuty."),
        Field::new("opsgenie", Type::Map(&OPSGENIE), "An integration of Opsgenie."),
        Field::new("exec", Type::Map(&EXEC), "A program on this machine."),
    ],
)
.one_of(&[
    "slack",
    "mattermost",
    "discord",
    "teams",
    "googlechat",
    "ntfy",
    "pushover",
    "gotify",
    "telegram",
    "matrix",
    "twilio",
    "gateway",
    "pagerduty",
    "opsgenie",
    "exec",
]);

const fn base_url() -> Field {
    Field::new("base_url", Type::Like(&URL), "Where the API is, if not at its public address.")
}

const fn server() -> Field {
    Field::new("base_url", Type::Like(&URL), "Where the server is.")
        .needed("base_url: https://chat.example.org")
}

const fn token_file() -> Field {
    Field::new("token_file", Type::Text, "The file that holds the token.")
        .needed("token_file: secrets/token")
}

static SLACK: Shape = Shape::new(
    "a Slack account",
    &[
        token_file(),
        Field::new(
            "signing_secret_file",
            Type::Text,
            "The file that holds the secret of Slack's calls to us; with it the button acknowledges at once.",
        ),
        base_url(),
    ],
);
static MATTERMOST: Shape = Shape::new("a Mattermost account", &[server(), token_file()]);
static DISCORD: Shape = Shape::new(
    "a Discord account",
    &[
        token_file(),
        Field::new(
            "public_key",
            Type::Text,
            "The application's key, which signs Discord's calls to us; with it the button acknowledges at once.",
        ),
        base_url(),
    ],
);
static TEAMS: Shape = Shape::new("a Teams account", &[webhook_url_file()]);
static GOOGLE_CHAT: Shape = Shape::new("a Google Chat account", &[webhook_url_file()]);

const fn webhook_url_file() -> Field {
    Field::new("webhook_url_file", Type::Text, "The file that holds the address; it is a secret.")
        .needed("webhook_url_file: secrets/room")
}

static NTFY: Shape = Shape::new(
    "an ntfy account",
    &[
        base_url(),
        Field::new("token_file", Type::Text, "The file that holds the token, if topics need one."),
    ],
);
static PUSHOVER: Shape = Shape::new(
    "a Pushover account",
    &[
        token_file(),
        Field::new("user", Type::Text, "The user or group of contacts that name none."),
        base_url(),
    ],
);
static GOTIFY: Shape = Shape::new("a Gotify account", &[server(), token_file()]);
static TELEGRAM: Shape = Shape::new(
    "a Telegram account",
    &[
        token_file(),
        Field::new(
            "webhook_secret_file",
            Type::Text,
            "The file that holds the secret of Telegram's calls to us; with it the button acknowledges at once.",
        ),
        base_url(),
    ],
);
static MATRIX: Shape = Shape::new("a Matrix account", &[server(), token_file()]);
static TWILIO: Shape = Shape::new(
    "a Twilio account",
    &[
        Field::new("account_sid", Type::Text, "The account's id.").needed("account_sid: AC0123"),
        Field::new("auth_token_file", Type::Text, "The file that holds the token.")
            .needed("auth_token_file: secrets/twilio"),
        Field::new("from", Type::Text, "The number that messages and calls come from."),
        Field::new("messaging_service_sid", Type::Text, "The service that chooses the number."),
        base_url(),
    ],
);
static GATEWAY_TYPES: [&str; 2] = ["json", "form"];
static GATEWAY: Shape = Shape::new(
    "a gateway",
    &[
        Field::new("url_file", Type::Text, "The file that holds the address that is posted to.")
            .needed("url_file: secrets/gateway"),
        Field::new(
            "body",
            Type::Text,
            "What is posted; `{to}`, `{text}`, `{key}` and `{kind}` are put in.",
        ),
        Field::new("content_type", Type::Word(&GATEWAY_TYPES), "Of the body.").default("json"),
        Field::new(
            "query_url",
            Type::Like(&URL),
            "Asked after a doubt: 200 for a message with `{key}` that it has, 404 for others.",
        ),
        Field::new(
            "deduplicates",
            Type::Boolean,
            "Whether it drops a repeat with the same `Idempotency-Key`.",
        )
        .default("false"),
        Field::new("answers", Type::Boolean, "Whether it posts replies to our hook.")
            .default("false"),
    ],
);
static PAGERDUTY: Shape = Shape::new(
    "a PagerDuty account",
    &[
        Field::new("routing_key_file", Type::Text, "The file that holds the integration's key.")
            .needed("routing_key_file: secrets/pagerduty"),
        Field::new(
            "webhook_secret_file",
            Type::Text,
            "The file that holds the secret of PagerDuty's calls to us; with it acknowledgements come back.",
        ),
        base_url(),
    ],
);
static OPSGENIE: Shape = Shape::new(
    "an Opsgenie account",
    &[
        Field::new("api_key_file", Type::Text, "The file that holds the integration's key.")
            .needed("api_key_file: secrets/opsgenie"),
        Field::new("team", Type::Text, "The team of contacts that name none."),
        base_url(),
    ],
);
static EXEC: Shape = Shape::new(
    "a program",
    &[
        Field::new(
            "command",
            Type::Text,
            "Run by `sh`; the message is on its standard input, as JSON.",
        )
        .needed("command: /usr/local/bin/tell"),
        Field::new("folder", Type::Text, "Where it runs.").default("/"),
    ],
);

/// All accounts of a document.
pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) {
    if page.fields(node, "accounts", &[]).is_none() {
        return;
    }
    let Value::Map(entries) = &node.value else { return };
    for (key, value) in entries {
        if !is_name(&key.text) {
            let (name, rule) = (key.text.clone(), "letters, digits, `-`, `_` or `.`");
            page.report(&Mistake::BadName { name, rule, at: key.span });
            continue;
        }
        // A name that is written down is not undefined, whatever is wrong with the rest.
        let is_first = page.define(Noun::Account, &key.text, key.span);
        if let Some(outlet) = account(page, value)
            && is_first
        {
            page.draft.spec.notify.accounts.insert(key.text.clone(), outlet);
        }
    }
}

fn account(page: &mut Page<'_, '_>, node: &Node) -> Option<Outlet> {
    let fields = page.shape(node, &ACCOUNT)?;
    let (kind, node) = page.chosen(&fields)?;
    let Type::Map(shape) = ACCOUNT.field(kind)?.value else { return None };
    let fields = page.shape(node, shape)?;
    let (mut settings, mut secrets) = (BTreeMap::new(), BTreeMap::new());
    let mut is_whole = true;
    for field in shape.fields {
        if field.needed.is_some() && page.needed(&fields, field.name).is_none() {
            is_whole = false;
            continue;
        }
        let Some(value) = value(page, &fields, field) else { continue };
        match field.name.strip_suffix(FILE) {
            Some(name) => drop(secrets.insert(name.to_owned(), Secret::File(value.into()))),
            None => drop(settings.insert(field.name.to_owned(), value)),
        }
    }
    let kind = kind.to_owned();
    is_whole.then(|| Outlet { kind, settings, secrets, http: HttpSettings::default() })
}

fn value(page: &mut Page<'_, '_>, fields: &Fields<'_>, field: &'static Field) -> Option<String> {
    match field.value {
        Type::Boolean => page.boolean(fields, field.name).map(|it| it.to_string()),
        Type::Word(words) => {
            let node = fields.get(field.name)?;
            let known: Vec<(&'static str, &'static str)> =
                words.iter().map(|it| (*it, *it)).collect();
            page.word(node, &format!("`{}`", field.name), &known).map(str::to_owned)
        }
        Type::Like(_) => {
            let text = page.maybe(fields, field.name)?;
            page.url(text)
        }
        _ => page.maybe(fields, field.name).map(|it| it.text.to_owned()),
    }
}
