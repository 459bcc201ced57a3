use expect_test::expect;
use jiff::SignedDuration;

use super::*;

fn at(hour: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
}

fn name() -> SloName {
    "checkout/availability".parse().unwrap()
}

fn promise(target: &str, effective: Option<i64>) -> Promise {
    Promise {
        slo: name(),
        objective: "slo".to_owned(),
        target: target.parse().unwrap(),
        effective: effective.map(at),
    }
}

fn version(effective: Option<i64>, target: &str) -> ObjectiveVersion {
    let effective = effective.map_or(Timestamp::MIN, at);
    ObjectiveVersion { effective, target: target.parse().unwrap() }
}

/// Notes each promise an hour after the other, beginning with hour 0.
fn noted(promises: Vec<Promise>) -> State {
    let mut state = State::default();
    for (hour, promise) in (0..).zip(promises) {
        for fact in note(&state, vec![promise], at(hour)) {
            evolve(&mut state, &fact, at(hour));
        }
    }
    state
}

#[test]
fn a_changed_objective_counts_from_its_apply_and_the_first_one_from_ever() {
    let state = noted(vec![
        promise("99.9%", None),
        promise("99.9%", None),
        promise("99.95%", None),
        promise("99.5%", Some(10)),
    ]);
    let expected = [version(None, "99.9%"), version(Some(2), "99.95%"), version(Some(10), "99.5%")];
    assert_eq!(state.versions(&name(), "slo"), expected);
    assert_eq!(state.versions(&name(), "sla"), []);
}

#[test]
fn what_files_say_of_the_past_wins_over_facts() {
    let known = [version(None, "99.9%"), version(Some(5), "99.95%")];
    // No moment in the file: the one of its apply.
    assert_eq!(merged(&known, &[version(None, "99.95%")]), known);
    // A history in the file that goes back further than what facts know.
    let written = [version(Some(1), "99%"), version(Some(4), "99.95%")];
    let expected = [version(None, "99.9%"), written[0], written[1]];
    assert_eq!(merged(&known, &written), expected);
    // Not noted yet: what is written decides, and nothing is guessed.
    assert_eq!(merged(&known, &[version(None, "98%")]), [version(None, "98%")]);
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let golden = expect![[r#"
        {"Promised":{"slo":"checkout/availability","objective":"slo","target":"99.9%","effective":null}}
        {"Promised":{"slo":"checkout/availability","objective":"slo","target":"99.95%","effective":"1970-01-01T02:00:00Z"}}
        {"Forecast":{"slo":"checkout/availability","objective":"slo","window":"month","from":"1970-01-01T00:00:00Z","total":1872000}}
    "#]];
    let promised = |target: &str, effective| Fact::Promised {
        slo: name(),
        objective: "slo".to_owned(),
        target: target.parse().unwrap(),
        effective,
    };
    let forecast = Forecast {
        slo: name(),
        objective: "slo".to_owned(),
        window: "month".to_owned(),
        from: at(0),
        total: 1_872_000,
    };
    let facts =
        [promised("99.9%", None), promised("99.95%", Some(at(2))), Fact::Forecast(forecast)];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

#[test]
fn a_forecast_is_noted_once_and_the_newest_counts() {
    let forecast = |total| Forecast {
        slo: name(),
        objective: "slo".to_owned(),
        window: "month".to_owned(),
        from: at(0),
        total,
    };
    let mut state = State::default();
    for (hour, total) in [(1, 10), (2, 10), (3, 12)] {
        for fact in note_forecasts(&state, vec![forecast(total)]) {
            evolve(&mut state, &fact, at(hour));
        }
    }
    assert_eq!(state.forecast(&name(), "slo", "month"), Some((&forecast(12), at(3))));
    assert_eq!(state.forecasts().count(), 1);
}
