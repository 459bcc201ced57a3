//! Services with little traffic that keep their objective: how often does luck page?

use expect_test::expect;

use super::*;

const YEARS: u32 = 5;
const MINUTES: f64 = 60.0 * 24.0 * 365.0 * YEARS as f64;

/// When requests came, and the running sums with each of them.
#[derive(Default)]
struct Past(Vec<(f64, Counts)>);

impl Past {
    fn push(&mut self, minute: f64, bad: u64) {
        let last = self.0.last().map_or(Counts::default(), |it| it.1);
        self.0.push((minute, Counts { total: last.total + 1, bad: last.bad + bad }));
    }

    fn last(&self, length: SignedDuration, target: Objective) -> Measured {
        let (minute, now) = *self.0.last().unwrap();
        let from = minute - length.as_secs_f64() / 60.0;
        let older = self.0.partition_point(|it| it.0 <= from);
        let then = older.checked_sub(1).map_or(Counts::default(), |it| self.0[it].1);
        let counts = Counts { total: now.total - then.total, bad: now.bad - then.bad };
        let window = WindowCounts { from: at(0), to: at(0) + length, counts, known: length };
        Measured { window, allowed: Allowed::of(counts.total, target) }
    }
}

/// How often it pages in all the years with so many requests an hour at random, each of them bad by chance as often as
/// the objective allows.
fn false_pages(per_hour: f64, objective: &str, guard: Guard) -> u32 {
    let mut random = fastrand::Rng::with_seed(7);
    let mut rules = goal(objective, days(28)).alerting;
    rules.guard = guard;
    rules.pairs.retain(|it| it.severity == Severity::Page);
    let target: Objective = objective.parse().unwrap();
    let (mut past, mut minute) = (Past::default(), 0.0);
    let (mut pages, mut fires) = (0, false);
    while minute < MINUTES {
        minute -= random.f64().max(1e-12).ln() * 60.0 / per_hour;
        let bad = u64::from(random.u64(..Objective::SCALE) < target.allowed());
        past.push(minute, bad);
        // Only a bad event begins a page.
        if bad == 0 && !fires {
            continue;
        }
        let holds = |pair: &BurnPair| {
            let (long, short) = (past.last(pair.long, target), past.last(pair.short, target));
            PairStatus::new(*pair, long, short, &rules).holds
        };
        let now = rules.pairs.iter().any(holds);
        pages += u32::from(now && !fires);
        fires = now;
    }
    pages
}

#[test]
fn an_idle_service_that_keeps_its_objective_pages_less_than_once_a_year() {
    let mut table = String::new();
    for objective in ["99%", "99.5%", "99.9%"] {
        for per_hour in [1.0, 3.0, 10.0] {
            let pages = false_pages(per_hour, objective, Guard::Tail);
            table += &format!("{objective}, {per_hour} an hour: {pages}\n");
            assert!(pages < YEARS, "{table}");
        }
    }
    expect![[r#"
        99%, 1 an hour: 0
        99%, 3 an hour: 1
        99%, 10 an hour: 0
        99.5%, 1 an hour: 0
        99.5%, 3 an hour: 4
        99.5%, 10 an hour: 0
        99.9%, 1 an hour: 0
        99.9%, 3 an hour: 0
        99.9%, 10 an hour: 0
    "#]]
    .assert_eq(&table);
    // Without the guard luck does page: the test would see it.
    assert!(300 * YEARS < false_pages(10.0, "99.5%", Guard::Off));
}

#[test]
fn a_real_outage_of_an_idle_service_still_pages() {
    // 20 requests an hour, of which every one fails from some moment on.
    let start_ms = 28 * DAY_MS;
    let requests = (1..=28 * 24 * 20 + 20).map(|it| it * 3 * MINUTE_MS);
    let events = requests.map(|it| (it, 1, u64::from(start_ms < it))).collect();
    let bench = Bench::new(goal("99.5%", days(28)), Events::new(events));
    let firing = bench.firing(start_ms, start_ms + HOUR_MS);
    let is_page = |it: &&(i64, Vec<(Severity, i64)>)| it.1.iter().any(|it| it.0 == Severity::Page);
    let after = firing.iter().find(is_page).map(|it| it.0 - start_ms / MINUTE_MS);
    assert_eq!(after, Some(12)); // the fourth of twenty, where two exceed the factor
}
