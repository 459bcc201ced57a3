use super::report::{Figure, Report};
use super::series::Mix;
use crate::bench::wire::{WriteRequest, labels};

#[test]
fn a_request_has_the_bytes_of_the_protocol() {
    let mut request = WriteRequest::default();
    request.add(&labels(&[("__name__", "up".to_owned())]), std::iter::once((1_000, 1.0)));
    let bytes = snap::raw::Decoder::new().decompress_vec(&request.finish()).unwrap();
    let label = [&[0x0a, 8][..], b"__name__", &[0x12, 2], b"up"].concat();
    let sample = [&[0x09][..], &1.0_f64.to_le_bytes(), &[0x10, 0xe8, 0x07]].concat();
    let series = [&[0x0a, 14][..], &label, &[0x12, 12], &sample].concat();
    assert_eq!(bytes, [&[0x0a, 30][..], &series].concat());
}

#[test]
fn a_target_exposes_every_series_once() {
    let text = Mix::new(1_000).exposition();
    let mut names: Vec<&str> =
        text.lines().filter_map(|it| it.rsplit_once(' ')).map(|it| it.0).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 1_000);
}

#[test]
fn the_table_has_our_share_of_the_others() {
    let mut report = Report::default();
    report.add(Figure::InstantMonth, &[5.0, 1_400.0, 212.0]);
    let table = report.table();
    assert!(table.ends_with("| 5.00 | 1400 | 212 | 1/280.0 | 1/42.4 |\n"), "{table}");
    assert_eq!(report.to_json().to_string(), r#"{"instant_30d":[5.0,1400.0,212.0]}"#);
}
