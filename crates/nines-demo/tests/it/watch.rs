//! Looks at the metrics of a running shop until something is the case, within a time limit.

use std::collections::BTreeMap;
use std::time::Duration;

use nines_demo::{Service, Shop};

/// How long anything may take to show.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// So many requests make a judgement.
const REQUESTS_MIN: f64 = 12.0;

/// Values by series, as the text writes it.
pub(crate) type Scrape = BTreeMap<String, f64>;

#[derive(Debug)]
pub(crate) struct Traffic {
    client: reqwest::Client,
}

impl Default for Traffic {
    fn default() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { client }
    }
}

impl Traffic {
    pub(crate) async fn change_faults(&self, address: &str, token: &str) -> u16 {
        let request = self.client.post(format!("http://{address}/admin/fault"));
        let faults: [&str; 0] = [];
        let request = request.json(&serde_json::json!({ "faults": faults }));
        request.header("x-demo-token", token).send().await.unwrap().status().as_u16()
    }

    /// Nothing while the service is down.
    async fn scrape(&self, shop: &Shop, service: Service) -> Scrape {
        let (_, address) = shop.addresses().into_iter().find(|(it, _)| *it == service).unwrap();
        let Ok(answer) = self.client.get(format!("http://{address}/metrics")).send().await else {
            return Scrape::new();
        };
        let text = answer.text().await.unwrap_or_default();
        assert!(text.is_empty() || text.ends_with("# EOF\n"), "{text}");
        let samples = text.lines().filter(|it| !it.starts_with('#'));
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        };
        samples.filter_map(sample).collect()
    }
}

pub(crate) async fn scrape(shop: &Shop, service: Service) -> Scrape {
    Traffic::default().scrape(shop, service).await
}

/// The value of the series that begins with `name`; 0 if there is none.
pub(crate) fn gauge(scrape: &Scrape, name: &str) -> f64 {
    scrape.iter().find(|(series, _)| series.starts_with(name)).map_or(0.0, |(_, value)| *value)
}

/// Waits for the condition.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while !is_so().await {
            looks.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "not within {PATIENCE:?}: {what}");
}

/// Requests and failures so far.
fn counts(scrape: &Scrape) -> (f64, f64) {
    let requests = scrape.iter().filter(|(series, _)| series.starts_with("http_requests_total"));
    let failures = requests.clone().filter(|(series, _)| series.contains("code=\"5"));
    (requests.map(|(_, it)| it).sum(), failures.map(|(_, it)| it).sum())
}

/// Waits for a stretch of requests whose share of failures `is_as_wanted`.
async fn until_failures(
    shop: &Shop,
    service: Service,
    what: &str,
    is_as_wanted: impl Fn(f64) -> bool,
) {
    let traffic = Traffic::default();
    let mut before = counts(&traffic.scrape(shop, service).await);
    until(&format!("{what} of {service}"), async || {
        let now = counts(&traffic.scrape(shop, service).await);
        let (requests, failures) = (now.0 - before.0, now.1 - before.1);
        if requests < 0.0 {
            before = (0.0, 0.0); // it was started again
        }
        if requests < REQUESTS_MIN {
            return false;
        }
        before = now;
        is_as_wanted(failures / requests)
    })
    .await;
}

/// At least 60 % of the requests fail.
pub(crate) async fn errors_show(shop: &Shop, service: Service) {
    until_failures(shop, service, "failures", |ratio| 0.6 <= ratio).await;
}

pub(crate) async fn requests_are_good(shop: &Shop, service: Service) {
    until_failures(shop, service, "good answers", |ratio| ratio == 0.0).await;
}
