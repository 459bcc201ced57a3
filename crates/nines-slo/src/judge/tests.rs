use proptest::prelude::*;

use super::*;
use crate::testing::{DAY_MS, Events, HOUR_MS, MINUTE_MS, at, days, exclusion, goal, name, once};
use crate::{
    Alerting, Basis, BurnPair, Calendar, Counts, Guard, Objective, ObjectiveVersion, Overlay,
    OverlayAlerts, OverlayEffect, Period, Preset,
};

mod idle;

/// Everything that a judge looks at.
struct Bench {
    slo: SloName,
    goal: Goal,
    group: Labels,
    events: Events,
    cover: Cover,
    expected_total: Option<u64>,
}

impl Bench {
    fn new(goal: Goal, events: Events) -> Self {
        let (slo, group, cover) =
            (name("checkout/availability"), Labels::empty(), Cover::default());
        Self { slo, goal, group, events, cover, expected_total: None }
    }

    fn under(mut self, overlays: Vec<Overlay>) -> Self {
        let layer = |it| std::sync::Arc::new(crate::cover::Layer::new(it, MINUTE_MS));
        let layers: Vec<_> = overlays.into_iter().map(layer).collect();
        self.cover = Cover::of(&layers, &self.slo);
        self
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            slo: &self.slo,
            goal: &self.goal,
            group: &self.group,
            meter: &self.events,
            cover: &self.cover,
            unit: 1,
            expected_total: self.expected_total,
        }
    }

    fn status(&self, now_ms: i64) -> GoalStatus {
        self.judge().status(None, at(now_ms), Outlook::Told)
    }

    /// Since when each severity fires, in minutes, minute by minute.
    fn firing(&self, from_ms: i64, to_ms: i64) -> Vec<(i64, Vec<(Severity, i64)>)> {
        let mut activations = Activations::default();
        let mut seen: Vec<(i64, Vec<(Severity, i64)>)> = Vec::new();
        for minute in from_ms / MINUTE_MS..=to_ms / MINUTE_MS {
            let alerts = self.judge().evaluate(&mut activations, at(minute * MINUTE_MS));
            let alert = |it: &BurnAlert| (it.key.severity, it.since.as_second() / 60);
            let firing: Vec<_> = alerts.iter().map(alert).collect();
            if seen.last().map(|it| &it.1) != Some(&firing) {
                seen.push((minute, firing));
            }
        }
        seen
    }
}

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

fn version(effective_ms: i64, text: &str) -> ObjectiveVersion {
    ObjectiveVersion { effective: at(effective_ms), target: objective(text) }
}

fn versions(versions: &[ObjectiveVersion]) -> Goal {
    Goal { versions: versions.to_vec(), ..goal("99%", days(28)) }
}

/// Evidence: sloth#749, pyrra#53, pyrra#1547.
#[test]
fn every_event_earns_budget_under_the_objective_in_force_when_it_happened() {
    // Ten events a minute for two hours; the objective changes after the first.
    let events = Events::default().add(0, 2 * HOUR_MS, 10, 0);
    let goal = versions(&[
        ObjectiveVersion { effective: Timestamp::MIN, target: objective("99%") },
        version(HOUR_MS, "99.9%"),
    ]);
    let status = Bench::new(goal, events).status(2 * HOUR_MS);
    let parts: Vec<_> = status.permitted.iter().map(|it| (it.target, it.total)).collect();
    assert_eq!(parts, [(objective("99%"), 600), (objective("99.9%"), 600)]);
    // 6 and 0.6: exact, where whole events would lose the rest.
    assert_eq!(status.allowed.numerator, 6_600_000_000);
    assert_eq!(status.target, objective("99.9%"));
}

#[test]
fn an_event_at_the_instant_of_a_change_belongs_to_what_was_before() {
    let events = Events::new(vec![(HOUR_MS, 100, 0)]);
    let with = |effective_ms| {
        let goal = versions(&[version(0, "99%"), version(effective_ms, "90%")]);
        let status = Bench::new(goal, events.clone()).status(2 * HOUR_MS);
        status.allowed.whole_events()
    };
    assert_eq!(with(HOUR_MS - MINUTE_MS), 10);
    assert_eq!(with(HOUR_MS), 1);
}

