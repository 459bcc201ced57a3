//! A policy as text that depends on nothing but its meaning: what a digest is made from.

use std::fmt::Write;

use nines_base::format_duration;

use crate::numbers::plain_percent;
use crate::policy::{Basis, Effects, OnDependency, OnOpenIncident, OnUnknown, Overrides, Policy};
use crate::rulebook::ServicePattern;

impl Policy {
    /// One line for each part, always in the same order. Equal texts decide equally, wherever they were written.
    ///
    /// # Panics
    /// Never: writing into a text cannot fail.
    pub fn canonical(&self) -> String {
        let mut out = String::from("policy 1\n");
        let mut line = |name: &str, value: &str| {
            writeln!(out, "{name} {value}").expect("a String takes everything");
        };
        line("name", &self.name);
        line("mode", &self.mode.to_string());
        line("approvers", &self.approvers.join(" "));
        line("services", &services(&self.scope.services));
        line("envs", &self.scope.envs.join(" "));
        let changes: Vec<String> = self.scope.changes.iter().map(ToString::to_string).collect();
        line("changes", &changes.join(" "));
        line("objective", self.budget.objective.as_deref().unwrap_or("*"));
        line("window", self.budget.window.as_deref().unwrap_or("*"));
        line(
            "basis",
            match self.budget.basis {
                Basis::Seen => "seen",
                Basis::Whole => "whole",
            },
        );
        line("min_coverage", &plain_percent(i128::from(self.budget.min_coverage)));
        for it in &self.levels {
            line("level", &it.name);
            line(" enter", &it.enter.to_string());
            line(" leave", &it.leave.to_string());
            line(" hold", &format_duration(it.hold));
            line(" effects", &effects(&it.effects));
        }
        for it in &self.rules {
            line("rule", &it.name);
            line(" when", &it.when.to_string());
            line(" then", &effects(&it.then));
        }
        for it in &self.calendar {
            let exempt: Vec<String> = it.exempt.iter().map(ToString::to_string).collect();
            line("freeze", &format!("{} {} {} {}", it.name, it.from, it.until, exempt.join(" ")));
        }
        line(
            "open_incident",
            match self.open_incident {
                OnOpenIncident::Close => "close",
                OnOpenIncident::Note => "note",
            },
        );
        line(
            "dependency",
            match self.dependency {
                OnDependency::Note => "note",
                OnDependency::Freeze => "freeze",
                OnDependency::Excuse => "excuse",
            },
        );
        let unknown = &self.unknown;
        line("no_data", word(unknown.no_data));
        line("stale", word(unknown.stale));
        line("young", word(unknown.young));
        line("unreachable", word(unknown.unreachable));
        if let Some(Overrides { team, expires, approvers, higher }) = &self.overrides {
            line("overrides", &format!("{team} {}", format_duration(*expires)));
            line(" approvers", &approvers.join(" "));
            line(" higher", &higher.join(" "));
        }
        out
    }
}

fn word(it: OnUnknown) -> &'static str {
    OnUnknown::ALL.iter().find(|(_, known)| *known == it).map_or("unknown", |(word, _)| word)
}

fn services(pattern: &ServicePattern) -> String {
    match pattern {
        ServicePattern::All => "*".to_owned(),
        ServicePattern::Named(names) => {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        ServicePattern::Selected(wanted) => {
            let wanted = wanted.iter().map(|(key, value)| format!("{key}={value}"));
            wanted.collect::<Vec<_>>().join(",")
        }
    }
}

fn effects(it: &Effects) -> String {
    let mut parts = Vec::new();
    let mut part = |name: &str, value: Option<String>| {
        parts.extend(value.map(|it| format!("{name}={it}")));
    };
    let yes = |is_so: bool| is_so.then(|| "yes".to_owned());
    part("max_step", it.max_step.map(|it| plain_percent(i128::from(it))));
    part("min_bake", it.min_bake.map(format_duration));
    part("batch", it.batch.map(format_duration));
    part("approvals", (0 < it.approvals).then(|| it.approvals.to_string()));
    part("hold", yes(it.hold));
    part("freeze", yes(it.freeze));
    let exempt: Vec<String> = it.exempt.iter().map(ToString::to_string).collect();
    part("exempt", (!exempt.is_empty()).then(|| exempt.join("+")));
    part("ticket", it.ticket.clone());
    part("notify", it.notify.clone());
    part("scrape", it.scrape.map(format_duration));
    part("postmortem", yes(it.postmortem));
    part("action", it.action.clone());
    part("plan_item", it.plan_item.clone());
    parts.join(" ")
}
