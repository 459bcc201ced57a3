use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(pairs: &[(&str, &str)], expect: &Expect) {
    let route = |matchers: &[(&str, &str)], escalation: &str, line| Route {
        matchers: matchers.iter().map(|(name, value)| Matcher::equal(name, value)).collect(),
        escalation: escalation.to_owned(),
        origin: Origin { file: "routing.yaml".to_owned(), line },
    };
    let routes = vec![
        route(&[("team", "shop"), ("severity", "page")], "shop-primary", 3),
        route(&[("team", "shop")], "shop-tickets", 7),
    ];
    let decision = Routing { routes }.decide(&Labels::new(pairs.iter().copied()).unwrap());
    let chosen = decision.escalation.as_deref().unwrap_or("nobody");
    let mut out = format!("{chosen}, {} ({})\n", decision.because, decision.origin);
    for RejectedRoute { origin, failed, value } in decision.rejected {
        out.push_str(&format!("not {origin}: {failed}, but it is {value:?}\n"));
    }
    expect.assert_eq(&out);
}

#[test]
fn the_first_route_that_matches_wins_and_the_others_say_why_not() {
    check(
        &[("team", "shop"), ("severity", "page")],
        &expect![[r#"
            shop-primary, team="shop", severity="page" (routing.yaml:3)
        "#]],
    );
    check(
        &[("team", "shop"), ("severity", "ticket")],
        &expect![[r#"
            shop-tickets, team="shop" (routing.yaml:7)
            not routing.yaml:3: severity="page", but it is "ticket"
        "#]],
    );
    check(
        &[("team", "bank")],
        &expect![[r#"
            nobody, no route matches (built in)
            not routing.yaml:3: team="shop", but it is "bank"
            not routing.yaml:7: team="shop", but it is "bank"
        "#]],
    );
}
