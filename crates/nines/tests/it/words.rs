//! What the command line says, and its exit codes.

use std::path::Path;

use expect_test::expect;

use crate::process::nines;

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    folder.to_str().unwrap().to_owned()
}

#[test]
fn exit_codes_tell_no_from_cannot_tell() {
    let home = tempfile::tempdir().unwrap();
    let codes = |args: &[&str]| nines(home.path(), args).code;
    // Nobody listens on the discard port.
    let nowhere = ["--server", "http://127.0.0.1:9"];
    let ask = |args: &[&str]| codes(&[&nowhere, args].concat());
    assert_eq!(codes(&["version"]), 0);
    assert_eq!(codes(&["chek"]), 2, "an unknown word");
    assert_eq!(codes(&["check", "/nonexistent"]), 2, "a missing folder");
    assert_eq!(ask(&["get", "slo"]), 3, "unreachable");
    assert_eq!(
        ask(&["gate", "check", "checkout"]),
        3,
        "a gate that cannot be asked is no closed gate"
    );
    assert_eq!(codes(&["--demo", "get", "slo"]), 3, "no demo is running");
    assert_eq!(codes(&["demo", "break", "everything"]), 3, "no demo is running");
}

#[test]
fn an_unknown_word_gets_a_suggestion_and_an_unreachable_server_one_line() {
    let home = tempfile::tempdir().unwrap();
    let unknown = nines(home.path(), &["chek"]);
    assert!(unknown.stderr.contains("'check'"), "{}", unknown.stderr);
    let unreachable = nines(home.path(), &["--server", "http://127.0.0.1:9", "get", "slo"]);
    expect![[r#"
        error: cannot reach nines at http://127.0.0.1:9; is it running? (`nines serve`, or --server URL)
    "#]]
    .assert_eq(&unreachable.stderr);
}

#[test]
fn the_examples_are_clean() {
    let home = tempfile::tempdir().unwrap();
    for name in ["shop", "minimal", "four-objectives"] {
        let checked = nines(home.path(), &["check", &example(name)]);
        assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    }
}

#[test]
fn all_mistakes_of_all_files_are_shown_at_once_with_place_and_fix() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    std::fs::create_dir(&config).unwrap();
    let slo = "apiVersion: nines/v1\nkind: SLO\nmetadata: {name: api/availability}\nspec:\n  sli:\n    counter: {bad: 'errors_total', total: 'sum(rate(requests_total[5m])'}\n  objective: 0.9995\n  windw: 28d\n  alerting: {escalation: primry}\n";
    std::fs::write(config.join("slo.yaml"), slo).unwrap();
    let people = "apiVersion: nines/v1\nkind: Escalation\nmetadata: {name: primary}\nspec: {steps: [{notify: [person: ana], wait: 5m}]}\n";
    std::fs::write(config.join("people.yaml"), people).unwrap();
    let checked = nines(home.path(), &["check", config.to_str().unwrap()]);
    assert_eq!(checked.code, 2, "{}", checked.stdout);
    for part in [
        "slo.yaml:7:",
        "did you mean `99.95%`",
        "slo.yaml:8:",
        "`window`",
        "primry",
        "primary",
        "ana",
        "people.yaml:4:",
    ] {
        assert!(checked.stdout.contains(part), "{part} is missing in\n{}", checked.stdout);
    }
    assert!(!checked.stdout.contains('\u{1b}'), "no colour in a pipe");
    let served = nines(
        home.path(),
        &[
            "serve",
            "--config",
            config.to_str().unwrap(),
            "--data",
            home.path().join("data").to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
    );
    assert_eq!(served.code, 2, "{}", served.stderr);
    assert!(served.stderr.contains("nothing was started"), "{}", served.stderr);
}

#[test]
fn a_first_file_passes_the_check_and_is_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    let config = config.to_str().unwrap();
    let args = ["init", config, "--no-input", "--service", "api", "--objective", "99.5%"];
    let written = nines(home.path(), &args);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let checked = nines(home.path(), &["check", config]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    let again = nines(home.path(), &args);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("stays as it is"), "{}", again.stderr);
    let wrong = ["init", "elsewhere", "--no-input", "--service", "no spaces please"];
    let wrong = nines(home.path(), &wrong);
    assert_eq!(wrong.code, 2, "{}", wrong.stdout);
}

#[test]
fn a_backup_is_taken_of_a_folder_that_no_server_uses_and_of_a_running_server() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (config, data) = (path("config"), path("data"));
    std::fs::create_dir(&config).unwrap();
    let args = ["serve", "--config", &config, "--data", &data, "--listen", "127.0.0.1:0"];
    let running = crate::process::Running::start(home.path(), &args);
    let used = nines(home.path(), &["backup", "--data", &data, "--to", &path("no")]);
    assert_eq!(used.code, 3, "{}", used.stderr);
    assert!(used.stderr.contains("in use"), "{}", used.stderr);
    let live = nines(home.path(), &["backup", "--to", &path("live")]);
    assert_eq!(
        (live.code, live.stdout.trim()),
        (0, path("live/samples").as_str()),
        "{}",
        live.stderr
    );
    let explained = nines(home.path(), &["query", "--explain", "sum(rate(a[5m])) / 2"]);
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    assert!(explained.stdout.contains("ms evaluating"), "{}", explained.stdout);
    assert_eq!(running.stop().0, 0);
    let still = nines(home.path(), &["backup", "--data", &data, "--to", &path("still")]);
    assert_eq!(still.code, 0, "{}", still.stderr);
    let again = nines(home.path(), &["backup", "--data", &data, "--to", &path("still")]);
    assert!(again.code != 0 && again.stderr.contains("still/samples"), "{}", again.stderr);
}

