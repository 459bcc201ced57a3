//! `nines test`: unit tests, played on virtual time without a server. The content of a file says whose they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use clap::ValueEnum;
use nines_rehearsal::Setup;
use nines_server::engine_config;
use nines_spec::{Finding, SourceFile, Style, TestForm, UnitTest, read_tests, test_form};
use serde_json::{Value, json};

use crate::check::unreadable;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::rule_tests;

mod junit;

/// Folders below the one that is named, at most.
const DEPTH_MAX: usize = 16;
/// Files of one run.
const FILES_MAX: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of kind `Test`, promtool's test files, or folders that hold them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write the results
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
    /// One JSON object for each file; short for `-o json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object for each file; a contract
    Json,
    /// For CI systems
    Junit,
}

/// What came of one file.
pub(crate) struct FileResult {
    pub(crate) file: String,
    pub(crate) exit: Exit,
    pub(crate) tests: Vec<TestResult>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) sources: Vec<SourceFile>,
}

/// What came of one test.
pub(crate) struct TestResult {
    pub(crate) name: String,
    /// Texts of several lines; none when it passed.
    pub(crate) failures: Vec<String>,
    /// The same for machines, where there is more to say than the text.
    pub(crate) details: Vec<Value>,
}

/// Ends with 0 when every test passes, with 1 when one fails, and with 2 when a file cannot be played.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let format = if args.json { Format::Json } else { args.output };
    let mut results = Vec::new();
    for file in files(&args.files)? {
        let result = play(&file)?;
        match format {
            Format::Text => output::print(&text(&result))?,
            Format::Json => output::print_json(&as_json(&result))?,
            Format::Junit => {}
        }
        results.push(result);
    }
    if format == Format::Junit {
        output::print(&junit::document(&results))?;
    }
    // A file that cannot be played weighs more than a test that fails.
    let worst = results.iter().map(|it| it.exit).max_by_key(|it| *it as u8);
    Ok(worst.unwrap_or(Exit::Yes))
}

/// The files that are named, and those with tests in folders that are named.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, 0, &mut files)?;
            if files.len() == before {
                let message = format!("{} has no file with tests", path.display());
                return Err(Failure::usage(message).into());
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden || FILES_MAX <= found.len() {
            continue;
        }
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(&path, depth + 1, found)?;
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            let text = fs::read(&path)?;
            if test_form(&String::from_utf8_lossy(&text)) != TestForm::None {
                found.push(path);
            }
        }
    }
    Ok(())
}

fn play(file: &Path) -> anyhow::Result<FileResult> {
    let text = fs::read(file).unwrap_or_default();
    match test_form(&String::from_utf8_lossy(&text)) {
        TestForm::Native => play_native(file),
        // What is no test at all is told by the older reader.
        TestForm::Promtool | TestForm::None => rule_tests::play(file),
    }
}

fn play_native(file: &Path) -> anyhow::Result<FileResult> {
    let read = read_tests(file).map_err(unreadable)?;
    let has_errors = read.has_errors();
    let mut result = FileResult {
        file: file.display().to_string(),
        exit: Exit::Invalid,
        tests: Vec::new(),
        findings: read.findings,
        sources: read.sources,
    };
    if !has_errors {
        result.tests = play_all(&read.tests)?;
        let is_green = result.tests.iter().all(|it| it.failures.is_empty());
        result.exit = if is_green { Exit::Yes } else { Exit::No };
    }
    Ok(result)
}

/// On all processors; the results are in the order of the tests.
fn play_all(tests: &[UnitTest]) -> anyhow::Result<Vec<TestResult>> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(tests.len()).max(1);
    let queue = Mutex::new(tests.iter().enumerate());
    let next = || queue.lock().expect("nobody panics while holding the queue").next();
    let played: Vec<anyhow::Result<Vec<(usize, TestResult)>>> = thread::scope(|scope| {
        let work = || {
            let mut played = Vec::new();
            while let Some((index, test)) = next() {
                played.push((index, play_one(test)?));
            }
            Ok(played)
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |it: thread::ScopedJoinHandle<'_, _>| {
            it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        handles.into_iter().map(join).collect()
    });
    let mut results = Vec::new();
    for it in played {
        results.extend(it?);
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, it)| it).collect())
}

fn play_one(test: &UnitTest) -> anyhow::Result<TestResult> {
    let setup = Setup::new(&test.spec, engine_config(&test.spec));
    let verdict = nines_rehearsal::play(&test.case, &setup)?;
    let details = verdict.failures.iter().map(|it| {
        json!({
            "at": it.at,
            "what": it.what,
            "place": it.place,
            "expected": it.expected,
            "got": it.got,
            "why": it.why,
        })
    });
    Ok(TestResult {
        details: details.collect(),
        failures: verdict.failures.iter().map(ToString::to_string).collect(),
        name: verdict.name,
    })
}

fn text(result: &FileResult) -> String {
    let FileResult { file, findings, sources, tests, exit } = result;
    let mut out = String::new();
    if !findings.is_empty() {
        out.push_str(&nines_spec::render(findings, sources, Style::Color));
    }
    match exit {
        Exit::Yes => {
            let noun = if tests.len() == 1 { "test" } else { "tests" };
            out.push_str(&format!("{file}: SUCCESS, {} {noun}", tests.len()));
        }
        Exit::No => {
            out.push_str(&format!("{file}: FAILED"));
            for test in tests.iter().filter(|it| !it.failures.is_empty()) {
                let failures = test.failures.join("\n").replace('\n', "\n  ");
                let name = if test.details.is_empty() { "" } else { test.name.as_str() };
                let separator = if name.is_empty() { "" } else { "\n  " };
                out.push_str(&format!("{separator}{name}\n  {failures}"));
            }
        }
        _ => out.push_str(&format!("{file}: not played, it has errors")),
    }
    out
}

fn as_json(result: &FileResult) -> Value {
    let failures: Vec<&String> = result.tests.iter().flat_map(|it| &it.failures).collect();
    let tests = result.tests.iter().map(
        |it| json!({"name": it.name, "passed": it.failures.is_empty(), "failures": it.details}),
    );
    json!({
        "file": result.file,
        "passed": result.exit == Exit::Yes,
        "trials": result.tests.len(),
        "failures": failures,
        "findings": result.findings,
        "tests": tests.collect::<Vec<_>>(),
    })
}
