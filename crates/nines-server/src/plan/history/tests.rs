use super::*;

fn past(remaining_ratio: f64, days: &[&str]) -> Past {
    let at = |it: &&str| format!("2026-11-{it}T12:00:00Z").parse().unwrap();
    Past { remaining_ratio: Some(remaining_ratio), pages: days.iter().map(at).collect() }
}

#[test]
fn a_sentence_compares_budget_and_pages() {
    let says = |old: Option<&Past>, new: &Past| sentences(old, new, HISTORY_DEFAULT).join("");
    let (calm, loud) = (past(0.65, &["01"]), past(0.31, &["01", "03", "16"]));
    assert_eq!(
        says(Some(&calm), &loud),
        "on the last 28 days: budget left 65.0\u{a0}% → 31.0\u{a0}%; 2 pages more would have fired (11-03, 11-16)"
    );
    assert_eq!(
        says(Some(&loud), &calm),
        "on the last 28 days: budget left 31.0\u{a0}% → 65.0\u{a0}%; 2 pages fewer would have fired"
    );
    assert_eq!(
        says(Some(&calm), &calm),
        "on the last 28 days: budget left 65.0\u{a0}%; as many pages as before: 1"
    );
    assert_eq!(
        says(None, &calm),
        "on the last 28 days: budget left 65.0\u{a0}%; 1 page would have fired (11-01)"
    );
    let unknown = Past { remaining_ratio: None, pages: Vec::new() };
    assert_eq!(
        says(None, &unknown),
        "on the last 28 days: budget left unknown; 0 pages would have fired"
    );
}
