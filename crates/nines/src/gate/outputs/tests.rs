use expect_test::expect;

use super::*;

const DECISION: &str = r#"{"id":"dec_01jwdfbr5vztk00000000000a7","at":"2026-06-10T15:02:11Z",
    "verdict":"closed","cause":"policy",
    "change":{"service":"checkout","env":"prod","version":"v2.33","sha":null,"kind":"code"},
    "policy":{"name":"tier1","digest":"sha256:3b0c","level":"frozen","since":"2026-06-10T14:31:00Z",
        "mode":"enforce","origin":{"file":"policy.yaml","line":3}},
    "checks":[
        {"name":"error budget","result":"fail","cause":null,"need":"budget.remaining > 10% for 24h",
         "have":{"slo":"checkout/availability","remaining":"-4.10%","window":"28d","bad":63000,
            "allowed":"60519.5"},"why":null,"next_possible":null},
        {"name":"open incident","result":"fail","cause":null,"need":"no open incident",
         "have":{"state":"INC-42 SEV2 <b>\"a|b\"</b> & more"},"why":null,"next_possible":null},
        {"name":"drill","result":"unknown","cause":"no_data","need":"drill.age <= 90d",
         "have":{"state":"no drill is known"},"why":null,"next_possible":null}],
    "limits":{"max_step":null,"min_bake":null,"batch":null,"approvals":0},
    "next_possible":null,"applied_default":null,"waiver":null,"exemption":null,
    "shadow":null,"revision":412}"#;

/// Every file of all outputs, before and after the answer.
#[test]
fn every_output_says_unknown_first_and_then_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("output"), "earlier=kept\n").unwrap();
    let (output, summary) = (path("output"), path("summary"));
    let (junit, dotenv) = (path("gate.xml"), path("gate.env"));
    let outputs = Outputs {
        kinds: &[Output::Github, Output::Gitlab, Output::Junit],
        junit: &junit,
        dotenv: &dotenv,
        github_output: Some(&output),
        github_summary: Some(&summary),
    };
    let read = || {
        let files = ["output", "summary", "gate.env", "gate.xml"];
        let read = |it: &&str| format!("-- {it}\n{}", fs::read_to_string(path(it)).unwrap());
        files.iter().map(read).collect::<String>()
    };
    let begun = outputs.begin("checkout").unwrap();
    expect![[r#"
        -- output
        earlier=kept
        gate=unknown
        cause=unreachable
        level=
        decision=
        because=the gate has not answered
        -- summary
        ### nines gate: unknown for checkout

        the gate has not answered
        -- gate.env
        NINES_GATE=unknown
        NINES_CAUSE=unreachable
        NINES_LEVEL=
        NINES_DECISION=
        NINES_BECAUSE=the gate has not answered
        -- gate.xml
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="nines gate checkout" tests="1" failures="0" errors="1">
          <testcase classname="nines.gate" name="gate"><error message="the gate has not answered"/></testcase>
        </testsuite>
    "#]].assert_eq(&read());
    let decision: Decision = serde_json::from_str(DECISION).unwrap();
    let verdict = decision.verdict;
    begun.write(&Answer::Decided { decision: &decision, verdict, default: None }).unwrap();
    expect![[r#"
        -- output
        earlier=kept
        gate=closed
        cause=policy
        level=frozen
        decision=dec_01jwdfbr5vztk00000000000a7
        because=closed: error budget checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining > 10% for 24h
        -- summary
        ### nines gate: closed for checkout

        Policy tier1, level frozen since 2026-06-10T14:31:00Z

        | | Check | There is | Needed |
        |---|---|---|---|
        | ✗ | error budget | checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed) | budget.remaining > 10% for 24h |
        | ✗ | open incident | INC-42 SEV2 &lt;b>"a\|b"&lt;/b> & more | no open incident |
        | ? | drill | no drill is known | drill.age &lt;= 90d |

        Decision `dec_01jwdfbr5vztk00000000000a7`
        -- gate.env
        NINES_GATE=closed
        NINES_CAUSE=policy
        NINES_LEVEL=frozen
        NINES_DECISION=dec_01jwdfbr5vztk00000000000a7
        NINES_BECAUSE=closed: error budget checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining > 10% for 24h
        -- gate.xml
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="nines gate checkout" tests="4" failures="3" errors="1">
          <testcase classname="nines.gate" name="error budget"><failure message="checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining &gt; 10% for 24h"/></testcase>
          <testcase classname="nines.gate" name="open incident"><failure message="INC-42 SEV2 &lt;b&gt;&quot;a|b&quot;&lt;/b&gt; &amp; more, needs no open incident"/></testcase>
          <testcase classname="nines.gate" name="drill"><error message="no drill is known, needs drill.age &lt;= 90d"/></testcase>
          <testcase classname="nines.gate" name="gate"><failure message="closed: error budget checkout/availability -4.10% left of 28d (63000 bad, 60519.5 allowed), needs budget.remaining &gt; 10% for 24h"/></testcase>
        </testsuite>
    "#]].assert_eq(&read());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 4, "nothing half written is left");
}

#[test]
fn an_annotation_has_one_line_whatever_it_says() {
    let problem = "no answer\n::set-output name=gate::open 100%";
    let answer = Answer::Unanswered { problem, verdict: Verdict::Unknown };
    expect!["::warning title=nines gate::unknown: no answer%0A::set-output name=gate::open 100%25"]
        .assert_eq(&annotation(&answer));
    expect![[r#"
        gate=unknown
        cause=unreachable
        level=
        decision=
        because=no answer ::set-output name=gate::open 100%
    "#]]
    .assert_eq(&variables(&answer, ""));
}

#[test]
fn github_is_told_only_where_github_listens() {
    let outputs = Outputs {
        kinds: &[Output::Github],
        junit: Path::new("x"),
        dotenv: Path::new("x"),
        github_output: None,
        github_summary: None,
    };
    assert!(outputs.begin("checkout").is_err());
}
