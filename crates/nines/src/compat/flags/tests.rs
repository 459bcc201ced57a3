use expect_test::{Expect, expect};

use super::{Asked, Given, parse};
use crate::compat::alertmanager::ALERTMANAGER;
use crate::compat::prometheus::PROMETHEUS;

fn given(args: &[&str]) -> Given {
    match parse(&PROMETHEUS, &args.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()) {
        Ok(Asked::Serve(given)) => given,
        other => panic!("{other:?}"),
    }
}

fn check(args: &[&str], expect: &Expect) {
    let args: Vec<String> = args.iter().map(|it| (*it).to_owned()).collect();
    expect.assert_eq(&parse(&PROMETHEUS, &args).unwrap_err());
}

#[test]
fn values_follow_an_equals_sign_or_a_space_and_the_last_one_counts() {
    let given = given(&["--config.file=a.yml", "--config.file", "b.yml", "--query.timeout=1m"]);
    assert_eq!(given.value("config.file"), "b.yml");
    assert_eq!(given.given("query.timeout"), Some("1m"));
    assert_eq!(
        (given.value("query.max-samples"), given.given("query.max-samples")),
        ("50000000", None)
    );
}

#[test]
fn switches_are_on_off_or_as_they_were() {
    let given =
        given(&["--web.enable-lifecycle", "--web.enable-admin-api", "--no-web.enable-admin-api"]);
    let names = ["web.enable-lifecycle", "web.enable-admin-api", "web.enable-otlp-receiver"];
    assert_eq!(names.map(|it| given.is_on(it)), [true, false, false]);
}

#[test]
fn lists_keep_every_value() {
    let given = given(&["--web.listen-address=:9090", "--web.listen-address=[::1]:9091"]);
    assert_eq!(given.list("web.listen-address"), [":9090", "[::1]:9091"]);
    assert_eq!(given.all()["web.listen-address"], ":9090,[::1]:9091");
    assert_eq!(given.all()["web.cors.origin"], ".*");
}

#[test]
fn flags_without_a_meaning_are_known_by_name() {
    let given = given(&["--web.read-timeout=1m", "--log.format=json", "--config.file=a"]);
    assert_eq!(given.without_meaning(), ["log.format", "web.read-timeout"]);
}

#[test]
fn mistakes_are_answered_with_what_was_meant() {
    check(&["--config.fil=a"], &expect!["unknown flag --config.fil; did you mean --config.file?"]);
    check(
        &["--zzz"],
        &expect!["unknown flag --zzz; `nines compat prometheus --help` lists all flags"],
    );
    check(
        &["--no-config.file"],
        &expect!["unknown flag --no-config.file; did you mean --config.file?"],
    );
    check(&["--config.file"], &expect!["--config.file needs a value: --config.file=VALUE"]);
    check(
        &["--web.enable-lifecycle=yes"],
        &expect![
            "--web.enable-lifecycle takes no value; write --web.enable-lifecycle or --no-web.enable-lifecycle"
        ],
    );
    check(
        &["prometheus.yml"],
        &expect!["unexpected `prometheus.yml`; everything is a flag, such as --config.file=FILE"],
    );
}

#[test]
fn what_would_be_dangerous_to_leave_out_is_refused() {
    check(
        &["--web.config.file=web.yml"],
        &expect![
            "--web.config.file is refused: nines would answer without the TLS and the passwords of that file; put a proxy in front of it"
        ],
    );
}

#[test]
fn every_flag_is_there_once_and_negation_names_no_other_flag() {
    for program in [PROMETHEUS, ALERTMANAGER] {
        for (index, flag) in program.flags.iter().enumerate() {
            let others = program.flags.iter().skip(index + 1);
            assert!(others.clone().all(|it| it.name != flag.name), "{}", flag.name);
            assert!(!flag.name.starts_with("no-"), "{}", flag.name);
        }
    }
}
