use expect_test::{Expect, expect};

use super::{Summary, watch};

fn check(stdout: &'static str, stderr: &'static str, expect: &Expect) {
    let mut summary = Summary::default();
    watch(stdout.as_bytes(), stderr.as_bytes(), &mut summary);
    expect.assert_eq(&summary.to_string());
}

#[test]
fn the_summary_of_nextest_comes_last_after_what_failed() {
    check(
        "",
        "    PASS [   0.1s] a\n────\n     Summary [   0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped\n        FAIL [   0.1s] b\nerror: test run failed\n",
        &expect![[r"
            FAIL [   0.1s] b
            error: test run failed
            Summary [   0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped"]],
    );
}

#[test]
fn the_results_of_cargo_test_are_added_up() {
    check(
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\
         test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s\n",
        "",
        &expect!["Summary 9 tests run: 7 passed, 2 failed, 1 skipped"],
    );
}

#[test]
fn no_summary_is_said() {
    check("", "error: could not compile", &expect!["no tests were run"]);
}
