use expect_test::expect;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::changes::{Change, ChangeKind};
use crate::suspects::{Factor, FactorName};
use crate::{AlertRef, Command, Status, decide, evolve};

fn at(seconds: i64) -> Timestamp {
    "2026-06-10T15:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn alert(fingerprint: &str) -> AlertRef {
    let slo = Some(format!("checkout/{fingerprint}"));
    AlertRef {
        fingerprint: fingerprint.to_owned(),
        summary: format!("{fingerprint} burn fast"),
        slo,
    }
}

fn open() -> Command {
    Command::Open {
        number: 42,
        title: "checkout | errors burn fast".to_owned(),
        severity: IncidentSeverity::Sev2,
        service: "checkout".to_owned(),
        alert: alert("errors"),
        impact_start: at(-95),
        by: "nines".to_owned(),
    }
}

fn fold(script: Vec<(i64, Command)>) -> State {
    let (mut state, mut seq) = (State::default(), 100);
    for (seconds, command) in script {
        for fact in decide(&state, command, at(seconds)).unwrap() {
            seq += 1;
            evolve(&mut state, &fact, at(seconds), seq);
        }
    }
    state
}

fn whole_story() -> State {
    let text = str::to_owned;
    let status = |status| Command::SetStatus { status, by: text("ana") };
    let run = text("run_1");
    fold(vec![
        (0, open()),
        (1, Command::Paged { person: text("ana"), channel: text("inbox"), page_id: text("p1") }),
        (40, Command::Acknowledge { by: text("ana"), via: text("link") }),
        (60, Command::AttachAlert(alert("latency"))),
        (90, Command::Note { by: text("ana"), text: text("v2.33 <went> out\nat 14:55") }),
        (100, status(Status::Identified)),
        (
            120,
            Command::RunbookStarted {
                run: run.clone(),
                runbook: text("rollback"),
                by: text("ana"),
            },
        ),
        (
            150,
            Command::RunbookStep {
                run: run.clone(),
                step: text("act"),
                outcome: text("succeeded after 3s"),
            },
        ),
        (151, Command::RunbookEnded { run, result: text("succeeded") }),
        (300, Command::AlertResolved { fingerprint: text("errors") }),
        (330, Command::AlertResolved { fingerprint: text("latency") }),
        (400, Command::Resolve { by: text("ana"), reason: None }),
    ])
}

fn suspect() -> Suspect {
    let change = Change {
        id: "cli:1".to_owned(),
        service: "checkout".to_owned(),
        env: "prod".to_owned(),
        version: Some("v2.33".to_owned()),
        sha: None,
        kind: ChangeKind::Deploy,
        author: None,
        started: at(-300),
        finished: None,
        summary: String::new(),
        source: "cli".to_owned(),
        url: None,
    };
    let factor = |name, value, text: &str| Factor { name, value, text: text.to_owned() };
    let factors = vec![
        factor(FactorName::Recency, 0.9, "ended 3m before the impact started"),
        factor(FactorName::Topology, 1.0, "changed checkout itself"),
    ];
    Suspect { change, score: 0.9, factors, evidence: 99 }
}

