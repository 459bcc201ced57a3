use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::level::{LevelFact, evolve, observe};
use crate::look::tests::situations;
use crate::policy::{Freeze, Unknowns};
use crate::situation::{BudgetInput, Dependency, OpenIncident, Trust};
use crate::testing::{budget, minute, situation, tier1};
use crate::waiver::{Waive, WaiverId, decide_waiver};

/// A case in the making.
#[derive(Debug, Clone)]
struct Setting {
    policy: Policy,
    levels: Levels,
    situation: Situation,
    question: GateQuestion,
    deploys: Vec<Deploy>,
    waiver: Option<Waiver>,
    rulebook: Rulebook,
    now: Timestamp,
}

impl Setting {
    fn new(situation: Situation) -> Self {
        let change = Change {
            service: "checkout".to_owned(),
            env: "prod".to_owned(),
            version: Some("v2.33".to_owned()),
            sha: Some("9f31c2".to_owned()),
            kind: ChangeKind::Code,
        };
        Self {
            policy: tier1(),
            levels: Levels::default(),
            question: GateQuestion::new(change, situation.input.clone()),
            situation,
            deploys: Vec::new(),
            waiver: None,
            rulebook: Rulebook::default(),
            now: minute(40_000),
        }
    }

    /// As the engine does: first the levels, then the decision.
    fn looked(mut self) -> Self {
        let look = Look { policy: &self.policy, situation: &self.situation, now: self.now };
        for fact in observe(&self.levels, &look) {
            evolve(&mut self.levels, &fact, self.now, 7);
        }
        self
    }

    fn decide(&self) -> Decision {
        decide(&Case {
            id: DecisionId::from_parts(self.now, 7),
            now: self.now,
            revision: 412,
            rulebook: &self.rulebook,
            policy: &self.policy,
            levels: &self.levels,
            situation: &self.situation,
            question: &self.question,
            deploys: &self.deploys,
            waiver: self.waiver.as_ref(),
        })
    }
}

/// Everything that a decision says, without what every one says.
fn shown(decision: &Decision) -> String {
    let mut out = format!("{} ({})", decision.verdict, decision.cause);
    let policy = &decision.policy;
    out.push_str(&format!(", level {}", policy.level));
    let mut note = |name: &str, it: Option<String>| {
        out.push_str(&it.map_or(String::new(), |it| format!(", {name} {it}")));
    };
    note("since", policy.since.map(|it| it.to_string()));
    note("next", decision.next_possible.map(|it| it.to_string()));
    note("default", decision.applied_default.clone());
    note("shadow", decision.shadow.map(|it| it.to_string()));
    note("exempt", decision.exemption.as_ref().map(|it| it.claim.to_string()));
    note("waiver", decision.waiver.map(|_| "used".to_owned()));
    out.push('\n');
    for Check { name, result, need, have, cause, .. } in &decision.checks {
        let cause = cause.map_or(String::new(), |it| format!(" ({it})"));
        out.push_str(&format!("{result}{cause}: {name}: have {have}; need {need}\n"));
    }
    out
}

fn check(setting: &Setting, expect: &Expect) {
    expect.assert_eq(&shown(&setting.decide()));
}

fn verdict(setting: &Setting) -> Verdict {
    setting.decide().verdict
}

fn spent() -> Setting {
    Setting::new(situation(vec![budget("latency", 60), budget("errors", -4)])).looked()
}

fn incident() -> OpenIncident {
    OpenIncident { number: 42, severity: 2, title: "checkout fails".to_owned() }
}

fn silent(trust: Trust) -> BudgetInput {
    BudgetInput { seen_billionths: None, trust, ..budget("errors", 0) }
}

