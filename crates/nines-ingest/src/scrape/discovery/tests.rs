//! Against files and a server on loopback; every wait is for an event.

use std::fs;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::file::{Files, expand};
use super::groups::read_json;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn sources() -> Sources {
    let read_yaml: ReadGroups = Arc::new(|text| {
        let group = TargetGroup { targets: vec![text.trim().to_owned()], labels: Vec::new() };
        if text.contains('!') { Err("not YAML".to_owned()) } else { Ok(vec![group]) }
    });
    Sources { clients: Clients::default(), read_yaml: Some(read_yaml) }
}

fn job(discovery: Discovery) -> ScrapeJob {
    ScrapeJob { discoveries: vec![discovery], ..ScrapeJob::new("j") }
}

/// Waits until the job has targets that `is_it` accepts.
async fn until(discoverer: &Discoverer, job: &ScrapeJob, is_it: impl Fn(&[Target]) -> bool) {
    let waiting = async {
        while !is_it(&discoverer.targets(job)) {
            discoverer.changed().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

fn shown(files: &Files) -> Vec<String> {
    let targets = files.targets.values().flatten();
    targets.map(|it| format!("{} {}", it.address, it.labels.value("env"))).collect()
}

#[test]
fn files_are_read_when_they_change_and_a_bad_one_keeps_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let patterns = [path("*.json"), path("more.yml"), path("absent.json")];
    let mut files = Files::default();
    fs::write(path("a.json"), r#"[{"targets":["a:1","b:1"],"labels":{"env":"prod"}}]"#).unwrap();
    fs::write(path("more.yml"), "c:1").unwrap();
    files.look(&patterns, &sources());
    assert_eq!(shown(&files), ["a:1 prod", "b:1 prod", "c:1 "]);
    let meta = files.targets.values().flatten().next().unwrap().labels.value("__meta_filepath");
    assert_eq!(meta, path("a.json").to_string_lossy());

    fs::write(path("a.json"), r#"[{"targets":["a:1"]"#).unwrap();
    fs::write(path("more.yml"), "d:1!").unwrap();
    files.look(&patterns, &sources());
    assert_eq!(shown(&files), ["a:1 prod", "b:1 prod", "c:1 "], "the last good ones stay");

    fs::write(path("a.json"), "[]").unwrap();
    fs::remove_file(path("more.yml")).unwrap();
    files.look(&patterns, &sources());
    assert!(shown(&files).is_empty(), "a list may be empty, and a file may go");
}

#[test]
fn a_pattern_has_one_star_in_its_last_part() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ab.json", "b.json", "ab.yml"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let found = |pattern: &str| {
        let files = expand(&folder.path().join(pattern));
        files.iter().map(|it| it.file_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("*.json"), ["ab.json", "b.json"]);
    assert_eq!(found("ab.*"), ["ab.json", "ab.yml"]);
    assert_eq!(found("b.json"), ["b.json"]);
    assert!(found("c*").is_empty());
    assert!(expand(&folder.path().join("absent/*.json")).is_empty());
}

#[test]
fn lists_say_what_is_wrong_with_them() {
    let said = |text: &str| read_json(text.as_bytes()).unwrap_err();
    assert_eq!(said("{}"), "the file is not a list of groups");
    assert_eq!(said("[1]"), "[0] is not an object with `targets`");
    assert_eq!(said(r#"[{"targets":[1]}]"#), "[0].targets is not a list of texts");
    assert_eq!(said(r#"[{"labels":{"a":1}}]"#), "[0].labels is not an object of texts");
    assert_eq!(said(r#"[{"target":[]}]"#), "[0] has the unknown field `target`");
    assert!(said("[").contains("EOF"), "{}", said("["));
}

#[tokio::test]
async fn an_address_is_asked_again_and_a_wrong_answer_keeps_the_targets() {
    let answers = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&answers);
    let handler = move |headers: HeaderMap| {
        let mut seen = seen.lock().unwrap();
        seen.push(headers);
        let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        let answer = match seen.len() {
            1 => (json, r#"[{"targets":["a:1"],"labels":{"__meta_dc":"eu"}}]"#).into_response(),
            2 => StatusCode::BAD_GATEWAY.into_response(),
            3 => "[]".into_response(), // not JSON, by its type
            _ => (json, r#"[{"targets":["b:1"]}]"#).into_response(),
        };
        async { answer }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sd", listener.local_addr().unwrap());
    let router = Router::new().route("/sd", get(handler));
    let _server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });

    let job = job(Discovery::Web {
        url: url.clone(),
        refresh: SignedDuration::from_millis(100),
        http: Box::default(),
    });
    let mut discoverer = Discoverer::new(sources());
    discoverer.follow(std::slice::from_ref(&job));
    until(&discoverer, &job, |it| it.iter().any(|it| it.address == "a:1")).await;
    let first = discoverer.targets(&job);
    assert_eq!(first[0].labels.value("__meta_dc"), "eu");
    assert_eq!(first[0].labels.value("__meta_url"), url);
    // It never becomes empty on the way.
    until(&discoverer, &job, |it| it.iter().all(|it| it.address == "b:1") && !it.is_empty()).await;
    {
        let seen = answers.lock().unwrap();
        assert_eq!(seen[0]["x-prometheus-refresh-interval-seconds"], "0.1");
        assert!(4 <= seen.len(), "{}", seen.len());
    }

    discoverer.follow(&[]);
    assert!(discoverer.targets(&job).is_empty(), "a source that no job names is stopped");
}
