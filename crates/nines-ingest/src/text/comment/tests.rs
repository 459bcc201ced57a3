use super::*;

#[test]
fn comments_say_what_a_metric_means() {
    let says = |line: &str| comment(line).map(|it| (it.metric, it.says));
    let a = || "a".to_owned();
    assert_eq!(says("# TYPE a counter"), Some((a(), Says::Kind("counter"))));
    assert_eq!(says("#  TYPE  a\tuntyped"), Some((a(), Says::Kind("unknown"))));
    let help = "x\\y\nz \"q\"".to_owned();
    assert_eq!(says(r#"# HELP a x\\y\nz \"q\""#), Some((a(), Says::Help(help))));
    assert_eq!(says("# HELP a"), Some((a(), Says::Help(String::new()))));
    assert_eq!(says("# UNIT a seconds"), Some((a(), Says::Unit("seconds".to_owned()))));
    assert_eq!(says("# TYPE \"my.a\" gauge"), Some(("my.a".to_owned(), Says::Kind("gauge"))));
    assert_eq!(says("# just a remark"), None);
    assert_eq!(says("# EOF"), None);
    assert_eq!(says("#"), None);
}

#[test]
fn borders_have_one_spelling() {
    let of = |text: &str| border(text.parse().unwrap());
    for (written, normal) in [
        ("1", "1.0"),
        ("0.50", "0.5"),
        ("1e3", "1000.0"),
        ("+Inf", "+Inf"),
        ("0", "0.0"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("123456789012345680000", "123456789012345680000.0"),
        ("1e21", "1e+21"),
        ("-2", "-2.0"),
    ] {
        assert_eq!(of(written), normal, "{written}");
    }
}

#[test]
fn only_borders_are_touched() {
    let labels = |pairs: &[(&str, &str)]| Labels::new(pairs.iter().copied()).unwrap();
    let bucket = labels(&[("__name__", "a_bucket"), ("le", "1")]);
    assert_eq!(normal_borders(&bucket, "histogram").unwrap().value("le"), "1.0");
    assert_eq!(normal_borders(&bucket, "counter"), None);
    assert_eq!(normal_borders(&labels(&[("__name__", "a"), ("le", "1")]), "histogram"), None);
    assert_eq!(
        normal_borders(&labels(&[("__name__", "a_bucket"), ("le", "x")]), "histogram"),
        None
    );
    let quantile = labels(&[("__name__", "a"), ("quantile", "1")]);
    assert_eq!(normal_borders(&quantile, "summary").unwrap().value("quantile"), "1.0");
}
