//! Runs the `*.test` files of PromQL's conformance suite, which lie beside the checkout and not in it.

mod case;
mod judge;
mod native;
mod script;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use expect_test::{Expect, expect};

use judge::{Judged, Verdict};

/// How the cases of one file came out.
#[derive(Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
    /// Of those, cases with native histograms.
    native_passed: usize,
    native_failed: usize,
}

fn data() -> Option<PathBuf> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = crate_folder.parent()?.parent()?;
    let folder = workspace.parent()?.join("shared/conformance/promqltest");
    folder.is_dir().then_some(folder)
}

fn run(text: &str, name: &str) -> Count {
    let mut count = Count::default();
    for Judged { line, query, is_native, verdict } in judge::judge(text) {
        match verdict {
            Verdict::Passed => {
                count.passed += 1;
                count.native_passed += usize::from(is_native);
            }
            Verdict::Failed(reason) => {
                count.failed += 1;
                count.native_failed += usize::from(is_native);
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
        let Count { passed, failed, native_passed, native_failed } = it;
        writeln!(
            table,
            "{name:27} passed {passed:4}  failed {failed:4}  native passed {native_passed:4}  failed {native_failed:4}"
        )
        .unwrap();
    }
    expect.assert_eq(&table);
}

#[test]
fn the_conformance_suite_passes() {
    let Some(folder) = data() else {
        let must_run = env::var_os("NINES_REQUIRE").is_some_and(|it| it == "all");
        assert!(!must_run, "promqltest data not found");
        println!("skipped: promqltest data not found");
        return;
    };
    check(
        &folder,
        &expect![[r#"
            aggregators.test            passed  160  failed    0  native passed   34  failed    0
            at_modifier.test            passed   78  failed    0  native passed    0  failed    0
            duration_expression.test    passed   59  failed    0  native passed    0  failed    0
            extended_vectors.test       passed  169  failed    0  native passed   49  failed    0
            fill-modifier.test          passed   46  failed    0  native passed    0  failed    0
            functions.test              passed  431  failed    0  native passed  108  failed    0
            histograms.test             passed  185  failed    0  native passed   92  failed    0
            info.test                   passed   53  failed    0  native passed    1  failed    0
            literals.test               passed   25  failed    0  native passed    0  failed    0
            name_label_dropping.test    passed   30  failed    0  native passed    0  failed    0
            native_histograms.test      passed  522  failed    0  native passed  519  failed    0
            operators.test              passed  214  failed    0  native passed   72  failed    0
            range_queries.test          passed   18  failed    0  native passed    2  failed    0
            selectors.test              passed   31  failed    0  native passed    0  failed    0
        "#]],
    );
}