#[test]
fn an_objective_that_is_only_announced_changes_nothing_yet() {
    let events = Events::default().add(0, HOUR_MS, 10, 1);
    let now_ms = HOUR_MS;
    let plain = Bench::new(versions(&[version(0, "99%")]), events.clone()).status(now_ms);
    let announced = versions(&[version(0, "99%"), version(now_ms + 1, "50%")]);
    let announced = Bench::new(announced, events).status(now_ms);
    assert_eq!(announced, plain);
}

#[test]
fn before_the_first_version_that_one_holds() {
    let events = Events::default().add(0, HOUR_MS, 10, 0);
    let goal = versions(&[version(30 * MINUTE_MS, "99%"), version(2 * HOUR_MS, "50%")]);
    assert_eq!(Bench::new(goal, events).status(HOUR_MS).allowed.whole_events(), 6);
}

#[test]
fn burn_is_judged_by_versions_too() {
    // 2 % errors: twice as fast as 99 % permits, a fifth of what 90 % permits.
    let events = Events::default().add(0, 28 * DAY_MS, 1_000, 20);
    let burn = |versions: &[ObjectiveVersion]| {
        let bench = Bench::new(self::versions(versions), events.clone());
        format!("{:.2}", bench.status(28 * DAY_MS).burns[0].burn_long)
    };
    assert_eq!(burn(&[version(0, "99%")]), "2.00");
    assert_eq!(burn(&[version(0, "99%"), version(28 * DAY_MS - HOUR_MS, "90%")]), "0.20");
    // Half of the hour each: 20 of 1 000 are permitted (10 + 100) ÷ 2.
    let half_ms = 28 * DAY_MS - HOUR_MS / 2;
    assert_eq!(burn(&[version(0, "99%"), version(half_ms, "90%")]), "0.36");
}

fn month() -> Goal {
    let zone = jiff::tz::TimeZone::get("Europe/Warsaw").unwrap();
    let window = Window::Calendar(Calendar { period: Period::Month, zone });
    Goal::new(objective("99%"), window.clone(), Alerting::preset(Preset::Scaled, &window, None))
}

/// 1970-02-01 in Warsaw.
const FEBRUARY_MS: i64 = 31 * DAY_MS - HOUR_MS;

#[test]
fn a_calendar_budget_is_whole_again_after_the_boundary() {
    let events = Events::default().add(0, 60 * DAY_MS, 10, 1);
    let bench = Bench::new(month(), events);
    let counts = |now_ms| {
        let status = bench.status(now_ms);
        (status.budget.counts.total, status.bounds.length(), status.state)
    };
    let minutes = |it: i64| u64::try_from(it / MINUTE_MS).unwrap();
    assert_eq!(counts(FEBRUARY_MS), (10 * minutes(FEBRUARY_MS), days(31), SloState::Spent));
    assert_eq!(counts(FEBRUARY_MS + MINUTE_MS), (10, days(28), SloState::Spent));
    assert_eq!(counts(FEBRUARY_MS + HOUR_MS), (600, days(28), SloState::Spent));
}

/// Evidence: slogen#36, kibana#146053.
#[test]
fn a_calendar_window_is_judged_whole_by_what_was_recorded_as_expected() {
    let events = Events::default().add(FEBRUARY_MS, FEBRUARY_MS + DAY_MS, 10, 1);
    let events = Events { since_ms: FEBRUARY_MS, ..events };
    let mut bench = Bench::new(month(), events);
    let now_ms = FEBRUARY_MS + DAY_MS;
    let left = |bench: &Bench, basis| {
        let standing = bench.status(now_ms).on(basis);
        (standing.total, standing.remaining_billionths)
    };
    let seen = (14_400, Some(-9_000_000_000));
    assert_eq!(left(&bench, Basis::Seen), seen);
    assert_eq!(left(&bench, Basis::Whole), seen); // nothing was recorded
    bench.expected_total = Some(288_000);
    assert_eq!(left(&bench, Basis::Whole), (288_000, Some(500_000_000)));
    assert_eq!(left(&bench, Basis::Seen), seen);
    bench.expected_total = Some(14_399); // fewer than were seen
    assert_eq!(left(&bench, Basis::Whole), seen);
    // The traffic of one day is all that is known of the week: 28 days of it.
    assert_eq!(bench.judge().expect_total(at(now_ms)), Some(28 * 14_400));
}

