//! `Idempotency-Key`: a request that is repeated under the same key is carried out once, and gets the first answer.
//!
//! The engine remembers what it answered, also across restarts; here a request only gets its name. Handlers know
//! nothing of it: what they ask of the engine while they serve a request with a key is asked under that key.

use std::cell::Cell;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use nines_engine::Command;
use nines_engine::answers::KEY_BYTES_MAX;
use sha2::{Digest, Sha256};

use super::config::FILES_BYTES_MAX;
use crate::access::Caller;
use crate::problem::Problem;
use crate::text;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

tokio::task_local! {
    static ASKED: Asked;
}

/// The request that is being served.
struct Asked {
    key: String,
    /// What tells its commands apart; most have one.
    commands: Cell<u32>,
    digest: String,
}

/// Gives a request that changes something the name that its client chose.
pub(super) async fn name(request: Request, next: Next) -> Response {
    let changes = matches!(*request.method(), Method::POST | Method::PUT | Method::DELETE);
    let Some(given) = request.headers().get(HEADER).filter(|_| changes) else {
        return next.run(request).await;
    };
    let given = match given.to_str() {
        Ok(given) if (1..=KEY_BYTES_MAX / 2).contains(&given.len()) => given.to_owned(),
        _ => {
            let most = KEY_BYTES_MAX / 2;
            let detail = format!("an Idempotency-Key has 1 to {most} printable characters");
            return Problem::bad_request(detail).into_response();
        }
    };
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, FILES_BYTES_MAX).await else {
        return Problem::bad_request("the body is too long or broken").into_response();
    };
    // Keys of different callers do not meet.
    let caller = parts.extensions.get::<Caller>().map(|it| it.name(None)).unwrap_or_default();
    let mut hasher = Sha256::new();
    for part in [parts.method.as_str(), &parts.uri.to_string()] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(&bytes);
    let digest = text::hex(&hasher.finalize());
    let mut whose = text::hex(&Sha256::digest(caller));
    whose.truncate(16);
    let asked = Asked { key: format!("{whose}:{given}"), commands: Cell::new(0), digest };
    ASKED.scope(asked, next.run(Request::from_parts(parts, Body::from(bytes)))).await
}

/// The command under the key of the request that is being served, if it has one.
pub(crate) fn under_key(command: Command) -> Command {
    let asked = ASKED.try_with(|it| {
        let number = it.commands.replace(it.commands.get() + 1);
        (format!("{}#{number}", it.key), it.digest.clone())
    });
    match asked {
        Ok((key, request)) => Command::Once { key, request, command: Box::new(command) },
        Err(_) => command,
    }
}
