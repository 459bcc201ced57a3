//! Lists of targets, as files and addresses have them.

use nines_base::Labels;
use serde_json::Value;

use crate::scrape::job::Target;

/// Targets with the same labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// `host:port` each.
    pub targets: Vec<String>,
    /// Set on all of them.
    pub labels: Vec<(String, String)>,
}

/// Each target on its own; `meta` says where the list comes from.
pub(super) fn targets(groups: &[TargetGroup], meta: (&str, &str)) -> Result<Vec<Target>, String> {
    let mut out = Vec::new();
    for TargetGroup { targets, labels } in groups {
        let labels = Labels::new(labels.iter().cloned()).map_err(|error| error.to_string())?;
        let labels = labels.with(meta.0, meta.1);
        out.extend(targets.iter().map(|it| Target { address: it.clone(), labels: labels.clone() }));
    }
    Ok(out)
}

/// `[{"targets": ["host:port"], "labels": {"name": "value"}}]`
pub(super) fn read_json(text: &[u8]) -> Result<Vec<TargetGroup>, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let groups = value.as_array().ok_or("the file is not a list of groups")?;
    groups
        .iter()
        .enumerate()
        .map(|(index, it)| group(it).map_err(|it| format!("[{index}]{it}")))
        .collect()
}

fn group(value: &Value) -> Result<TargetGroup, String> {
    let fields = value.as_object().ok_or(" is not an object with `targets`")?;
    if let Some(other) = fields.keys().find(|it| !matches!(it.as_str(), "targets" | "labels")) {
        return Err(format!(" has the unknown field `{other}`"));
    }
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let targets = match fields.get("targets") {
        None => Some(Vec::new()),
        Some(list) => list.as_array().and_then(|it| it.iter().map(text).collect()),
    };
    let labels = match fields.get("labels") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(map) => map.as_object().and_then(|it| {
            it.iter().map(|(name, value)| Some((name.clone(), text(value)?))).collect()
        }),
    };
    Ok(TargetGroup {
        targets: targets.ok_or(".targets is not a list of texts")?,
        labels: labels.ok_or(".labels is not an object of texts")?,
    })
}