#[test]
fn a_rolling_window_of_which_a_part_is_unknown_is_scaled_to_its_length() {
    let since_ms = 21 * DAY_MS;
    let events = Events { since_ms, ..Events::default().add(since_ms, 28 * DAY_MS, 10, 1) };
    let status = Bench::new(goal("90%", days(28)), events).status(28 * DAY_MS);
    let (seen, whole) = (status.on(Basis::Seen), status.on(Basis::Whole));
    assert_eq!((seen.total, seen.remaining_billionths), (100_800, Some(0)));
    assert_eq!((whole.total, whole.remaining_billionths), (403_200, Some(750_000_000)));
    assert_eq!(format!("{:.2}", status.budget.coverage_ratio()), "0.25");
}

/// Evidence: composites of Elastic, where 100 % with bad events has consumed nothing.
#[test]
fn where_everything_must_be_good_one_bad_event_is_all_it_takes() {
    let mut goal = goal("100%", days(28));
    goal.alerting.pairs.clear();
    let state = |bad| {
        let events = Events::default().add(0, HOUR_MS, 10, bad);
        let status = Bench::new(goal.clone(), events).status(HOUR_MS);
        (status.state, status.remaining_billionths, status.exhausts_in)
    };
    assert_eq!(state(0), (SloState::Fine, Some(1_000_000_000), None));
    assert_eq!(state(1), (SloState::Spent, Some(0), Some(SignedDuration::ZERO)));
}

/// 28 good days, then half an hour of 40 % errors, then good again.
fn outage() -> Events {
    let start_ms = 28 * DAY_MS;
    let end_ms = start_ms + 30 * MINUTE_MS;
    let events = Events::default().add(0, start_ms, 300, 0).add(start_ms, end_ms, 300, 120);
    events.add(end_ms, end_ms + 2 * HOUR_MS, 300, 0)
}

/// Minutes after the beginning of the outage at which a page fires, and since when.
fn pages(bench: &Bench) -> Vec<(i64, Option<i64>)> {
    let (start_ms, start) = (28 * DAY_MS, 28 * DAY_MS / MINUTE_MS);
    let page = |alerts: &[(Severity, i64)]| {
        alerts.iter().find(|it| it.0 == Severity::Page).map(|it| it.1 - start)
    };
    let mut pages: Vec<(i64, Option<i64>)> = Vec::new();
    for (minute, alerts) in bench.firing(start_ms, start_ms + 2 * HOUR_MS) {
        if pages.last().map(|it| it.1) != Some(page(&alerts)) {
            pages.push((minute - start, page(&alerts)));
        }
    }
    pages
}

#[test]
fn a_page_comes_after_its_share_and_recovers_with_the_shortest_window() {
    // 6.72 % of an hour at 40 % errors are 10 minutes and 5 seconds.
    let bench = Bench::new(goal("99.5%", days(28)), outage());
    assert_eq!(pages(&bench), [(0, None), (11, Some(11)), (35, None)]);
}

#[test]
fn rules_of_prometheus_go_on_until_the_condition_ends() {
    let mut goal = goal("99.5%", days(28));
    goal.alerting.mode = AlertMode::Prometheus;
    let bench = Bench::new(goal, outage());
    // The half-hour window lets go after 27 minutes and 54 seconds.
    assert_eq!(pages(&bench), [(0, None), (11, Some(11)), (58, None)]);
}

#[test]
fn a_pair_that_must_hold_fires_later() {
    let mut goal = goal("99.5%", days(28));
    goal.alerting.pairs.truncate(1);
    goal.alerting.pairs[0].hold = SignedDuration::from_mins(15);
    assert_eq!(pages(&Bench::new(goal.clone(), outage())), [(0, None), (26, Some(26)), (35, None)]);
    goal.alerting.pairs[0].hold = SignedDuration::from_mins(24);
    assert_eq!(pages(&Bench::new(goal, outage())), [(0, None)]);
}

