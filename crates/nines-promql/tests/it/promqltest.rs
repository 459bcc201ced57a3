//! Runs the `*.test` files of PromQL's conformance suite, which lie beside the checkout and not in it.

mod case;
mod judge;
mod script;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use expect_test::{Expect, expect};

use judge::Verdict;

/// How the cases of one file came out.
#[derive(Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
    /// Cases that need native histograms, which are not there yet.
    native: usize,
}

fn data() -> Option<PathBuf> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = crate_folder.parent()?.parent()?;
    let folder = workspace.parent()?.join("shared/conformance/promqltest");
    folder.is_dir().then_some(folder)
}

fn run(text: &str, name: &str) -> Count {
    let mut count = Count::default();
    for (line, query, verdict) in judge::judge(text) {
        match verdict {
            Verdict::Passed => count.passed += 1,
            Verdict::Native => count.native += 1,
            Verdict::Failed(reason) => {
                count.failed += 1;
                println!("{name}:{line}: {query}\n    {}", reason.replace('\n', "\n    "));
            }
        }
    }
    count
}

fn check(folder: &Path, expect: &Expect) {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let mut table = String::new();
    for path in files.iter().filter(|it| it.extension().is_some_and(|it| it == "test")) {
        let name = path.file_name().unwrap().to_string_lossy();
        let it = run(&fs::read_to_string(path).unwrap(), &name);
        let (passed, failed, native) = (it.passed, it.failed, it.native);
        writeln!(table, "{name:27} passed {passed:4}  failed {failed:4}  native {native:4}")
            .unwrap();
    }
    expect.assert_eq(&table);
}

#[test]
fn float_cases_of_the_conformance_suite_pass() {
    let Some(folder) = data() else {
        let must_run = env::var_os("NINES_REQUIRE").is_some_and(|it| it == "all");
        assert!(!must_run, "promqltest data not found");
        println!("skipped: promqltest data not found");
        return;
    };
    check(
        &folder,
        &expect![[r#"
            aggregators.test            passed  125  failed    0  native   35
            at_modifier.test            passed   78  failed    0  native    0
            duration_expression.test    passed    8  failed   51  native    0
            extended_vectors.test       passed   30  failed   90  native   49
            fill-modifier.test          passed   46  failed    0  native    0
            functions.test              passed  322  failed    1  native  108
            histograms.test             passed   93  failed    0  native   92
            info.test                   passed   46  failed    6  native    1
            literals.test               passed   25  failed    0  native    0
            name_label_dropping.test    passed   30  failed    0  native    0
            native_histograms.test      passed    3  failed    0  native  519
            operators.test              passed  142  failed    0  native   72
            range_queries.test          passed   16  failed    0  native    2
            selectors.test              passed   31  failed    0  native    0
        "#]],
    );
}
