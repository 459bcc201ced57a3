//! From `prometheus.yml` to series: what the files say is what is scraped.

use std::fs;

use crate::house::House;

/// Targets come from a list in YAML; one of them is dropped, and the other's series are relabelled.
const CONFIG: &str = "
global: {scrape_interval: 300ms, scrape_timeout: 300ms}
scrape_configs:
  - job_name: own
    file_sd_configs: [{files: [FILE], refresh_interval: 200ms}]
    relabel_configs:
      - {source_labels: [__meta_kind], regex: test, action: drop}
      - {source_labels: [__meta_zone], target_label: zone}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: nines_slo_.*, action: drop}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_targets_is_followed_and_rules_are_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("targets.yml");
    let house = House::new();
    house.write("prometheus.yml", &CONFIG.replace("FILE", &list.display().to_string()));
    let guest = house.open().await;
    let address = guest.url.trim_start_matches("http://");
    let groups = format!(
        "- targets: ['{address}']\n  labels: {{__meta_zone: eu}}\n\
         - targets: ['127.0.0.1:1']\n  labels: {{__meta_kind: test}}\n"
    );
    fs::write(&list, groups).unwrap();
    let up = "/api/v1/query?query=up{job=\"own\",zone=\"eu\"}";
    guest.until(up, |it| it["data"]["result"][0]["value"][1] == "1").await;
    let dropped = "/api/v1/query?query=nines_slo_events_total{job=\"own\"}";
    assert_eq!(guest.get(dropped).await["data"]["result"], serde_json::json!([]));
    let targets = guest.get("/api/v1/targets").await;
    assert_eq!(targets["data"]["activeTargets"][0]["discoveredLabels"]["__meta_zone"], "eu");
    let dropped = &targets["data"]["droppedTargets"][0]["discoveredLabels"];
    assert_eq!(dropped["__address__"], "127.0.0.1:1", "{targets}");
    assert_eq!(targets["data"]["droppedTargetCounts"]["own"], 1);

    // The series of a target that has gone end at once.
    fs::write(&list, "[]").unwrap();
    guest.until(up, |it| it["data"]["result"].as_array().is_some_and(Vec::is_empty)).await;
    guest.leave().await;
}
