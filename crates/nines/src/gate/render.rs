//! A decision as text.

use nines_release::{Cause, Check, CheckResult, Decision, Verdict};

use crate::output::Paint;

/// Say more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Explain;

/// A decision for people.
pub(super) fn render(decision: &Decision, explain: Option<Explain>) -> String {
    let (word, paint) = match decision.verdict {
        Verdict::Open => ("open", Paint::Blue),
        Verdict::Closed => ("closed", Paint::Red),
        Verdict::Unknown => ("unknown", Paint::Amber),
    };
    let (change, policy) = (&decision.change, &decision.policy);
    let version = change.version.as_ref().map_or(String::new(), |it| format!(" {it}"));
    let head = format!("{}{version} → {}", change.service, change.env);
    let since = policy.since.map_or(String::new(), |it| format!(" since {it}"));
    let level = format!("policy {}, level {}{since}", policy.name, policy.level);
    let mut lines = vec![format!("{}  {head:<48}  {level}", paint.on(word))];
    lines.extend(decision.checks.iter().map(|it| check_line(it, explain)));
    let mut note = |name: &str, text: String| lines.push(format!("{name:<14} {text}"));
    if decision.cause != Cause::Policy || explain.is_some() {
        note("because", cause_words(decision));
    }
    if let Some(it) = decision.shadow {
        note("shadow", format!("policy {} would say {it}; it only watches", policy.name));
    }
    if let Some(it) = &decision.exemption {
        note("exempt", format!("{} by {}, see {}", it.claim, it.by, it.evidence));
    }
    if let Some(it) = limits(decision) {
        note("limits", it);
    }
    if let Some(it) = decision.next_possible {
        note("next possible", format!("{it}, if nothing comes between"));
    }
    if explain.is_some() {
        note("policy", format!("{} ({})", policy.origin, policy.digest));
        note("decision", decision.id.to_string());
    }
    lines.join("\n")
}

fn cause_words(decision: &Decision) -> String {
    match (&decision.applied_default, decision.waiver) {
        (Some(default), _) => format!("{}, the policy says `{default}`", decision.cause),
        (None, Some(waiver)) => format!("waiver {waiver}"),
        (None, None) => decision.cause.to_string(),
    }
}

fn limits(decision: &Decision) -> Option<String> {
    let it = &decision.limits;
    let step = it.max_step.as_ref().map(|it| format!("steps of at most {it}"));
    let bake = it.min_bake.as_ref().map(|it| format!("each at least {it}"));
    let batch = it.batch.as_ref().map(|it| format!("one change in {it}"));
    let approvals = (0 < it.approvals).then(|| format!("{} approvals", it.approvals));
    let all: Vec<String> = [step, bake, batch, approvals].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn check_line(it: &Check, explain: Option<Explain>) -> String {
    let (mark, paint) = match it.result {
        CheckResult::Pass => ("✓", Paint::Plain),
        CheckResult::Fail => ("✗", Paint::Red),
        CheckResult::Unknown => ("?", Paint::Amber),
    };
    let needs = it.result != CheckResult::Pass || explain.is_some();
    let need = if needs { format!(", needs {}", it.need) } else { String::new() };
    format!("  {} {:<14} {}{need}", paint.on(mark), it.name, it.have)
}

#[cfg(test)]
mod tests;
