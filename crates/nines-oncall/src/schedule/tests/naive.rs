//! A schedule read minute by minute, as a person with a clock on the wall would: no arithmetic of turns, no zones
//! but what the clock shows.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span};

use super::*;

pub(super) const ZONES: [&str; 9] = [
    "Europe/London",
    "America/Chicago",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "UTC",
];

#[derive(Debug)]
pub(super) struct Case {
    pub(super) schedule: Schedule,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

pub(super) fn shown(cover: &Cover) -> String {
    match cover {
        Cover::Buffer => "free".to_owned(),
        Cover::Nobody => "nobody".to_owned(),
        Cover::Staffed(_) => cover.names().join("+"),
    }
}

/// Days on which, or near which, one of the zones changes its clocks, and a leap day.
const DAYS: [&str; 12] = [
    "2026-03-29",
    "2026-10-25",
    "2026-03-08",
    "2026-11-01",
    "2026-02-15",
    "2026-03-22",
    "2026-04-05",
    "2026-10-04",
    "2026-04-24",
    "2026-10-30",
    "2028-02-29",
    "2026-06-15",
];

pub(super) fn case() -> impl Strategy<Value = Case> {
    let zone = prop::sample::select(ZONES.to_vec());
    let day = prop::sample::select(DAYS.to_vec());
    (zone, day, prop::collection::vec(any_layer(), 1..4), 0..3 * 1440_i64).prop_map(
        |(zone, day, layers, early)| {
            let day: Date = day.parse().unwrap();
            let zone = TimeZone::get(zone).unwrap();
            let middle = zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
            let from = middle - SignedDuration::from_mins(early);
            let until = middle + SignedDuration::from_hours(48);
            let layers = layers.into_iter().enumerate();
            let layers = layers.map(|(index, it)| it.layer(&index.to_string(), day)).collect();
            let (edits, origin) = (Edits::AtHandOff, Origin::default());
            let schedule = Schedule { name: "shop".to_owned(), zone, layers, edits, origin };
            Case { schedule, from, until }
        },
    )
}

#[derive(Debug, Clone)]
struct AnyLayer {
    rotation: Option<(Unit, u32, u8)>,
    start_minutes_before: i64,
    members: Vec<(Vec<&'static str>, Option<i64>, Option<i64>)>,
    hours: Vec<(u8, u16, u16)>,
}

fn any_layer() -> impl Strategy<Value = AnyLayer> {
    let unit =
        prop::sample::select(vec![Unit::Hour, Unit::Hour, Unit::Day, Unit::Week, Unit::Month]);
    let rotation = prop::option::weighted(0.8, (unit, 1..9_u32, 0..0b110_0000_u8));
    let names = prop::sample::subsequence(vec!["ana", "ben", "cyd", "dee"], 0..3);
    let hours_off = || prop::option::weighted(0.3, -200..60_i64);
    let members = prop::collection::vec((names, hours_off(), hours_off()), 0..4);
    let minute = || prop_oneof![0..1440_u16, 0..240_u16, (0..24_u16).prop_map(|it| it * 60)];
    let hours = prop::collection::vec((1..128_u8, minute(), minute()), 0..3);
    (rotation, 0..12 * 1440_i64, members, hours).prop_map(
        |(rotation, start_minutes_before, members, hours)| AnyLayer {
            rotation,
            start_minutes_before,
            members,
            hours,
        },
    )
}

fn weekdays(bits: u8) -> Weekdays {
    let days = jiff::civil::Weekday::Monday.cycle_forward().take(7);
    days.enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, it)| it).collect()
}

impl AnyLayer {
    fn layer(self, name: &str, day: Date) -> Layer {
        let midnight = day.at(0, 0, 0, 0);
        let start = midnight - Span::new().minutes(self.start_minutes_before);
        let off = |it: Option<i64>| it.map(|it| midnight + Span::new().hours(it));
        let members = self.members.into_iter().map(|(names, from, until)| Member {
            people: names.into_iter().map(str::to_owned).collect(),
            from: off(from),
            until: off(until),
        });
        let members: Vec<Member> = members.collect();
        let crew = match self.rotation {
            Some((unit, length, skip)) => {
                let is_short = matches!(unit, Unit::Hour | Unit::Day) && length < 7;
                let skip = if is_short { weekdays(skip) } else { Weekdays::NONE };
                Crew::Rotation(Rotation { start, unit, length, members, skip })
            }
            None => Crew::Always(members.first().map(|it| it.people.clone()).unwrap_or_default()),
        };
        let hours = self.hours.into_iter().map(|(days, begin_minute, end)| ClockRange {
            weekdays: weekdays(days),
            begin_minute,
            end_minute: if end == 0 { ClockRange::DAY_MINUTES } else { end },
        });
        let hours = hours.collect();
        Layer { name: name.to_owned(), crew, hours, from: None, until: None }
    }
}

