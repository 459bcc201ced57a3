//! Hand-offs: what whoever comes on call should know, in words.

use std::fmt::Write;

use jiff::Timestamp;

/// No more things of one sort are listed; the rest is counted.
const LISTED_MAX: usize = 10;

/// What is open when somebody comes on call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// Alerts that fire and that people of this schedule were told of, a line each.
    pub alerts: Vec<String>,
    /// Incidents that are open.
    pub incidents: Vec<String>,
    /// Silences that end within the shift, and when.
    pub silences: Vec<(Timestamp, String)>,
    /// Changes of the last day, the newest first.
    pub changes: Vec<String>,
    /// People who owe sleep, and since when.
    pub debts: Vec<(Timestamp, String)>,
}

/// The first line, and the whole text, for somebody who is on call for `schedule` from now until `until`.
pub fn words(
    schedule: &str,
    before: &[&str],
    until: Timestamp,
    situation: &Situation,
) -> (String, String) {
    let subject = format!("you are on call for {schedule} until {}", minute(until));
    let mut text = format!("{subject}\n");
    if !before.is_empty() {
        writeln!(text, "before you  {}", before.join(", ")).expect("a String takes everything");
    }
    let Situation { alerts, incidents, silences, changes, debts } = situation;
    let timed = |all: &[(Timestamp, String)], word: &str| -> Vec<String> {
        all.iter().map(|(at, it)| format!("{it}, {word} {}", minute(*at))).collect()
    };
    list(&mut text, "fires", alerts);
    list(&mut text, "incident", incidents);
    list(&mut text, "silence", &timed(silences, "ends"));
    list(&mut text, "changed", changes);
    list(&mut text, "owes sleep", &timed(debts, "since"));
    if *situation == Situation::default() {
        text.push_str("nothing is open\n");
    }
    (subject, text)
}

fn list(text: &mut String, name: &str, lines: &[String]) {
    for line in lines.iter().take(LISTED_MAX) {
        writeln!(text, "{name:<12}{line}").expect("a String takes everything");
    }
    if let Some(more) = lines.len().checked_sub(LISTED_MAX).filter(|it| 0 < *it) {
        writeln!(text, "{:<12}and {more} more", "").expect("a String takes everything");
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

#[cfg(test)]
mod tests;
