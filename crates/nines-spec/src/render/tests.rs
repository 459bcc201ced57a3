use super::*;
use crate::{SourceFile, read_files};

fn show(style: Style) -> String {
    let text = "apiVersion: nines/v1\nkind: Servise\n".to_owned();
    let reading = read_files(vec![SourceFile { path: "a.yaml".to_owned(), text }]);
    render(&reading.findings, &reading.sources, style)
}

#[test]
fn plain_is_ascii_only() {
    expect_test::expect![[r#"
        error[N0101]: unknown kind `Servise`
           ,-[a.yaml:2:7]
         1 | apiVersion: nines/v1
         2 | kind: Servise
           :       ^^^|^^^
           :          `-- did you mean `Service`?
           `----
          help: kinds are SLO, Exclusion, Person, Team, Schedule, Escalation, Routing, Receiver, TimeInterval, Inhibition, Silence, Heartbeat, Integration, Policy, Gate, Service, Scrape, Metrics, Notify
        1 file, 1 error, 0 warnings
    "#]]
    .assert_eq(&show(Style::Plain));
    assert!(show(Style::Plain).is_ascii());
}

#[test]
fn only_color_has_escapes() {
    assert!(show(Style::Color).contains("\u{1b}[1;31merror[N0101]\u{1b}[0m: unknown kind"));
    assert!(!show(Style::Unicode).contains('\u{1b}'));
    assert!(!show(Style::Plain).contains('\u{1b}'));
}

#[test]
fn no_findings_is_one_line() {
    assert_eq!(render(&[], &[], Style::Plain), "0 files, 0 errors, 0 warnings\n");
}
