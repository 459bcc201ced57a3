use expect_test::{Expect, expect};

use super::*;

fn observe(gist: &str) -> Command {
    let labels = Labels::new([("alertname", "SLOBurn"), ("service", "checkout")]).unwrap();
    let evidence = Evidence::default();
    Command::Observe { labels, annotations: BTreeMap::new(), evidence, gist: gist.to_owned() }
}

fn resolve() -> Command {
    Command::Resolve(ResolveReason::ConditionCleared)
}

/// Applies the commands one second apart and prints what became of each.
#[track_caller]
fn check(commands: Vec<Command>, expect: &Expect) {
    let (mut alert, mut out) = (Alert::default(), String::new());
    for (second, command) in (0..).zip(commands) {
        let at = Timestamp::from_second(second).unwrap();
        let line = match decide(&alert, command) {
            Ok(facts) => {
                for fact in &facts {
                    evolve(&mut alert, fact, at, 1);
                }
                let kind = facts.first().map_or("no news", |fact| match fact {
                    Fact::Fired { .. } => "fired",
                    Fact::Changed { .. } => "changed",
                    Fact::Resolved { .. } => "resolved",
                });
                let number = alert.activation.as_ref().map_or(0, |it| it.number);
                format!("{second}s {kind}, activation {number} {:?}\n", alert.phase())
            }
            Err(refusal) => format!("{second}s refused: {refusal}\n"),
        };
        out.push_str(&line);
    }
    expect.assert_eq(&out);
}

#[test]
fn only_news_becomes_a_fact() {
    check(
        vec![resolve(), observe("1h"), observe("1h"), observe("1h 6h"), resolve(), resolve()],
        &expect![[r#"
            0s no news, activation 0 Quiet
            1s fired, activation 1 Firing
            2s no news, activation 1 Firing
            3s changed, activation 1 Firing
            4s resolved, activation 1 Quiet
            5s no news, activation 1 Quiet
        "#]],
    );
}

#[test]
fn firing_again_is_a_new_activation() {
    check(
        vec![observe("1h"), resolve(), observe("1h")],
        &expect![[r#"
            0s fired, activation 1 Firing
            1s resolved, activation 1 Quiet
            2s fired, activation 2 Firing
        "#]],
    );
}

#[test]
fn limits_are_named() {
    let labels = |pairs: &[(&str, &str)]| Labels::new(pairs.iter().copied()).unwrap();
    let with = |labels| match observe("") {
        Command::Observe { annotations, evidence, gist, .. } => {
            Command::Observe { labels, annotations, evidence, gist }
        }
        other @ Command::Resolve(_) => other,
    };
    let long = "x".repeat(VALUE_BYTES_MAX + 1);
    let many: Vec<String> = (0..=PAIRS_MAX).map(|it| format!("l{it}")).collect();
    let many = many.iter().map(|it| (it.as_str(), "1")).chain([("alertname", "x")]);
    check(
        vec![
            with(labels(&[("service", "checkout")])),
            with(labels(&[("alertname", "x"), ("dump", &long)])),
            with(Labels::new(many).unwrap()),
        ],
        &expect![[r#"
            0s refused: an alert needs the label `alertname`
            1s refused: the value of `dump` is longer than 4096 bytes
            2s refused: an alert has at most 64 labels and 64 annotations
        "#]],
    );
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect![[r#"
        {"Fired":{"labels":{"alertname":"SLOBurn","service":"checkout"},"annotations":{},"evidence":{"subject":"","sentence":"","windows":[],"origin":{"file":"","line":0}},"gist":"1h"}}
        {"Resolved":{"reason":"ConditionCleared"}}
    "#]];
    let mut facts = decide(&Alert::default(), observe("1h")).unwrap();
    facts.push(Fact::Resolved { reason: ResolveReason::ConditionCleared });
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}
