use expect_test::expect;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::testing::{DAY_MS, Events, HOUR_MS, MINUTE_MS, at, exclusion, name, once};

fn layers(overlays: Vec<Overlay>) -> Vec<Arc<Layer>> {
    overlays.into_iter().map(|it| Arc::new(Layer::new(it, MINUTE_MS))).collect()
}

fn cover(overlays: Vec<Overlay>) -> Cover {
    Cover::of(&layers(overlays), &name("checkout/availability"))
}

fn correction(when: When, good: u64, total: u64) -> Overlay {
    Overlay { effect: OverlayEffect::Correct { good, total }, ..exclusion("*", when) }
}

/// Total, bad, and known minutes of (`from`, `to`] in minutes, with ten events and a bad one each minute.
fn seen(overlays: Vec<Overlay>, from: i64, to: i64) -> (u64, u64, i64) {
    let events = Events::default().add(0, DAY_MS, 10, 1);
    let covered = cover(overlays).over(&events, 1, 0, DAY_MS);
    let it = covered.between(from * MINUTE_MS, to * MINUTE_MS);
    (it.counts.total, it.counts.bad, it.known.as_mins())
}

#[test]
fn what_is_excluded_counts_neither_as_events_nor_as_known_time() {
    let hour = || vec![exclusion("checkout/*", once(60 * MINUTE_MS, 120 * MINUTE_MS))];
    assert_eq!(seen(hour(), 0, 60), (600, 60, 60));
    assert_eq!(seen(hour(), 0, 61), (600, 60, 60));
    assert_eq!(seen(hour(), 0, 119), (600, 60, 60));
    assert_eq!(seen(hour(), 0, 121), (610, 61, 61));
    assert_eq!(seen(hour(), 61, 120), (0, 0, 0));
    assert_eq!(seen(hour(), 119, 121), (10, 1, 1));
    assert_eq!(seen(hour(), 120, 180), (600, 60, 60));
    let other = vec![exclusion("cart/*", once(60 * MINUTE_MS, 120 * MINUTE_MS))];
    assert_eq!(seen(other, 0, 180), (1_800, 180, 180));
}

#[test]
fn a_slice_of_which_a_part_is_excluded_is_excluded_as_a_whole() {
    let when = once(60 * MINUTE_MS + 1_000, 62 * MINUTE_MS + 1_000);
    assert_eq!(seen(vec![exclusion("*", when)], 0, 120), (1_170, 117, 117));
}

#[test]
fn a_correction_holds_instead_and_belongs_to_its_end() {
    let hour = || vec![correction(once(60 * MINUTE_MS, 120 * MINUTE_MS), 595, 600)];
    assert_eq!(seen(hour(), 0, 180), (1_800, 125, 180));
    assert_eq!(seen(hour(), 0, 119), (600, 60, 119));
    assert_eq!(seen(hour(), 90, 120), (600, 5, 30));
    assert_eq!(seen(hour(), 120, 180), (600, 60, 60));
}

#[test]
fn a_correction_counts_in_the_unit_of_the_meter() {
    let events = Events::default();
    let cover = cover(vec![correction(once(0, HOUR_MS), 599, 600)]);
    let counts = cover.over(&events, 1_000_000, 0, DAY_MS).between(0, DAY_MS).counts;
    assert_eq!(counts, Counts { total: 600_000_000, bad: 1_000_000 });
}

#[test]
fn exclusions_go_before_corrections_and_later_corrections_before_earlier_ones() {
    let minutes = |from, to| once(from * MINUTE_MS, to * MINUTE_MS);
    // The middle of the correction is excluded: what it gives stays.
    let middle = vec![exclusion("*", minutes(80, 100)), correction(minutes(60, 120), 600, 600)];
    assert_eq!(seen(middle, 0, 180), (1_800, 120, 160));
    // Its end is excluded, and what it gives with it.
    let end = vec![correction(minutes(60, 120), 600, 600), exclusion("*", minutes(110, 130))];
    assert_eq!(seen(end, 0, 180), (1_100, 110, 160));
    let two = vec![correction(minutes(60, 120), 0, 7), correction(minutes(90, 150), 600, 600)];
    assert_eq!(seen(two, 0, 180), (1_800, 120, 180));
}

fn weekly(days: &[Weekday], from: (i8, i8), to: (i8, i8), expires: &str) -> Overlay {
    let time = |(hour, minute)| Time::new(hour, minute, 0, 0).unwrap();
    let zone = TimeZone::get("Europe/Warsaw").unwrap();
    let (from, to) = (time(from), time(to));
    let when = When::Weekly { days: days.to_vec(), from, to, zone, since: None };
    Overlay { expires: Some(expires.parse().unwrap()), ..exclusion("*", when) }
}

/// When it holds after an instant, in Warsaw.
fn times(overlay: Overlay, after: &str) -> String {
    let zone = TimeZone::get("Europe/Warsaw").unwrap();
    let after_ms = after.parse::<Timestamp>().unwrap().as_millisecond();
    let layer = Layer::new(overlay, MINUTE_MS);
    let civil = |at_ms| zone.to_datetime(at(at_ms)).strftime("%a %F %R").to_string();
    let line = |it: &(i64, i64)| {
        format!("{} to {}, {} m\n", civil(it.0), civil(it.1), (it.1 - it.0) / MINUTE_MS)
    };
    layer.within(after_ms, i64::MAX).iter().map(line).collect()
}

