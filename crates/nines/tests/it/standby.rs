//! Two processes and one journal in PostgreSQL: one decides, the other follows, and takes over when the first is gone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::postgres::Server;
use crate::process::{Running, nines};

/// How long something may take that takes two seconds, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const CONFIGURATION: &str = "apiVersion: nines/v1\nkind: Person\nmetadata: {name: ana}\nspec: {contacts: [{inbox: {}}]}\n---\napiVersion: nines/v1\nkind: Escalation\nmetadata: {name: primary}\nspec: {steps: [{notify: [person: ana], wait: 5m}]}\n";

/// The database, and what all processes have in common.
struct Site {
    database: Server,
    home: tempfile::TempDir,
    client: Client,
}

impl Site {
    fn new() -> Option<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let database = Server::start()?;
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("config")).unwrap();
        std::fs::write(home.path().join("config/nines.yaml"), CONFIGURATION).unwrap();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Some(Self { database, home, client })
    }

    fn home(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn start(&self, name: &str) -> Running {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let home = self.home(name);
        std::fs::create_dir_all(&home).unwrap();
        let (config, data) = (text(&self.home("config")), text(&home.join("data")));
        let url = self.database.url();
        let args = ["serve", "--config", &config, "--data", &data, "--journal", &url];
        Running::start(&home, &[&args[..], &["--listen", "127.0.0.1:0"]].concat())
    }

    async fn note(&self, server: &Running, id: &str) -> reqwest::Result<Response> {
        let body = json!({ "id": id, "service": "shop", "version": id, "source": "test" });
        let url = format!("{}/api/v1/events", server.url);
        self.client.post(url).bearer_auth(&server.token).json(&body).send().await
    }

    /// Notes it as soon as somebody takes it; says how long that took.
    async fn note_at_last(&self, server: &Running, id: &str) -> Duration {
        let started = Instant::now();
        loop {
            let answer = self.note(server, id).await;
            if answer.is_ok_and(|it| it.status().is_success()) {
                return started.elapsed();
            }
            assert!(started.elapsed() < PATIENCE, "nobody takes {id}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The versions that a process knows, and whom it follows.
    async fn known(&self, server: &Running) -> (Vec<String>, Option<String>) {
        let url = format!("{}/api/nines/v1/changes", server.url);
        let answer = self.client.get(url).bearer_auth(&server.token).send().await.unwrap();
        let followed = answer.headers().get("nines-standby-of");
        let followed = followed.map(|it| it.to_str().unwrap().to_owned());
        assert_eq!(followed.is_some(), answer.headers().contains_key("nines-lag"));
        let changes: Value = answer.json().await.unwrap();
        let versions = changes.as_array().unwrap().iter();
        let mut versions: Vec<String> =
            versions.map(|it| it["version"].as_str().unwrap().to_owned()).collect();
        versions.sort_unstable();
        (versions, followed)
    }

    async fn until_known(&self, server: &Running, id: &str) {
        let started = Instant::now();
        while !self.known(server).await.0.iter().any(|it| it == id) {
            assert!(started.elapsed() < PATIENCE, "{id} does not arrive");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The chain of hashes of the whole journal holds.
    fn verify(&self) {
        let verified =
            nines(self.home.path(), &["audit", "verify", "--journal", &self.database.url()]);
        assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_reads_passes_on_and_takes_over_what_a_killed_process_had_acknowledged() {
    let Some(site) = Site::new() else { return };
    let (a, b) = (site.start("a"), site.start("b"));
    assert_eq!(a.token, b.token, "one installation has one token");
    assert_eq!(site.note(&a, "one").await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(site.note(&b, "two").await.unwrap().status(), StatusCode::CREATED);
    site.until_known(&b, "two").await;
    let (known, follows) = site.known(&b).await;
    assert_eq!((known, follows.as_ref()), (vec!["one".to_owned(), "two".to_owned()], Some(&a.url)));
    assert_eq!(site.known(&a).await.1, None);

    a.kill();
    let took = site.note_at_last(&b, "zero").await;
    eprintln!("the standby decided {} ms after the other was killed", took.as_millis());
    let (known, follows) = site.known(&b).await;
    assert_eq!((known.len(), follows), (3, None));

    // Who comes back follows.
    let a = site.start("a");
    assert_eq!(site.known(&a).await.1.as_ref(), Some(&b.url));
    assert_eq!(site.note(&a, "four").await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(b.stop().0, 0);
    let took = site.note_at_last(&a, "five").await;
    eprintln!("the standby decided {} ms after the other began to stop", took.as_millis());
    assert_eq!(a.stop().0, 0);
    site.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stood_still_does_not_decide_when_it_wakes_up() {
    let Some(site) = Site::new() else { return };
    let (a, b) = (site.start("a"), site.start("b"));
    assert_eq!(site.note(&a, "one").await.unwrap().status(), StatusCode::CREATED);
    site.until_known(&b, "one").await;
    a.signal("STOP");
    site.note_at_last(&b, "two").await;
    a.signal("CONT");
    // Whatever it answers now is the other one's doing, or a refusal.
    let started = Instant::now();
    let mut taken = vec!["one".to_owned(), "two".to_owned()];
    for index in 0.. {
        let id = format!("x{index:03}");
        match site.note(&a, &id).await {
            Ok(answer) if answer.status().is_success() => taken.push(id),
            Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
            Err(error) => panic!("{error}"),
        }
        if site.known(&a).await.1.as_ref() == Some(&b.url) {
            break;
        }
        assert!(started.elapsed() < PATIENCE);
    }
    site.note_at_last(&a, "x-last").await;
    taken.push("x-last".to_owned());
    taken.sort_unstable();
    assert_eq!(site.known(&b).await, (taken, None));
    assert_eq!(a.stop().0, 0);
    assert_eq!(b.stop().0, 0);
    site.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_for_a_while_costs_answers_and_no_fact() {
    let Some(mut site) = Site::new() else { return };
    let a = site.start("a");
    assert_eq!(site.note(&a, "one").await.unwrap().status(), StatusCode::CREATED);
    site.database.crash();
    let refused = site.note(&a, "lost").await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    // What it has read it still tells, and says that it does not decide.
    assert_eq!(site.known(&a).await, (vec!["one".to_owned()], Some("nobody".to_owned())));
    site.database.run();
    site.note_at_last(&a, "two").await;
    assert_eq!(site.known(&a).await.0, ["one", "two"]);
    assert_eq!(a.stop().0, 0);
    site.verify();
}

#[test]
fn the_address_of_a_database_with_a_password_is_a_mistake_of_use() {
    let home = tempfile::tempdir().unwrap();
    let output = nines(home.path(), &["serve", "--journal", "postgres://ana:secret@db/nines"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(!output.stderr.contains("secret@"), "{}", output.stderr);
    assert!(output.stderr.contains("PGPASSFILE"), "{}", output.stderr);
}
