//! SIGKILL at random moments while commands flow: what was acknowledged is there, what was intended is sent or
//! still owed, and nothing is repeated without a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use nines_base::{Labels, Sample, SampleBatch};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::postgres::Server;
use crate::process::Running;

/// Kills; `NINES_KILL_ROUNDS` asks for more.
const ROUNDS: u32 = 8;
/// Writers at once.
const WRITERS: u32 = 3;
/// Commands of one writer in one round, so that all fit one listing.
const COMMANDS_MAX: u32 = 30;

/// How often each message arrived: unmarked, and marked as a possible repeat.
type Arrived = Arc<Mutex<BTreeMap<String, (u32, u32)>>>;

/// A receiver that is slow enough for kills to hit messages on their way.
async fn sink() -> (String, Arrived) {
    let arrived = Arrived::default();
    let take = |State(arrived): State<Arrived>, Json(body): Json<Value>| async move {
        let key = body["key"].as_str().unwrap().to_owned();
        {
            let mut arrived = arrived.lock().unwrap();
            let (unmarked, marked) = arrived.entry(key).or_default();
            *if body["possible_repeat"] == true { marked } else { unmarked } += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let router = axum::Router::new().route("/hook", post(take)).with_state(Arc::clone(&arrived));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook"), arrived)
}

fn configuration(services: u32, hook: &str) -> String {
    let mut text = format!(
        "apiVersion: nines/v1\nkind: Person\nmetadata: {{name: ana}}\nspec: {{contacts: [{{webhook: {{url: '{hook}'}}}}, {{inbox: {{}}}}]}}\n---\napiVersion: nines/v1\nkind: Escalation\nmetadata: {{name: primary}}\nspec: {{steps: [{{notify: [person: ana], wait: 5m}}]}}\n"
    );
    for index in 0..services {
        text.push_str(&format!(
            "---\napiVersion: nines/v1\nkind: SLO\nmetadata: {{name: s{index}/availability}}\nspec:\n  sli: {{counter: {{bad: 'errors_total{{service=\"s{index}\"}}', total: 'requests_total{{service=\"s{index}\"}}'}}}}\n  objective: 99.9%\n  window: 28d\n  alerting: {{preset: scaled, escalation: primary}}\n"
        ));
    }
    text
}

/// Errors of one service, enough for a page.
async fn burn(client: &Client, server: (&str, &str), service: &str) -> bool {
    let now = jiff_now_ms();
    let series = |name: &str, per_sample: f64| SampleBatch {
        histograms: Vec::new(),
        labels: Labels::new([("__name__", name), ("service", service)]).unwrap(),
        samples: (0..240_i32)
            .map(|it| Sample {
                at_ms: now - i64::from(239 - it) * 15_000,
                value: f64::from(it) * per_sample,
            })
            .collect(),
    };
    let batches = [series("requests_total", 1_000.0), series("errors_total", 500.0)];
    let body = nines_ingest::remote_write::encode(&batches);
    let (url, token) = server;
    let request = client.post(format!("{url}/api/v1/write")).bearer_auth(token).body(body);
    request.send().await.is_ok_and(|it| it.status().is_success())
}

fn jiff_now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Waits until the server decides: a journal that is shared may be somebody else's for a moment.
async fn decides(client: &Client, server: &Running, id: &str) {
    let body = json!({ "id": id, "service": "s0", "version": id, "source": "test" });
    let url = format!("{}/api/v1/events", server.url);
    for _ in 0..1_000 {
        let request = client.post(&url).bearer_auth(&server.token).json(&body);
        if request.send().await.is_ok_and(|it| it.status() == 201) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not decide");
}

/// What Alertmanager's clients were told holds.
#[derive(Debug, Default)]
struct Told {
    silences: BTreeSet<String>,
    alerts: BTreeSet<String>,
}

/// Makes silences and posts alerts until the server is gone; gives those that were acknowledged.
async fn silence_and_alert(client: Client, url: String, token: String, round: u32) -> Told {
    let mut told = Told::default();
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
    for index in 0..COMMANDS_MAX {
        let name = format!("r{round}i{index}");
        let matcher = json!({ "name": "job", "value": name, "isRegex": false, "isEqual": true });
        let silence = json!({
            "matchers": [matcher],
            "startsAt": jiff::Timestamp::now(),
            "endsAt": end,
            "createdBy": "ana",
            "comment": "crash",
        });
        let url_of = |path: &str| format!("{url}/api/v2/{path}");
        let request = client.post(url_of("silences")).bearer_auth(&token).json(&silence);
        let Ok(answer) = request.send().await else { break };
        assert!(answer.status().is_success(), "{}", answer.status());
        let Ok(answer) = answer.json::<Value>().await else { break };
        told.silences.insert(answer["silenceID"].as_str().unwrap().to_owned());

        let labels = json!({ "alertname": name, "job": name });
        let alerts = json!([{ "labels": labels, "endsAt": end }]);
        let request = client.post(url_of("alerts")).bearer_auth(&token).json(&alerts);
        let Ok(answer) = request.send().await else { break };
        assert!(answer.status().is_success(), "{}", answer.status());
        told.alerts.insert(name);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    told
}

/// Records changes until the server is gone; gives the ids that were acknowledged.
async fn write_changes(client: Client, url: String, token: String, name: String) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for index in 0..COMMANDS_MAX {
        let id = format!("{name}-{index}");
        let body = json!({ "id": id, "service": "s0", "version": id, "source": "test" });
        let request = client.post(format!("{url}/api/v1/events")).bearer_auth(&token).json(&body);
        match request.send().await {
            Ok(answer) if answer.status() == 201 => acknowledged.push(id),
            Ok(answer) => panic!("{}", answer.status()),
            Err(_) => break,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    acknowledged
}

async fn get(client: &Client, server: &Running, path: &str) -> Value {
    let request = client.get(format!("{}{path}", server.url)).bearer_auth(&server.token);
    request.send().await.unwrap().json().await.unwrap()
}

/// The services of which a webhook speaks.
fn told(pages: &[Value]) -> BTreeSet<&str> {
    let webhooks = pages.iter().filter(|it| it["channel"] == "webhook");
    webhooks
        .filter_map(|it| it["subject"].as_str()?.split_whitespace().nth(2)?.split('/').next())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_no_page_is_repeated_unmarked() {
    kill_again_and_again(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_a_journal_in_postgres() {
    let Some(database) = Server::start() else { return };
    kill_again_and_again(&["--journal", &database.url()]).await;
}

async fn kill_again_and_again(journal: &[&str]) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let rounds = std::env::var("NINES_KILL_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds: u32 = rounds.unwrap_or(ROUNDS);
    let home = tempfile::tempdir().unwrap();
    let (hook, arrived) = sink().await;
    let config = home.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("nines.yaml"), configuration(rounds, &hook)).unwrap();
    let data = home.path().join("data");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let args =
        ["serve", "--config", &text(&config), "--data", &text(&data), "--listen", "127.0.0.1:0"]
            .map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).chain(journal.iter().copied()).collect();
    let client = Client::builder().no_proxy().build().unwrap();
    let mut rng = fastrand::Rng::with_seed(7);

    let (mut acknowledged, mut burning) = (BTreeSet::new(), BTreeSet::new());
    let (mut silences, mut alerts) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..rounds {
        let server = Running::start(home.path(), &args);
        decides(&client, &server, &format!("start-{round}")).await;
        let (url, token) = (server.url.clone(), server.token.clone());
        let told = tokio::spawn(silence_and_alert(client.clone(), url, token, round));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (url, token) = (server.url.clone(), server.token.clone());
            writers.spawn(write_changes(client.clone(), url, token, format!("r{round}w{writer}")));
        }
        let service = format!("s{round}");
        if burn(&client, (&server.url, &server.token), &service).await {
            burning.insert(service);
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(20..600))).await;
        server.kill();
        while let Some(written) = writers.join_next().await {
            acknowledged.extend(written.unwrap());
        }
        let told = told.await.unwrap();
        silences.extend(told.silences);
        alerts.extend(told.alerts);
    }

    // The start verifies the hash chain. Then everything that was owed is sent.
    let server = Running::start(home.path(), &args);
    decides(&client, &server, "start-last").await;
    let mut pages = Value::Null;
    for _ in 0..300 {
        pages = get(&client, &server, "/api/nines/v1/pages").await;
        let rows = pages.as_array().unwrap();
        let settled = |it: &Value| matches!(it["state"].as_str(), Some("delivered" | "unknown"));
        if burning.iter().all(|it| told(rows).contains(it.as_str())) && rows.iter().all(settled) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let changes = get(&client, &server, "/api/nines/v1/changes").await;
    let found: BTreeSet<&str> =
        changes.as_array().unwrap().iter().filter_map(|it| it["version"].as_str()).collect();
    let lost: Vec<&String> =
        acknowledged.iter().filter(|it| !found.contains(it.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(
        !acknowledged.is_empty() && !burning.is_empty(),
        "the kills came too early to test anything"
    );

    let texts = |list: &Value, name: fn(&Value) -> &Value| -> BTreeSet<String> {
        list.as_array()
            .unwrap()
            .iter()
            .filter_map(|it| Some(name(it).as_str()?.to_owned()))
            .collect()
    };
    let found = texts(&get(&client, &server, "/api/v2/silences").await, |it| &it["id"]);
    let lost: Vec<&String> = silences.difference(&found).collect();
    assert!(lost.is_empty() && !silences.is_empty(), "silences that were lost: {lost:?}");
    let found = get(&client, &server, "/api/v2/alerts").await;
    let found = texts(&found, |it| &it["labels"]["alertname"]);
    let lost: Vec<&String> = alerts.difference(&found).collect();
    assert!(lost.is_empty() && !alerts.is_empty(), "alerts that were lost: {lost:?}");

    let rows = pages.as_array().unwrap();
    let told = told(rows);
    let untold: Vec<&String> = burning.iter().filter(|it| !told.contains(it.as_str())).collect();
    assert!(
        untold.is_empty(),
        "their errors were taken, and nobody was told: {untold:?} of {pages}"
    );
    let arrived = arrived.lock().unwrap().clone();
    assert!(told.len() <= arrived.len(), "{arrived:?}");
    for (key, (unmarked, marked)) in &arrived {
        assert!(*unmarked <= 1, "{key} was repeated without a mark: {unmarked}");
        assert!(*marked <= rounds, "{key} was repeated more than once for each kill: {marked}");
    }
    assert_eq!(server.stop().0, 0);
}
