//! Settings of connections, which scraping, discovery and sending share.

use super::{AuthorizationSpec, HttpSpec, SecretSpec};
use crate::draft::Page;
use crate::fields::Fields;
use crate::mistake::Mistake;
use crate::node::{Node, Value};

/// The fields that make up an [`HttpSpec`], and those that are refused by name.
pub(crate) const HTTP_FIELDS: [&str; 14] = [
    "basic_auth",
    "authorization",
    "bearer_token",
    "bearer_token_file",
    "oauth2",
    "tls_config",
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "follow_redirects",
    "enable_http2",
    "http_headers",
    "enable_compression",
];
const TLS_FIELDS: [&str; 10] = [
    "ca",
    "ca_file",
    "cert",
    "cert_file",
    "key",
    "key_file",
    "server_name",
    "insecure_skip_verify",
    "min_version",
    "max_version",
];

/// Reads them from among other fields.
pub(crate) fn settings(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> HttpSpec {
    for name in ["oauth2", "no_proxy", "proxy_from_environment", "proxy_connect_header"] {
        if fields.get(name).is_some() {
            let help = "`basic_auth`, `authorization` and `proxy_url` are";
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report_by_form(&Mistake::Unsupported { what, help, at });
        }
    }
    let mut out = HttpSpec {
        authorization: authorization(page, fields),
        proxy_url: page.maybe(fields, "proxy_url").and_then(|it| page.url(it)),
        follows_redirects: page.boolean(fields, "follow_redirects").unwrap_or(true),
        compresses: page.boolean(fields, "enable_compression").unwrap_or(true),
        ..HttpSpec::default()
    };
    page.boolean(fields, "enable_http2"); // only its form: targets are asked over HTTP 1.1
    if let Some(node) = fields.get("tls_config") {
        tls(page, node, &mut out);
    }
    if let Some(node) = fields.get("http_headers") {
        out.headers = headers(page, node);
    }
    out
}

fn authorization(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> AuthorizationSpec {
    if let Some(node) = fields.get("basic_auth") {
        conflict(page, fields, "basic_auth", "authorization");
        let known = ["username", "username_file", "password", "password_file"];
        let Some(basic) = page.fields(node, "`basic_auth`", &known) else {
            return AuthorizationSpec::None;
        };
        let empty = || SecretSpec::Inline(String::new());
        return AuthorizationSpec::Basic {
            username: secret(page, &basic, ("username", "username_file")).unwrap_or_else(empty),
            password: secret(page, &basic, ("password", "password_file")).unwrap_or_else(empty),
        };
    }
    let (kind, credentials) = match fields.get("authorization") {
        Some(node) => {
            let known = ["type", "credentials", "credentials_file"];
            let Some(own) = page.fields(node, "`authorization`", &known) else {
                return AuthorizationSpec::None;
            };
            let kind = page.maybe(&own, "type").map_or("Bearer", |it| it.text).to_owned();
            (kind, secret(page, &own, ("credentials", "credentials_file")))
        }
        // The older way to write the same.
        None => ("Bearer".to_owned(), secret(page, fields, ("bearer_token", "bearer_token_file"))),
    };
    match credentials {
        Some(credentials) => AuthorizationSpec::Header { kind, credentials },
        None => AuthorizationSpec::None,
    }
}

fn tls(page: &mut Page<'_, '_>, node: &Node, out: &mut HttpSpec) {
    let Some(fields) = page.fields(node, "`tls_config`", &TLS_FIELDS) else { return };
    out.authorities = secret(page, &fields, ("ca", "ca_file"));
    let certificate = secret(page, &fields, ("cert", "cert_file"));
    let key = secret(page, &fields, ("key", "key_file"));
    if certificate.is_some() != key.is_some() {
        let (there, missing) =
            if key.is_some() { ("key", "cert_file") } else { ("cert", "key_file") };
        let at = fields.key(if fields.get(there).is_some() { there } else { missing });
        let (owner, example) = ("`tls_config`", "cert_file: own.pem, key_file: own.key");
        page.report(&Mistake::MissingField { owner, field: missing, example, at });
    }
    out.identity = certificate.zip(key);
    out.server_name = page.maybe(&fields, "server_name").map(|it| it.text.to_owned());
    if out.server_name.is_some() && out.authorities.is_none() {
        let (owner, example, at) =
            ("`tls_config` with `server_name`", "ca_file: ca.pem", fields.at);
        page.report(&Mistake::MissingField { owner, field: "ca_file", example, at });
    }
    out.skips_verification = page.boolean(&fields, "insecure_skip_verify").unwrap_or(false);
    for name in ["min_version", "max_version"] {
        if fields.get(name).is_some() {
            let (what, at) = (format!("`{name}`"), fields.key(name));
            page.report(&Mistake::Ignored { what, help: "TLS 1.2 and 1.3 are spoken", at });
        }
    }
}

fn headers(page: &mut Page<'_, '_>, node: &Node) -> Vec<(String, SecretSpec)> {
    let Value::Map(entries) = &node.value else {
        page.wrong_type("`http_headers`", "a mapping", node, "write `name: {values: [value]}`");
        return Vec::new();
    };
    let mut out = Vec::new();
    for (key, node) in entries {
        let known = ["values", "secrets", "files"];
        let Some(fields) = page.fields(node, "a header", &known) else { continue };
        for name in ["values", "secrets"] {
            let texts = page.texts(&fields, name);
            let inline = |it: &crate::fields::Text<'_>| SecretSpec::Inline(it.text.to_owned());
            out.extend(texts.iter().map(|it| (key.text.clone(), inline(it))));
        }
        let files = page.texts(&fields, "files");
        let file = |it: &crate::fields::Text<'_>| SecretSpec::File(it.text.to_owned());
        out.extend(files.iter().map(|it| (key.text.clone(), file(it))));
    }
    out
}

/// A value, or a file with it.
fn secret(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    (inline, file): (&'static str, &'static str),
) -> Option<SecretSpec> {
    conflict(page, fields, inline, file);
    let text = page.maybe(fields, inline).map(|it| SecretSpec::Inline(it.text.to_owned()));
    text.or_else(|| Some(SecretSpec::File(page.maybe(fields, file)?.text.to_owned())))
}

fn conflict(page: &mut Page<'_, '_>, fields: &Fields<'_>, one: &'static str, other: &'static str) {
    if fields.get(one).is_some() && fields.get(other).is_some() {
        let (owner, at) = (fields.owner, fields.key(other));
        page.report(&Mistake::Conflict { owner, one, other, at });
    }
}
