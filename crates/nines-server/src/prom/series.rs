//! `labels`, `label/…/values`, `series`.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::Response;
use nines_base::Matcher;

use super::answer::PromError;
use super::json;
use super::params::Params;
use super::proxy::pass_on;
use super::result::write_list;
use super::stream::{Packing, streamed};
use crate::app::App;

/// The most names, values or series of one answer.
const LIST_MAX: usize = 100_000;
/// Begins names that are escaped so that they fit into a path.
const ESCAPED: &str = "U__";

/// What a listing is restricted to.
struct Restriction {
    matchers: Vec<Vec<Matcher>>,
    from_ms: i64,
    to_ms: i64,
    limit: usize,
}

impl Restriction {
    fn of(params: &Params) -> Result<Self, PromError> {
        Ok(Self {
            matchers: params.matchers()?,
            from_ms: params.time_ms("start")?.unwrap_or(i64::MIN),
            to_ms: params.time_ms("end")?.unwrap_or(i64::MAX),
            limit: params.limit("limit", LIST_MAX)?,
        })
    }

    /// One more than will be shown, to see whether there are more.
    fn wanted(&self) -> usize {
        self.limit + 1
    }
}

pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PromError> {
    let result = tokio::task::spawn_blocking(work).await;
    result.map_err(|error| PromError::internal(error.to_string()))
}

/// `/api/v1/labels`
pub(super) async fn labels(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        return pass_on(backend, Method::POST, "/api/v1/labels", &params).await;
    }
    let it = Restriction::of(&params)?;
    streamed(json_of(&params), move |out| {
        let names = app.metrics.store.label_names(&it.matchers, it.from_ms, it.to_ms, it.wanted());
        write_list(out, &names, it.limit, |bytes, name| json::text(bytes, name))
    })
    .await
}

/// `/api/v1/label/{name}/values`
pub(super) async fn label_values(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        let path = format!("/api/v1/label/{}/values", segment(&name));
        return pass_on(backend, Method::GET, &path, &params).await;
    }
    let name = unescape(&name);
    if name.is_empty() {
        return Err(PromError::bad_data(format!("invalid label name: {name:?}")));
    }
    let it = Restriction::of(&params)?;
    streamed(json_of(&params), move |out| {
        let (from_ms, to_ms) = (it.from_ms, it.to_ms);
        let values =
            app.metrics.store.label_values(&name, &it.matchers, from_ms, to_ms, it.wanted());
        write_list(out, &values, it.limit, |bytes, value| json::text(bytes, value))
    })
    .await
}

/// `/api/v1/series`
pub(super) async fn series(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    if let Some(backend) = &app.loaded().backend {
        return pass_on(backend, Method::POST, "/api/v1/series", &params).await;
    }
    let it = Restriction::of(&params)?;
    if it.matchers.is_empty() {
        return Err(PromError::bad_data("no match[] parameter provided"));
    }
    streamed(json_of(&params), move |out| {
        let series = app.metrics.store.series(&it.matchers, it.from_ms, it.to_ms, it.wanted());
        write_list(out, &series, it.limit, json::labels)
    })
    .await
}

fn json_of(params: &Params) -> Packing {
    Packing { content_type: "application/json", gzip: params.gzip() }
}

/// One segment of a path, with everything escaped that could end it.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).map(|it| it.replace('+', "%20")).collect()
}

/// `U__http_2e_requests` is `http.requests`: `__` stands for `_`, `_2e_` for the character with that number.
/// What is not escaped correctly is taken as it is.
///
/// Source: Prometheus, "UTF-8 in Prometheus", value encoding.
fn unescape(name: &str) -> String {
    let unescaped = name.strip_prefix(ESCAPED).and_then(|escaped| {
        let (mut out, mut rest) = (String::with_capacity(escaped.len()), escaped);
        while let Some((plain, tail)) = rest.split_once('_') {
            out.push_str(plain);
            let (code, tail) = tail.split_once('_')?;
            out.push(if code.is_empty() {
                '_'
            } else {
                char::from_u32(u32::from_str_radix(code, 16).ok()?)?
            });
            rest = tail;
        }
        out.push_str(rest);
        Some(out)
    });
    unescaped.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn names_that_do_not_fit_into_a_path_are_unescaped() {
        assert_eq!(unescape("job"), "job");
        assert_eq!(unescape("U__http_2e_route"), "http.route");
        assert_eq!(unescape("U__a__b"), "a_b");
        assert_eq!(unescape("U___e4_"), "ä");
        assert_eq!(unescape("U__"), "");
    }

    #[test]
    fn what_is_escaped_wrongly_is_taken_as_it_is() {
        assert_eq!(unescape("U__a_zz_"), "U__a_zz_");
        assert_eq!(unescape("U__a_2e"), "U__a_2e");
        assert_eq!(unescape("U__d800_"), "U__d800_");
        assert_eq!(unescape("U__a_d800_"), "U__a_d800_");
    }
}
