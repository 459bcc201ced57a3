//! The story that the demo tells, played by the program itself.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::process::{Output, Running, nines};

/// Half-second looks until a page must be there.
const LOOKS_MAX: u32 = 180;

fn demo(home: &Path, args: &[&str]) -> Output {
    nines(home, &[&["--demo"], args].concat())
}

fn json(home: &Path, args: &[&str]) -> Value {
    let output = demo(home, args);
    assert_eq!(output.code, 0, "{args:?}: {}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

#[track_caller]
fn until(home: &Path, args: &[&str], is_done: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    for _ in 0..LOOKS_MAX {
        answer = json(home, args);
        if is_done(&answer) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("{args:?} still answers {answer}");
}

#[test]
fn a_bad_deploy_burns_pages_is_rolled_back_and_written_down() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let data = home.join("data");
    let args = ["demo", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let running = Running::start(home, &args);

    let slos = json(home, &["get", "slo", "--json"]);
    let slos = slos.as_array().unwrap();
    assert!(6 <= slos.len(), "{slos:?}");
    for slo in slos {
        assert!(0.99 < slo["coverage_ratio"].as_f64().unwrap(), "28 days at once: {slo}");
    }
    assert_eq!(
        demo(home, &["gate", "check", "checkout", "v2.34"]).code,
        0,
        "open before the break"
    );

    let broken = nines(home, &["demo", "break", "bad-deploy"]);
    assert_eq!(broken.code, 0, "{}", broken.stderr);
    let pages = until(home, &["get", "page", "--json"], |it| it[0]["waits"] == true);
    assert!(
        pages[0]["text"].as_str().unwrap().contains("suspect  deploy checkout v2.33"),
        "{pages}"
    );

    let why = demo(home, &["why", "checkout/availability"]).stdout;
    for part in ["slo/checkout.yaml:", "bad of", "shop-primary", "on call", "inbox accepted"] {
        assert!(why.contains(part), "{part} is missing in\n{why}");
    }
    assert_eq!(demo(home, &["ack", "INC-1", "--by", "ana"]).code, 0);
    let gate = demo(home, &["gate", "check", "checkout", "v2.34"]);
    assert_eq!(gate.code, 1, "{}", gate.stdout);
    assert!(gate.stdout.contains("open incident  INC-1"), "{}", gate.stdout);

    // What fired now fires again when the same samples are played, asked from the server that has them.
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
    let past = demo(home, &["backtest", "--config", shop, "--since", "30m"]);
    assert_eq!(past.code, 0, "{}", past.stderr);
    assert!(past.stdout.contains("page    checkout/availability burns"), "{}", past.stdout);

    // In the middle of the story the process dies; its services die with it, and nothing else is lost.
    running.kill();
    let running = Running::start(home, &args);
    let incident = json(home, &["get", "incident", "--json"]);
    assert_eq!(
        (&incident[0]["number"], &incident[0]["acknowledged_by"]),
        (&1.into(), &"ana".into())
    );
    let after = json(home, &["get", "page", "--json"]);
    assert_eq!(
        after.as_array().unwrap().len(),
        pages.as_array().unwrap().len(),
        "nothing is sent twice"
    );

    let run = demo(home, &["run", "checkout-errors", "--incident", "INC-1", "--by", "ana"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let runs = until(home, &["get", "run", "--json"], |it| !it[0]["waiting"].is_null());
    assert_eq!(runs[0]["runbook"], "checkout-errors");
    assert_eq!(nines(home, &["demo", "heal"]).code, 0);
    let resolved =
        demo(home, &["incident", "resolve", "INC-1", "--reason", "rolled back", "--by", "ana"]);
    assert_eq!(resolved.code, 0, "{}", resolved.stderr);

    let first = demo(home, &["postmortem", "draft", "INC-1"]).stdout;
    assert_eq!(
        first,
        demo(home, &["postmortem", "draft", "INC-1"]).stdout,
        "the same facts, the same bytes"
    );
    for part in ["INC-1", "checkout/availability", "v2.33", "ana", "TODO(human)"] {
        assert!(first.contains(part), "{part} is missing in\n{first}");
    }
    let (code, took) = running.stop();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(5), "an orderly stop took {took:?}");
}
