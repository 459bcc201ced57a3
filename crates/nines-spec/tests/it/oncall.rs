//! People, schedules and policies of other tools: what comes out is read without a mistake, and puts the same
//! people on call.

use std::fmt::Write as _;
use std::path::Path;

use expect_test::expect_file;
use nines_spec::{OncallFormat, SourceFile, Style, import_oncall, read_files, render};

const FORMATS: [(&str, OncallFormat); 3] = [
    ("pagerduty", OncallFormat::PagerDuty),
    ("grafana-oncall", OncallFormat::GrafanaOncall),
    ("goalert", OncallFormat::GoAlert),
];

#[test]
fn exports_of_other_tools_become_files_of_nines_with_the_same_people_on_call() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oncall");
    for (name, format) in FORMATS {
        let path = format!("{name}.json");
        let text = std::fs::read_to_string(folder.join(&path)).unwrap();
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let import = import_oncall(format, vec![SourceFile { path, text }], now);
        let mut out = render(&import.findings, &import.sources, Style::Plain);
        for it in &import.files {
            write!(out, "# {}\n{}", it.path, it.text).unwrap();
        }
        for it in &import.losses {
            let (subject, what, why, instead) = (&it.subject, &it.what, &it.why, &it.instead);
            writeln!(out, "lost: {subject}: {what}: {why}; {instead}").unwrap();
        }
        for it in &import.comparisons {
            let how = if it.by_own_shifts { "its own shifts" } else { "its rules" };
            let (from, until) = (it.from, it.until);
            writeln!(out, "{}: {} instants, {from} to {until}, by {how}", it.schedule, it.instants)
                .unwrap();
            for it in &it.differences {
                writeln!(out, "  {} to {}: {:?} → {:?}", it.from, it.until, it.before, it.after)
                    .unwrap();
            }
        }
        expect_file![folder.join(format!("{name}.txt"))].assert_eq(&out);
        let mut findings = read_files(import.files).findings;
        // Where mail leaves is no matter of these tools.
        findings.retain(|it| it.code != "N0410");
        assert!(findings.is_empty(), "{name}: {findings:?}");
    }
}
