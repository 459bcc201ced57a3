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
    expect![[""]].assert_eq(&read());
    let decision: Decision = serde_json::from_str(DECISION).unwrap();
    let verdict = decision.verdict;
    begun.write(&Answer::Decided { decision: &decision, verdict, default: None }).unwrap();
    expect![[""]].assert_eq(&read());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 4, "nothing half written is left");
}

#[test]
fn an_annotation_has_one_line_whatever_it_says() {
    let problem = "no answer\n::set-output name=gate::open 100%";
    let answer = Answer::Unanswered { problem, verdict: Verdict::Unknown };
    expect![[""]].assert_eq(&annotation(&answer));
    expect![[""]].assert_eq(&variables(&answer, ""));
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
