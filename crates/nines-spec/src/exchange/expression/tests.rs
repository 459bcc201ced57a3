use super::*;

#[test]
fn a_bound_is_found_however_clients_write_it() {
    for (below, ways) in [
        (0.3, "0\\.3"),
        (1.0, "1|1\\.0"),
        (10.0, "10|10\\.0"),
        (2.5e6, "2500000|2500000\\.0|2\\.5e\\+06"),
        (0.000_05, "0\\.00005|5e-05"),
    ] {
        assert_eq!(bound(below), ways);
    }
}
