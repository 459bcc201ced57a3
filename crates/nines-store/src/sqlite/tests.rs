use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nines_port::{Failure, Journal, Record};
use sqlx::{Connection, SqliteConnection};
use tokio::runtime;

use super::{DATABASE_FILE, SqliteJournal};
use crate::tests::{record, records};

/// The message with the changing parts replaced.
fn refusal(folder: &Path) -> String {
    let error = SqliteJournal::open(folder).unwrap_err();
    error.to_string().replace(&folder.display().to_string(), "DIR")
}

fn change(folder: &Path, sql: &'static str) {
    let url = folder.join(DATABASE_FILE).display().to_string();
    let run = async {
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    };
    runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run);
}

#[test]
fn opening_again_keeps_everything_and_begins_a_higher_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = SqliteJournal::open(dir.path()).unwrap();
    assert_eq!(first.epoch(), 1);
    first.append(&records(1, 4_096)).unwrap();
    drop(first);
    let mut second = SqliteJournal::open(dir.path()).unwrap();
    assert_eq!(second.epoch(), 2);
    assert_eq!(second.read(0, 5_000).unwrap(), records(1, 4_096));
    second.append(&[record(4_097)]).unwrap();
    assert_eq!(second.read(4_096, 5_000).unwrap(), [record(4_097)]);
}

#[test]
fn a_folder_has_one_holder_at_a_time_and_the_refusal_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteJournal::open(dir.path()).unwrap();
    let message = refusal(dir.path());
    let holder = format!("the data folder DIR is in use by process {}", std::process::id());
    assert!(message.starts_with(&holder), "{message}");
    assert!(message.ends_with("; stop it, or choose another --data"), "{message}");
    drop(first);
    SqliteJournal::open(dir.path()).unwrap();
}

#[test]
fn the_folder_and_its_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("made/here");
    let _journal = SqliteJournal::open(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["engine.lock", "journal.sqlite", "journal.sqlite-wal"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_an_error_with_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, "").unwrap();
    assert_eq!(refusal(&file), "failed to open the journal in DIR");
}

#[test]
fn something_else_than_a_journal_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(DATABASE_FILE);
    let text = "a letter, long enough to be taken for the header of a database ".repeat(20);
    fs::write(&file, &text).unwrap();
    assert_eq!(refusal(dir.path()), "failed to open the journal in DIR");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn the_journal_of_a_newer_nines_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteJournal::open(dir.path()).unwrap());
    change(dir.path(), "PRAGMA user_version = 7");
    assert_eq!(
        refusal(dir.path()),
        "the data folder DIR has format 7, this nines knows 1; start a newer nines, or choose another --data"
    );
}

#[test]
fn a_full_disk_is_said_in_words_and_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(dir.path()).unwrap();
    journal.append(&records(1, 3)).unwrap();
    let full = sqlx::query("PRAGMA max_page_count = 5").execute(&mut journal.database);
    journal.runtime.block_on(full).unwrap();
    let error = journal.append(&records(4, 4_096)).unwrap_err();
    let message = error.source.to_string().replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(message, "the disk of DIR is full; free some space");
    assert_eq!(error.failure, Failure::RolledBack);
    assert_eq!(journal.read(0, 10).unwrap(), records(1, 3));
}

#[test]
fn the_log_goes_into_the_database_beside_the_commits() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(dir.path()).unwrap();
    let large = |seq| Record { body: vec![7; 64 << 10], ..record(seq) };
    let started = std::time::Instant::now();
    let pages = || fs::metadata(dir.path().join(DATABASE_FILE)).unwrap().len();
    let mut seq = 0;
    while pages() < 8 << 20 {
        seq += 1;
        journal.append(&[large(seq)]).unwrap();
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "no checkpoint");
    }
    assert_eq!(journal.read(seq - 1, 10).unwrap(), [large(seq)]);
}

#[test]
fn a_damaged_row_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(dir.path()).unwrap();
    journal.append(&records(1, 3)).unwrap();
    change(dir.path(), "UPDATE fact SET hash = x'00' WHERE seq = 2");
    let error = journal.read(0, 10).unwrap_err();
    assert_eq!(
        error.source.to_string(),
        "record 2 is damaged; restore the data folder from a backup"
    );
}