#[test]
fn files_are_laid_out_and_mended_and_say_so_in_their_exit_codes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("slo.yaml");
    let path = file.to_str().unwrap();
    let text = "kind: SLO\napiVersion: nines/v1\nmetadata: {name: api/availability}\nspec:\n    # both\n    sli: {counter: {bad: errors_total, totl: requests_total}}\n    objective: 99.9%\n    alerting: none\n";
    std::fs::write(&file, text).unwrap();
    assert_eq!(nines(home.path(), &["fmt", "--check", path]).code, 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "only asked");
    assert_eq!(nines(home.path(), &["fmt", path]).code, 0);
    assert_eq!(nines(home.path(), &["fmt", "--check", path]).code, 0);
    assert_eq!(nines(home.path(), &["check", path]).code, 2);
    let fixed = nines(home.path(), &["fix", path]);
    expect![[r#"
        --- slo.yaml
        +++ slo.yaml
        @@ line 6 @@
        -  sli: {counter: {bad: errors_total, totl: requests_total}}
        +  sli: {counter: {bad: errors_total, total: requests_total}}
    "#]]
    .assert_eq(&fixed.stdout);
    assert_eq!(nines(home.path(), &["check", path]).code, 0);
}

#[test]
fn fields_schemas_and_shells_are_told() {
    let home = tempfile::tempdir().unwrap();
    expect![[r#"
        slo.spec.objective: a percentage, e.g. `99.9%`; or fields of an objective

        The share that must be good, where there is one objective.

        Fields of an objective:
          name       Unique within the SLO.
          target     The share that must be good.
          effective  Events after this instant earn budget under it; a date is its midnight in UTC.
          window     Replaces that of the SLO.
          windows    Replace those of the SLO.
          alerts     Replaces `alerting` of the SLO; `none` for no alerts.
    "#]]
    .assert_eq(&nines(home.path(), &["explain", "slo.spec.objective"]).stdout);
    let schema = nines(home.path(), &["schema", "slo"]).stdout;
    assert!(schema.starts_with('{') && schema.contains("2020-12"), "{schema}");
    assert_eq!(nines(home.path(), &["schema", "slos"]).code, 2);
    let script = nines(home.path(), &["completion", "bash"]).stdout;
    assert!(script.contains("_nines()"), "{script}");
    assert_eq!(nines(home.path(), &["explain", "slo.spec.objektive"]).code, 2);
}
