use expect_test::expect;

use super::*;

#[test]
fn whoever_comes_on_call_hears_what_is_open() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let situation = Situation {
        alerts: (1..=12).map(|it| format!("queue {it} stands")).collect(),
        incidents: vec!["INC-7 SEV2 checkout burns".to_owned()],
        silences: vec![(at("2026-06-10T12:00:00Z"), "team=\"shop\" by ana: move".to_owned())],
        changes: vec!["deploy checkout v2.33 at 08:00".to_owned()],
        debts: vec![(at("2026-06-10T01:02:00Z"), "ben".to_owned())],
    };
    let (subject, text) = words("shop", &["ben"], at("2026-06-17T07:00:00Z"), &situation);
    assert_eq!(subject, "you are on call for shop until 2026-06-17 07:00Z");
    expect![[r#"
        you are on call for shop until 2026-06-17 07:00Z
        before you  ben
        fires       queue 1 stands
        fires       queue 2 stands
        fires       queue 3 stands
        fires       queue 4 stands
        fires       queue 5 stands
        fires       queue 6 stands
        fires       queue 7 stands
        fires       queue 8 stands
        fires       queue 9 stands
        fires       queue 10 stands
                    and 2 more
        incident    INC-7 SEV2 checkout burns
        silence     team="shop" by ana: move, ends 2026-06-10 12:00Z
        changed     deploy checkout v2.33 at 08:00
        owes sleep  ben, since 2026-06-10 01:02Z
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_quiet_hand_off_says_so() {
    let until = "2026-06-17T07:00:00Z".parse().unwrap();
    let (_, text) = words("shop", &[], until, &Situation::default());
    assert_eq!(text, "you are on call for shop until 2026-06-17 07:00Z\nnothing is open\n");
}
