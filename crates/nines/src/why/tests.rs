use expect_test::expect;

use super::render;
use crate::api::Chain;

#[test]
fn every_link_has_its_moment_and_its_line_of_configuration() {
    let chain: Chain = serde_json::from_str(
        r#"{"alert":"00000000000000ff","title":"checkout/availability burns","links":[
            {"part":"fired","at":"2026-11-24T03:12:11Z","text":"{service=\"checkout\"}","origin":"slo.yaml:3"},
            {"part":"page","at":"2026-11-24T03:12:12Z","text":"ana by inbox accepted","origin":null},
            {"part":"ack","at":null,"text":"waits for an answer","origin":null}]}"#,
    )
    .unwrap();
    expect![[r#"
        checkout/availability burns    (alert 00000000000000ff; times are UTC)
        fired     11-24 03:12:11  slo.yaml:3  {service="checkout"}
        page      11-24 03:12:12  ana by inbox accepted
        ack                       waits for an answer
    "#]]
    .assert_eq(&render(&chain));
}
