use expect_test::expect;
use nines_base::{Matcher, Origin};
use nines_slo::{AlertMode, Alerting, CounterSli, Goal, Guard, Method, Selector, SliKind, Window};

use super::*;

fn slo() -> Slo {
    let selector = Selector {
        text: "errors_total".to_owned(),
        matchers: vec![Matcher::equal("__name__", "errors_total")],
    };
    let alerting = Alerting {
        mode: AlertMode::Safe,
        guard: Guard::Tail,
        pairs: Vec::new(),
        escalation: Some("primary".to_owned()),
    };
    let window = Window::Rolling(SignedDuration::from_hours(24));
    let sli = SliKind::Counter(CounterSli {
        good: Vec::new(),
        bad: vec![selector.clone()],
        total: vec![selector],
        scale: 0,
    });
    Slo {
        name: "checkout/availability".parse().unwrap(),
        owner: None,
        runbook: Some("checkout-errors".to_owned()),
        labels: Labels::new([("team", "shop")]).unwrap(),
        sli: sli.into(),
        method: Method::Occurrences,
        goals: vec![Goal::new("99.9%".parse().unwrap(), window, alerting)],
        grouping: None,
        origin: Origin { file: "slo.yaml".to_owned(), line: 3 },
    }
}

#[test]
fn a_silent_slo_says_what_it_looks_for_and_what_is_near() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(200);
    let silent = Silent {
        slo: slo().name,
        since: Timestamp::UNIX_EPOCH,
        last_sample: Some(Timestamp::UNIX_EPOCH),
        selectors: vec![Unmatched {
            selector: "errors_total".to_owned(),
            finds: "there is no such metric".to_owned(),
            near: vec!["error_total".to_owned()],
        }],
    };
    let unknown = Silent { slo: "a/b".parse().unwrap(), ..silent.clone() };
    let observations = observe_no_data(&[silent, unknown], &[slo()], now);
    let [it] = observations.as_slice() else { panic!("one SLO is known: {observations:?}") };
    let mut lines = vec![it.labels.to_string(), it.evidence.sentence.clone()];
    lines.extend(it.annotations.iter().map(|(name, text)| format!("{name}: {text}")));
    expect![[r#"
        {alertname="SLONoData", service="checkout", severity="ticket", slo="availability", team="shop"}
        its budget is unknown; the last sample is from 1970-01-01 00:00:00 UTC; errors_total: there is no such metric (near: error_total)
        runbook: checkout-errors
        selector_1: errors_total: there is no such metric (near: error_total)
        summary: checkout/availability has had no data for 3 h 20 m: the last sample is from 1970-01-01 00:00:00 UTC"#]]
    .assert_eq(&lines.join("\n"));
    assert_eq!((it.urgency, it.escalation.as_deref()), (Urgency::Ticket, Some("primary")));
}
