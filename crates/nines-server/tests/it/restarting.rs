//! What objectives have counted, over stops and crashes.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::house::{Guest, House, now};

const BUDGET: &str = "/api/nines/v1/slos";

/// One scrape of both series.
async fn scrape(guest: &Guest, at: Timestamp, good: u32, bad: u32) {
    let ok = [("__name__", "http_requests_total"), ("job", "api"), ("code", "200")];
    let failed = [("__name__", "http_requests_total"), ("job", "api"), ("code", "500")];
    let written = guest.write(at, &[(&ok, good.into()), (&failed, bad.into())]).await;
    assert_eq!(written.status(), 204);
}

async fn counted(guest: &Guest) -> (Value, Value) {
    let answer = guest.get(BUDGET).await;
    (answer[0]["total"].clone(), answer[0]["bad"].clone())
}

fn counts(total: u32, bad: u32) -> (Value, Value) {
    (total.into(), bad.into())
}

/// As a crash leaves it: what was written is there, nothing was closed.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_go_on_after_a_stop_and_after_a_crash() {
    let (house, crashed) = (House::new(), House::new());
    let start = now() - SignedDuration::from_mins(10);
    let at = |minute: i64| start + SignedDuration::from_mins(minute);
    let guest = house.open().await;
    scrape(&guest, at(0), 1_000, 10).await;
    scrape(&guest, at(1), 1_900, 15).await;
    guest.leave().await;
    assert!(house.data_dir().join("slo.counts").is_file());

    let guest = house.open().await;
    assert_eq!(counted(&guest).await, counts(905, 5), "as it was at the stop");
    // The increase over the stop counts, too.
    scrape(&guest, at(2), 2_800, 16).await;
    assert_eq!(counted(&guest).await, counts(1_806, 6));
    copy(&house.data_dir(), &crashed.data_dir());
    guest.leave().await;

    let guest = crashed.open().await;
    assert_eq!(counted(&guest).await, counts(1_806, 6), "as it was at the crash");
    scrape(&guest, at(3), 2_900, 16).await;
    assert_eq!(counted(&guest).await, counts(1_906, 6));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_outlive_the_samples_that_they_were_made_from() {
    let house = House::new();
    let guest = house.open().await;
    let start = now() - SignedDuration::from_mins(10);
    scrape(&guest, start, 1_000, 10).await;
    scrape(&guest, start + SignedDuration::from_mins(1), 1_900, 15).await;
    guest.leave().await;
    fs::remove_dir_all(house.data_dir().join("samples")).unwrap();

    let guest = house.open().await;
    assert_eq!(counted(&guest).await, counts(905, 5));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_definition_counts_the_past_again() {
    let house = House::new();
    let guest = house.open().await;
    let start = now() - SignedDuration::from_mins(10);
    scrape(&guest, start, 1_000, 10).await;
    scrape(&guest, start + SignedDuration::from_mins(1), 1_900, 15).await;
    guest.leave().await;
    house.write("nines.yaml", &crate::house::CONFIG.replace("code=~\"5..\"", "code=\"200\""));

    let guest = house.open().await;
    assert_eq!(counted(&guest).await, counts(905, 900));
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_samples_are_counted_after_a_crash() {
    let (house, crashed) = (House::new(), House::new());
    let start = now() - SignedDuration::from_hours(3);
    let at = |minute: i64| start + SignedDuration::from_mins(minute);
    let guest = house.open().await;
    scrape(&guest, at(5), 1_900, 15).await;
    scrape(&guest, at(6), 2_800, 16).await;
    guest.leave().await;

    let guest = house.open().await;
    assert_eq!(counted(&guest).await, counts(901, 1));
    // Older than what a start replays.
    scrape(&guest, at(4), 1_000, 10).await;
    assert_eq!(counted(&guest).await, counts(1_806, 6));
    copy(&house.data_dir(), &crashed.data_dir());
    guest.leave().await;

    let guest = crashed.open().await;
    assert_eq!(counted(&guest).await, counts(1_806, 6));
    guest.leave().await;
}