#[test]
fn a_planned_exclusion_silences_a_page_and_a_retroactive_one_does_not() {
    let start_ms = 28 * DAY_MS;
    let when = once(start_ms + 15 * MINUTE_MS, start_ms + 25 * MINUTE_MS);
    // A correction to what was: only its silence makes a difference.
    let effect = OverlayEffect::Correct { good: 1_800, total: 3_000 };
    let planned = Overlay { effect, ..exclusion("*", when) };
    let bench =
        |overlay: Overlay| Bench::new(goal("99.5%", days(28)), outage()).under(vec![overlay]);
    // It is the same page before and after.
    let silenced = pages(&bench(planned.clone()));
    assert_eq!(silenced[..4], [(0, None), (11, Some(11)), (16, None), (26, Some(11))]);
    let retroactive = Overlay { alerts: OverlayAlerts::Keep, ..planned };
    assert!(!pages(&bench(retroactive)).contains(&(16, None)));
}

/// Evidence: sloth#529, OpenSLO#302, kibana#209245.
#[test]
fn a_planned_exclusion_of_an_outage_pages_nobody_and_costs_nothing() {
    let start_ms = 28 * DAY_MS;
    let overlay = exclusion("checkout/*", once(start_ms, start_ms + 30 * MINUTE_MS));
    let bench = Bench::new(goal("99.5%", days(28)), outage()).under(vec![overlay]);
    assert_eq!(pages(&bench), [(0, None)]);
    let status = bench.status(start_ms + HOUR_MS);
    assert_eq!((status.budget.counts.bad, status.raw.counts.bad), (0, 3_600));
    assert_eq!(status.budget.known, days(28) - SignedDuration::from_mins(30));
    assert_eq!(status.overlays, ["db-maintenance"]);
    assert_eq!(bench.status(start_ms + 10 * MINUTE_MS).muted_by.as_deref(), Some("db-maintenance"));
}

#[test]
fn rules_of_prometheus_know_no_overlays_and_no_unknown_time() {
    let start_ms = 28 * DAY_MS;
    let overlay = exclusion("checkout/*", once(start_ms, start_ms + 30 * MINUTE_MS));
    let mut goal = goal("99.5%", days(28));
    goal.alerting.mode = AlertMode::Prometheus;
    let bench = Bench::new(goal.clone(), outage()).under(vec![overlay]);
    assert_eq!(pages(&bench), [(0, None), (11, Some(11)), (58, None)]);
    // Ten minutes old: its hour is full of errors for the rule, and empty for the budget.
    let since_ms = start_ms - 10 * MINUTE_MS;
    let events = Events { since_ms, ..Events::default().add(since_ms, start_ms, 300, 30) };
    let holds = |goal: &Goal| {
        let status = Bench::new(goal.clone(), events.clone()).status(start_ms);
        status.burns[0].holds
    };
    assert!(holds(&goal));
    goal.alerting.mode = AlertMode::Safe;
    assert!(!holds(&goal));
}

#[test]
fn without_pairs_nothing_fires_any_more() {
    let mut bench = Bench::new(goal("99.5%", days(28)), outage());
    let now = at(28 * DAY_MS + 20 * MINUTE_MS);
    let mut activations = Activations::default();
    assert_eq!(bench.judge().evaluate(&mut activations, now).len(), 1);
    assert_eq!(activations.firing(), Some(Severity::Page));
    bench.goal.alerting.pairs.clear();
    assert_eq!(bench.judge().evaluate(&mut activations, now), []);
    assert_eq!(bench.judge().status(Some(&activations), now, Outlook::Told).firing, None);
}

#[test]
fn the_bad_events_of_a_budget_are_attributed_under_overlays() {
    let start_ms = 28 * DAY_MS;
    let overlay = exclusion("*", once(start_ms + 20 * MINUTE_MS, start_ms + 30 * MINUTE_MS));
    let bench = Bench::new(goal("99.5%", days(28)), outage()).under(vec![overlay]);
    let incident = Cause {
        name: "INC-42".to_owned(),
        severity: 1,
        from: at(start_ms + 5 * MINUTE_MS),
        to: at(start_ms + HOUR_MS),
    };
    let attribution = bench.judge().attribute(&[incident], at(start_ms + HOUR_MS));
    assert_eq!((attribution.causes[0].bad, attribution.unattributed), (1_800, 600));
    // The day before was good but for the first five minutes, which are a part of its last hour.
    assert_eq!(attribution.causes[0].above_baseline, Some(1_800));
}

