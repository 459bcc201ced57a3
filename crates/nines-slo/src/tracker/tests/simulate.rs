//! Steady errors against the closed forms: detection after W · F · (1 − o) ÷ e.

use super::*;
use crate::burn::Phase;

/// 99.5 % over 28 days with 300 events a minute, like the example of the design.
const EVENTS_PER_SECOND: i64 = 5;

struct Run {
    tracker: Tracker,
    now_ms: i64,
    total: i64,
    bad: i64,
}

impl Run {
    /// 28 good days: a sample every five minutes, every 15 seconds in the last six hours.
    fn new() -> Self {
        let mut tracker = tracker(vec![slo("99.5%", days(28))]);
        let fine_from = 28 * 86_400 - 6 * 3_600;
        let seconds = (0..fine_from).step_by(300).chain((fine_from..=28 * 86_400).step_by(15));
        let seconds: Vec<i64> = seconds.collect();
        let history = |code: &str, events_per_second: i64| {
            let sample = |it: &i64| (START_MS + it * 1_000, (it * events_per_second) as f64);
            batch(series("a", code), &seconds.iter().map(sample).collect::<Vec<_>>())
        };
        tracker.observe(&[history("200", EVENTS_PER_SECOND), history("500", 0)]);
        let total = 28 * 86_400 * EVENTS_PER_SECOND;
        Self { tracker, now_ms: START_MS + 28 * DAY_MS, total, bad: 0 }
    }

    /// One scrape, `seconds` after the one before. Returns who fires.
    fn tick(&mut self, seconds: i64, bad_total: i64) -> Vec<Severity> {
        self.now_ms += seconds * 1_000;
        self.total += seconds * EVENTS_PER_SECOND;
        self.bad = bad_total;
        let (total, bad) = (self.total.unsigned_abs(), self.bad.unsigned_abs());
        self.tracker.observe(&scrape(self.now_ms, total, bad));
        self.tracker.evaluate(at(self.now_ms)).iter().map(|it| it.key.severity).collect()
    }

    fn phase(&self, severity: Severity) -> Option<Phase> {
        self.tracker.tracked[0].activations[&(0, Labels::empty())].get(severity).map(|it| it.phase)
    }
}

/// The times until page and ticket fire, at `permille` errors.
fn detection(permille: i64, tick_seconds: i64, hours: i64) -> String {
    let mut run = Run::new();
    let (mut page, mut ticket) = (None, None);
    for tick in 1..=hours * 3_600 / tick_seconds {
        let seconds = tick * tick_seconds;
        let firing = run.tick(tick_seconds, seconds * EVENTS_PER_SECOND * permille / 1_000);
        let first =
            |it: Option<i64>, severity| it.or(firing.contains(&severity).then_some(seconds));
        (page, ticket) = (first(page, Severity::Page), first(ticket, Severity::Ticket));
        if page.is_some() && ticket.is_some() {
            break;
        }
    }
    let text = |it: Option<i64>| match it {
        Some(seconds) => nines_base::format_duration(SignedDuration::from_secs(seconds)),
        None => "never".to_owned(),
    };
    format!("{permille} ‰: page after {}, ticket after {}\n", text(page), text(ticket))
}

fn check(actual: &str, expect: &Expect) {
    expect.assert_eq(actual);
}

#[test]
fn detection_follows_the_closed_forms() {
    let rows = [
        detection(1_000, 1, 1),
        detection(400, 5, 1),
        detection(50, 30, 7),
        detection(8, 60, 46),
        detection(5, 600, 80),
    ];
    check(
        &rows.concat(),
        &expect![[r#"
            1000 ‰: page after 4m3s, ticket after 20m10s
            400 ‰: page after 10m10s, ticket after 50m25s
            50 ‰: page after 3h22m, ticket after 6h44m30s
            8 ‰: page after never, ticket after 1d21h1m
            5 ‰: page after never, ticket after never
        "#]],
    );
}

#[test]
fn after_half_an_hour_of_errors_a_page_recovers_in_minutes_and_ends_with_its_windows() {
    let mut run = Run::new();
    for second in 1..=1_800 {
        run.tick(1, second * EVENTS_PER_SECOND);
    }
    let (mut phase, mut seen) =
        (run.phase(Severity::Page), format!("{:?}\n", run.phase(Severity::Page)));
    for second in 1..=2_000 {
        run.tick(1, 1_800 * EVENTS_PER_SECOND);
        if run.phase(Severity::Page) != phase {
            phase = run.phase(Severity::Page);
            let after = nines_base::format_duration(SignedDuration::from_secs(second));
            seen += &format!("{phase:?} after {after}\n");
        }
    }
    check(
        &seen,
        &expect![[r#"
        Some(Firing)
        Some(Recovering) after 5m
        None after 29m15s
    "#]],
    );
}
