use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use nines_incident::changes::{self, ChangeKind as Changed};
use nines_release::{
    CheckResult, Claim, Exemption, Level, Mode, Rulebook, Scope, Verdict, WaiverRefusal,
};

use super::*;
use crate::command::Command;
use crate::engine::Engine;
use crate::engine::tests::{TestJournal, accepted, config, deliver, installation, second};

/// Frozen at 0 %, left above 10 % for an hour; one override a quarter, by ben.
fn policy() -> Policy {
    let mut policy = Policy::default_policy();
    policy.name = "tier1".to_owned();
    policy.approvers = vec!["ben".to_owned()];
    policy.digest = "sha256:3b0c".to_owned();
    policy.origin = Origin { file: "policy.yaml".to_owned(), line: 3 };
    policy.scope = Scope::services(vec!["checkout".to_owned()]);
    policy.levels = vec![Level {
        name: "frozen".to_owned(),
        enter: "budget.remaining <= 0%".parse().unwrap(),
        leave: "budget.remaining > 10%".parse().unwrap(),
        hold: SignedDuration::from_hours(1),
        effects: Effects {
            freeze: true,
            exempt: vec![Claim::Security],
            ticket: Some("reliability".to_owned()),
            notify: Some("shop-primary".to_owned()),
            scrape: Some(SignedDuration::from_secs(5)),
            ..Effects::default()
        },
    }];
    policy.overrides = Some(nines_release::Overrides {
        team: 1,
        expires: SignedDuration::from_hours(4),
        approvers: vec!["ben".to_owned()],
        higher: Vec::new(),
    });
    policy
}

fn configured(policy: Policy) -> Arc<Config> {
    let release = Rulebook { policies: vec![policy], ..Rulebook::default() };
    Arc::new(Config { release, ..config().as_ref().clone() })
}

struct Lab {
    journal: TestJournal,
    engine: Engine,
    config: Arc<Config>,
}

impl Lab {
    fn new(policy: Policy) -> Self {
        let journal = TestJournal::default();
        let config = configured(policy);
        let engine = recover(&journal, &config, 0);
        Self { journal, engine, config }
    }

    fn restart(&mut self, at: i64) {
        self.engine = recover(&self.journal, &self.config, at);
    }

    fn ask(&mut self, command: Command, at: i64) -> Result<Reply, Refusal> {
        self.engine.cycle(vec![command], second(at)).unwrap().remove(0)
    }

    fn look(&mut self, percent_left: i128, at: i64) {
        self.ask(Command::ObservePolicies(vec![input(percent_left)]), at).unwrap();
    }

    fn gate(&mut self, question: GateQuestion, at: i64) -> Box<Decision> {
        match self.ask(Command::AskGate(Box::new(question)), at) {
            Ok(Reply::Decision(decision)) => decision,
            other => panic!("{other:?}"),
        }
    }

    fn read<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.engine.published().read())
    }

    /// One line for each fact about releases, and each word of another one.
    fn check(&self, expect: &Expect) {
        let mut out = String::new();
        for record in self.journal.lines() {
            let body = String::from_utf8(record.body.clone()).unwrap();
            match record.kind.as_str() {
                "level" | "waiver" => out.push_str(&format!("{} {body}\n", record.kind)),
                "decision" => match Fact::decode(&record).unwrap() {
                    Fact::Decision(it) => out.push_str(&format!("decision {}\n", it.line())),
                    other => panic!("{other:?}"),
                },
                kind => out.push_str(&format!("{kind}\n")),
            }
        }
        expect.assert_eq(&out);
    }
}

fn recover(journal: &TestJournal, config: &Arc<Config>, at: i64) -> Engine {
    let reopened = Box::new(journal.reopen());
    let mut engine = Engine::recover(reopened, installation(), None, 1, second(at)).unwrap();
    engine.cycle(vec![Command::ApplyConfig(Arc::clone(config))], second(at)).unwrap();
    engine
}

fn input(percent_left: i128) -> PolicyInput {
    let budget = BudgetInput {
        slo: "checkout/availability".to_owned(),
        objective: "slo".to_owned(),
        window: "28d".to_owned(),
        seen_billionths: Some(percent_left * 10_000_000),
        whole_billionths: None,
        bad: 63_000,
        allowed_billionths: 60_519_500_000_000,
        from: second(0),
        to: second(60),
        coverage_billionths: 900_000_000,
        exhausts_in: None,
        trust: Trust::Good,
        burn_page: false,
        burn_ticket: false,
    };
    PolicyInput { service: "checkout".to_owned(), budgets: vec![budget], ..PolicyInput::default() }
}

fn question(version: &str, percent_left: i128) -> GateQuestion {
    let change = Change {
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some(version.to_owned()),
        sha: None,
        kind: nines_release::ChangeKind::Code,
    };
    GateQuestion::new(change, input(percent_left))
}

