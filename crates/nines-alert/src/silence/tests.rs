use std::fmt::Write as _;

use expect_test::{Expect, expect};
use nines_base::{Labels, MatchOp};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn minute(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(number)
}

fn id(number: u128) -> SilenceId {
    Id::from_bits(number)
}

fn labels(text: &str) -> Labels {
    let pairs = text.split(',').filter(|it| !it.is_empty());
    Labels::new(pairs.map(|it| it.split_once('=').unwrap())).unwrap()
}

/// `a=x,b=y`, from one minute to another.
fn terms(matchers: &str, from: i64, to: i64) -> Terms {
    let set = labels(matchers).iter().map(|(name, value)| Matcher::equal(name, value)).collect();
    let terms = Terms::new(vec![set], minute(from), minute(to));
    Terms { author: "ana".to_owned(), reason: "rack moves".to_owned(), ..terms }
}

fn new(terms: Terms) -> Command {
    Command::Set { id: None, terms: Box::new(terms) }
}

fn update(number: u128, terms: Terms) -> Command {
    Command::Set { id: Some(id(number)), terms: Box::new(terms) }
}

fn expire(number: u128) -> Command {
    Command::Expire { id: id(number), by: "ben".to_owned() }
}

fn watch(seen: &[(u128, bool)]) -> Command {
    Command::Watch(seen.iter().map(|(it, fires)| (id(*it), *fires)).collect())
}

fn confirm(number: u128, until: i64) -> Command {
    let confirm_by = Some(minute(until));
    Command::Confirm { id: id(number), by: "ana".to_owned(), confirm_by }
}

/// Short, with minutes.
fn tell(fact: &Fact) -> String {
    let name = |id: &SilenceId| id.to_bits();
    let at = |at: &Timestamp| at.as_second() / 60;
    match fact {
        Fact::Made { id, starts_at, ends_at, .. } => {
            format!("{} made, {}..{}", name(id), at(starts_at), at(ends_at))
        }
        Fact::Changed { id, starts_at, ends_at, .. } => {
            format!("{} changed, {}..{}", name(id), at(starts_at), at(ends_at))
        }
        Fact::Recurred { id, starts_at, ends_at } => {
            format!("{} recurs, {}..{}", name(id), at(starts_at), at(ends_at))
        }
        Fact::Watched { id, fires } => format!("{} fires: {fires}", name(id)),
        Fact::Reminded { id } => format!("{} reminded", name(id)),
        Fact::Confirmed { id, .. } => format!("{} confirmed", name(id)),
        Fact::Ended { id, why: Why::Replaced { with } } => {
            format!("{} replaced by {}", name(id), name(with))
        }
        Fact::Ended { id, why } => format!("{} ended: {why:?}", name(id)),
        Fact::Forgotten { id } => format!("{} forgotten", name(id)),
    }
}

/// Carries out the script (minute, command) and obeys wake-ups until `until`; ids count from 1.
fn run(state: &mut State, script: Vec<(i64, Command)>, until: i64) -> (String, Vec<Fact>) {
    let mut script = script.into_iter().map(|(at, it)| (minute(at), it)).peekable();
    let (mut out, mut all, mut next_id) = (String::new(), Vec::new(), 1);
    loop {
        let wake = state.wake_at().map(|at| (at, Command::Wake));
        let scripted = script.next_if(|(at, _)| wake.as_ref().is_none_or(|(wake, _)| at <= wake));
        let Some((now, command)) = scripted.or(wake).filter(|(at, _)| *at <= minute(until)) else {
            return (out, all);
        };
        let at = now.as_second() / 60;
        let is_wake = command == Command::Wake;
        match decide(state, command, id(next_id), now) {
            Ok(facts) => {
                next_id += u128::from(facts.iter().any(|it| matches!(it, Fact::Made { .. })));
                for fact in &facts {
                    evolve(state, fact, now);
                    writeln!(out, "{at:04} {}", tell(fact)).unwrap();
                }
                all.extend(facts);
            }
            Err(refusal) => writeln!(out, "{at:04} refused: {refusal}").unwrap(),
        }
        let is_obeyed = !is_wake || state.wake_at().is_none_or(|it| now < it);
        assert!(is_obeyed, "the same wake-up again");
    }
}

