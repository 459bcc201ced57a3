//! The examples of the repository are without findings.

use std::fs;
use std::path::{Path, PathBuf};

use nines_spec::{Reading, SourceFile, Style, read_dir, read_files, render};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn clean(name: &str) -> Reading {
    let reading = read_dir(&example(name)).unwrap();
    let shown = render(&reading.findings, &reading.sources, Style::Unicode);
    assert!(reading.findings.is_empty(), "{shown}");
    reading
}

#[test]
fn the_minimal_example_is_one_service_in_one_file() {
    let spec = clean("minimal").spec;
    assert_eq!((spec.slos.len(), spec.services.len()), (1, 1));
}

#[test]
fn the_shop_has_what_the_demo_tells() {
    let spec = clean("shop").spec;
    assert!(8 <= spec.slos.len());
    let names =
        |it: &[nines_spec::Service]| it.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let mut services = names(&spec.services);
    services.sort();
    assert_eq!(services, ["cart", "checkout", "gateway", "orders", "payments", "search"]);
    let heals = |it: &nines_runbook::Runbook| {
        it.steps.iter().any(|it| it.text.contains("demo heal") && it.idempotent)
    };
    assert_eq!(spec.runbooks.len(), 5);
    assert!(spec.runbooks.iter().all(heals));
    assert!(spec.runbooks.iter().all(|it| it.steps.iter().any(|it| it.read_only)));
}

#[test]
fn the_four_objectives_that_every_team_starts_with_are_written_as_they_are_said() {
    let spec = clean("four-objectives").spec;
    let said: Vec<String> = spec
        .slos
        .iter()
        .map(|it| {
            let goal = it.primary();
            format!("{} {} over {}", it.name, goal.latest(), goal.window)
        })
        .collect();
    assert_eq!(
        said,
        [
            "gateway/availability 99.99% over month",
            "gateway/latency 99.5% over 28d",
            "gateway/errors 99.9% over 28d",
            "gateway/throughput 99% over 28d",
        ]
    );
}

#[test]
fn a_file_of_alertmanager_is_read_as_it_is() {
    let spec = clean("import/alertmanager").spec;
    assert_eq!((spec.receivers.len(), spec.dispatch.root.children.len()), (4, 3));
    assert!(spec.dispatch.templates.defines("shop.title"));
    assert!(spec.alertmanager.is_some(), "tools of Alertmanager are shown the file itself");
}

#[test]
fn what_the_reference_shows_of_routing_is_taken() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/routing.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    assert!(4 <= blocks.len());
    let text = blocks.join("---\n");
    let reading = read_files(vec![SourceFile { path: "routing.md.yaml".to_owned(), text }]);
    let shown = render(&reading.findings, &reading.sources, Style::Unicode);
    assert!(reading.findings.is_empty(), "{shown}");
}

#[test]
fn what_the_reference_shows_is_taken() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/slo.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    assert!(2 <= blocks.len());
    let text = blocks.join("---\n");
    let reading = read_files(vec![SourceFile { path: "slo.md.yaml".to_owned(), text }]);
    let shown = render(&reading.findings, &reading.sources, Style::Unicode);
    // Whom a page reaches is not on this page.
    assert!(reading.findings.iter().all(|it| it.code == "N0405"), "{shown}");
}
