//! The table of slo.md §6, and low traffic.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Origin};
use nines_promql::parse_selector;
use nines_slo::{Alerting, CounterSli, Method, Preset, Selector, Sli, SliKind, Window};

use super::*;

fn slo(objective: &str, days: i64) -> Slo {
    let selector =
        |it: &str| Selector { text: it.to_owned(), matchers: parse_selector(it).unwrap() };
    let window = Window::Rolling(SignedDuration::from_hours(days * 24));
    let alerting = Alerting::preset(Preset::Scaled, &window, None);
    Slo {
        name: "checkout-demo/availability".parse().unwrap(),
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        sli: Sli::from(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![selector("errors_total")],
            total: vec![selector("requests_total")],
            scale: 0,
        })),
        method: Method::Occurrences,
        goals: vec![Goal::new(objective.parse().unwrap(), window, alerting)],
        grouping: None,
        origin: Origin::default(),
    }
}

const PERCENT: u64 = 10_000_000;

fn outcomes(slo: &Slo, traffic: &str, errors: &[u64]) -> Vec<Outcome> {
    simulate(&Scenario {
        slo,
        goal: slo.primary(),
        traffic: traffic.parse().unwrap(),
        errors,
        fault: SignedDuration::from_mins(30),
        at: "2026-06-10T14:00:00Z".parse::<Timestamp>().unwrap(),
    })
}

fn seconds(it: Found) -> i64 {
    assert!(it.agrees(), "{it:?}");
    // Half a second counts as a whole one.
    (it.best() + SignedDuration::from_millis(500)).as_secs()
}

/// The table of the design, to the second.
#[test]
fn the_tracker_finds_what_the_closed_forms_say() {
    let slo = slo("99.5%", 28);
    let errors = [100 * PERCENT, 40 * PERCENT, 5 * PERCENT, 8 * PERCENT / 10];
    let found: Vec<[Option<i64>; 4]> = outcomes(&slo, "300/min", &errors)
        .iter()
        .map(|it| {
            [
                it.page.map(|it| seconds(it.after)),
                it.ticket.map(|it| seconds(it.after)),
                it.end.map(|it| seconds(it.recovering)),
                it.end.map(|it| seconds(it.ok)),
            ]
        })
        .collect();
    let (m, h) = (60, 3_600);
    let expected = [
        [Some(4 * m + 2), Some(20 * m + 10), Some(4 * m + 59), Some(29 * m + 10)],
        [Some(10 * m + 5), Some(50 * m + 24), Some(4 * m + 56), Some(27 * m + 54)],
        [Some(3 * h + 21 * m + 36), Some(6 * h + 43 * m + 12), None, None],
        [None, Some(45 * h), None, None],
    ];
    assert_eq!(found, expected);
}

#[test]
fn at_low_traffic_the_guard_makes_alerts_later_than_the_closed_form() {
    let slo = slo("99.5%", 28);
    let found = outcomes(&slo, "40/h", &[40 * PERCENT]);
    let page = found[0].page.unwrap().after;
    assert!(!page.agrees(), "{page:?}");
    assert!(page.closed_form.unwrap() < page.best(), "{page:?}");
}

#[test]
fn errors_that_the_objective_permits_never_alert() {
    let found = outcomes(&slo("99%", 7), "10/s", &[PERCENT, 0]);
    assert!(found.iter().all(|it| it.page.is_none() && it.ticket.is_none() && it.end.is_none()));
}
