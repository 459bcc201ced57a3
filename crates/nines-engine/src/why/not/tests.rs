use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::*;
use crate::alerts::tests::with_routes;
use crate::command::Command;
use crate::engine::Engine;
use crate::engine::tests::{TestJournal, installation, second};

#[track_caller]
fn check(pairs: &[(&str, &str)], expect: &Expect) {
    let journal = TestJournal::default();
    let opened = Box::new(journal.reopen());
    let mut engine = Engine::recover(opened, installation(), None, 1, second(0)).unwrap();
    let config = with_routes();
    engine.cycle(vec![Command::ApplyConfig(std::sync::Arc::clone(&config))], second(0)).unwrap();
    let labels = Labels::new(pairs.iter().copied()).unwrap();
    let state = engine.published().read();
    let chain = why_not(&state, &config, &labels, second(60)).unwrap();
    expect.assert_eq(&crate::why::render(&chain, &TimeZone::UTC));
}

#[test]
fn a_hypothetical_alert_is_followed_to_people() {
    check(
        &[("alertname", "Down"), ("shop", "yes"), ("service", "cart")],
        &expect![[r#"
        {alertname="Down", service="cart", shop="yes"} would be told  (82634809a6504ad4)
        routed                    routes.yaml:7  shop="yes" → receiver people
        group     01-01 00:01:00  {}/{shop="yes"}:{service="cart"} speaks next
        notice    01-01 00:01:00  escalation shop-primary: nothing was said of this group before
        step      01-01 00:01:00  step 1: person ana → ana by inbox, webhook after 1m
    "#]],
    );
}

#[test]
fn the_route_that_did_not_match_says_why() {
    check(
        &[("alertname", "Disk")],
        &expect![[r#"
        {alertname="Disk"} would be told  (ec46590cdcd657bb)
        not                       routes.yaml:7  shop="yes" does not match: the value is ""
        routed                    routes.yaml:7  matches everything → receiver hook
        group     01-01 00:01:30  {}:{alertname="Disk"} speaks next
        notice    01-01 00:01:30  hook by webhook: nothing was said of this group before
    "#]],
    );
}
