use expect_test::expect;

use super::fleet::{Fleet, documents};
use super::gate::percentile;
use super::rules::{Measured, Used, counted, share};
use super::{Effort, Part, Plan};

fn read(words: &[&str]) -> Result<Plan, String> {
    let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
    Plan::read(&words).map_err(|error| error.to_string())
}

#[test]
fn words_say_what_is_measured() {
    let plan = |parts: &[Part], slos, effort| Ok(Plan { parts: parts.to_vec(), slos, effort });
    assert_eq!(read(&[]), plan(&Part::ALL, None, Effort::Measured));
    assert_eq!(read(&["2000"]), plan(&[Part::Scale], Some(2_000), Effort::Measured));
    assert_eq!(read(&["rules"]), plan(&[Part::Rules], None, Effort::Measured));
    let trial = plan(&[Part::Gate], Some(5), Effort::Trial);
    assert_eq!(read(&["gate", "5", "--trial"]), trial);
    assert_eq!(read(&["--trial", "5", "gate"]), trial);
}

#[test]
fn words_that_say_nothing_are_refused() {
    let refusal = |words: &[&str]| read(words).expect_err("a refusal");
    expect!["`gates` is no number of SLOs and no part of this benchmark: scale, rules, gate"]
        .assert_eq(&refusal(&["gates"]));
    expect!["`0` is no number of SLOs"].assert_eq(&refusal(&["rules", "0"]));
    expect!["one part at a time, or all"].assert_eq(&refusal(&["rules", "gate"]));
    expect!["how many SLOs is said twice"].assert_eq(&refusal(&["7", "8"]));
}

#[test]
fn every_service_has_an_objective_and_ten_series() {
    let text = documents(3);
    assert_eq!(text.matches("kind: SLO\n").count(), 3);
    assert_eq!(text.matches("kind: Service\n").count(), 3);
    let mut fleet = Fleet::new(3);
    assert_eq!(fleet.series(), 30);
    assert_eq!(fleet.step(15_000).len(), 1);
    assert_eq!(Fleet::new(501).step(15_000).len(), 2, "5,000 series are one request");
}

#[test]
fn a_share_is_no_finer_than_the_clock() {
    assert_eq!(share(0.5, 6.0, 0.02), "1/12.0");
    assert_eq!(share(6.0, 0.5, 0.02), "12.0×");
    assert_eq!(share(0.01, 6.0, 0.02), "below 1/300.0");
    assert_eq!(share(-0.01, 6.0, 0.02), "below 1/300.0");
    assert_eq!(share(0.0, 0.01, 0.02), "too little to compare");
}

#[test]
fn the_table_has_what_slos_add() {
    let measured = Measured {
        slos: 100,
        series: 1_000,
        seconds: 300,
        nines_cpu: Used { with: 0.5, without: 0.25 },
        prometheus_cpu: Used { with: 4.5, without: 1.5 },
        nines_bytes: Used { with: 20e6, without: 16e6 },
        prometheus_bytes: Used { with: 80e6, without: 40e6 },
    };
    expect![[r#"
        100 SLOs with 1000 series, a sample every 15 s for 300 s

        | figure | unit | nines | Prometheus | of Prometheus |
        |---|---|---|---|---|
        | writes and SLOs | CPU-s | 0.50 | 4.50 | 1/9.0 |
        | the same writes without SLOs | CPU-s | 0.25 | 1.50 | 1/6.0 |
        | what SLOs add | CPU-s | 0.25 | 3.00 | 1/12.0 |
        | memory with SLOs | MB | 20.0 | 80.0 | 1/4.0 |
        | memory without SLOs | MB | 16.0 | 40.0 | 1/2.5 |
    "#]]
    .assert_eq(&measured.table());
    expect![[r#"{"cpu_seconds":{"nines":{"with":0.5,"without":0.25},"prometheus":{"with":4.5,"without":1.5}},"memory_bytes":{"nines":{"with":20000000.0,"without":16000000.0},"prometheus":{"with":80000000.0,"without":40000000.0}},"seconds":300,"series":1000,"slos":100}"#]]
    .assert_eq(&measured.to_json().to_string());
}

#[test]
fn an_slo_without_events_was_not_compared() {
    let list = serde_json::json!([{ "total": 5 }, { "total": 0 }, { "total": null }]);
    assert_eq!(counted(&list), 1);
}

#[test]
fn a_percentile_is_a_value_that_was_measured() {
    let values: Vec<f64> = (1..=200).map(f64::from).collect();
    assert_eq!(percentile(&values, 50), Some(100.0));
    assert_eq!(percentile(&values, 99), Some(198.0));
    assert_eq!(percentile(&values, 100), Some(200.0));
    assert_eq!(percentile(&[7.0], 99), Some(7.0));
    assert_eq!(percentile(&[], 99), None);
}
