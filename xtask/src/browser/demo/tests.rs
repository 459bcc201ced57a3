use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Demo;

/// A program that is called like the demo; the ready file is its seventh argument.
fn program(place: &Path, script: &str) -> PathBuf {
    let path = place.join("program");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn error_of(script: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let demo = Demo::start_program(&program(place.path(), script), place.path());
    demo.and_then(Demo::stop).unwrap_err().to_string()
}

const READY: &str = r#"echo '{"url": "http://127.0.0.1:1", "token": "t"}' > "$7""#;

#[test]
fn the_address_comes_from_the_ready_file_and_a_term_ends_it() {
    let place = tempfile::tempdir().unwrap();
    let script = format!("trap 'exit 0' TERM\n{READY}\nwhile :; do sleep 0.01; done");
    let demo = Demo::start_program(&program(place.path(), &script), place.path()).unwrap();
    assert_eq!((demo.url(), demo.token()), ("http://127.0.0.1:1", Some("t")));
    demo.stop().unwrap();
}

#[test]
fn an_end_before_it_is_ready_shows_what_it_said() {
    let error = error_of("echo 'port in use'; exit 3");
    assert_eq!(error, "the demo ended before it was ready, with exit status: 3\nport in use");
}

#[test]
fn an_end_that_is_not_orderly_is_an_error() {
    let error = error_of(&format!("trap 'exit 7' TERM\n{READY}\nwhile :; do sleep 0.01; done"));
    assert!(error.starts_with("SIGTERM ended the demo with exit status: 7"), "{error}");
}
