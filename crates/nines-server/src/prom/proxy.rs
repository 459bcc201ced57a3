//! Questions that a metrics backend answers: passed on whole, and its answers passed back as they are.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;

use super::answer::PromError;
use super::params::Params;
use crate::backend::Backend;

/// What `backend` answers. `method` is POST where a form may be too long for an address.
pub(super) async fn pass_on(
    backend: &Backend,
    method: Method,
    path: &str,
    params: &Params,
) -> Result<Response, PromError> {
    let answer = backend.send(method, path, params.pairs()).await;
    let answer = answer.map_err(|error| PromError::unavailable(error.to_string()))?;
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned();
    let stream = futures_util::stream::unfold(Some(answer), |answer| async {
        let mut answer = answer?;
        match answer.chunk().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(answer))),
            Ok(None) => None,
            // Half an answer must not look like all of it.
            Err(error) => Some((Err(io::Error::other(error)), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(stream.fuse()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type.unwrap_or(json));
    Ok(response)
}