#[test]
fn a_week_follows_the_clock_on_the_wall() {
    use Weekday::{Saturday, Sunday};
    // On the 29th of March 2:00 to 3:00 is missing, on the 25th of October it is there twice.
    let spring = weekly(&[Sunday], (2, 0), (3, 30), "2026-04-06T00:00:00Z");
    expect![[r#"
        Sun 2026-03-22 02:00 to Sun 2026-03-22 03:30, 90 m
        Sun 2026-03-29 03:00 to Sun 2026-03-29 03:30, 30 m
        Sun 2026-04-05 02:00 to Sun 2026-04-05 03:30, 90 m
    "#]]
    .assert_eq(&times(spring, "2026-03-20T00:00:00Z"));
    let autumn = weekly(&[Sunday], (2, 0), (3, 0), "2026-11-02T00:00:00Z");
    expect![[r#"
        Sun 2026-10-25 02:00 to Sun 2026-10-25 03:00, 120 m
        Sun 2026-11-01 02:00 to Sun 2026-11-01 03:00, 60 m
    "#]]
    .assert_eq(&times(autumn, "2026-10-20T00:00:00Z"));
    let missing = weekly(&[Sunday], (2, 0), (3, 0), "2026-04-06T00:00:00Z");
    expect![[r#"
        Sun 2026-04-05 02:00 to Sun 2026-04-05 03:00, 60 m
    "#]]
    .assert_eq(&times(missing, "2026-03-27T00:00:00Z"));
    let over_midnight = weekly(&[Saturday, Sunday], (23, 0), (1, 0), "2026-06-08T00:00:00Z");
    expect![[r#"
        Sat 2026-06-06 23:00 to Sun 2026-06-07 01:00, 120 m
        Sun 2026-06-07 23:00 to Mon 2026-06-08 01:00, 120 m
    "#]]
    .assert_eq(&times(over_midnight, "2026-06-05T00:00:00Z"));
}

#[test]
fn a_recurrence_ends_when_it_expires_and_begins_when_it_is_written_to() {
    let every_day = Weekday::Monday.cycle_forward().take(7).collect::<Vec<_>>();
    let overlay = weekly(&every_day, (12, 0), (13, 0), "2026-06-10T10:30:00Z"); // 12:30
    expect![[r#"
        Tue 2026-06-09 12:00 to Tue 2026-06-09 13:00, 60 m
        Wed 2026-06-10 12:00 to Wed 2026-06-10 12:30, 30 m
    "#]]
    .assert_eq(&times(overlay.clone(), "2026-06-08T11:00:00Z"));
    let When::Weekly { days, from, to, zone, .. } = overlay.when.clone() else { panic!() };
    let since: Option<Timestamp> = Some("2026-06-09T10:15:00Z".parse().unwrap());
    let when = When::Weekly { days, from, to, zone, since };
    expect![[r#"
        Tue 2026-06-09 12:15 to Tue 2026-06-09 13:00, 45 m
        Wed 2026-06-10 12:00 to Wed 2026-06-10 12:30, 30 m
    "#]]
    .assert_eq(&times(Overlay { when: when.clone(), ..overlay }, "2020-01-01T00:00:00Z"));
    // Without an end it is laid out for some years, and without either it never holds.
    let endless = Layer::new(exclusion("*", when.clone()), MINUTE_MS);
    assert_eq!(endless.times.len(), 4_001);
    let When::Weekly { days, from, to, zone, .. } = when else { panic!() };
    let nowhere = exclusion("*", When::Weekly { days, from, to, zone, since: None });
    assert_eq!(Layer::new(nowhere, MINUTE_MS).times, []);
}

#[test]
fn once_may_expire_too_and_a_stretch_without_length_is_none() {
    let overlay = exclusion("*", once(HOUR_MS, 3 * HOUR_MS));
    let expired = Overlay { expires: Some(at(2 * HOUR_MS)), ..overlay.clone() };
    assert_eq!(Layer::new(expired, MINUTE_MS).times, [(HOUR_MS, 2 * HOUR_MS)]);
    let empty = Overlay { expires: Some(at(HOUR_MS)), ..overlay };
    assert_eq!(Layer::new(empty, MINUTE_MS).times, []);
    assert_eq!(Layer::new(exclusion("*", once(HOUR_MS, 0)), MINUTE_MS).times, []);
}

#[test]
fn an_overlay_mutes_from_after_its_beginning_to_its_end_unless_alerts_are_kept() {
    let overlay = exclusion("checkout/*", once(HOUR_MS, 2 * HOUR_MS));
    let muted = |overlay: &Overlay, at_ms| cover(vec![overlay.clone()]).muted_by(at_ms).is_some();
    let instants = [HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS, 2 * HOUR_MS + 1];
    assert_eq!(instants.map(|it| muted(&overlay, it)), [false, true, true, false]);
    let kept = Overlay { alerts: OverlayAlerts::Keep, ..overlay };
    assert_eq!(instants.map(|it| muted(&kept, it)), [false; 4]);
}

#[test]
fn overlays_that_hold_in_a_window_are_named() {
    let cover = cover(vec![exclusion("*", once(HOUR_MS, 2 * HOUR_MS))]);
    assert_eq!(cover.names(0, HOUR_MS), Vec::<String>::new());
    assert_eq!(cover.names(0, HOUR_MS + 1), ["db-maintenance"]);
    assert_eq!(cover.names(2 * HOUR_MS - 1, DAY_MS), ["db-maintenance"]);
    assert_eq!(cover.names(2 * HOUR_MS, DAY_MS), Vec::<String>::new());
}

/// A stretch in minutes; some exclude, some correct.
fn any_overlay() -> impl Strategy<Value = Overlay> {
    let correct = prop::option::of((0..50_u64, 0..50_u64));
    (0..200_i64, 1..60_i64, correct).prop_map(|(from, length, correct)| {
        let when = once(from * MINUTE_MS, (from + length) * MINUTE_MS);
        match correct {
            None => exclusion("*", when),
            Some((good, bad)) => correction(when, good, good + bad),
        }
    })
}

/// Minute by minute, by the written rules only.
fn recount(overlays: &[Overlay], events: &Events, from: i64, to: i64) -> (Counts, i64) {
    let minutes = |it: &Overlay| match it.when {
        When::Once { from, to } => {
            (from.as_millisecond() / MINUTE_MS, to.as_millisecond() / MINUTE_MS)
        }
        When::Weekly { .. } => unreachable!("none is made"),
    };
    let holds = |it: &Overlay, minute: i64| {
        let (from, to) = minutes(it);
        from < minute && minute <= to
    };
    // Of corrections that overlap, only one that no later one that holds overlaps.
    let mut corrections: Vec<&Overlay> = Vec::new();
    for it in overlays.iter().rev().filter(|it| it.effect != OverlayEffect::Exclude) {
        let overlaps = |other: &&Overlay| {
            let ((from, to), (start, end)) = (minutes(it), minutes(other));
            from < end && start < to
        };
        if !corrections.iter().any(overlaps) {
            corrections.push(it);
        }
    }
    let (mut counts, mut known) = (Counts::default(), 0);
    for minute in from + 1..=to {
        let is_excluded = |it: &Overlay| it.effect == OverlayEffect::Exclude && holds(it, minute);
        if overlays.iter().any(is_excluded) {
            continue;
        }
        known += 1;
        match corrections.iter().find(|it| holds(it, minute)) {
            None => {
                let of_minute = events.list.iter().filter(|it| it.0 == minute * MINUTE_MS);
                for (_, total, bad) in of_minute {
                    counts.total += total;
                    counts.bad += bad;
                }
            }
            Some(it) if minutes(it).1 == minute => {
                if let OverlayEffect::Correct { good, total } = it.effect {
                    counts.total += total;
                    counts.bad += total - good;
                }
            }
            Some(_) => {}
        }
    }
    (counts, known)
}

proptest! {
    #[test]
    fn windows_under_overlays_are_those_of_a_recount(
        overlays in prop::collection::vec(any_overlay(), 0..8),
        events in prop::collection::vec((0..280_i64, 0..100_u64), 0..60),
        from in 0..260_i64, length in 0..260_i64,
    ) {
        let event = |(minute, bad): (i64, u64)| (minute * MINUTE_MS, 100, bad);
        let events = Events::new(events.into_iter().map(event).collect());
        let to = from + length;
        let cover = cover(overlays.clone());
        // Laid out for more than the window, and for no more than it.
        for (earliest, latest) in [(0, DAY_MS), (from * MINUTE_MS, to * MINUTE_MS)] {
            let covered = cover.over(&events, 1, earliest, latest);
            let window = covered.between(from * MINUTE_MS, to * MINUTE_MS);
            let counted = (window.counts, window.known.as_mins());
            prop_assert_eq!(counted, recount(&overlays, &events, from, to));
        }
    }

    #[test]
    fn excluding_nothing_changes_nothing(
        events in prop::collection::vec((0..280_i64, 0..100_u64), 0..60),
        from in 0..260_i64, length in 0..260_i64,
    ) {
        let event = |(minute, bad): (i64, u64)| (minute * MINUTE_MS, 100, bad);
        let events = Events::new(events.into_iter().map(event).collect());
        let events = Events { since_ms: 7 * MINUTE_MS, ..events };
        let (from_ms, to_ms) = (from * MINUTE_MS, (from + length) * MINUTE_MS);
        let elsewhere = exclusion("cart/*", once(0, DAY_MS));
        let later = exclusion("*", once(to_ms, to_ms + HOUR_MS));
        let empty = exclusion("*", once(from_ms + 1, from_ms + 1));
        let cover = cover(vec![elsewhere, later, empty]);
        let covered = cover.over(&events, 1, from_ms, to_ms);
        prop_assert_eq!(covered.between(from_ms, to_ms), events.between(from_ms, to_ms));
    }
}
