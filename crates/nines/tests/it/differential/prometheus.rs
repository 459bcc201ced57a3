//! Debian's Prometheus as a child process.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_MAX: Duration = Duration::from_mins(1);

/// Dropped, it is killed.
pub(crate) struct Prometheus {
    child: Child,
    pub(crate) url: String,
}

impl Prometheus {
    /// Nothing when it is not installed and need not be.
    pub(crate) async fn start(home: &Path) -> Option<Self> {
        // Between asking for a free port and using it another process may take it; then it does not get ready.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        std::fs::write(home.join("prometheus.yml"), "").unwrap();
        let started = Command::new("prometheus")
            .arg(format!("--config.file={}", home.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", home.join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--web.enable-remote-write-receiver")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match started {
            Ok(child) => child,
            Err(error) => {
                let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
                assert!(!required, "prometheus is required: {error}");
                #[expect(clippy::print_stdout, reason = "a skip is told")]
                {
                    println!("skipped: prometheus is not installed (package prometheus)");
                }
                return None;
            }
        };
        let started = Self { child, url: format!("http://{address}") };
        started.wait_until_ready().await;
        Some(started)
    }

    async fn wait_until_ready(&self) {
        let begun = Instant::now();
        while !reqwest::get(format!("{}/-/ready", self.url))
            .await
            .is_ok_and(|it| it.status().is_success())
        {
            assert!(begun.elapsed() < READY_MAX, "prometheus is not ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
