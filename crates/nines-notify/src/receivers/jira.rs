//! Jira: an issue for a group, found again by its label, moved when it is over.
//!
//! Source: Atlassian, "Issue search", "Issues: create, edit, transition" of the REST API, versions 2 and 3.

use nines_port::Delivery;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Exchange, join};
use crate::http::{Answer, Request, segment};

pub(super) fn file(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let issue = serde_json::from_str(&exchange.payload.body);
    let issue: Value = issue.map_err(|error| format!("the issue is not JSON: {error}"))?;
    Ok(go(exchange, &issue).unwrap_or_else(|delivery| delivery))
}

fn go(exchange: &Exchange<'_>, issue: &Value) -> Result<Delivery, Delivery> {
    let is_over = exchange.field("status") == "resolved";
    let Some(found) = find(exchange, issue, is_over)? else {
        if is_over {
            return Ok(accepted("no open issue"));
        }
        let request = request(exchange, Method::POST, "issue")?.json(issue);
        let answer = checked(exchange, &request)?;
        return Ok(accepted(answer.json()["key"].as_str().unwrap_or("created")));
    };
    let key = found["key"].as_str().unwrap_or_default().to_owned();
    let is_done = found["fields"]["status"]["statusCategory"]["key"] == "done";
    let path = format!("issue/{}", segment(&key));
    let words: Map<String, Value> = ["summary", "description"]
        .into_iter()
        .filter(|name| !is_over && exchange.field(&format!("update:{name}")) == "true")
        .map(|name| (name.to_owned(), issue["fields"][name].clone()))
        .collect();
    if !words.is_empty() {
        let request = request(exchange, Method::PUT, &path)?.json(&json!({ "fields": words }));
        checked(exchange, &request)?;
    }
    let transition = match (is_over, is_done) {
        (true, false) => exchange.field("resolve_transition"),
        (false, true) => exchange.field("reopen_transition"),
        _ => "",
    };
    if !transition.is_empty() {
        move_to(exchange, &path, transition)?;
    }
    Ok(accepted(&key))
}

/// The newest issue with the label of the group. Closed ones count while they may be opened again.
#[expect(clippy::fn_params_excessive_bools, reason = "one word of the payload, passed on")]
fn find(exchange: &Exchange<'_>, issue: &Value, is_over: bool) -> Result<Option<Value>, Delivery> {
    let quoted = |it: &str| Value::from(it).to_string();
    let mut query = String::new();
    if !exchange.field("wont_fix_resolution").is_empty() {
        let resolution = quoted(exchange.field("wont_fix_resolution"));
        query += &format!("(resolution is EMPTY or resolution != {resolution}) and ");
    }
    let minutes = exchange.field("reopen_duration").parse::<u64>().unwrap_or(0) / 60;
    if is_over || exchange.field("reopen_transition").is_empty() {
        query += "statusCategory != Done and ";
    } else if minutes != 0 {
        query += &format!("(resolutiondate is EMPTY or resolutiondate >= -{minutes}m) and ");
    }
    let project = quoted(issue["fields"]["project"]["key"].as_str().unwrap_or_default());
    let label = quoted(exchange.field("label"));
    query +=
        &format!("project={project} and labels={label} order by status ASC,resolutiondate DESC");
    // Version 3 of the cloud has another address for searches.
    let is_3 = exchange.account.setting("api_url").is_some_and(|it| it.contains("/rest/api/3"));
    let path = if is_3 { "search/jql" } else { "search" };
    let body = json!({ "jql": query, "maxResults": 1, "fields": ["status"] });
    let answer = checked(exchange, &request(exchange, Method::POST, path)?.json(&body))?;
    Ok(answer.json()["issues"].as_array().and_then(|it| it.first().cloned()))
}

fn move_to(exchange: &Exchange<'_>, issue: &str, name: &str) -> Result<(), Delivery> {
    let path = format!("{issue}/transitions");
    let answer = checked(exchange, &request(exchange, Method::GET, &path)?)?;
    let body = answer.json();
    let known = body["transitions"].as_array().into_iter().flatten();
    let id = known.filter(|it| it["name"] == name).find_map(|it| it["id"].as_str());
    let Some(id) = id else {
        let reason = format!("Jira has no transition `{name}` here");
        return Err(Delivery::Refused { reason });
    };
    let body = json!({ "transition": { "id": id } });
    checked(exchange, &request(exchange, Method::POST, &path)?.json(&body)).map(drop)
}

fn request(exchange: &Exchange<'_>, method: Method, path: &str) -> Result<Request, Delivery> {
    let base = exchange.account.need("api_url").map_err(|reason| Delivery::Refused { reason })?;
    Ok(Request::new(method, join(base, path)))
}

/// An answer of success; everything else is the delivery.
fn checked(exchange: &Exchange<'_>, request: &Request) -> Result<Answer, Delivery> {
    let answer = exchange.ask(request)?;
    match exchange.caller.judge(&answer) {
        Delivery::Accepted { .. } => Ok(answer),
        other => Err(other),
    }
}

fn accepted(reference: &str) -> Delivery {
    Delivery::Accepted { reference: reference.to_owned() }
}
