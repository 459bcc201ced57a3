//! When groups speak, to the tenth of a second: the timing that Alertmanager's users count on.
//!
//! Each script says what is posted when, and what a receiver hears when; `1.5..3` is a span in seconds.

use std::fmt::Write as _;

use jiff::SignedDuration;

use super::world::second;
use super::*;

fn time(seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "tests count in milliseconds")]
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
}

fn waits(wait: i64, interval: i64, repeat_ms: i64) -> Timing {
    Timing {
        wait: secs(wait),
        interval: secs(interval),
        repeat: SignedDuration::from_millis(repeat_ms),
    }
}

fn rules_with(group_by: &[&str], timing: Timing) -> Rules {
    let integrations = vec![WEBHOOK, CURT];
    let receiver = Receiver { name: "r".to_owned(), integrations, origin: Origin::default() };
    let root = Route { timing, ..route("r", &[], group_by) };
    Rules { root, receivers: [("r".to_owned(), receiver)].into(), ..Rules::default() }
}

/// What is posted: labels, annotation, start and end if they are said.
type Posted<'a> = (&'a str, &'a str, Option<f64>, Option<f64>);

fn incoming((text, note, start, end): Posted<'_>) -> Incoming {
    let annotations = (!note.is_empty()).then(|| ("note".to_owned(), note.to_owned()));
    Incoming {
        annotations: annotations.into_iter().collect::<BTreeMap<_, _>>(),
        starts_at: start.map(time),
        ends_at: end.map(time),
        ..alert(text, None, None)
    }
}

struct Script {
    world: World,
    heard: String,
}

impl Script {
    fn new(rules: Rules) -> Self {
        Self { world: World::new(rules), heard: String::new() }
    }

    fn wait(&mut self, seconds: f64) {
        let known = self.world.notices.len();
        self.world.wait(time(seconds));
        for (at, notice) in self.world.notices.iter().skip(known) {
            let Notice { integration, firing, resolved, .. } = notice;
            let mut alerts: Vec<String> =
                firing.iter().chain(resolved.iter()).map(|key| self.told(*key, *at)).collect();
            alerts.sort();
            writeln!(self.heard, "{} r/{integration}: {}", second(*at), alerts.join(" ")).unwrap();
        }
    }

    /// As a webhook shows it: what fires has no end.
    fn told(&self, key: AlertKey, at: Timestamp) -> String {
        let alert = self.world.state.alert(key).unwrap();
        let names = alert.labels.iter().map(|(_, value)| value).collect::<Vec<_>>().join("/");
        let note = alert.annotations().iter().map(|(_, value)| format!(":{value}"));
        let span = alert.span();
        let end = span.ends_at.filter(|it| *it <= at).map_or(String::new(), second);
        format!("{names}{}[{}..{end}]", note.collect::<String>(), second(span.starts_at))
    }

