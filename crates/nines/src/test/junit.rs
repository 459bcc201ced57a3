//! Results as CI systems read them: JUnit's XML, as far as all of them agree on it.

use crate::exit::Exit;

use super::FileResult;

/// One suite for each file, one case for each test. A file that cannot be played is a case with an error.
pub(super) fn document(results: &[FileResult]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for it in results {
        suite(it, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(result: &FileResult, out: &mut String) {
    let file = escaped(&result.file);
    let is_broken = result.exit == Exit::Invalid;
    let (tests, errors) = if is_broken { (1, 1) } else { (result.tests.len(), 0) };
    let failures = result.tests.iter().filter(|it| !it.failures.is_empty()).count();
    out.push_str(&format!(
        "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n"
    ));
    if is_broken {
        let findings = result
            .findings
            .iter()
            .map(|it| format!("{} {}:{}:{} {}", it.code, it.file, it.line, it.column, it.message));
        let text = escaped(&findings.collect::<Vec<_>>().join("\n"));
        out.push_str(&format!(
            "    <testcase name=\"{file}\" classname=\"{file}\">\n      <error message=\"the file has errors\">{text}</error>\n    </testcase>\n"
        ));
    }
    for test in &result.tests {
        let name = escaped(&test.name);
        let case = format!("    <testcase name=\"{name}\" classname=\"{file}\"");
        match test.failures.first() {
            None => out.push_str(&format!("{case}/>\n")),
            Some(first) => {
                let message = escaped(first.lines().next().unwrap_or_default());
                let text = escaped(&test.failures.join("\n"));
                out.push_str(&format!(
                    "{case}>\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>\n"
                ));
            }
        }
    }
    out.push_str("  </testsuite>\n");
}

/// Characters that XML 1.0 does not know are left out. Source: XML 1.0, §2.2.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | '\r' => out.push(it),
            it if it < ' ' || matches!(it, '\u{fffe}' | '\u{ffff}') => {}
            it => out.push(it),
        }
    }
    out
}

#[cfg(test)]
mod tests;
