use jiff::SignedDuration;
use nines_server::Switch;

use super::{Given, PROMETHEUS, open, parse_bytes, retention, settings, warnings};
use crate::compat::flags::{Asked, parse};
use crate::compat::web::address;

fn given(args: &[&str]) -> Given {
    match parse(&PROMETHEUS, &args.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()) {
        Ok(Asked::Serve(given)) => given,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sizes_are_powers_of_two_whatever_their_unit_says() {
    assert_eq!(parse_bytes("512MB"), Some(512 << 20));
    assert_eq!(parse_bytes("1KB"), Some(1_024));
    assert_eq!(parse_bytes("2GiB"), Some(2 << 30));
    assert_eq!(["", "5", "MB", "1.5GB", "99999999EB"].map(parse_bytes), [None; 5]);
}

#[test]
fn samples_are_kept_for_fifteen_days_unless_a_flag_says_otherwise() {
    let kept = |args: &[&str]| retention(&given(args)).unwrap();
    let days = |it: i64| Some(SignedDuration::from_hours(it * 24));
    assert_eq!((kept(&[]).age_max, kept(&[]).bytes_max), (days(15), None));
    let both = kept(&["--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=1GB"]);
    assert_eq!((both.age_max, both.bytes_max), (days(30), Some(1 << 30)));
    let by_size = kept(&["--storage.tsdb.retention.size=1GB"]);
    assert_eq!((by_size.age_max, by_size.bytes_max), (None, Some(1 << 30)));
    assert_eq!(kept(&["--storage.tsdb.retention=7d"]).age_max, days(7));
}

#[test]
fn only_what_a_flag_enables_is_open() {
    assert_eq!(open(&given(&[])).paths, Vec::<&str>::new());
    assert_eq!(open(&given(&["--web.enable-remote-write-receiver"])).paths, ["/api/v1/write"]);
    let otlp = open(&given(&["--enable-feature=otlp-write-receiver,native-histograms"]));
    assert_eq!(otlp.paths, ["/api/v1/otlp/v1/metrics", "/v1/metrics"]);
}

#[test]
fn settings_follow_the_flags() {
    let args = ["--query.timeout=90s", "--query.max-samples=7", "--web.enable-lifecycle"];
    let settings = settings(&given(&args), "/prom".to_owned()).unwrap();
    assert_eq!(settings.query_time_max.as_secs(), 90);
    assert_eq!((settings.query_samples_max, settings.queries_max), (7, 20));
    assert_eq!((settings.lifecycle, settings.admin_api), (Switch::On, Switch::Off));
    assert_eq!(settings.route_prefix, "/prom");
    for wrong in ["--query.timeout=soon", "--query.max-samples=0", "--web.cors.origin=("] {
        let error = super::settings(&given(&[wrong]), String::new()).unwrap_err().to_string();
        assert!(error.starts_with(wrong), "{error}");
    }
}

#[test]
fn everything_without_a_meaning_is_one_warning() {
    let args = ["--web.read-timeout=1m", "--log.format=json", "--enable-feature=time-travel"];
    assert_eq!(
        warnings(&given(&args)),
        [
            "these flags change nothing in nines: --log.format, --web.read-timeout",
            "--enable-feature=time-travel is not known",
        ]
    );
}

#[test]
fn a_port_alone_is_every_address_and_a_name_is_its_first_of_ipv4() {
    let found = |text| address(text).map(|it| it.to_string()).ok();
    assert_eq!(found(":9090").as_deref(), Some("[::]:9090"));
    assert_eq!(found("localhost:80").as_deref(), Some("127.0.0.1:80"));
    assert_eq!([found("9090"), found(":99999")], [None, None]);
}