fn request(version: &str) -> Waive {
    let text = |it: &str| it.to_owned();
    Waive {
        service: text("checkout"),
        env: text("prod"),
        version: text(version),
        reason: text("fixes the leak"),
        evidence: text("INC-42"),
        requested_by: text("ana"),
        author: text("ana"),
        approved_by: text("ben"),
        expires: None,
    }
}

fn deployed(version: &str, at: i64) -> Command {
    Command::RecordChange(changes::Command::Record(changes::Change {
        id: String::new(),
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some(version.to_owned()),
        sha: None,
        kind: Changed::Deploy,
        author: None,
        started: second(at),
        finished: Some(second(at + 60)),
        summary: String::new(),
        source: "test".to_owned(),
        url: None,
    }))
}

#[test]
fn a_level_is_a_fact_that_tells_people_and_ends_with_a_word() {
    let mut lab = Lab::new(policy());
    lab.look(-4, 10);
    lab.look(-4, 20);
    assert_eq!(deliver(&mut lab.engine, 20, &accepted()), 1, "the escalation is told, once");
    let firing =
        |lab: &Lab| lab.read(|state| state.firing().map(|(_, it)| it.labels.to_string()).collect());
    let alerts: Vec<String> = firing(&lab);
    expect![[r#"
        {alertname="PolicyLevel", effect="notify", level="frozen", policy="tier1", service="checkout", severity="ticket", team="shop-primary"}
        {alertname="PolicyLevel", effect="ticket", level="frozen", policy="tier1", service="checkout", severity="ticket", team="reliability"}"#]].assert_eq(&alerts.join("\n"));
    let intervals = lab.read(|state| scrape_intervals(state, &lab.config));
    assert_eq!(intervals, BTreeMap::from([("checkout".to_owned(), SignedDuration::from_secs(5))]));
    for minute in 1..=61 {
        lab.look(50, 60 * minute);
    }
    let alerts: Vec<String> = firing(&lab);
    assert_eq!(alerts, Vec::<String>::new());
    lab.check(&expect![[r#"
        epoch
        config
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"Watched":{"digest":"sha256:3b0c"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"Entered":{"level":"frozen","because":"budget.remaining <= 0%: checkout/availability -4.00% left of 28d (63000 bad, 60519.5 allowed)"}}}
        dispatch
        dispatch
        route
        escalation
        escalation
        escalation
        outbox
        escalation
        outbox
        dispatch
        outbox
        outbox
        dispatch
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveBegan":{"level":"frozen","because":"budget.remaining > 10%: checkout/availability 50.00% left of 28d (63000 bad, 60519.5 allowed)"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveSeen":{"level":"frozen"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveSeen":{"level":"frozen"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveSeen":{"level":"frozen"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveSeen":{"level":"frozen"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"LeaveSeen":{"level":"frozen"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"Left":{"level":"frozen","because":"budget.remaining > 10%: checkout/availability 50.00% left of 28d (63000 bad, 60519.5 allowed)"}}}
        dispatch
        escalation
        outbox
        dispatch
        dispatch
    "#]]);
}

#[test]
fn a_restart_goes_on_with_the_hold_unless_it_took_long() {
    let frozen = |lab: &Lab| {
        let key = LevelKey { policy: "tier1".to_owned(), service: "checkout".to_owned() };
        lab.read(|state| state.releases.levels(&key).unwrap().active.contains_key("frozen"))
    };
    let mut lab = Lab::new(policy());
    lab.look(-4, 0);
    lab.look(50, 60);
    for minute in 2..59 {
        lab.look(50, 60 * minute);
    }
    lab.restart(60 * 59);
    lab.look(50, 60 * 61);
    assert!(!frozen(&lab), "two minutes are no gap");
    let mut lab = Lab::new(policy());
    lab.look(-4, 0);
    lab.look(50, 60);
    lab.restart(60 * 59);
    lab.look(50, 60 * 62);
    assert!(frozen(&lab), "nobody looked for an hour");
    lab.look(50, 60 * 62 + 60 * 29);
    lab.look(50, 60 * 62 + 60 * 58);
    assert!(frozen(&lab));
    lab.look(50, 60 * 62 + 60 * 60);
    assert!(!frozen(&lab));
}

#[test]
fn every_answer_is_a_fact_and_replayed_facts_give_the_recorded_decisions() {
    let mut lab = Lab::new(policy());
    let asked: Vec<Box<Decision>> = [(50, 10), (-4, 20), (12, 30), (50, 40)]
        .into_iter()
        .map(|(left, at)| lab.gate(question("v2.33", left), at))
        .collect();
    let verdicts: Vec<Verdict> = asked.iter().map(|it| it.verdict).collect();
    let closed = Verdict::Closed;
    assert_eq!(verdicts, [Verdict::Open, closed, closed, closed]);
    let before = lab.read(Clone::clone);
    lab.restart(50);
    let after = lab.read(Clone::clone);
    let decisions = |it: &State| it.releases.decisions().cloned().collect::<Vec<_>>();
    assert_eq!(decisions(&before), decisions(&after));
    assert_eq!(decisions(&after), asked.into_iter().map(|it| *it).collect::<Vec<_>>());
    // The same question in the same state gives the same answer, apart from its name.
    let again = lab.read(|state| {
        decide_gate(state, &lab.config, &question("v2.33", 50), unrecorded(second(40)), second(40))
    });
    let last = decisions(&after).pop().unwrap();
    assert_eq!(Decision { id: last.id, revision: last.revision, ..again }, last);
}

#[test]
fn an_override_is_a_fact_counts_and_lets_one_version_through() {
    let mut lab = Lab::new(policy());
    assert_eq!(lab.gate(question("v2.33", -4), 10).verdict, Verdict::Closed);
    let waived = lab.ask(Command::Waive(Box::new(request("v2.33"))), 20).unwrap();
    let Reply::Waiver(waiver) = waived else { panic!("{waived:?}") };
    lab.restart(25);
    let open = lab.gate(question("v2.33", -4), 30);
    assert_eq!((open.verdict, open.waiver), (Verdict::Open, Some(waiver.id)));
    assert_eq!(lab.gate(question("v2.34", -4), 30).verdict, Verdict::Closed);
    let refused = lab.ask(Command::Waive(Box::new(request("v2.34"))), 40);
    assert!(matches!(refused, Err(Refusal::Waiver(WaiverRefusal::NoneLeft { .. }))));
    let late = 20 + 4 * 3_600;
    assert_eq!(lab.gate(question("v2.33", -4), late).verdict, Verdict::Closed);
}

#[test]
fn an_exemption_is_in_the_decision_that_used_it() {
    let mut lab = Lab::new(policy());
    let exemption = Exemption {
        claim: Claim::Security,
        evidence: "CVE-2026-1".to_owned(),
        by: "ben".to_owned(),
    };
    let claimed = GateQuestion { exemption: Some(exemption.clone()), ..question("v2.33", -4) };
    let decision = lab.gate(claimed, 10);
    assert_eq!((decision.verdict, decision.exemption.clone()), (Verdict::Open, Some(exemption)));
    lab.check(&expect![[r#"
        epoch
        config
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"Watched":{"digest":"sha256:3b0c"}}}
        level {"id":{"policy":"tier1","service":"checkout"},"fact":{"Entered":{"level":"frozen","because":"budget.remaining <= 0%: checkout/availability -4.00% left of 28d (63000 bad, 60519.5 allowed)"}}}
        dispatch
        decision open: by policy tier1
        dispatch
        route
        escalation
        escalation
        escalation
        outbox
        escalation
        outbox
        dispatch
    "#]]);
}

#[test]
fn the_history_of_deploys_proves_a_rollback_and_an_incident_disproves_it() {
    let mut lab = Lab::new(policy());
    for (version, at) in [("v2.32", 1_000), ("v2.33", 5_000)] {
        lab.ask(deployed(version, at), at).unwrap();
    }
    assert_eq!(lab.gate(question("v2.32", -4), 6_000).verdict, Verdict::Open);
    assert_eq!(lab.gate(question("v2.33", -4), 6_000).verdict, Verdict::Closed);
    assert_eq!(lab.gate(question("v2.31", -4), 6_000).verdict, Verdict::Closed);
    let mut elsewhere = question("v2.32", -4);
    elsewhere.change.env = "staging".to_owned();
    assert_eq!(lab.gate(elsewhere, 6_000).verdict, Verdict::Closed);
}

#[test]
fn a_question_about_a_service_that_nobody_watches_is_unknown() {
    let mut lab = Lab::new(policy());
    let empty = PolicyInput::default();
    let asked = GateQuestion { input: empty, ..question("v2.33", 0) };
    let decision = lab.gate(asked, 10);
    assert_eq!(decision.verdict, Verdict::Unknown);
    assert!(decision.checks.iter().any(|it| it.result == CheckResult::Unknown));
}

#[test]
fn a_shadow_policy_is_recorded_and_blocks_nothing() {
    let mut lab = Lab::new(Policy { mode: Mode::Shadow, ..policy() });
    let decision = lab.gate(question("v2.33", -4), 10);
    assert_eq!((decision.verdict, decision.shadow), (Verdict::Open, Some(Verdict::Closed)));
}

#[test]
fn levels_of_a_policy_that_is_gone_are_over() {
    let mut lab = Lab::new(policy());
    lab.look(-4, 10);
    lab.config = config();
    lab.ask(Command::ApplyConfig(config()), 20).unwrap();
    lab.look(50, 30);
    assert_eq!(lab.read(|state| state.firing().count()), 0);
    let key = LevelKey { policy: "tier1".to_owned(), service: "checkout".to_owned() };
    assert!(lab.read(|state| state.releases.levels(&key).unwrap().active.is_empty()));
    let before = lab.read(|state| state.releases.levels_at(&key, second(15)));
    assert!(before.unwrap().active.contains_key("frozen"));
}
