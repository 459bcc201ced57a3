//! The parameters of this API's lists.

use nines_alert::syntax::parse_matcher;
use nines_base::{Labels, Matcher};
use regex::Regex;

use super::refusal::AmError;

/// What Go's OpenAPI library takes for "yes"; everything else is "no".
const YES: [&str; 10] =
    ["true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"];

/// The parameters of one request, repeated ones included.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn read(text: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(text.unwrap_or("").as_bytes()).into_owned();
        Self { pairs: pairs.collect() }
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Whether something is wanted that is wanted unless the request says otherwise.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.get(name).is_none_or(|it| YES.contains(&it.to_lowercase().as_str()))
    }

    /// All matchers of a name; all must match.
    pub(super) fn matchers(&self, name: &str) -> Result<Vec<Matcher>, AmError> {
        let read = |text: &str| match parse_matcher(text) {
            Ok((matcher, _)) => Ok(matcher),
            Err(error) => Err(AmError::bad(format!("bad matcher format: {text}: {error}"))),
        };
        self.all(name).map(read).collect()
    }

    /// Which receivers are meant.
    pub(super) fn receivers(&self) -> Result<Receivers, AmError> {
        let pattern = self.get("receiver").filter(|it| !it.is_empty());
        let pattern = pattern.map(|it| {
            Regex::new(&format!("^(?:{it})$"))
                .map_err(|error| AmError::bad(format!("failed to parse receiver param: {error}")))
        });
        let matchers = self.matchers("receiver_matchers")?;
        // Receivers have no labels here.
        let fit = matchers.iter().all(|it| it.matches(&Labels::empty()));
        Ok(Receivers { pattern: pattern.transpose()?, fit })
    }

    /// A number above 0.
    pub(super) fn limit(&self) -> Result<Option<usize>, AmError> {
        let Some(text) = self.get("limit") else { return Ok(None) };
        match text.parse() {
            Ok(limit) if 0 < limit => Ok(Some(limit)),
            _ => Err(AmError::bad(format!("`limit` is a whole number above 0, not `{text}`"))),
        }
    }
}

/// Which receivers are meant.
#[derive(Debug)]
pub(super) struct Receivers {
    pattern: Option<Regex>,
    /// Whether receivers without labels are.
    fit: bool,
}

impl Receivers {
    /// Whether a receiver of this name is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fit && self.pattern.as_ref().is_none_or(|it| it.is_match(name))
    }
}
