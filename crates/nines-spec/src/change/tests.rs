use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

fn check(before: &[SourceFile], after: &[SourceFile], expect: &Expect) {
    let changes = compare(before, after);
    let lines = changes.iter().map(|it| {
        let fields = it.fields.iter().map(|field| {
            let shown = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
            format!("    {}: {} → {}\n", field.path, shown(&field.before), shown(&field.after))
        });
        let fields: String = fields.collect();
        format!("{}:{} {:?} {} {}\n{fields}", it.file, it.line, it.action, it.kind, it.name)
    });
    expect.assert_eq(&lines.collect::<String>());
}

const SLO: &str = "\
apiVersion: nines/v1
kind: SLO
metadata: {name: checkout/availability}
spec:
  objective: 99.9%   # for now
  window: 28d
  alerting: {preset: scaled, escalation: shop}
";

#[test]
fn a_changed_field_is_told_by_its_path() {
    let after = SLO.replace("99.9%", "99.95%").replace("escalation: shop", "mode: safe");
    check(
        &[file("slo.yaml", SLO)],
        &[file("slo.yaml", &after)],
        &expect![[r#"
            slo.yaml:1 Changed SLO checkout/availability
                objective: 99.9% → 99.95%
                alerting.mode: - → safe
                alerting.escalation: shop → -
        "#]],
    );
}

#[test]
fn comments_order_and_files_are_no_difference() {
    let other = "# Moved\nkind: SLO\napiVersion: nines/v1\nspec: {window: 28d, objective: 99.9%, \
                 alerting: {escalation: shop, preset: scaled}}\nmetadata: {name: checkout/availability}\n";
    check(&[file("slo.yaml", SLO)], &[file("moved/slo.yaml", other)], &expect![""]);
}

#[test]
fn what_comes_and_goes_is_told_once() {
    let person = "apiVersion: nines/v1\nkind: Person\nmetadata: {name: ana}\nspec: {contacts: [inbox: {}]}\n";
    check(
        &[file("a.yaml", SLO)],
        &[file("b.yaml", person)],
        &expect![[r#"
            a.yaml:1 Deleted SLO checkout/availability
            b.yaml:1 Added Person ana
        "#]],
    );
}

#[test]
fn lists_of_names_are_shown_whole_and_named_items_one_by_one() {
    let before = "kind: Schedule\nmetadata: {name: shop}\nspec: {members: [ana, ben, cyd]}\n---\n\
                  groups: [{name: a, rules: [{record: x, expr: y}]}, {name: b, rules: []}]\n";
    let after = "kind: Schedule\nmetadata: {name: shop}\nspec: {members: [ana, cyd]}\n---\n\
                 groups: [{name: a, rules: [{record: x, expr: z}]}]\n";
    check(
        &[file("all.yaml", before)],
        &[file("all.yaml", after)],
        &expect![[r#"
            all.yaml:1 Changed Schedule shop
                members: ana, ben, cyd → ana, cyd
            all.yaml:5 Changed RuleGroup a of all.yaml
                rules[1].expr: y → z
            all.yaml:5 Deleted RuleGroup b of all.yaml
        "#]],
    );
}

#[test]
fn a_runbook_is_text() {
    check(
        &[file("runbooks/slow.md", "# Slow\n"), file("README.md", "# Shop\n")],
        &[file("runbooks/slow.md", "# Slow\n\nLook.\n"), file("README.md", "# No runbook\n")],
        &expect![[r#"
            runbooks/slow.md:1 Changed Runbook slow
                text: 1 lines → 3 lines
        "#]],
    );
}

proptest! {
    #[test]
    fn any_two_texts_are_compared_without_panic(one: String, other: String) {
        let (one, other) = ([file("a.yaml", &one)], [file("a.yaml", &other)]);
        compare(&one, &other);
        prop_assert_eq!(compare(&one, &one), []);
    }
}