    fn post(&mut self, at: f64, alerts: &[Posted<'_>]) {
        self.wait(at);
        let alerts = alerts.iter().map(|it| incoming(*it)).collect();
        self.world.act(post(alerts), time(at));
    }

    fn heard(&mut self, until: f64, integration: u32) -> String {
        self.wait(until);
        let mark = format!(" r/{integration}: ");
        let lines = self.heard.lines().filter(|it| it.contains(&mark));
        lines.flat_map(|it| [it, "\n"]).collect()
    }
}

#[test]
fn overlapping_words_about_an_alert_are_merged() {
    let mut script = Script::new(rules_with(&["alertname"], waits(1, 1, 1)));
    let it = "alertname=test";
    script.post(1.0, &[(it, "", Some(1.1), None)]);
    script.post(1.2, &[(it, "", Some(1.0), None)]);
    script.post(2.1, &[(it, "v1", Some(2.0), None)]);
    script.post(3.6, &[(it, "v2", Some(1.5), None)]);
    script.post(4.6, &[(it, "v2", Some(3.0), Some(4.5))]);
    script.post(4.8, &[(it, "v3", Some(2.9), Some(4.8))]);
    script.post(4.8, &[(it, "v3", Some(2.9), Some(4.1))]);
    script.post(5.3, &[(it, "", Some(5.0), None)]);
    expect![[r#"
        2s r/0: test[1s..]
        3s r/0: test:v1[1s..]
        4s r/0: test:v2[1s..]
        5s r/0: test:v3[1s..4.8s]
        6.3s r/0: test[5s..]
    "#]]
    .assert_eq(&script.heard(6.5, 0));
}

#[test]
fn what_is_known_is_repeated_and_then_resolved() {
    let mut script = Script::new(rules_with(&["alertname"], waits(1, 1, 1)));
    script.post(1.0, &[("alertname=test", "", Some(1.0), None)]);
    script.post(3.5, &[("alertname=test", "", Some(1.0), Some(3.0))]);
    expect![[r#"
        2s r/0: test[1s..]
        3s r/0: test[1s..]
        4s r/0: test[1s..3s]
    "#]]
    .assert_eq(&script.heard(6.5, 0));
}

#[test]
fn alerts_of_one_interval_are_told_together() {
    let mut script = Script::new(rules_with(&[], waits(1, 1, 4_900)));
    script.post(1.1, &[("alertname=test1", "", Some(1.0), None)]);
    script.post(1.7, &[("alertname=test5", "", Some(1.0), None)]);
    script.post(
        3.3,
        &[
            ("alertname=test2", "", Some(1.5), None),
            ("alertname=test3", "", Some(1.5), None),
            ("alertname=test4", "", Some(1.6), None),
        ],
    );
    expect![[r#"
        2.1s r/0: test1[1s..] test5[1s..]
        4.1s r/0: test1[1s..] test2[1.5s..] test3[1.5s..] test4[1.6s..] test5[1s..]
        9.1s r/0: test1[1s..] test2[1.5s..] test3[1.5s..] test4[1.6s..] test5[1s..]
    "#]]
    .assert_eq(&script.heard(9.6, 0));
}

#[test]
fn whoever_does_not_want_resolved_alerts_hears_of_the_firing_ones() {
    let rules = rules_with(&["alertname"], waits(1, 5, 4 * 3_600_000));
    let mut script = Script::new(Rules { resolve_timeout: secs(10), ..rules });
    script.post(
        1.0,
        &[("alertname=test,lbl=v1", "", None, None), ("alertname=test,lbl=v2", "", None, None)],
    );
    script.post(
        3.0,
        &[
            ("alertname=test,lbl=v1", "", Some(1.0), Some(4.0)),
            ("alertname=test,lbl=v3", "", None, None),
        ],
    );
    script.post(8.0, &[("alertname=test,lbl=v3", "", Some(3.0), None)]);
    expect![[r#"
        2s r/0: test/v1[1s..] test/v2[1s..]
        7s r/0: test/v1[1s..4s] test/v2[1s..] test/v3[3s..]
        12s r/0: test/v2[1s..11s] test/v3[3s..]
    "#]]
    .assert_eq(&script.heard(12.5, 0));
    expect![[r#"
        2s r/1: test/v1[1s..] test/v2[1s..]
        7s r/1: test/v2[1s..] test/v3[3s..]
    "#]]
    .assert_eq(&script.heard(12.5, 1));
}

#[test]
fn what_is_inhibited_is_left_out_and_comes_back() {
    let inhibition = inhibit::Rule::new(
        vec![Matcher::equal("alertname", "JobDown")],
        vec![Matcher::equal("alertname", "InstanceDown")],
        ["job", "zone"].map(str::to_owned).into(),
    );
    let rules = rules_with(&[], waits(1, 1, 1_000));
    let mut script = Script::new(Rules { inhibitions: vec![inhibition], ..rules });
    for text in [
        "alertname=test1,job=testjob,zone=aa",
        "alertname=InstanceDown,job=testjob,zone=aa",
        "alertname=InstanceDown,job=testjob,zone=ab",
    ] {
        script.post(1.0, &[(text, "", None, None)]);
    }
    let down = "alertname=JobDown,job=testjob,zone=aa";
    script.post(2.2, &[(down, "", None, None)]);
    script.post(3.6, &[(down, "", Some(2.2), Some(3.6))]);
    expect![[r#"
        2s r/0: InstanceDown/testjob/aa[1s..] InstanceDown/testjob/ab[1s..] test1/testjob/aa[1s..]
        3s r/0: InstanceDown/testjob/ab[1s..] JobDown/testjob/aa[2.2s..] test1/testjob/aa[1s..]
        4s r/0: InstanceDown/testjob/aa[1s..] InstanceDown/testjob/ab[1s..] JobDown/testjob/aa[2.2s..3.6s] test1/testjob/aa[1s..]
    "#]].assert_eq(&script.heard(4.5, 0));
}

#[test]
fn a_silence_hides_while_it_holds() {
    let mut script = Script::new(rules_with(&[], waits(1, 1, 1)));
    script.post(1.0, &[("alertname=test1", "", Some(1.0), None)]);
    script.post(1.0, &[("alertname=test2", "", Some(1.0), None)]);
    script.wait(2.3);
    let set = vec![Matcher::equal("alertname", "test1")];
    script.world.silence(silence::Terms::new(vec![set], time(2.5), time(4.5)), time(2.3));
    expect![[r#"
        2s r/0: test1[1s..] test2[1s..]
        3s r/0: test2[1s..]
        4s r/0: test2[1s..]
        5s r/0: test1[1s..] test2[1s..]
    "#]]
    .assert_eq(&script.heard(5.5, 0));
}

#[test]
fn a_silence_that_is_ended_hides_no_more() {
    let mut script = Script::new(rules_with(&[], waits(1, 1, 1)));
    script.post(1.0, &[("alertname=test1", "", Some(1.0), None)]);
    script.post(1.0, &[("alertname=test2", "", Some(1.0), None)]);
    script.wait(1.3);
    let all = Matcher::new("alertname", nines_base::MatchOp::Regex, ".+").unwrap();
    script.world.silence(silence::Terms::new(vec![vec![all]], time(1.5), time(100.0)), time(1.3));
    script.wait(3.5);
    let id = script.world.silences.iter().next().unwrap().0;
    let fact = silence::Fact::Ended { id, why: silence::Why::Expired { by: String::new() } };
    silence::evolve(&mut script.world.silences, &fact, time(3.5));
    expect![[r#"
        4s r/0: test1[1s..] test2[1s..]
    "#]]
    .assert_eq(&script.heard(4.5, 0));
}