#[test]
fn a_full_budget_is_open() {
    check(
        &Setting::new(situation(vec![budget("errors", 50)])),
        &expect![[r#"
        open (policy), level normal
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
    "#]],
    );
}

#[test]
fn a_spent_budget_freezes_and_names_the_worst_slo() {
    check(
        &spent(),
        &expect![[r#"
        closed (policy), level frozen, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        fail: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
}

#[test]
fn a_frozen_service_stays_frozen_until_the_hold_is_over_and_says_when() {
    let mut setting = spent();
    setting.situation = situation(vec![budget("errors", 12)]);
    setting.now = minute(40_010);
    check(
        &setting.clone().looked(),
        &expect![[r#"
            closed (policy), level frozen, since 1970-01-28T18:40:00Z, next 1970-01-29T18:50:00Z
            pass: burn rate: have no page fires; need not burn.page
            fail: error budget: have checkout/errors 12.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
            pass: open incident: have none; need no open incident
            pass: calendar: have no freeze; need no freeze
            fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
            fail: approvals: have nobody approved; need 1 approved, not the author
        "#]],
    );
    setting.situation = situation(vec![budget("errors", 8)]);
    check(
        &setting.looked(),
        &expect![[r#"
        closed (policy), level frozen, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        fail: error budget: have checkout/errors 8.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
}

#[test]
fn a_careful_service_wants_small_steps_and_an_approval() {
    let mut setting = Setting::new(situation(vec![budget("errors", 20)])).looked();
    check(
        &setting,
        &expect![[r#"
        closed (policy), level careful, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 20.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
    setting.question.step = Some(50_000_000);
    setting.question.bake = Some(SignedDuration::from_mins(30));
    setting.question.author = Some("ana".to_owned());
    setting.question.approvals = vec!["ana".to_owned(), " ".to_owned()];
    check(
        &setting,
        &expect![[r#"
        closed (policy), level careful, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 20.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: rollout: have step 5%, bake 30m; need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
    setting.question.approvals.push("ben".to_owned());
    check(
        &setting,
        &expect![[r#"
        open (policy), level careful, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 20.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: rollout: have step 5%, bake 30m; need steps of at most 5%, each at least 30m
        pass: approvals: have approved by ben; need 1 approved, not the author
    "#]],
    );
}

#[test]
fn nothing_opens_for_lack_of_knowledge() {
    check(
        &Setting::new(situation(Vec::new())).looked(),
        &expect![[r#"
            unknown (no_data), level normal
            unknown (no_data): burn rate: have no page fires, no objective watches checkout; need not burn.page
            unknown (no_data): error budget: have no objective watches checkout; need budget.remaining > 0%
            pass: open incident: have none; need no open incident
            pass: calendar: have no freeze; need no freeze
            unknown (no_data): rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
            unknown (no_data): approvals: have nobody approved; need 1 approved, not the author
        "#]],
    );
    for trust in [Trust::Stale, Trust::Suspect, Trust::NoData, Trust::Unreachable] {
        let setting = Setting::new(situation(vec![budget("latency", 90), silent(trust)]));
        assert_eq!(verdict(&setting.looked()), Verdict::Unknown, "{trust:?}");
    }
    let young = BudgetInput { coverage_billionths: 1, ..budget("errors", 90) };
    check(
        &Setting::new(situation(vec![young])).looked(),
        &expect![[r#"
        unknown (young), level normal
        pass: burn rate: have no page fires; need not burn.page
        unknown (young): error budget: have checkout/errors 90.00% left of 28d (63000 bad, 60519.5 allowed), 0.00% of the window known; need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        unknown (young): rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        unknown (young): approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
}

#[test]
fn what_is_written_of_the_unknown_is_done_and_told() {
    let young = BudgetInput { coverage_billionths: 1, ..budget("errors", 90) };
    let mut setting = Setting::new(situation(vec![young]));
    setting.question.step = Some(1);
    setting.question.bake = Some(SignedDuration::from_hours(1));
    setting.question.approvals = vec!["ben".to_owned()];
    setting.policy.unknown = Unknowns { young: OnUnknown::Open, ..Unknowns::STRICT };
    check(
        &setting,
        &expect![[r#"
        open (young), level normal, default young: open
        pass: burn rate: have no page fires; need not burn.page
        unknown (young): error budget: have checkout/errors 90.00% left of 28d (63000 bad, 60519.5 allowed), 0.00% of the window known; need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: rollout: have step 0.0000001%, bake 1h; need steps of at most 5%, each at least 30m
        pass: approvals: have approved by ben; need 1 approved, not the author
    "#]],
    );
    setting.policy.unknown = Unknowns { young: OnUnknown::Closed, ..Unknowns::STRICT };
    check(
        &setting,
        &expect![[r#"
        closed (young), level normal, default young: closed
        pass: burn rate: have no page fires; need not burn.page
        unknown (young): error budget: have checkout/errors 90.00% left of 28d (63000 bad, 60519.5 allowed), 0.00% of the window known; need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: rollout: have step 0.0000001%, bake 1h; need steps of at most 5%, each at least 30m
        pass: approvals: have approved by ben; need 1 approved, not the author
    "#]],
    );
    // Another cause keeps its own answer.
    setting.policy.unknown = Unknowns { no_data: OnUnknown::Open, ..Unknowns::STRICT };
    assert_eq!(verdict(&setting), Verdict::Unknown);
    // Contradictions have no answer that could be written.
    setting.situation = situation(vec![silent(Trust::Suspect)]);
    let open = OnUnknown::Open;
    setting.policy.unknown =
        Unknowns { no_data: open, stale: open, young: open, unreachable: open };
    assert_eq!(verdict(&setting), Verdict::Unknown);
}

#[test]
fn a_page_and_an_incident_hold() {
    let burning = BudgetInput { burn_page: true, ..budget("errors", 70) };
    let mut setting = Setting::new(situation(vec![burning]));
    setting.situation.open_incidents = vec![incident()];
    check(
        &setting,
        &expect![[r#"
        closed (policy), level normal
        fail: burn rate: have a page fires for checkout/errors; need not burn.page
        pass: error budget: have checkout/errors 70.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        fail: open incident: have INC-42 SEV2 checkout fails; need no open incident
        pass: calendar: have no freeze; need no freeze
    "#]],
    );
    setting.policy.open_incident = OnOpenIncident::Note;
    setting.policy.rules.clear();
    assert_eq!(verdict(&setting), Verdict::Open);
}

fn deploy(version: &str, started: i64, finished: Option<i64>) -> Deploy {
    Deploy {
        version: version.to_owned(),
        started: minute(started),
        finished: finished.map(minute),
        did_harm: false,
    }
}

#[test]
fn going_back_to_a_version_that_served_well_is_always_allowed() {
    let mut setting = spent();
    let history = vec![deploy("v2.33", 0, Some(5)), deploy("v2.34", 100, Some(105))];
    setting.deploys.clone_from(&history);
    check(
        &setting,
        &expect![[r#"
        open (rollback), level frozen, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        fail: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
    let refused = |change: &dyn Fn(&mut Vec<Deploy>)| {
        let mut deploys = history.clone();
        change(&mut deploys);
        verdict(&Setting { deploys, ..setting.clone() }) == Verdict::Closed
    };
    assert!(refused(&Vec::clear), "nothing is known");
    assert!(refused(&|it| it[0].did_harm = true), "it did harm");
    assert!(refused(&|it| it[0].finished = None), "it never finished");
    assert!(refused(&|it| it[1].started = minute(34)), "it hardly served");
    assert!(refused(&|it| it.truncate(1)), "it is what runs");
    assert!(refused(&|it| it.push(deploy("v2.33", 200, Some(201)))), "it is what runs again");
    assert!(refused(&|it| it[0].version = "v2.32".to_owned()), "it never ran here");
    let harm = Deploy { did_harm: true, ..deploy("v2.33", 50, Some(51)) };
    assert!(refused(&|it| it.insert(1, harm.clone())), "the last time it did harm");
    let mut data = setting.clone();
    data.question.change.kind = ChangeKind::Data;
    assert_eq!(verdict(&data), Verdict::Closed, "data do not roll back");
}

#[test]
fn switching_a_flag_off_is_always_allowed_and_on_is_not() {
    let mut setting = spent();
    setting.question.change.kind = ChangeKind::Flag;
    for (version, expected) in [
        ("off", Verdict::Open),
        ("old-cart=off", Verdict::Open),
        ("old-cart=on", Verdict::Closed),
        ("offer", Verdict::Closed),
    ] {
        setting.question.change.version = Some(version.to_owned());
        assert_eq!(verdict(&setting), expected, "{version}");
    }
    setting.question.change.kind = ChangeKind::Code;
    setting.question.change.version = Some("off".to_owned());
    assert_eq!(verdict(&setting), Verdict::Closed);
}

#[test]
fn an_exemption_needs_a_claim_that_the_freeze_knows_evidence_and_an_approver() {
    let mut setting = spent();
    let question = &mut setting.question;
    (question.step, question.bake) = (Some(1), Some(SignedDuration::from_hours(1)));
    question.approvals = vec!["cyd".to_owned()];
    let claim = |claim, evidence: &str, by: &str| {
        Some(Exemption { claim, evidence: evidence.to_owned(), by: by.to_owned() })
    };
    setting.question.exemption = claim(Claim::Security, "CVE-2026-1", "ben");
    check(
        &setting,
        &expect![[r#"
        open (policy), level frozen, since 1970-01-28T18:40:00Z, exempt security
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need nothing: security is exempt
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: rollout: have step 0.0000001%, bake 1h; need steps of at most 5%, each at least 30m
        pass: approvals: have approved by cyd; need 1 approved, not the author
    "#]],
    );
    let refused = |exemption| {
        let mut setting = setting.clone();
        setting.question.exemption = exemption;
        verdict(&setting) == Verdict::Closed
    };
    assert!(refused(claim(Claim::Revert, "CVE-2026-1", "ben")));
    assert!(refused(claim(Claim::Security, " ", "ben")));
    assert!(refused(claim(Claim::Security, "CVE-2026-1", "eve")));
    assert!(refused(None));
    setting.question.author = Some("ben".to_owned());
    assert_eq!(verdict(&setting), Verdict::Closed, "nobody exempts themselves");
}

#[test]
fn a_hold_knows_no_exemption() {
    let burning = BudgetInput { burn_page: true, ..budget("errors", 70) };
    let mut setting = Setting::new(situation(vec![burning]));
    setting.question.exemption =
        Some(Exemption { claim: Claim::P0, evidence: "INC-42".to_owned(), by: "ben".to_owned() });
    setting.policy.rules[0].then.exempt = vec![Claim::P0];
    assert_eq!(verdict(&setting), Verdict::Closed, "not even where it lists one");
}

#[test]
fn the_calendar_freezes_between_its_days() {
    let mut setting = Setting::new(situation(vec![budget("errors", 50)]));
    let (from, until) = (setting.now, setting.now + SignedDuration::from_hours(1));
    let freeze = Freeze { name: "sale".to_owned(), from, until, exempt: vec![Claim::P0] };
    setting.policy.calendar = vec![freeze];
    check(
        &setting,
        &expect![[r#"
        closed (policy), level normal, next 1970-01-28T19:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        fail: calendar: have sale until 1970-01-28T19:40:00Z; need no freeze
    "#]],
    );
    setting.now = until;
    assert_eq!(verdict(&setting), Verdict::Open);
}

#[test]
fn a_frozen_dependency_freezes_or_excuses_or_is_noted() {
    let mut setting = Setting::new(situation(vec![budget("errors", 50)]));
    let payments = Dependency {
        service: "payments".to_owned(),
        level: Some("frozen".to_owned()),
        is_frozen: true,
    };
    setting.situation.dependencies = vec![payments.clone()];
    assert_eq!(verdict(&setting), Verdict::Open);
    setting.policy.dependency = OnDependency::Freeze;
    check(
        &setting,
        &expect![[r#"
        closed (policy), level normal
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 50.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: dependency: have payments frozen; need no frozen dependency
    "#]],
    );
    setting.situation.dependencies[0] = Dependency { level: None, is_frozen: false, ..payments };
    assert_eq!(verdict(&setting), Verdict::Unknown);
    let mut spent = spent();
    spent.policy.dependency = OnDependency::Excuse;
    spent.policy.levels.remove(0);
    assert_eq!(verdict(&spent), Verdict::Closed);
    spent.situation.dependencies = vec![Dependency {
        service: "payments".to_owned(),
        level: Some("frozen".to_owned()),
        is_frozen: true,
    }];
    check(
        &spent,
        &expect![[r#"
        open (policy), level frozen, since 1970-01-28T18:40:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need nothing: a dependency is frozen, which excuses
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        pass: dependency: have payments frozen; need nothing (noted only)
    "#]],
    );
}

#[test]
fn a_batch_waits_for_the_last_change_of_another_version() {
    let mut setting = Setting::new(situation(vec![budget("errors", 20)])).looked();
    setting.policy.levels[0].effects =
        crate::Effects { batch: Some(SignedDuration::from_hours(24)), ..crate::Effects::default() };
    setting.deploys = vec![deploy("v2.32", 39_000, Some(39_001))];
    check(
        &setting,
        &expect![[r#"
        closed (policy), level careful, since 1970-01-28T18:40:00Z, next 1970-01-29T02:00:00Z
        pass: burn rate: have no page fires; need not burn.page
        pass: error budget: have checkout/errors 20.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 0%
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: batch: have last 1970-01-28T02:00:00Z; need at most one change in 1d
    "#]],
    );
    setting.deploys = vec![deploy("v2.33", 39_000, Some(39_001))];
    assert_eq!(verdict(&setting), Verdict::Open);
}

#[test]
fn a_shadow_policy_says_what_it_would_say_and_blocks_nothing() {
    let mut setting = spent();
    setting.policy.mode = Mode::Shadow;
    check(
        &setting,
        &expect![[r#"
        open (shadow), level frozen, since 1970-01-28T18:40:00Z, shadow closed
        pass: burn rate: have no page fires; need not burn.page
        fail: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
}

fn waived(setting: &Setting) -> Waiver {
    let text = |it: &str| it.to_owned();
    let request = Waive {
        service: text("checkout"),
        env: text("prod"),
        version: text("v2.33"),
        reason: text("fixes the leak"),
        evidence: text("INC-42"),
        requested_by: text("ana"),
        author: text("ana"),
        approved_by: text("ben"),
        expires: None,
    };
    let id = WaiverId::from_parts(setting.now, 1);
    decide_waiver(&setting.rulebook, &setting.policy, &[], request, id, setting.now).unwrap()
}

#[test]
fn an_override_changes_one_decision_only() {
    let mut setting = spent();
    setting.waiver = Some(waived(&setting));
    check(
        &setting,
        &expect![[r#"
        open (waiver), level frozen, since 1970-01-28T18:40:00Z, waiver used
        pass: burn rate: have no page fires; need not burn.page
        fail: error budget: have checkout/errors -4.00% left of 28d (63000 bad, 60519.5 allowed); need budget.remaining > 10% for 1d
        pass: open incident: have none; need no open incident
        pass: calendar: have no freeze; need no freeze
        fail: rollout: have step 100% (not told), bake 0s (not told); need steps of at most 5%, each at least 30m
        fail: approvals: have nobody approved; need 1 approved, not the author
    "#]],
    );
    let mut other = setting.clone();
    other.question.change.version = Some("v2.34".to_owned());
    assert_eq!(verdict(&other), Verdict::Closed);
    let mut late = setting;
    late.now += SignedDuration::from_hours(4);
    assert_eq!(verdict(&late), Verdict::Closed);
}

/// A decision crosses the API and the journal: this text may gain fields and never change one.
#[test]
fn a_decision_reads_as_it_was_written() {
    let mut setting = spent();
    setting.situation.input.budgets.push(silent(Trust::NoData));
    setting.question.exemption =
        Some(Exemption { claim: Claim::P0, evidence: "INC-42".to_owned(), by: "ben".to_owned() });
    let decision = setting.decide();
    let text = serde_json::to_string_pretty(&decision).unwrap();
    expect![[r#"
        {
          "id": "dec_00027gt6000000000000000007",
          "at": "1970-01-28T18:40:00Z",
          "verdict": "closed",
          "cause": "policy",
          "change": {
            "service": "checkout",
            "env": "prod",
            "version": "v2.33",
            "sha": "9f31c2",
            "kind": "code"
          },
          "policy": {
            "name": "tier1",
            "digest": "sha256:3b0c",
            "level": "frozen",
            "since": "1970-01-28T18:40:00Z",
            "mode": "enforce",
            "origin": {
              "file": "policy.yaml",
              "line": 3
            }
          },
          "checks": [
            {
              "name": "burn rate",
              "result": "unknown",
              "cause": "no_data",
              "need": "not burn.page",
              "have": {
                "state": "no page fires, checkout/errors is not known"
              },
              "why": null,
              "next_possible": null
            },
            {
              "name": "error budget",
              "result": "pass",
              "cause": null,
              "need": "nothing: p0 is exempt",
              "have": {
                "slo": "checkout/errors",
                "remaining": "-4.00%",
                "window": "28d",
                "bad": 63000,
                "allowed": "60519.5",
                "from": "1970-01-01T00:00:00Z",
                "to": "1970-01-29T00:00:00Z"
              },
              "why": "/api/nines/v1/slos/checkout/errors/budget",
              "next_possible": null
            },
            {
              "name": "open incident",
              "result": "pass",
              "cause": null,
              "need": "no open incident",
              "have": {
                "state": "none"
              },
              "why": null,
              "next_possible": null
            },
            {
              "name": "calendar",
              "result": "pass",
              "cause": null,
              "need": "no freeze",
              "have": {
                "state": "no freeze"
              },
              "why": null,
              "next_possible": null
            },
            {
              "name": "rollout",
              "result": "fail",
              "cause": null,
              "need": "steps of at most 5%, each at least 30m",
              "have": {
                "step": "100% (not told)",
                "bake": "0s (not told)"
              },
              "why": null,
              "next_possible": null
            },
            {
              "name": "approvals",
              "result": "fail",
              "cause": null,
              "need": "1 approved, not the author",
              "have": {
                "state": "nobody approved"
              },
              "why": null,
              "next_possible": null
            }
          ],
          "limits": {
            "max_step": "5%",
            "min_bake": "30m",
            "batch": null,
            "approvals": 1
          },
          "next_possible": null,
          "applied_default": null,
          "waiver": null,
          "exemption": {
            "claim": "p0",
            "evidence": "INC-42",
            "by": "ben"
          },
          "shadow": null,
          "revision": 412
        }"#]]
    .assert_eq(&text);
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
}

#[test]
fn a_level_fact_and_an_override_read_as_they_were_written() {
    let level = || "frozen".to_owned();
    let because = || "budget.remaining <= 0%: checkout/errors -4.00% left".to_owned();
    let facts = [
        LevelFact::Watched { digest: "sha256:3b0c".to_owned() },
        LevelFact::Entered { level: level(), because: because() },
        LevelFact::LeaveBegan { level: level(), because: because() },
        LevelFact::LeaveSeen { level: level() },
        LevelFact::LeaveBroken { level: level(), because: because() },
        LevelFact::Left { level: level(), because: because() },
    ];
    let mut lines: Vec<String> =
        facts.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    let waiver = waived(&spent());
    lines.push(serde_json::to_string(&waiver).unwrap());
    expect![[r#"
        {"Watched":{"digest":"sha256:3b0c"}}
        {"Entered":{"level":"frozen","because":"budget.remaining <= 0%: checkout/errors -4.00% left"}}
        {"LeaveBegan":{"level":"frozen","because":"budget.remaining <= 0%: checkout/errors -4.00% left"}}
        {"LeaveSeen":{"level":"frozen"}}
        {"LeaveBroken":{"level":"frozen","because":"budget.remaining <= 0%: checkout/errors -4.00% left"}}
        {"Left":{"level":"frozen","because":"budget.remaining <= 0%: checkout/errors -4.00% left"}}
        {"id":"wvr_00027gt6000000000000000001","policy":"tier1","service":"checkout","env":"prod","version":"v2.33","reason":"fixes the leak","evidence":"INC-42","requested_by":"ana","author":"ana","approved_by":"ben","team":"checkout","quarter":{"year":1970,"number":1},"from":"1970-01-28T18:40:00Z","until":"1970-01-28T22:40:00Z"}"#]].assert_eq(&lines.join("\n"));
    for (fact, line) in facts.iter().zip(&lines) {
        assert_eq!(serde_json::from_str::<LevelFact>(line).unwrap(), *fact);
    }
    assert_eq!(serde_json::from_str::<Waiver>(&lines[6]).unwrap(), waiver);
}

fn settings() -> impl Strategy<Value = Setting> {
    let levels = proptest::sample::subsequence(vec!["careful", "frozen"], 0..=2);
    (situations(), levels, any::<bool>(), proptest::option::of(1..1_000_000_000_u64)).prop_map(
        |(situation, active, approved, step)| {
            let mut setting = Setting::new(situation);
            for level in active {
                let fact = LevelFact::Entered { level: level.to_owned(), because: String::new() };
                evolve(&mut setting.levels, &fact, minute(39_000), 1);
            }
            setting.question.approvals = approved.then(|| "ben".to_owned()).into_iter().collect();
            setting.question.step = step;
            setting.question.bake = step.map(|_| SignedDuration::from_hours(1));
            setting
        },
    )
}

proptest! {
    #[test]
    fn an_open_gate_has_no_check_that_did_not_pass(setting in settings()) {
        let decision = setting.decide();
        let passed = decision.checks.iter().all(|it| it.result == CheckResult::Pass);
        prop_assert_eq!(passed, decision.verdict == Verdict::Open);
        prop_assert_eq!(decision.applied_default, None);
    }

    #[test]
    fn taking_knowledge_away_never_opens(setting in settings(), index in 0..4_usize) {
        let before = verdict(&setting);
        let mut less = setting;
        if let Some(it) = less.situation.input.budgets.get_mut(index) {
            *it = BudgetInput { slo: it.slo.clone(), ..silent(Trust::NoData) };
        } else {
            less.situation.input.budgets.clear();
        }
        let after = verdict(&less);
        prop_assert!(before == Verdict::Open || after != Verdict::Open, "{before} → {after}");
        prop_assert_ne!(after, Verdict::Open);
    }

    #[test]
    fn a_worse_budget_never_opens(setting in settings(), less in 0..100_i128) {
        let before = verdict(&setting);
        let mut worse = setting;
        for it in &mut worse.situation.input.budgets {
            it.seen_billionths = it.seen_billionths.map(|left| left - less * 10_000_000);
        }
        prop_assert!(before <= verdict(&worse), "{before} → {}", verdict(&worse));
    }

    #[test]
    fn one_more_incident_never_opens(setting in settings()) {
        let before = verdict(&setting);
        let mut worse = setting;
        worse.situation.open_incidents.push(incident());
        prop_assert!(before <= verdict(&worse));
        prop_assert_eq!(verdict(&worse), Verdict::Closed);
    }

    #[test]
    fn equal_inputs_give_equal_bytes_apart_from_name_and_time(setting in settings(), random: u128) {
        let one = setting.decide();
        let mut other = setting.decide();
        other.id = DecisionId::from_parts(minute(1), random);
        let other = Decision { id: one.id, at: one.at, ..other };
        let bytes = |it: &Decision| serde_json::to_vec(it).unwrap();
        prop_assert_eq!(bytes(&one), bytes(&other));
    }
}
