use nines_server::Configuration;

use super::{ALERTMANAGER, Given, OPEN, options};
use crate::compat::flags::{Asked, parse};
use crate::compat::web;

fn given(args: &[&str]) -> Given {
    match parse(&ALERTMANAGER, &args.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()) {
        Ok(Asked::Serve(given)) => given,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_line_of_alertmanager_is_understood() {
    let given = given(&[
        "--config.file=am.yml",
        "--storage.path=/tmp/am",
        "--web.listen-address=127.0.0.1:19093",
        "--web.external-url=http://alerts.example/am/",
        "--cluster.listen-address=",
        "--cluster.peer=other:9094",
        "--log.level=error",
    ]);
    let options = options(&given).unwrap();
    assert_eq!(options.configuration, Configuration::Files(vec!["am.yml".into()]));
    assert_eq!(options.data_dir.to_str(), Some("/tmp/am"));
    assert_eq!(options.listen, ["127.0.0.1:19093".parse().unwrap()]);
    assert_eq!(options.external_url.as_deref(), Some("http://alerts.example/am"));
    assert_eq!(
        (options.prom.route_prefix.as_str(), options.prom.open.paths),
        ("/am", OPEN.to_vec())
    );
    assert_eq!(
        web::without_meaning(&given).unwrap(),
        "these flags change nothing in nines: --cluster.listen-address, --cluster.peer"
    );
}