#[test]
fn a_draft_tells_the_facts_and_asks_for_the_rest() {
    let incident = whole_story();
    let impact = SloImpact {
        slo: "checkout/errors".to_owned(),
        objective: "99.9% over 28d".to_owned(),
        from: at(-95),
        until: at(330),
        bad: 1_520,
        total: 63_000,
        consumed_billionths: Some(21_345_678),
    };
    let input = PostmortemInput { incident: &incident, suspects: &[suspect()], impacts: &[impact] };
    expect![[r#"
        # INC-42: checkout \| errors burn fast

        - **Service**: checkout
        - **Severity**: SEV2
        - **Status**: resolved
        - **Impact began**: 2026-06-10 14:58:25 UTC (E-101). It lasted 7m5s until it was mitigated.

        TODO(human): what did users see, in two sentences?

        ## Impact

        | objective | promise | from (UTC) | until (UTC) | bad events | all events | bad share | error budget used |
        | --- | --- | --- | --- | --- | --- | --- | --- |
        | checkout/errors | 99.9% over 28d | 2026-06-10 14:58:25 | 2026-06-10 15:05:30 | 1 520 | 63 000 | 2.413 % | 2.135 % |

        checkout/latency: the impact is unknown; there are no counts.

        ## Timeline

        | at (UTC) | since impact began | kind | what | evidence |
        | --- | --- | --- | --- | --- |
        | 2026-06-10 15:00:00 | 1m35s | status | SEV2 opened by nines: errors burn fast | E-101 |
        | 2026-06-10 15:00:01 | 1m36s | page | ana was paged by inbox | E-102 |
        | 2026-06-10 15:00:40 | 2m15s | ack | ana acknowledged by link | E-103 |
        | 2026-06-10 15:01:00 | 2m35s | alert | latency burn fast fires | E-104 |
        | 2026-06-10 15:01:30 | 3m5s | note | ana: v2.33 \<went\> out at 14:55 | E-105 |
        | 2026-06-10 15:01:40 | 3m15s | status | ana changed declared to identified | E-106 |
        | 2026-06-10 15:02:00 | 3m35s | runbook | ana started the runbook rollback (run_1) | E-107 |
        | 2026-06-10 15:02:30 | 4m5s | runbook | step act: succeeded after 3s | E-108 |
        | 2026-06-10 15:02:31 | 4m6s | runbook | the runbook rollback ended: succeeded | E-109 |
        | 2026-06-10 15:05:00 | 6m35s | alert | errors burn fast stopped | E-110 |
        | 2026-06-10 15:05:30 | 7m5s | alert | latency burn fast stopped | E-111 |
        | 2026-06-10 15:06:40 | 8m15s | status | ana resolved it | E-112 |

        ## Phases

        | phase | at (UTC) | since impact began | since detected | provenance | evidence |
        | --- | --- | --- | --- | --- | --- |
        | impact began | 2026-06-10 14:58:25 | 0s | -1m35s | derived | E-101 |
        | detected | 2026-06-10 15:00:00 | 1m35s | 0s | recorded | E-101 |
        | acknowledged | 2026-06-10 15:00:40 | 2m15s | 40s | recorded | E-103 |
        | identified | 2026-06-10 15:01:40 | 3m15s | 1m40s | recorded | E-106 |
        | mitigated | 2026-06-10 15:05:30 | 7m5s | 5m30s | derived | E-111 |
        | resolved | 2026-06-10 15:06:40 | 8m15s | 6m40s | recorded | E-112 |

        ## Detection

        | alert | objective | joined (UTC) | since impact began | stopped (UTC) |
        | --- | --- | --- | --- | --- |
        | errors burn fast | checkout/errors | 2026-06-10 15:00:00 | 1m35s | 2026-06-10 15:05:00 |
        | latency burn fast | checkout/latency | 2026-06-10 15:01:00 | 2m35s | 2026-06-10 15:05:30 |

        TODO(human): which signal showed it first, and which alert stayed silent that should not have?

        ## Response

        - **Pages**: 1
        - **People paged**: 1
        - **Answered**: ana

        | page at (UTC) | to | by | evidence |
        | --- | --- | --- | --- |
        | 2026-06-10 15:00:01 | ana | inbox | E-102 |

        | runbook | started (UTC) | by | took | result | evidence |
        | --- | --- | --- | --- | --- | --- |
        | rollback | 2026-06-10 15:02:00 | ana | 31s | succeeded | E-107 |

        TODO(human): what was tried, and what did each attempt show?

        ## Changes that came before

        Observations in the order of their score; none of them is a finding.

        | score | change | began (UTC) | since impact began | observations | evidence |
        | --- | --- | --- | --- | --- | --- |
        | 0.900 | deploy of checkout v2.33 | 2026-06-10 14:55:00 | -3m25s | recency 0.90: ended 3m before the impact started; topology 1.00: changed checkout itself | E-99 |

        ## Contributing factors

        | factor | confirmed, suspected or refuted | evidence |
        | --- | --- | --- |
        | trigger | TODO(human) |  |
        | latent condition | TODO(human) |  |
        | detection gap | TODO(human) |  |
        | response friction | TODO(human) |  |
        | amplifier | TODO(human) |  |
        | luck | TODO(human) |  |

        TODO(human): why did what people did make sense at the time?

        TODO(human): what surprised us, and why?

        ## What went well

        TODO(human): what worked as it should?

        ## What went badly

        TODO(human): what took longer than it should?

        ## Where we were lucky

        TODO(human), mandatory for a major incident: what would have made it worse?

        ## Action items

        | id | action | type | size | owner | due | verified by |
        | --- | --- | --- | --- | --- | --- | --- |
        | A-1 | TODO(human) | prevent, detect, mitigate, process or learn |  | TODO(human) | TODO(human) | TODO(human): a check that fails before the fix and passes after it |

        ## Open questions

        TODO(human): what do we still not know?
    "#]].assert_eq(&draft(&input));
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    let incident = fold(vec![(0, open())]);
    let input = PostmortemInput { incident: &incident, suspects: &[], impacts: &[] };
    let known: String = draft(&input).split_inclusive("## Contributing").take(1).collect();
    expect![[r#"
        # INC-42: checkout \| errors burn fast

        - **Service**: checkout
        - **Severity**: SEV2
        - **Status**: declared
        - **Impact began**: 2026-06-10 14:58:25 UTC (E-101). It is not over.

        TODO(human): what did users see, in two sentences?

        ## Impact

        No objective has counts for this incident.

        checkout/errors: the impact is unknown; there are no counts.

        ## Timeline

        | at (UTC) | since impact began | kind | what | evidence |
        | --- | --- | --- | --- | --- |
        | 2026-06-10 15:00:00 | 1m35s | status | SEV2 opened by nines: errors burn fast | E-101 |

        ## Phases

        | phase | at (UTC) | since impact began | since detected | provenance | evidence |
        | --- | --- | --- | --- | --- | --- |
        | impact began | 2026-06-10 14:58:25 | 0s | -1m35s | derived | E-101 |
        | detected | 2026-06-10 15:00:00 | 1m35s | 0s | recorded | E-101 |
        | acknowledged | unknown |  |  |  |  |
        | identified | unknown |  |  |  |  |
        | mitigated | unknown |  |  |  |  |
        | resolved | unknown |  |  |  |  |

        ## Detection

        | alert | objective | joined (UTC) | since impact began | stopped (UTC) |
        | --- | --- | --- | --- | --- |
        | errors burn fast | checkout/errors | 2026-06-10 15:00:00 | 1m35s | still fires |

        TODO(human): which signal showed it first, and which alert stayed silent that should not have?

        ## Response

        - **Pages**: 0
        - **People paged**: 0
        - **Answered**: nobody

        No runbook was run.

        TODO(human): what was tried, and what did each attempt show?

        ## Changes that came before

        No change is known in the 24 h before the impact and the 10 min after its start.

        ## Contributing"#]].assert_eq(&known);
}

proptest! {
    #[test]
    fn every_entry_is_one_row_with_its_evidence(notes in proptest::collection::vec(".{1,30}", 0..10)) {
        let notes: Vec<String> = notes.into_iter().filter(|it| !it.trim().is_empty()).collect();
        let mut script = vec![(0, open())];
        let by = || "ana".to_owned();
        script.extend(notes.iter().map(|it| (5, Command::Note { by: by(), text: it.clone() })));
        let incident = fold(script);
        let text = draft(&PostmortemInput { incident: &incident, suspects: &[], impacts: &[] });
        for number in 0..=notes.len() {
            let evidence = format!(" E-{} |", 101 + number);
            let in_timeline = text.lines().filter(|it| it.contains(&evidence) && it.contains("| note |"));
            prop_assert_eq!(in_timeline.count(), usize::from(0 < number));
        }
    }
}