#[track_caller]
fn check(script: Vec<(i64, Command)>, expect: &Expect) {
    let mut state = State::default();
    expect.assert_eq(&run(&mut state, script, 30_000).0);
}

#[test]
fn a_silence_holds_from_its_start_through_its_end_and_is_forgotten_after_five_days() {
    check(
        vec![(0, new(terms("a=x", 10, 20)))],
        &expect![[r#"
            0000 1 made, 10..20
            0020 1 ended: Time
            7220 1 forgotten
        "#]],
    );
    let mut state = State::default();
    run(&mut state, vec![(0, new(terms("a=x", 10, 20)))], 15);
    let hides = |at| state.silencing(&labels("a=x,b=y"), at) == [id(1)];
    let millisecond = SignedDuration::from_millis(1);
    let hidden = [minute(10) - millisecond, minute(10), minute(20), minute(20) + millisecond];
    assert_eq!(hidden.map(hides), [false, true, true, false]);
    assert!(state.silencing(&labels("a=y"), minute(15)).is_empty());
}

#[test]
fn any_set_of_matchers_hides_and_nothing_begins_in_the_past() {
    let mut state = State::default();
    let mut either = terms("a=x,b=y", -50, 20);
    either.sets.push(vec![Matcher::new("c", MatchOp::Regex, "z+").unwrap()]);
    let (out, _) = run(&mut state, vec![(5, new(either))], 10);
    expect![[r#"
        0005 1 made, 5..20
    "#]]
    .assert_eq(&out);
    let hidden = ["a=x,b=y", "a=x", "c=zz", "c=zzy", "b=y,c=z"];
    let hides = hidden.map(|it| !state.silencing(&labels(it), minute(6)).is_empty());
    assert_eq!(hides, [true, false, true, false, true]);
}

#[test]
fn an_update_is_in_place_only_if_it_rewrites_no_past() {
    check(
        vec![
            (0, new(terms("a=x", 10, 20))),
            // Pending: may move, but not into the past.
            (1, update(1, terms("a=x", 12, 30))),
            (2, update(1, terms("a=x", 1, 30))),
            // Active: the same start, another end.
            (5, update(2, terms("a=x", 2, 40))),
            (6, update(2, terms("a=x", 3, 40))),
            (7, update(3, terms("a=y", 6, 40))),
            // Expired.
            (50, update(4, terms("a=y", 7, 60))),
        ],
        &expect![[r#"
            0000 1 made, 10..20
            0001 1 changed, 12..30
            0002 1 replaced by 2
            0002 2 made, 2..30
            0005 2 changed, 2..40
            0006 2 replaced by 3
            0006 3 made, 6..40
            0007 3 replaced by 4
            0007 4 made, 7..40
            0040 4 ended: Time
            0050 5 made, 50..60
            0060 5 ended: Time
            7202 1 forgotten
            7206 2 forgotten
            7207 3 forgotten
            7240 4 forgotten
            7260 5 forgotten
        "#]],
    );
}

#[test]
fn what_cannot_be_updated_leaves_the_old_one_as_it_was() {
    let mut state = State::default();
    let limits = Limits { count_max: 1, ..Limits::default() };
    state.configure(&limits, &[], minute(0));
    let script = vec![
        (0, new(terms("a=x", 0, 20))),
        (1, update(1, terms("a=y", 0, 20))),
        (1, update(7, terms("a=y", 0, 20))),
        (1, update(1, terms("a=x", 0, 30))),
    ];
    expect![[r#"
        0000 1 made, 0..20
        0001 refused: there are 1 silences, and there must not be more
        0001 refused: there is no silence sil_00000000000000000000000007
        0001 1 changed, 0..30
    "#]]
    .assert_eq(&run(&mut state, script, 10).0);
    assert_eq!(state.get(id(1)).unwrap().phase(minute(5)), Phase::Active);
}

#[test]
fn a_silence_is_expired_once_and_what_is_over_is_not_extended() {
    let extend = |to| Command::Extend { id: id(1), ends_at: minute(to), by: String::new() };
    check(
        vec![
            (0, new(terms("a=x", 0, 20))),
            (1, extend(40)),
            (30, expire(1)),
            (31, expire(1)),
            (32, extend(50)),
            (33, expire(9)),
            (40, new(terms("a=x", 50, 60))),
            (41, expire(2)),
        ],
        &expect![[r#"
            0000 1 made, 0..20
            0001 1 changed, 0..40
            0030 1 ended: Expired { by: "ben" }
            0032 refused: the silence sil_00000000000000000000000001 has expired; make a new one
            0033 refused: there is no silence sil_00000000000000000000000009
            0040 2 made, 50..60
            0041 2 ended: Expired { by: "ben" }
            7230 1 forgotten
            7241 2 forgotten
        "#]],
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let everything = Terms::new(
        vec![vec![Matcher::new("a", MatchOp::Regex, ".*").unwrap()]],
        minute(0),
        minute(9),
    );
    let mut half = terms("a=x", 0, 9);
    half.sets.push(Vec::new());
    let mut many = terms("a=x", 0, 9);
    many.sets = vec![many.sets[0].clone(); SETS_MAX + 1];
    let long = Terms { reason: "x".repeat(70_000), ..terms("a=x", 0, 9) };
    let unnamed = Terms { sets: vec![vec![Matcher::equal("", "x")]], ..terms("a=x", 0, 9) };
    let confirmed_after = Terms { confirm_by: Some(minute(10)), ..terms("a=x", 0, 9) };
    let all = [
        everything,
        half,
        many,
        long,
        unnamed,
        confirmed_after,
        terms("a=x", 9, 9),
        terms("a=x", -9, -1),
    ];
    check(
        all.into_iter().map(|it| (0, new(it))).collect(),
        &expect![[r#"
            0000 refused: a silence needs a matcher that does not match the empty string
            0000 refused: a silence needs a matcher that does not match the empty string
            0000 refused: a silence has at most 64 sets of matchers, and 256 matchers in all
            0000 refused: the silence has 70005 bytes, and may have 65536
            0000 refused: a matcher needs the name of a label
            0000 refused: a silence is confirmed between now and its end
            0000 refused: a silence must start before it ends
            0000 refused: the end of a silence must not be in the past
        "#]],
    );
}

#[test]
fn teams_limit_how_long_silences_are() {
    let mut state = State::default();
    let hours = SignedDuration::from_hours;
    let limits = Limits {
        longest: Some(hours(1)),
        longest_of_team: BTreeMap::from([("shop".to_owned(), hours(2))]),
        ..Limits::default()
    };
    state.configure(&limits, &[], minute(0));
    let named = Terms { team: Some("shop".to_owned()), ..terms("a=x", 0, 100) };
    let script = vec![
        (0, new(terms("a=x", 0, 61))),
        (0, new(terms("a=x", -5, 60))),
        (0, new(terms("team=shop", 0, 120))),
        (0, new(terms("team=shop", 0, 121))),
        (0, new(named)),
        (0, update(1, terms("a=x", 0, 61))),
    ];
    expect![[r#"
        0000 refused: silences of anybody last 1h at most
        0000 1 made, 0..60
        0000 2 made, 0..120
        0000 refused: silences of shop last 2h at most
        0000 3 made, 0..100
        0000 refused: silences of anybody last 1h at most
    "#]]
    .assert_eq(&run(&mut state, script, 10).0);
}

#[test]
fn a_silence_until_resolved_ends_five_minutes_after_the_last_alert() {
    let until_resolved = || Terms { ending: Ending::Resolved, ..terms("a=x", 0, 100) };
    check(
        vec![
            (0, new(until_resolved())),
            (1, watch(&[(1, true)])),
            (10, watch(&[(1, false)])),
            (12, watch(&[(1, true)])),
            (13, watch(&[(1, true)])),
            (20, watch(&[(1, false)])),
        ],
        &expect![[r#"
            0000 1 made, 0..100
            0010 1 fires: false
            0012 1 fires: true
            0020 1 fires: false
            0025 1 ended: Resolved
            7225 1 forgotten
        "#]],
    );
    // At the limit it ends all the same, and one that has not begun does not end.
    let later = Terms { starts_at: minute(50), ..until_resolved() };
    check(
        vec![
            (0, new(until_resolved())),
            (1, watch(&[(1, true)])),
            (2, new(later)),
            (3, watch(&[(1, true), (2, false)])),
        ],
        &expect![[r#"
            0000 1 made, 0..100
            0002 2 made, 50..100
            0003 2 fires: false
            0055 2 ended: Resolved
            0100 1 ended: Time
            7255 2 forgotten
            7300 1 forgotten
        "#]],
    );
}

#[test]
fn the_end_of_a_quiet_silence_is_computed() {
    let mut state = State::default();
    let until_resolved = Terms { ending: Ending::Resolved, ..terms("a=x", 0, 100) };
    run(&mut state, vec![(0, new(until_resolved)), (1, watch(&[(1, true)]))], 2);
    assert_eq!(state.watching(&labels("a=x")).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(state.get(id(1)).unwrap().end(), minute(100));
    run(&mut state, vec![(2, watch(&[(1, false)]))], 3);
    assert_eq!(state.get(id(1)).unwrap().end(), minute(7));
}

#[test]
fn a_reviewed_silence_is_reminded_of_and_ends_unless_it_is_confirmed() {
    let reviewed = || Terms { confirm_by: Some(minute(40)), ..terms("a=x", 0, 200) };
    check(
        vec![
            (0, new(reviewed())),
            (0, new(reviewed())),
            (35, confirm(1, 75)),
            (36, confirm(1, 300)),
            (37, confirm(1, 20)),
            (50, confirm(2, 60)),
        ],
        &expect![[r#"
            0000 1 made, 0..200
            0000 2 made, 0..200
            0030 1 reminded
            0030 2 reminded
            0035 1 confirmed
            0036 refused: a silence is confirmed between now and its end
            0037 refused: a silence is confirmed between now and its end
            0040 2 ended: Unconfirmed
            0050 refused: the silence sil_00000000000000000000000002 has expired; make a new one
            0065 1 reminded
            0075 1 ended: Unconfirmed
            7240 2 forgotten
            7275 1 forgotten
        "#]],
    );
}

#[test]
fn a_recurring_silence_shows_its_next_occurrence_as_pending() {
    let recurrence = Some(Recurrence {
        rule: "FREQ=DAILY;COUNT=3".to_owned(),
        zone: "UTC".to_owned(),
        length: SignedDuration::from_mins(30),
    });
    let recurring = Terms { recurrence, ..terms("a=x", 60, 100_000) };
    check(
        vec![
            (0, new(recurring.clone())),
            (2000, update(1, Terms { reason: "other".to_owned(), ..recurring.clone() })),
        ],
        &expect![[r#"
            0000 1 made, 60..90
            0090 1 recurs, 1500..1530
            1530 1 recurs, 2940..2970
            2000 1 changed, 2940..2970
            2970 1 ended: Time
            10170 1 forgotten
        "#]],
    );
    let mut state = State::default();
    run(&mut state, vec![(0, new(recurring))], 200);
    let silence = state.get(id(1)).unwrap();
    assert_eq!((silence.phase(minute(200)), silence.starts_at), (Phase::Pending, minute(1500)));
    assert!(state.silencing(&labels("a=x"), minute(1500)) == [id(1)]);
}

#[test]
fn a_silence_of_a_file_hides_and_only_its_file_changes_it() {
    let origin = Origin { file: "silences.yaml".to_owned(), line: 3 };
    let recurrence = Some(Recurrence {
        rule: "FREQ=DAILY".to_owned(),
        zone: "UTC".to_owned(),
        length: SignedDuration::from_mins(30),
    });
    let filed = Filed {
        name: "backup".to_owned(),
        terms: Terms { recurrence, ..terms("a=x", 60, 100_000) },
        origin,
    };
    let over = Filed { name: "over".to_owned(), terms: terms("a=x", -9, -1), ..filed.clone() };
    let mut state = State::default();
    state.configure(&Limits::default(), &[filed.clone(), over], minute(0));
    let hides = |state: &State, at| state.silencing(&labels("a=x"), minute(at)) == [filed.id()];
    assert_eq!([59, 60, 90, 91].map(|it| hides(&state, it)), [false, true, true, false]);
    assert_eq!(state.wake_at(), Some(minute(90) + SignedDuration::from_millis(1)));
    assert!(state.refresh(minute(91)) && !state.refresh(minute(91)));
    assert!(hides(&state, 1500));
    let refused =
        decide(&state, Command::Expire { id: filed.id(), by: String::new() }, id(1), minute(0));
    let expected = expect![
        "the silence sil_6tpfavmthwcjzpy6yhqddpajz7 is written in silences.yaml:3; change it there"
    ];
    expected.assert_eq(&refused.unwrap_err().to_string());
    assert_eq!(state, State::default(), "files are no part of the fold");
}

#[test]
fn near_misses_are_told() {
    let mut state = State::default();
    let script = vec![
        (0, new(terms("a=x", 0, 20))),
        (0, new(terms("a=x,b=y", 0, 200))),
        (0, new(terms("a=x", 100, 200))),
        (0, new(terms("c=z,d=z", 0, 200))),
    ];
    run(&mut state, script, 40);
    let near = |at| -> Vec<(u128, Miss)> {
        let misses = state.near_misses(&labels("a=x,b=n"), minute(at));
        misses.into_iter().map(|it| (it.id.to_bits(), it.miss)).collect()
    };
    let failing = (2, Miss::Matcher(Matcher::equal("b", "y")));
    let begins = (3, Miss::Begins(minute(100)));
    assert_eq!(near(50), [(1, Miss::Ended(minute(20))), failing.clone(), begins.clone()]);
    assert_eq!(near(81), [failing, begins]);
    let alerts = [labels("a=x,b=y"), labels("a=x"), labels("b=y")];
    assert_eq!((state.hides(id(1), &alerts), state.hides(id(2), &alerts)), (2, 1));
}

#[test]
fn ids_are_uuids_to_the_clients_of_alertmanager() {
    let id = id(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    assert_eq!(uuid(id), "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(from_uuid(&uuid(id)), Some(id));
    for broken in [
        "",
        "00112233-4455-6677-8899-aabbccddeef",
        "0011223344556677-8899-aabbccddeeff-0-0",
        "+0112233-4455-6677-8899-aabbccddeeff",
    ] {
        assert_eq!(from_uuid(broken), None, "{broken}");
    }
}

/// Facts are a contract: this text may gain lines and never change one.
#[test]
fn facts_read_as_they_were_written() {
    let recurrence = Some(Recurrence {
        rule: "FREQ=DAILY".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        length: SignedDuration::from_mins(30),
    });
    let rich = Terms {
        team: Some("shop".to_owned()),
        ending: Ending::Resolved,
        recurrence,
        confirm_by: Some(minute(90)),
        ..terms("a=x", 0, 100)
    };
    let (one, two) = (id(1), id(2));
    let (starts_at, ends_at) = (minute(0), minute(20));
    let ended = |why| Fact::Ended { id: one, why };
    let facts = [
        Fact::Made { id: one, terms: Box::new(terms("a=x", 0, 20)), starts_at, ends_at },
        Fact::Changed { id: one, terms: Box::new(rich), starts_at, ends_at },
        Fact::Recurred { id: one, starts_at, ends_at },
        Fact::Watched { id: one, fires: true },
        Fact::Reminded { id: one },
        Fact::Confirmed { id: one, by: "ana".to_owned(), confirm_by: None },
        ended(Why::Time),
        ended(Why::Expired { by: "ana".to_owned() }),
        ended(Why::Replaced { with: two }),
        ended(Why::Resolved),
        ended(Why::Unconfirmed),
        Fact::Forgotten { id: one },
    ];
    let lines: Vec<String> = facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    expect![[r#"
        {"Made":{"id":"sil_00000000000000000000000001","terms":{"sets":[[{"name":"a","op":"=","value":"x"}]],"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:20:00Z","author":"ana","reason":"rack moves","team":null,"ending":"AtEnd","recurrence":null,"confirm_by":null},"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:20:00Z"}}
        {"Changed":{"id":"sil_00000000000000000000000001","terms":{"sets":[[{"name":"a","op":"=","value":"x"}]],"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T01:40:00Z","author":"ana","reason":"rack moves","team":"shop","ending":"Resolved","recurrence":{"rule":"FREQ=DAILY","zone":"Europe/Berlin","length":"PT30M"},"confirm_by":"1970-01-01T01:30:00Z"},"starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:20:00Z"}}
        {"Recurred":{"id":"sil_00000000000000000000000001","starts_at":"1970-01-01T00:00:00Z","ends_at":"1970-01-01T00:20:00Z"}}
        {"Watched":{"id":"sil_00000000000000000000000001","fires":true}}
        {"Reminded":{"id":"sil_00000000000000000000000001"}}
        {"Confirmed":{"id":"sil_00000000000000000000000001","by":"ana","confirm_by":null}}
        {"Ended":{"id":"sil_00000000000000000000000001","why":"Time"}}
        {"Ended":{"id":"sil_00000000000000000000000001","why":{"Expired":{"by":"ana"}}}}
        {"Ended":{"id":"sil_00000000000000000000000001","why":{"Replaced":{"with":"sil_00000000000000000000000002"}}}}
        {"Ended":{"id":"sil_00000000000000000000000001","why":"Resolved"}}
        {"Ended":{"id":"sil_00000000000000000000000001","why":"Unconfirmed"}}
        {"Forgotten":{"id":"sil_00000000000000000000000001"}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let read: Vec<Fact> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(read, facts);
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let recurrence =
        prop_oneof![Just("FREQ=DAILY"), Just("FREQ=DAILY;COUNT=2"), Just("FREQ=WEEKLY")];
    let recurrence = (recurrence, 1..2000_i64).prop_map(|(rule, length)| Recurrence {
        rule: rule.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        length: SignedDuration::from_mins(length),
    });
    let ending = prop_oneof![2 => Just(Ending::AtEnd), 1 => Just(Ending::Resolved)];
    (
        "[ab]=[xy]",
        -50..200_i64,
        -50..4000_i64,
        ending,
        proptest::option::weighted(0.2, recurrence),
        proptest::option::weighted(0.2, -10..300_i64),
    )
        .prop_map(|(set, from, to, ending, recurrence, confirm)| Terms {
            ending,
            recurrence,
            confirm_by: confirm.map(minute),
            ..terms(&set, from, to)
        })
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (proptest::option::of(1..6_u128), any_terms())
            .prop_map(|(it, terms)| Command::Set { id: it.map(id), terms: Box::new(terms) }),
        1 => (1..6_u128).prop_map(expire),
        1 => (1..6_u128, 0..500_i64).prop_map(|(it, to)| confirm(it, to)),
        1 => btree_map(1..6_u128, any::<bool>(), 0..4)
            .prop_map(|it| Command::Watch(it.into_iter().map(|(it, fires)| (id(it), fires)).collect())),
        1 => (1..6_u128, 0..500_i64)
            .prop_map(|(it, to)| Command::Extend { id: id(it), ends_at: minute(to), by: String::new() }),
    ]
}

proptest! {
    /// Memory equals the fold of the facts, also of facts that were written down; the index answers as a scan does;
    /// every wake-up leads to a later one.
    #[test]
    fn state_is_its_facts_and_the_index_is_a_scan(
        steps in vec((0..60_i64, any_command()), 0..20), now in 0..800_i64, alert in "[ab]=[xy],[ab]=[xy]",
    ) {
        let mut at = 0;
        let script = steps.into_iter().map(|(pause, it)| { at += pause; (at, it) }).collect();
        let mut state = State::default();
        let (_, facts) = run(&mut state, script, at + 100);
        let json = serde_json::to_vec(&state).unwrap();
        let mut read: State = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(&read, &state);
        prop_assert_eq!(read.wake_at(), state.wake_at());
        read.configure(&Limits::default(), &[], minute(now));
        let json: Vec<Vec<u8>> = facts.iter().map(|it| serde_json::to_vec(it).unwrap()).collect();
        let again: Vec<Fact> = json.iter().map(|it| serde_json::from_slice(it).unwrap()).collect();
        prop_assert_eq!(again, facts);
        let Ok(labels) = Labels::new(alert.split(',').map(|it| it.split_once('=').unwrap())) else {
            return Ok(());
        };
        let matches = |it: &Silence| it.terms.sets.iter().any(|set| set.iter().all(|it| it.matches(&labels)));
        let holds = |it: &Silence| it.phase(minute(now)) == Phase::Active;
        let scan: Vec<SilenceId> =
            state.iter().filter(|(_, it)| matches(it) && holds(it)).map(|(id, _)| id).collect();
        prop_assert_eq!(&state.silencing(&labels, minute(now)), &scan);
        prop_assert_eq!(&read.silencing(&labels, minute(now)), &scan);
    }

    #[test]
    fn any_text_is_read_as_a_uuid_or_refused(text in "[0-9a-f-]{0,40}|.{0,40}") {
        if let Some(id) = from_uuid(&text) {
            prop_assert_eq!(uuid(id), text.to_lowercase());
        }
    }
}
