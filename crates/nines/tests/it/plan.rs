//! `plan`, `apply` and `drift` with the real program: a server that starts with nothing is given its configuration.

use std::fs;
use std::path::Path;

use crate::process::{Output, Running, nines};

const SLO: &str = "\
apiVersion: nines/v1
kind: SLO
metadata: {name: checkout/availability}
spec:
  sli:
    counter:
      bad: 'http_requests_total{code=~\"5..\"}'
      total: 'http_requests_total'
  objective: 99.9%
  window: 28d
  alerting: {escalation: shop}
";

const ON_CALL: &str = "\
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {contacts: [inbox: {}]}
---
apiVersion: nines/v1
kind: Person
metadata: {name: ben}
spec: {contacts: [inbox: {}]}
---
apiVersion: nines/v1
kind: Schedule
metadata: {name: shop}
spec: {zone: UTC, start: '2026-01-05T09:00', every: 1d, members: [ana, ben]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: shop}
spec: {steps: [{notify: [schedule: shop], wait: 10m}], repeat: 2}
";

/// A home with files and a server that has none of them yet.
struct House {
    home: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let house = Self { home: tempfile::tempdir().unwrap() };
        house.write("slo.yaml", SLO);
        house.write("oncall/shop.yaml", ON_CALL);
        house
    }

    fn folder(&self) -> String {
        self.home.path().join("files").display().to_string()
    }

    fn write(&self, path: &str, text: &str) {
        let path = Path::new(&self.folder()).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn serve(&self) -> Running {
        let data = self.home.path().join("data").display().to_string();
        let args = ["serve", "--applied", "--data", &data, "--listen", "127.0.0.1:0"];
        Running::start(self.home.path(), &args)
    }

    fn nines(&self, args: &[&str]) -> Output {
        nines(self.home.path(), args)
    }

    fn plan_id(&self) -> String {
        let plan = self.nines(&["plan", &self.folder(), "--json"]);
        assert_eq!(plan.code, 0, "{plan:?}");
        let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
        plan["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn exactly_the_planned_files_decide_and_an_older_revision_can_come_back() {
    let house = House::new();
    let server = house.serve();
    let folder = house.folder();

    let drift = house.nines(&["drift", &folder]);
    assert_eq!(drift.code, 1, "{drift:?}");
    let plan = house.nines(&["plan", &folder, "--exit-code"]);
    assert_eq!(plan.code, 1, "{plan:?}");
    assert!(plan.stdout.contains("+ SLO checkout/availability"), "{}", plan.stdout);
    assert!(plan.stdout.contains("5 to add · 0 to change · 0 to delete"), "{}", plan.stdout);
    assert!(plan.stderr.contains("nines apply p-"), "{}", plan.stderr);

    let first = house.plan_id();
    let applied = house.nines(&["apply", &first]);
    assert_eq!((applied.code, applied.stdout.as_str()), (0, "revision 1 decides\n"), "{applied:?}");
    assert_eq!(house.nines(&["drift", &folder]).code, 0);
    assert!(house.nines(&["get", "slo", "--json"]).stdout.contains("checkout/availability"));
    // The same plan again is no plan any more.
    assert_eq!(house.nines(&["apply", &first]).code, 5);

    house.write("slo.yaml", &SLO.replace("99.9%", "99.5%"));
    house.write("oncall/shop.yaml", &ON_CALL.replace("[ana, ben]", "[ben, ana]"));
    let stale = house.plan_id();
    let plan = house.nines(&["plan", &folder]);
    assert!(plan.stdout.contains("objective  99.9% → 99.5%"), "{}", plan.stdout);
    assert!(plan.stdout.contains("on call (UTC), before → after"), "{}", plan.stdout);
    assert!(plan.stdout.contains("← within 48 h"), "{}", plan.stdout);
    let applied = house.nines(&["apply", &folder, "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");

    let moved = house.nines(&["apply", &stale]);
    assert_eq!(moved.code, 5, "{moved:?}");
    assert!(
        moved.stderr.contains("the server moved") && moved.stderr.contains("revision 1"),
        "{moved:?}"
    );

    let back = house.nines(&["apply", "--revision", "1"]);
    assert_eq!((back.code, back.stdout.as_str()), (0, "revision 3 decides\n"), "{back:?}");
    assert!(house.nines(&["get", "slo", "--json"]).stdout.contains("99.9%"));

    // Killed at whatever instruction it is, it comes back with what decided.
    server.kill();
    let server = house.serve();
    assert!(house.nines(&["get", "slo", "--json"]).stdout.contains("99.9%"));
    assert_eq!(house.nines(&["apply", "--revision", "77"]).code, 1);
    server.stop();
}

#[test]
fn files_with_errors_and_servers_that_follow_a_folder_are_refused() {
    let house = House::new();
    let server = house.serve();
    let folder = house.folder();
    house.write("slo.yaml", &SLO.replace("99.9%", "0.999"));
    let plan = house.nines(&["plan", &folder]);
    assert_eq!(plan.code, 2, "{plan:?}");
    assert!(plan.stderr.contains("did you mean `99.9%`?"), "{}", plan.stderr);
    // Without a terminal nobody can say yes.
    house.write("slo.yaml", SLO);
    let unasked = house.nines(&["apply", &folder]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    assert!(unasked.stderr.contains("nothing was applied"), "{}", unasked.stderr);
    server.stop();

    let data = house.home.path().join("other").display().to_string();
    let args = ["serve", "--config", &folder, "--data", &data, "--listen", "127.0.0.1:0"];
    let server = Running::start(house.home.path(), &args);
    assert_eq!(house.nines(&["drift", &folder]).code, 0);
    // Another folder, since the server takes up its own.
    let other = house.home.path().join("elsewhere");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("oncall.yaml"), ON_CALL).unwrap();
    let refused = house.nines(&["apply", other.to_str().unwrap(), "--yes"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.stderr.contains("this server follows"), "{}", refused.stderr);
    server.stop();
}