/// What a clock shows, minute by minute.
struct Clock {
    minutes: Vec<(Timestamp, DateTime)>,
    /// The latest that it has shown so far.
    latest: Vec<DateTime>,
}

impl Clock {
    fn watched(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Self {
        let (mut minutes, mut latest) = (Vec::new(), Vec::new());
        let mut at = from;
        while at < until {
            let civil = zone.to_datetime(at);
            let before = latest.last().copied().unwrap_or(civil);
            latest.push(civil.max(before));
            minutes.push((at, civil));
            at += SignedDuration::from_mins(1);
        }
        Self { minutes, latest }
    }

    /// The first minute in which it has shown `civil` or later.
    fn reaches(&self, civil: DateTime) -> usize {
        self.latest.partition_point(|it| *it < civil)
    }

    /// The last minute in which it shows `civil`, or else the first in which it is past.
    fn last_shows(&self, civil: DateTime) -> usize {
        let first = self.reaches(civil);
        // No fold is longer than a day.
        let window = self.minutes.iter().enumerate().skip(first).take(1_500);
        window.filter(|(_, (_, it))| *it == civil).map(|(it, _)| it).max().unwrap_or(first)
    }
}

/// The covers of [`from`, `until`) by minute.
pub(super) fn covers(
    schedule: &Schedule,
    from: Timestamp,
    until: Timestamp,
) -> Vec<(Timestamp, String)> {
    let clock = Clock::watched(
        &schedule.zone,
        from - SignedDuration::from_hours(20 * 24),
        until + SignedDuration::from_hours(48),
    );
    let mut covers = vec!["nobody".to_owned(); clock.minutes.len()];
    for layer in &schedule.layers {
        let crews = crews(layer, &clock);
        let counts = counts(layer, &clock);
        for ((cover, crew), counts) in covers.iter_mut().zip(crews).zip(counts) {
            if let Some(crew) = crew.filter(|_| counts) {
                *cover = if crew.is_empty() { "free".to_owned() } else { crew };
            }
        }
    }
    let all = clock.minutes.iter().map(|(at, _)| *at).zip(covers);
    all.filter(|(at, _)| from <= *at && *at < until).collect()
}

/// Who has the turn in each minute: whenever the clock reaches a hand-off, the next in the list who may.
fn crews(layer: &Layer, clock: &Clock) -> Vec<Option<String>> {
    let named = |people: &[String]| {
        let mut people = people.to_vec();
        people.sort();
        people.join("+")
    };
    let rotation = match &layer.crew {
        Crew::Always(people) => return vec![Some(named(people)); clock.minutes.len()],
        Crew::Rotation(it) => it,
    };
    let mut crews = vec![None; clock.minutes.len()];
    let mut last: Option<usize> = None;
    for number in 0_i64.. {
        let count = number * i64::from(rotation.length);
        let step = match rotation.unit {
            Unit::Hour => Span::new().hours(count),
            Unit::Day => Span::new().days(count),
            Unit::Week => Span::new().weeks(count),
            Unit::Month => Span::new().months(count),
        };
        let hand_off = rotation.start + step;
        let minute = clock.reaches(hand_off);
        if minute == clock.minutes.len() {
            break;
        }
        if number > 0 && rotation.skip.contains(hand_off.weekday()) {
            continue;
        }
        let count = rotation.members.len();
        let first = last.map_or(0, |it| it + 1);
        let takes = |it: &Member| {
            it.from.is_none_or(|it| it <= hand_off) && it.until.is_none_or(|it| hand_off < it)
        };
        let next = (0..count).map(|it| (first + it) % count);
        let next = next.into_iter().find(|it| takes(&rotation.members[*it]));
        last = next.or(last);
        let crew = next.map(|it| named(&rotation.members[it].people));
        crews[minute..].fill(crew);
    }
    crews
}

fn counts(layer: &Layer, clock: &Clock) -> Vec<bool> {
    if layer.hours.is_empty() {
        return vec![true; clock.minutes.len()];
    }
    let mut counts = vec![false; clock.minutes.len()];
    let first = clock.minutes[0].1.date();
    let last = clock.minutes.last().unwrap().1.date();
    for date in first.series(Span::new().days(1)).take_while(|it| *it <= last) {
        for hours in &layer.hours {
            if !hours.weekdays.contains(date.weekday()) {
                continue;
            }
            let time = |minute: u16| Time::midnight() + Span::new().minutes(i64::from(minute));
            let begin = clock.reaches(date.to_datetime(time(hours.begin_minute)));
            let next = hours.end_minute <= hours.begin_minute;
            let day = if next { date.tomorrow().unwrap() } else { date };
            let end = if hours.end_minute == ClockRange::DAY_MINUTES {
                clock.reaches(day.tomorrow().unwrap().at(0, 0, 0, 0))
            } else {
                clock.last_shows(day.to_datetime(time(hours.end_minute)))
            };
            if begin < end {
                counts[begin..end].fill(true);
            }
        }
    }
    counts
}
