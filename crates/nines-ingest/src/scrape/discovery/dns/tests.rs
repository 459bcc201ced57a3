use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::rr::Name;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, SRV};

use super::*;

#[test]
fn each_record_becomes_the_target_that_it_names() {
    let name = |it: &str| Name::from_ascii(it).unwrap();
    let shown = |record: RData| {
        target("shop.example", &record, 9100).map(|it| format!("{} {}", it.address, it.labels))
    };
    let a = shown(RData::A(A(Ipv4Addr::new(10, 0, 0, 1))));
    assert_eq!(a.unwrap(), r#"10.0.0.1:9100 {__meta_dns_name="shop.example"}"#);
    let aaaa = shown(RData::AAAA(AAAA(Ipv6Addr::LOCALHOST)));
    assert_eq!(aaaa.unwrap(), r#"[::1]:9100 {__meta_dns_name="shop.example"}"#);
    let srv = shown(RData::SRV(SRV::new(1, 2, 8080, name("one.example."))));
    assert_eq!(
        srv.unwrap(),
        r#"one.example:8080 {__meta_dns_name="shop.example", __meta_dns_srv_record_port="8080", __meta_dns_srv_record_target="one.example."}"#
    );
    let mx = shown(RData::MX(MX::new(10, name("mail.example."))));
    assert_eq!(
        mx.unwrap(),
        r#"mail.example:9100 {__meta_dns_mx_record_target="mail.example.", __meta_dns_name="shop.example"}"#
    );
    assert_eq!(shown(RData::CNAME(CNAME(name("other.example.")))), None);
}
