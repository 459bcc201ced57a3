//! The shop as its users see it: six processes, their metrics, and every fault from break to heal.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod watch;

use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use expect_test::expect;
use nines_demo::{
    BAD_VERSION, ChangeKind, Fault, GOOD_VERSION, Service, ServiceArgs, Shop, ShopConfig,
    ShopError, control_router, scrape_targets,
};
use nines_port::VirtualClock;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tower::ServiceExt;

use watch::{Traffic, errors_show, gauge, requests_are_good, scrape, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nines-demo-service");

/// More than the demo, so that faults show sooner.
const PEAK_PER_SECOND: f64 = 120.0;

async fn open_shop(folder: &TempDir) -> Arc<Shop> {
    let afternoon = "2026-05-12T15:00:00Z".parse().unwrap();
    let clock = Arc::new(VirtualClock::starting_at(afternoon));
    let config = ShopConfig::new(PROGRAM.into(), Vec::new(), folder.path().into(), clock);
    let config = ShopConfig { peak_per_second: PEAK_PER_SECOND, ..config };
    Arc::new(Shop::start(config).await.unwrap())
}

/// Breaks and heals; both must show in the metrics of the service.
async fn check_errors(fault: Fault) {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    let service = fault.service();
    requests_are_good(&shop, service).await;
    shop.break_it(fault).await.unwrap();
    errors_show(&shop, service).await;
    assert_eq!(shop.faults(), [fault]);
    let again = shop.break_it(fault).await;
    assert!(matches!(again, Err(ShopError::AlreadyBroken { .. })), "{again:?}");

    let healed = shop.heal().await.unwrap();
    assert_eq!(healed.iter().map(|it| it.service).collect::<Vec<_>>(), [service]);
    requests_are_good(&shop, service).await;
    assert_eq!(shop.faults(), []);
    assert_eq!(shop.heal().await.unwrap(), []);
    shop.stop().await;
}

#[tokio::test]
async fn services_call_each_other_and_tell_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    for service in Service::ALL {
        requests_are_good(&shop, service).await;
    }
    let orders = scrape(&shop, Service::Orders).await;
    assert!(4e6 < gauge(&orders, "process_resident_memory_bytes"), "{orders:?}");
    assert!(1e3 < gauge(&orders, "disk_used_bytes"), "{orders:?}");
    expect!["4 67108864 1"].assert_eq(&format!(
        "{} {} {}",
        gauge(&orders, "db_connections_max"),
        gauge(&orders, "disk_size_bytes"),
        gauge(&orders, "build_info{service=\"orders\",version=\"v2.32\"}"),
    ));
    let targets = scrape_targets(&shop);
    let labels: Vec<_> = targets.iter().flat_map(|(_, labels)| labels).collect();
    assert_eq!(labels[5], &("instance".to_owned(), "gateway-1".to_owned()));

    shop.stop().await;
    for (service, address) in shop.addresses() {
        assert!(TcpStream::connect(address).is_err(), "{service} outlived the shop");
    }
    let traffic = shop.state().traffic;
    assert!(traffic.failed * 50 <= traffic.succeeded, "{traffic:?}");
}

#[tokio::test]
async fn a_bad_deploy_fails_checkouts_and_leaks_until_it_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    let mut notices = shop.subscribe();
    requests_are_good(&shop, Service::Checkout).await;
    let before = gauge(&scrape(&shop, Service::Checkout).await, "process_resident_memory_bytes");

    let deployed = shop.break_it(Fault::BadDeploy).await.unwrap();
    assert_eq!((deployed.kind, deployed.version.as_str()), (ChangeKind::Deploy, BAD_VERSION));
    errors_show(&shop, Service::Checkout).await;
    until("checkout grows by 10 MiB", async || {
        let now = scrape(&shop, Service::Checkout).await;
        before + 1e7 < gauge(&now, "process_resident_memory_bytes")
    })
    .await;

    let healed = shop.heal().await.unwrap();
    assert_eq!((healed[0].kind, healed[0].version.as_str()), (ChangeKind::Deploy, GOOD_VERSION));
    requests_are_good(&shop, Service::Checkout).await;
    assert_eq!(notices.recv().await.unwrap(), deployed);
    assert_eq!(notices.recv().await.unwrap(), healed[0]);
    shop.stop().await;
}

