pub(crate) mod server;

use std::time::{Duration, Instant};

use nines_port::{Failure, Holder, Journal, SharedJournal, Turn};
use sqlx::{Connection, PgConnection};
use tokio::runtime;

use super::lease::{HELD, LEASE};
use super::{PlaceError, PostgresPlace, PostgresStandby, Replica};
use crate::tests::{record, records};
use server::Server;

/// A process with a folder of its own.
fn standby(server: &Server, folder: &tempfile::TempDir, name: &str) -> PostgresStandby {
    let place = PostgresPlace::parse(&server.url()).unwrap();
    let replica =
        Replica { name: format!("process {name}"), address: format!("http://{name}.example") };
    PostgresStandby::open(place, &folder.path().join(name), replica).unwrap()
}

fn turn(standby: &mut PostgresStandby) -> Box<dyn Journal> {
    match standby.acquire().unwrap() {
        Turn::Ours(journal) => journal,
        Turn::Theirs(holder) => panic!("it is the turn of {holder:?}"),
    }
}

/// Waits for its turn, and says how long.
fn turn_at_last(standby: &mut PostgresStandby) -> (Box<dyn Journal>, Duration) {
    let started = Instant::now();
    loop {
        if let Turn::Ours(journal) = standby.acquire().unwrap() {
            return (journal, started.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A session of somebody else.
struct Session {
    runtime: runtime::Runtime,
    database: PgConnection,
}

impl Session {
    fn new(server: &Server) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let database = runtime.block_on(PgConnection::connect(&server.url())).unwrap();
        Self { runtime, database }
    }

    fn execute(&mut self, sql: &'static str) {
        self.runtime.block_on(sqlx::query(sql).execute(&mut self.database)).unwrap();
    }

    fn is_true(&mut self, sql: &'static str) -> bool {
        self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&mut self.database)).unwrap()
    }

    fn until(&mut self, sql: &'static str) {
        let started = Instant::now();
        while !self.is_true(sql) {
            assert!(started.elapsed() < Duration::from_secs(20), "never: {sql}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn postgres_keeps_the_contract() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    crate::tests::check_contract(turn(&mut standby(&server, &folder, "a")).as_mut());
}

#[test]
fn one_writes_and_the_others_follow_and_learn_who_it_is() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut a, mut b) = (standby(&server, &folder, "a"), standby(&server, &folder, "b"));
    let mut writer = turn(&mut a);
    let Turn::Theirs(holder) = b.acquire().unwrap() else { panic!("two writers") };
    assert_eq!(holder, Holder { epoch: 1, address: "http://a.example".to_owned() });
    writer.append(&records(1, 600)).unwrap();
    assert_eq!(b.read(0, 1_000).unwrap(), records(1, 600));
    assert_eq!(b.read(598, 1_000).unwrap(), records(599, 600));
}

#[test]
fn a_writer_that_ends_in_order_leaves_its_turn_at_once() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut a, mut b) = (standby(&server, &folder, "a"), standby(&server, &folder, "b"));
    drop(turn(&mut a));
    let mut writer = turn(&mut b);
    assert_eq!(writer.epoch(), 2);
    writer.append(&records(1, 1)).unwrap();
}

#[test]
fn a_turn_lasts_longer_than_its_lease_while_it_is_renewed() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut a, mut b) = (standby(&server, &folder, "a"), standby(&server, &folder, "b"));
    let mut writer = turn(&mut a);
    let started = Instant::now();
    while started.elapsed() < 2 * LEASE {
        assert!(matches!(b.acquire().unwrap(), Turn::Theirs(_)));
        std::thread::sleep(Duration::from_millis(50));
    }
    writer.append(&records(1, 1)).unwrap();
}

/// What a process meets that stood still while another took over: its own clock does not save it here, the epoch does.
#[test]
fn an_append_of_an_earlier_epoch_writes_nothing() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut old = turn(&mut standby(&server, &folder, "a"));
    old.append(&records(1, 2)).unwrap();
    let mut session = Session::new(&server);
    session.execute("UPDATE nines.engine_lease SET expires_at = '-infinity'");
    let mut b = standby(&server, &folder, "b");
    let (mut new, _) = turn_at_last(&mut b);
    let error = old.append(&records(3, 3)).unwrap_err();
    assert_eq!(error.failure, Failure::Fenced);
    assert_eq!(old.append(&records(3, 3)).unwrap_err().failure, Failure::Fenced);
    new.append(&records(3, 4)).unwrap();
    assert_eq!(new.read(0, 10).unwrap(), records(1, 4));
}

#[test]
fn a_takeover_waits_for_the_append_that_is_under_way() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut old = turn(&mut standby(&server, &folder, "a"));
    let mut b = standby(&server, &folder, "b");
    let (mut slow, mut session) = (Session::new(&server), Session::new(&server));
    // The append has read its epoch, and waits for the table.
    slow.execute("BEGIN");
    slow.execute("LOCK TABLE nines.fact IN SHARE MODE");
    let appending = std::thread::spawn(move || (old.append(&records(1, 2)), old));
    session.until("SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
    session.execute("UPDATE nines.engine_lease SET expires_at = '-infinity'");
    slow.execute("COMMIT");
    let (mut new, _) = turn_at_last(&mut b);
    let (appended, _old) = appending.join().unwrap();
    // Either it was before the takeover and is there, or it was refused; never both.
    let there = new.read(0, 10).unwrap();
    assert_eq!(there, if appended.is_ok() { records(1, 2) } else { Vec::new() });
}

