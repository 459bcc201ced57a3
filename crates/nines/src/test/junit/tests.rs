//! What CI systems get to read.

use expect_test::expect;

use super::document;
use crate::exit::Exit;
use crate::test::{FileResult, TestResult};

fn test(name: &str, failures: &[&str]) -> TestResult {
    let failures = failures.iter().map(|it| (*it).to_owned()).collect();
    TestResult { name: name.to_owned(), failures, details: Vec::new() }
}

fn file(name: &str, exit: Exit, tests: Vec<TestResult>) -> FileResult {
    FileResult { file: name.to_owned(), exit, tests, findings: Vec::new(), sources: Vec::new() }
}

#[test]
fn names_and_texts_are_escaped_and_counted() {
    let tests = vec![test("a & \"b\"", &[]), test("red", &["14:11 <alerts>\n  got \u{1}nothing"])];
    let files = [file("a.yaml", Exit::No, tests), file("b.yaml", Exit::Invalid, Vec::new())];
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="a.yaml" tests="2" failures="1" errors="0">
            <testcase name="a &amp; &quot;b&quot;" classname="a.yaml"/>
            <testcase name="red" classname="a.yaml">
              <failure message="14:11 &lt;alerts&gt;">14:11 &lt;alerts&gt;
          got nothing</failure>
            </testcase>
          </testsuite>
          <testsuite name="b.yaml" tests="1" failures="0" errors="1">
            <testcase name="b.yaml" classname="b.yaml">
              <error message="the file has errors"></error>
            </testcase>
          </testsuite>
        </testsuites>
    "#]]
    .assert_eq(&document(&files));
}
