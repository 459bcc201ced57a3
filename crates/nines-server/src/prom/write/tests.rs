use super::*;

fn said(content_type: Option<&str>, encoding: Option<&str>) -> Result<Version, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [(header::CONTENT_TYPE, content_type), (header::CONTENT_ENCODING, encoding)]
    {
        if let Some(value) = value {
            headers.insert(name, value.parse().unwrap());
        }
    }
    version(&headers)
}

#[test]
fn the_content_type_names_the_version() {
    let old = Some("application/x-protobuf");
    let one = Some("application/x-protobuf;proto=prometheus.WriteRequest");
    let two = Some("application/x-protobuf; proto=io.prometheus.write.v2.Request");
    for it in [None, old, one] {
        assert_eq!(said(it, Some("snappy")), Ok(Version::One), "{it:?}");
    }
    assert_eq!(said(two, Some("snappy")), Ok(Version::Two));
    assert_eq!(said(two, None), Ok(Version::Two));
}

#[test]
fn what_is_not_known_makes_a_sender_fall_back() {
    let two = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    for (content_type, encoding) in [
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy"),
        ("application/json", "snappy"),
        ("text/plain", ""),
        (two, "zstd"),
        (two, "gzip"),
    ] {
        said(Some(content_type), Some(encoding)).unwrap_err();
    }
}

#[test]
fn counts_are_told_to_version_2_only() {
    let written = Written { samples: 3, histograms: 2, exemplars: 1 };
    let response = with_counts(Version::Two, written, StatusCode::BAD_REQUEST);
    let of = |kind| &response.headers()[format!("x-prometheus-remote-write-{kind}-written")];
    assert_eq!(
        (of("samples"), of("histograms"), of("exemplars")),
        (&HeaderValue::from(3), &HeaderValue::from(2), &HeaderValue::from(1),)
    );
    assert!(with_counts(Version::One, written, StatusCode::BAD_REQUEST).headers().is_empty());
}
