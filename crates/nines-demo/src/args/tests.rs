use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::ServiceArgs;
use crate::{Fault, Service};

#[track_caller]
fn check(line: &str, expect: &Expect) {
    let out = match ServiceArgs::parse(line.split_whitespace().map(str::to_owned)) {
        Ok(args) => args.to_args().join(" "),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&out);
}

#[test]
fn flags_come_in_any_order_and_mistakes_are_named() {
    check(
        "--token t --peer cart=127.0.0.1:7 --folder f --fault db-down --port 80",
        &expect![
            "--port 80 --folder f --version v2.32 --token t --seed 0 --peer cart=127.0.0.1:7 --fault db-down"
        ],
    );
    check("--token t", &expect!["a demo service needs `--folder`"]);
    check("--folder f", &expect!["a demo service needs `--token`"]);
    check("--port 70000", &expect!["`70000` is no value for `--port`"]);
    check("--peer kart=127.0.0.1:7", &expect!["`kart=127.0.0.1:7` is no value for `--peer`"]);
    check("--fault rain", &expect!["`rain` is no value for `--fault`"]);
    check("--colour red", &expect!["unknown flag `--colour` of a demo service"]);
    check("--port", &expect!["`--port` needs a value"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        port: u16,
        seed: u64,
        folder in "[a-z/ =-]{1,20}",
        token in "\\PC{1,20}",
        peer in 0..Service::ALL.len(),
        faults in proptest::collection::vec(0..Fault::ALL.len(), 0..4),
    ) {
        let args = ServiceArgs {
            port,
            folder: folder.into(),
            version: "v1".to_owned(),
            token,
            peers: [(Service::ALL[peer], ([127, 0, 0, 1], port).into())].into(),
            faults: faults.into_iter().map(|it| Fault::ALL[it]).collect::<BTreeSet<_>>(),
            seed,
        };
        prop_assert_eq!(ServiceArgs::parse(args.to_args()), Ok(args));
    }

    #[test]
    fn no_command_line_panics(line in proptest::collection::vec("(--(port|peer|fault|seed|x))|\\PC*", 0..8)) {
        drop(ServiceArgs::parse(line));
    }
}
