use super::*;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn all_parts_are_measured_unless_some_are_named() {
    assert_eq!(Plan::read(&[]).unwrap().parts, Part::ALL);
    let plan = Plan::read(&words("latency --trial load")).unwrap();
    assert_eq!((plan.parts.as_slice(), plan.is_trial()), (&[Part::Latency, Part::Load][..], true));
    assert_eq!(
        Plan::read(&words("speed")).unwrap_err().to_string(),
        "`speed` is no part of this benchmark: load, groups, latency, outage"
    );
}

#[test]
fn every_batch_is_json_and_no_alert_is_missing() {
    let batches = Fleet::new(130).batches(64);
    let counts = batches.iter().map(|it| serde_json::from_str::<Vec<Value>>(it).unwrap().len());
    assert_eq!(counts.collect::<Vec<_>>(), [64, 64, 2]);
}

#[test]
fn a_sink_refuses_and_takes() {
    let sink = Sink::start().unwrap();
    let post = |body: &str| ureq::post(sink.url()).send(body).map(|it| it.status().as_u16());
    assert_eq!(post(r#"{"alerts":[{},{}]}"#).unwrap(), 200);
    assert!(sink.wait_for(2, ARRIVES_WITHIN).is_some());
    sink.refuse_for(ARRIVES_WITHIN);
    post(r#"{"alerts":[{}]}"#).unwrap_err();
    assert_eq!((sink.alerts(), sink.refused()), (2, 1));
}
