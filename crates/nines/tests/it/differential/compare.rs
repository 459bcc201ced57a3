//! Two answers of the HTTP API, compared.

use std::collections::BTreeMap;

use serde_json::Value;

/// Both engines add floats, but not in the same order.
const RELATIVE_MAX: f64 = 1e-9;
const ABSOLUTE_MAX: f64 = 1e-9;

/// Whether the answer has no values.
pub(crate) fn is_empty(answer: &Value) -> bool {
    answer["data"]["result"].as_array().is_none_or(Vec::is_empty)
}

/// What is different, in words; nothing if they say the same.
pub(crate) fn differs(theirs: &Value, ours: &Value) -> Option<String> {
    for key in ["status", "errorType"] {
        if theirs[key] != ours[key] {
            return Some(format!("{key}: {theirs:.400} — {ours:.400}"));
        }
    }
    if theirs["data"]["resultType"] != ours["data"]["resultType"] {
        return Some(format!("{} — {}", theirs["data"]["resultType"], ours["data"]["resultType"]));
    }
    let (theirs, ours) = (points(&theirs["data"]), points(&ours["data"]));
    for (place, value) in &theirs {
        match ours.get(place) {
            None => return Some(format!("{place:?}: {value} — missing")),
            Some(other) if !is_equal(*value, *other) => {
                return Some(format!("{place:?}: {value} — {other}"));
            }
            Some(_) => {}
        }
    }
    let (place, value) = ours.iter().find(|(place, _)| !theirs.contains_key(*place))?;
    Some(format!("{place:?}: missing — {value}"))
}

/// Every value by its series and its time, whatever the type of the result.
fn points(data: &Value) -> BTreeMap<(String, String), f64> {
    let result = &data["result"];
    if matches!(data["resultType"].as_str(), Some("scalar" | "string")) {
        return BTreeMap::from([((String::new(), result[0].to_string()), number(&result[1]))]);
    }
    let mut points = BTreeMap::new();
    for series in result.as_array().into_iter().flatten() {
        // Maps of this library are sorted.
        let metric = series["metric"].to_string();
        let values = series["values"].as_array().into_iter().flatten();
        for point in values.chain(series.get("value")) {
            points.insert((metric.clone(), point[0].to_string()), number(&point[1]));
        }
    }
    points
}

fn number(value: &Value) -> f64 {
    let text = value.as_str().unwrap();
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

#[expect(clippy::float_cmp, reason = "infinities are equal to themselves")]
fn is_equal(one: f64, two: f64) -> bool {
    let close = |most: f64| (one - two).abs() <= RELATIVE_MAX * most + ABSOLUTE_MAX;
    one == two || (one.is_nan() && two.is_nan()) || close(one.abs().max(two.abs()))
}
