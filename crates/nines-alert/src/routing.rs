//! Routing: from an alert's labels to an escalation policy, with the reasons.

use nines_base::{Labels, Matcher, Origin};
use serde::{Deserialize, Serialize};

/// The ordered rules that find an escalation policy; the first that matches wins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routing {
    /// In the order of the files.
    pub routes: Vec<Route>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// All must match; none match everything.
    pub matchers: Vec<Matcher>,
    /// The policy's name.
    pub escalation: String,
    /// Where it was written.
    pub origin: Origin,
}

/// What routing decided, and why: this is what `nines why` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteDecision {
    /// The policy, or none: then nobody is told.
    pub escalation: Option<String>,
    /// What chose it, in words: the matchers of the route, or the alert's own rule.
    pub because: String,
    /// Where the choosing line was written.
    pub origin: Origin,
    /// The routes before it, and why each did not match.
    pub rejected: Vec<RejectedRoute>,
}

/// A route that did not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRoute {
    /// Where it was written.
    pub origin: Origin,
    /// The first matcher that failed.
    pub failed: String,
    /// The value that the alert has instead.
    pub value: String,
}

impl Routing {
    /// The first route whose matchers all match.
    pub fn decide(&self, labels: &Labels) -> RouteDecision {
        let mut rejected = Vec::new();
        for route in &self.routes {
            match route.matchers.iter().find(|it| !it.matches(labels)) {
                Some(failed) => rejected.push(RejectedRoute {
                    origin: route.origin.clone(),
                    failed: failed.to_string(),
                    value: labels.value(failed.name()).to_owned(),
                }),
                None => {
                    let because = match route.matchers.as_slice() {
                        [] => "matches everything".to_owned(),
                        matchers => join(matchers),
                    };
                    let (escalation, origin) =
                        (Some(route.escalation.clone()), route.origin.clone());
                    return RouteDecision { escalation, because, origin, rejected };
                }
            }
        }
        let because = "no route matches".to_owned();
        RouteDecision { escalation: None, because, origin: Origin::default(), rejected }
    }
}

fn join(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(Matcher::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests;