#[test]
fn a_calendar_budget_that_outlives_its_window_has_no_end() {
    // 1 % is permitted: 0.5 % errors never use it up, 2 % have used it up at once.
    let end = |bad| {
        let events = Events::default().add(FEBRUARY_MS, FEBRUARY_MS + DAY_MS, 200, bad);
        Bench::new(month(), events).status(FEBRUARY_MS + DAY_MS).exhausts_in
    };
    assert_eq!(end(1), None);
    assert_eq!(end(4), Some(SignedDuration::ZERO));
    // A good day, then 6 hours of 2 %: what is left lasts 18 hours more.
    let events = Events::default().add(FEBRUARY_MS, FEBRUARY_MS + DAY_MS, 200, 0).add(
        FEBRUARY_MS + DAY_MS,
        FEBRUARY_MS + DAY_MS + 6 * HOUR_MS,
        200,
        4,
    );
    let status = Bench::new(month(), events).status(FEBRUARY_MS + DAY_MS + 6 * HOUR_MS);
    assert_eq!(status.exhausts_in, Some(SignedDuration::from_hours(18)));
}

fn any_events() -> impl Strategy<Value = Events> {
    prop::collection::vec((1..600_i64, 0..1_000_u64, 0..1_000_u64), 0..40).prop_map(|events| {
        let event =
            |(minute, total, bad): (i64, u64, u64)| (minute * MINUTE_MS, total, bad.min(total));
        Events::new(events.into_iter().map(event).collect())
    })
}

fn any_versions() -> impl Strategy<Value = Vec<ObjectiveVersion>> {
    let permille = 1..=1_000_u64;
    prop::collection::btree_map(0..700_i64, permille, 1..5).prop_map(|it| {
        let version = |(minute, permille): (i64, u64)| {
            version(minute * MINUTE_MS, &format!("{}.{}%", permille / 10, permille % 10))
        };
        it.into_iter().map(version).collect()
    })
}

proptest! {
    #[test]
    fn what_is_allowed_is_the_sum_over_all_events(
        events in any_events(), versions in any_versions(), length in 1..700_i64,
    ) {
        let now_ms = 600 * MINUTE_MS;
        let from_ms = now_ms - length * MINUTE_MS;
        let goal = Goal { versions, ..goal("99%", SignedDuration::from_mins(length)) };
        let mut naive = 0;
        for &(at_ms, total, _) in events.list.iter().filter(|it| from_ms < it.0 && it.0 <= now_ms) {
            // In force when it happened: the last that had begun before.
            let began = goal.versions.iter().rfind(|it| it.effective < at(at_ms));
            let version = began.unwrap_or(&goal.versions[0]);
            naive += u128::from(total) * u128::from(version.target.allowed());
        }
        let status = Bench::new(goal, events).status(now_ms);
        prop_assert_eq!(status.allowed.numerator, naive);
        let parts = status.permitted.iter().map(|it| it.total).sum::<u64>();
        prop_assert_eq!(parts, status.budget.counts.total);
    }

    #[test]
    fn a_later_bad_event_never_raises_a_budget(
        events in any_events(), versions in any_versions(), minute in 1..600_i64,
    ) {
        let now_ms = 600 * MINUTE_MS;
        let goal = Goal { versions, ..goal("99%", SignedDuration::from_mins(500)) };
        let mut worse = events.list.clone();
        if let Some(it) = worse.iter_mut().find(|it| minute * MINUTE_MS <= it.0 && it.2 < it.1) {
            it.2 += 1;
        }
        let worse = Events::new(worse);
        let left = |events: Events| {
            let it = Bench::new(goal.clone(), events).status(now_ms);
            [it.on(Basis::Seen), it.on(Basis::Whole)].map(|it| it.remaining_billionths)
        };
        let (before, after) = (left(events), left(worse));
        prop_assert!(after[0] <= before[0] && after[1] <= before[1]);
    }

    #[test]
    fn windows_side_by_side_add_up(events in any_events(), middle in 1..599_i64) {
        let between = |from, to| events.between(from * MINUTE_MS, to * MINUTE_MS).counts;
        let (first, second, all) = (between(0, middle), between(middle, 600), between(0, 600));
        let sum = Counts { total: first.total + second.total, bad: first.bad + second.bad };
        prop_assert_eq!(sum, all);
    }
}
