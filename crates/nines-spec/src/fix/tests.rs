use expect_test::{Expect, expect};

use super::*;
use crate::SourceFile;

/// The changes of a file, and that they are enough.
fn check(text: &str, expect: &Expect) {
    let file = |text: &str| SourceFile { path: "a.yaml".to_owned(), text: text.to_owned() };
    let fixed = fix(read_files(vec![file(text)]));
    let diffs: String = fixed.iter().map(FixedFile::diff).collect();
    expect.assert_eq(&diffs);
    for it in fixed {
        assert_eq!(fix(read_files(vec![file(&it.after)])), []);
    }
}

#[test]
fn one_meaning_is_put_in_and_comments_stay() {
    check(
        "apiVersion: nines/v1
kind: SLO
metadata: {name: a/b}
spec:
  sli: {counter: {bad: a_total, totl: b_total}}   # größer
  objective: 99.95    # percent
  windw: 28 days
  alerting: {\"preset\": nones}
---
apiVersion: nines/v1
kind: Persn
metadata: {name: ana}
spec: {}
---
apiVersion: nines/v1
kind: SLO
metadata: {name: a/c}
spec:
  sli: {histogram: {metric: 'x_seconds_bucket', below: 1s}}
  objective: 99%
  window: {calendar: month, zone: Europe/Warsow}
  alerting: none
",
        &expect![[r#"
            --- a.yaml
            +++ a.yaml
            @@ line 5 @@
            -  sli: {counter: {bad: a_total, totl: b_total}}   # größer
            +  sli: {counter: {bad: a_total, total: b_total}}   # größer
            @@ line 6 @@
            -  objective: 99.95    # percent
            +  objective: 99.95%    # percent
            @@ line 7 @@
            -  windw: 28 days
            +  window: 28d
            @@ line 8 @@
            -  alerting: {"preset": nones}
            +  alerting: {"preset": none}
            @@ line 11 @@
            -kind: Persn
            +kind: Person
        "#]],
    );
}

#[test]
fn what_has_two_meanings_stays() {
    check(
        "apiVersion: nines/v1
kind: SLO
metadata: {name: a/b}
spec:
  sli: {counter: {bad: a_total, total: b_total}, no_dta: ignore, nothing: 1}
  objective: 0.9995
  window: {calendar: moth}
  alerting: none
",
        &expect![[r#"
            --- a.yaml
            +++ a.yaml
            @@ line 5 @@
            -  sli: {counter: {bad: a_total, total: b_total}, no_dta: ignore, nothing: 1}
            +  sli: {counter: {bad: a_total, total: b_total}, no_data: ignore, nothing: 1}
            @@ line 7 @@
            -  window: {calendar: moth}
            +  window: {calendar: month}
        "#]],
    );
}
