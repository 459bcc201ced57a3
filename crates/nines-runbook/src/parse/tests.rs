use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(markdown: &str, expect: &Expect) {
    let (steps, findings) = parse(markdown, 10);
    let mut out = String::new();
    for Step { name, kind, text, timeout, read_only, idempotent, line } in steps {
        let kind = match kind {
            StepKind::Command { interpreter } => interpreter,
            other => format!("{other:?}"),
        };
        write!(out, "{line}: {name} ({kind}, {timeout:#}").unwrap();
        out.push_str(if read_only { ", read only" } else { "" });
        out.push_str(if idempotent { ", idempotent" } else { "" });
        writeln!(out, ") {text:?}").unwrap();
    }
    for ParseFinding { line, message, help } in findings {
        writeln!(out, "{line}: {message} ({help})").unwrap();
    }
    expect.assert_eq(&out);
}

#[test]
fn blocks_of_known_languages_are_steps_in_file_order() {
    check(
        r#"# Rollback

Prose with `code`.

```promql {"name":"errors","read_only":true}
rate(errors[5m]) > 0
```

```sh { name=rollback timeout=5m }
release rollback checkout
```

```python3 {"idempotent":true}
# comment
print("x")
```

```yaml
a: step? no
```

```
neither
```

    indented, not a step here

~~~note
Look at the dashboard and say what you see.
~~~
"#,
        &expect![[r##"
            14: errors (Promql, 1m, read only) "rate(errors[5m]) > 0\n"
            18: rollback (sh, 5m) "release rollback checkout\n"
            22: print-x (python3, 1m, idempotent) "# comment\nprint(\"x\")\n"
            37: Look-at-the-dashboard (Manual, 1m) "Look at the dashboard and say what you see.\n"
        "##]],
    );
}

#[test]
fn blocks_in_lists_and_quotes_are_steps_with_their_own_lines() {
    check(
        "1. first\n\n   ```sh\n   one\n   ```\n2. second\n   > ```bash\n   > two --now\n   > ```\n",
        &expect![[r#"
            12: one (sh, 1m) "one\n"
            16: two-now (bash, 1m) "two --now\n"
        "#]],
    );
}

#[test]
fn a_missing_name_comes_from_the_first_command_and_collisions_get_a_suffix() {
    check(
        "```sh\n# why\n\nkubectl get pods -n shop\n```\n```sh\nkubectl get nodes\n```\n\
         ```sh {\"name\":\"kubectl-get\"}\ntrue\n```\n```sh {\"name\":\"Roll it back!\"}\ntrue\n```\n\
         ```sh\n# only a comment\n```\n",
        &expect![[r##"
            10: kubectl-get (sh, 1m) "# why\n\nkubectl get pods -n shop\n"
            15: kubectl-get-2 (sh, 1m) "kubectl get nodes\n"
            18: kubectl-get-3 (sh, 1m) "true\n"
            21: Roll-it-back (sh, 1m) "true\n"
            24: step (sh, 1m) "# only a comment\n"
            18: another step is named `kubectl-get`; this one becomes `kubectl-get-3` (give each step its own name)
            21: the name `Roll it back!` becomes `Roll-it-back` (names are letters, digits, `-`, `_` and `.`)
        "##]],
    );
}

#[test]
fn prompts_are_removed() {
    check(
        "```console\n$ echo one\n  $ echo two\necho $HOME\n```\n",
        &expect![[r#"
        10: echo-one (sh, 1m) "echo one\necho two\necho $HOME\n"
    "#]],
    );
}

#[test]
fn what_cannot_be_honoured_is_a_finding_and_never_a_promise() {
    check(
        "```sh {\"name\":\"a\",\"retry\":\"2\",\"timeout\":\"soon\",\"read_only\":\"yes\"}\ntrue\n```\n\
         ```sh {name}\ntrue\n```\n```sh {\"timeout\":\"48h\"}\nsleep 1\n```\n```sh\n\n```\n\
         ```ruby {\"name\":\"no\"}\nputs 1\n```\n```sh\nnever closed\n",
        &expect![[r#"
            10: a (sh, 1m) "true\n"
            13: true (sh, 1m) "true\n"
            16: sleep-1 (sh, 1m) "sleep 1\n"
            25: never-closed (sh, 1m) "never closed\n"
            10: the attribute `retry` has no effect (attributes are name, timeout, read_only, idempotent)
            10: the timeout is not a duration: `soon` is not a duration such as `30s`, `1h30m` or `28d` (write it like `5m`)
            10: `read_only` is `yes`, which counts as false (write true or false)
            13: the attributes cannot be read: `name` has no `=` (write JSON, such as {"name":"rollback","timeout":"5m"})
            16: the timeout `48h` is out of range (between 1ms and 24h)
            19: the block is empty (write a command, or remove the block)
            22: a named block of `ruby` is not a step (steps are sh, bash, python3, promql, note, manual)
            25: the block is never closed (end it with a fence of the same length)
        "#]],
    );
}

#[test]
fn limits_leave_steps_out_and_say_so() {
    let many = "```sh\ntrue\n```\n".repeat(STEPS_MAX + 1);
    let (steps, findings) = parse(&many, 1);
    assert_eq!(steps.len(), STEPS_MAX);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let long = format!("```sh\n{}\n```\n", "x".repeat(STEP_TEXT_BYTES_MAX));
    let (steps, findings) = parse(&long, 1);
    assert!(steps.is_empty());
    assert_eq!(findings.len(), 1, "{findings:?}");
}

fn markdown() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("```".to_owned()),
        "```(sh|bash|promql|note|yaml) ?(\\{.{0,20}\\})?",
        "(> |- |1\\. |    )?```sh",
        "(\\$ )?[a-z #=]{0,12}",
        ".{0,30}",
    ];
    proptest::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_gives_unique_steps_on_lines_of_the_file(markdown in markdown(), first in 1..1000_u32) {
        let (steps, findings) = parse(&markdown, first);
        // CommonMark ends a line at a lone carriage return too.
        let last = first + u32::try_from(markdown.matches(['\n', '\r']).count()).unwrap();
        for (index, step) in steps.iter().enumerate() {
            prop_assert!(steps[..index].iter().all(|it| it.name != step.name));
            prop_assert!(!step.name.is_empty() && !step.text.trim().is_empty());
            prop_assert!((first..=last).contains(&step.line));
        }
        prop_assert!(findings.iter().all(|it| (first..=last).contains(&it.line)));
    }

    #[test]
    fn names_do_not_depend_on_what_stands_before(markdown in markdown()) {
        let (steps, _) = parse(&markdown, 1);
        let (shifted, _) = parse(&markdown, 8);
        let moved: Vec<Step> = steps.into_iter().map(|it| Step { line: it.line + 7, ..it }).collect();
        prop_assert_eq!(shifted, moved);
    }
}