#[test]
fn an_append_may_take_longer_than_the_lease() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = turn(&mut standby(&server, &folder, "a"));
    let (mut slow, mut session) = (Session::new(&server), Session::new(&server));
    slow.execute("BEGIN");
    slow.execute("LOCK TABLE nines.fact IN SHARE MODE");
    session.execute("CREATE TABLE began AS SELECT clock_timestamp() AS at");
    let appending = std::thread::spawn(move || (writer.append(&records(1, 2)), writer));
    session.until("SELECT clock_timestamp() > at + interval '2.5 s' FROM began");
    assert!(session.is_true("SELECT expires_at > clock_timestamp() FROM nines.engine_lease"));
    slow.execute("COMMIT");
    let (appended, mut writer) = appending.join().unwrap();
    appended.unwrap();
    assert_eq!(writer.read(0, 10).unwrap(), records(1, 2));
}

#[test]
fn a_broken_connection_is_made_again_and_the_append_is_there_once() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = turn(&mut standby(&server, &folder, "a"));
    writer.append(&records(1, 1)).unwrap();
    let mut session = Session::new(&server);
    session.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    writer.append(&records(2, 3)).unwrap();
    assert_eq!(writer.read(0, 10).unwrap(), records(1, 3));
}

/// The answer is lost after the commit: the same records are there, and sending them again finds them.
#[test]
fn a_commit_whose_answer_was_lost_is_recognised() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = turn(&mut standby(&server, &folder, "a"));
    let (mut slow, mut session) = (Session::new(&server), Session::new(&server));
    slow.execute("BEGIN");
    slow.execute("LOCK TABLE nines.fact IN SHARE MODE");
    let appending = std::thread::spawn(move || (writer.append(&records(1, 2)), writer));
    session.until("SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
    // Its connection breaks while the table is locked; then its records appear, as if it had arrived all the same.
    session.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    );
    for it in records(1, 2) {
        let insert = sqlx::query("INSERT INTO nines.fact VALUES ($1, 1, $2, $3, $4, $5, $6)")
            .bind(i64::try_from(it.seq).unwrap())
            .bind(it.at.to_string())
            .bind(it.kind)
            .bind(i32::from(it.version))
            .bind(it.body)
            .bind(it.hash.to_vec());
        slow.runtime.block_on(insert.execute(&mut slow.database)).unwrap();
    }
    slow.execute("COMMIT");
    let (appended, mut writer) = appending.join().unwrap();
    appended.unwrap();
    assert_eq!(writer.read(0, 10).unwrap(), records(1, 2));
    writer.append(&[record(3)]).unwrap();
}

#[test]
fn a_server_that_crashes_costs_the_turn_and_nothing_else() {
    let Some(mut server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = turn(&mut standby(&server, &folder, "a"));
    writer.append(&records(1, 5)).unwrap();
    server.crash();
    let started = Instant::now();
    let error = writer.append(&records(6, 7)).unwrap_err();
    assert_eq!(error.failure, Failure::Fenced);
    assert!(started.elapsed() < 2 * HELD);
    server.run();
    let mut b = standby(&server, &folder, "b");
    let (mut writer, _) = turn_at_last(&mut b);
    assert_eq!((writer.epoch(), writer.read(0, 10).unwrap()), (2, records(1, 5)));
}

#[test]
fn all_replicas_share_what_the_first_one_offered() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut a, mut b) = (standby(&server, &folder, "a"), standby(&server, &folder, "b"));
    assert_eq!(a.installation(b"first").unwrap(), b"first");
    assert_eq!(b.installation(b"second").unwrap(), b"first");
}

#[test]
fn the_tables_of_a_newer_nines_are_refused() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    drop(standby(&server, &folder, "a"));
    Session::new(&server).execute("UPDATE nines.meta SET format = 7");
    let place = PostgresPlace::parse(&server.url()).unwrap();
    let replica = Replica { name: String::new(), address: String::new() };
    let error = PostgresStandby::open(place, &folder.path().join("b"), replica).unwrap_err();
    let message = error.to_string().replace(&server.url(), "PLACE");
    assert_eq!(
        message,
        "the database PLACE has format 7, this nines knows 1; start a newer nines, or choose another --journal"
    );
}

#[test]
fn an_address_with_a_password_or_of_something_else_is_refused() {
    for text in ["postgres://ana:secret@db/nines", "postgres://db/nines?password=secret"] {
        assert!(matches!(PostgresPlace::parse(text), Err(PlaceError::HoldsPassword)), "{text}");
    }
    for text in ["mysql://db/nines", "db/nines", ""] {
        assert!(matches!(PostgresPlace::parse(text), Err(PlaceError::Invalid { .. })), "{text}");
    }
    PostgresPlace::parse("postgres://ana@db:5433/nines?sslmode=verify-full").unwrap();
}