#[tokio::test]
async fn a_memory_leak_gets_cart_killed_and_it_comes_back_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    shop.break_it(Fault::MemoryLeak).await.unwrap();
    errors_show(&shop, Service::Cart).await;
    let cart =
        |shop: &Shop| shop.state().services.into_iter().find(|it| it.service == Service::Cart);
    let address = cart(&shop).unwrap().address;
    until("cart is killed and started again", async || {
        cart(&shop).is_some_and(|it| 0 < it.restarts && it.pid.is_some())
    })
    .await;
    assert_eq!(cart(&shop).unwrap().address, address);
    errors_show(&shop, Service::Cart).await;

    shop.heal().await.unwrap();
    requests_are_good(&shop, Service::Cart).await;
    assert!(gauge(&scrape(&shop, Service::Cart).await, "process_resident_memory_bytes") < 6e7);
    shop.stop().await;
}

#[tokio::test]
async fn a_slow_query_overloads_the_pool_and_is_controlled_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    let call = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = control_router(Arc::clone(&shop)).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 100_000).await.unwrap();
        (status, serde_json::from_slice::<serde_json::Value>(&body).unwrap())
    };
    let (status, body) = call("POST", "/demo/break/slow-query").await;
    expect![[r#"200 {"changes":[{"at":"2026-05-12T15:00:00Z","by":"ana","fault":"slow-query","kind":"config","service":"search","summary":"search: rank by related products","version":"v2.32"}]}"#]]
        .assert_eq(&format!("{status} {body}"));
    until("search's pool is used up and requests wait", async || {
        let now = scrape(&shop, Service::Search).await;
        2.5 < gauge(&now, "db_connections_in_use") && 3.0 < gauge(&now, "queue_depth")
    })
    .await;
    errors_show(&shop, Service::Search).await;
    let (status, body) = call("POST", "/demo/break/slow-query").await;
    expect![[r#"409 {"detail":"`slow-query` is active already; `nines demo heal` repairs the shop","status":409,"title":"Conflict","type":"urn:nines:demo:already-broken"}"#]]
        .assert_eq(&format!("{status} {body}"));
    let (status, body) = call("POST", "/demo/break/rain").await;
    expect![[r#"404 {"detail":"the shop cannot break by `rain`; faults are bad-deploy, memory-leak, slow-query, db-down, disk-filling","status":404,"title":"Not Found","type":"urn:nines:demo:unknown-fault"}"#]]
        .assert_eq(&format!("{status} {body}"));
    let (_, state) = call("GET", "/demo/state").await;
    assert_eq!(state["faults"], serde_json::json!(["slow-query"]));
    assert_eq!(state["services"].as_array().unwrap().len(), 6);
    assert_eq!(state["available"].as_array().unwrap().len(), 5);

    let (status, _) = call("POST", "/demo/heal").await;
    assert_eq!(status, 200);
    requests_are_good(&shop, Service::Search).await;
    shop.stop().await;
}

#[tokio::test]
async fn a_lost_database_fails_orders() {
    check_errors(Fault::DbDown).await;
}

#[tokio::test]
async fn a_full_disk_fails_orders() {
    check_errors(Fault::DiskFilling).await;
}

#[tokio::test]
async fn a_killed_process_is_started_again_on_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(&folder).await;
    let victim = shop.state().services.into_iter().find(|it| it.service == Service::Payments);
    let victim = victim.unwrap();
    let pid = rustix::process::Pid::from_raw(victim.pid.unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until("payments runs again", async || {
        let now = shop.state().services.into_iter().find(|it| it.service == Service::Payments);
        now.is_some_and(|it| it.restarts == 1 && it.pid.is_some() && it.address == victim.address)
    })
    .await;
    requests_are_good(&shop, Service::Payments).await;
    shop.stop().await;
}

#[tokio::test]
async fn a_service_ends_with_its_parent_and_is_changed_only_with_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let args = ServiceArgs {
        port: 0,
        folder: folder.path().to_owned(),
        version: GOOD_VERSION.to_owned(),
        token: "secret".to_owned(),
        peers: [].into(),
        faults: [].into(),
        seed: 1,
    };
    let mut command = tokio::process::Command::new(PROGRAM);
    command.arg("payments").args(args.to_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let stdin = child.stdin.take();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("listening ").unwrap();

    let traffic = Traffic::default();
    let no_token = traffic.change_faults(address, "wrong").await;
    let with_token = traffic.change_faults(address, "secret").await;
    assert_eq!((no_token, with_token), (403, 204));

    drop(stdin);
    let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_program_that_is_no_service_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(VirtualClock::starting_at("2026-05-12T15:00:00Z".parse().unwrap()));
    let config = ShopConfig::new("/bin/true".into(), Vec::new(), folder.path().into(), clock);
    let error = Shop::start(config).await.map(drop).unwrap_err();
    expect![[r#"failed to start payments from "/bin/true""#]].assert_eq(&error.to_string());
}
