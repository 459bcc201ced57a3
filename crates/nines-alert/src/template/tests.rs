use expect_test::{Expect, expect};
use nines_base::Labels;
use proptest::prelude::*;

use super::{Functions, Template, Value};

struct Shout;

impl Functions for Shout {
    fn call(&self, _: &str, args: &[Value]) -> Result<Value, String> {
        match args {
            [Value::Text(text)] => Ok(text.to_uppercase().into()),
            _ => Err("shouts one text".to_owned()),
        }
    }
}

fn run(text: &str) -> String {
    let labels = Labels::new([("job", "api"), ("zone", "a")]).unwrap();
    let list = vec![Value::Int(1), Value::from("two"), Value::Float(3.5)];
    let labels = Value::labels(&labels);
    let data = Value::structure([
        ("Labels", labels.clone()),
        ("Value", Value::Float(1_234_567.0)),
        ("List", list.into()),
        ("Empty", Vec::new().into()),
    ]);
    let variables = [("labels", labels), ("value", Value::Float(0.25))];
    let template = match Template::parse(text, &["shout"], &["labels", "value"]) {
        Ok(template) => template,
        Err(error) => return format!("{}: {error}", error.at),
    };
    template.run(&data, &variables, &Shout).unwrap_or_else(|it| format!("! {}: {it}", it.at))
}

#[track_caller]
fn check(texts: &[&str], expect: &Expect) {
    let lines: Vec<String> = texts.iter().map(|it| format!("{it} => {}\n", run(it))).collect();
    expect.assert_eq(&lines.concat());
}

#[test]
fn holes_are_filled_as_go_fills_them() {
    check(
        &[
            "plain",
            "{{ .Value }} {{ $value }} {{ $labels.job }} {{ .Labels.job }}",
            "[{{ $labels.missing }}] {{ eq $labels.missing \"\" }}",
            "{{ $labels }} {{ .List }} {{ .Empty }}",
            "a {{- 1 -}} b {{- /* gone */ -}} c {{/* gone */}} d",
            "{{ 1 }} {{ -2 }} {{ 0x1f }} {{ 1e3 }} {{ 3.0 }} {{ 'a' }} {{ 1_000 }} {{ true }}",
            r#"{{ "quoted \"x\" \u00e9\n" }}{{ `raw \n` }}"#,
            "{{ \"a\" | shout | printf \"%s-%s\" \"x\" }}",
            "{{ nil | print }}",
        ],
        &expect![[r#"
            plain => plain
            {{ .Value }} {{ $value }} {{ $labels.job }} {{ .Labels.job }} => 1.234567e+06 0.25 api api
            [{{ $labels.missing }}] {{ eq $labels.missing "" }} => [] true
            {{ $labels }} {{ .List }} {{ .Empty }} => map[job:api zone:a] [1 two 3.5] []
            a {{- 1 -}} b {{- /* gone */ -}} c {{/* gone */}} d => a1bc  d
            {{ 1 }} {{ -2 }} {{ 0x1f }} {{ 1e3 }} {{ 3.0 }} {{ 'a' }} {{ 1_000 }} {{ true }} => 1 -2 31 1000 3 97 1000 true
            {{ "quoted \"x\" \u00e9\n" }}{{ `raw \n` }} => quoted "x" é
            raw \n
            {{ "a" | shout | printf "%s-%s" "x" }} => x-A
            {{ nil | print }} => <nil>
        "#]],
    );
}

#[test]
fn blocks_branch_repeat_and_keep_their_variables_to_themselves() {
    check(
        &[
            "{{ if eq $labels.job \"api\" }}yes{{ else }}no{{ end }}",
            "{{ if gt $value 1.0 }}a{{ else if lt $value 0.5 }}b{{ else }}c{{ end }}",
            "{{ with .Labels.job }}{{ . }}{{ else }}none{{ end }} {{ with .Empty }}x{{ else }}none{{ end }}",
            "{{ range $at, $it := .List }}{{ $at }}={{ $it }};{{ end }}",
            "{{ range $name, $it := $labels }}{{ $name }}={{ $it }};{{ end }}",
            "{{ range .Empty }}x{{ else }}empty{{ end }}",
            "{{ range .List }}{{ if eq (print .) \"two\" }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "{{ $sum := \"\" }}{{ range .List }}{{ $sum = print $sum . }}{{ end }}{{ $sum }}",
            "{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" $labels.job }}",
            "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}",
            "{{ range 3 }}{{ . }}{{ end }}",
            "{{ and 1 0 2 }} {{ or \"\" \"b\" }} {{ not 1 }} {{ index .List 1 }} {{ len $labels }}",
            "{{ or true (shout 1) }} {{ (index $labels \"job\") }} {{ slice \"abc\" 1 2 }}",
        ],
        &expect![[r#"
            {{ if eq $labels.job "api" }}yes{{ else }}no{{ end }} => yes
            {{ if gt $value 1.0 }}a{{ else if lt $value 0.5 }}b{{ else }}c{{ end }} => b
            {{ with .Labels.job }}{{ . }}{{ else }}none{{ end }} {{ with .Empty }}x{{ else }}none{{ end }} => api none
            {{ range $at, $it := .List }}{{ $at }}={{ $it }};{{ end }} => 0=1;1=two;2=3.5;
            {{ range $name, $it := $labels }}{{ $name }}={{ $it }};{{ end }} => job=api;zone=a;
            {{ range .Empty }}x{{ else }}empty{{ end }} => empty
            {{ range .List }}{{ if eq (print .) "two" }}{{ break }}{{ end }}{{ . }}{{ end }} => 1
            {{ $sum := "" }}{{ range .List }}{{ $sum = print $sum . }}{{ end }}{{ $sum }} => 1two3.5
            {{ define "x" }}<{{ . }}>{{ end }}{{ template "x" $labels.job }} => <api>
            {{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }} => 21
            {{ range 3 }}{{ . }}{{ end }} => 012
            {{ and 1 0 2 }} {{ or "" "b" }} {{ not 1 }} {{ index .List 1 }} {{ len $labels }} => 0 b false two 2
            {{ or true (shout 1) }} {{ (index $labels "job") }} {{ slice "abc" 1 2 }} => true api b
        "#]],
    );
}

#[test]
fn printf_formats_and_says_what_does_not_fit() {
    check(
        &[
            "{{ printf \"%.2f|%8.3f|%-8.1f|%08.1f|%+.1f\" $value $value $value $value $value }}",
            "{{ printf \"%e %g %v %G\" .Value .Value .Value .Value }}",
            "{{ printf \"%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U\" 65 65 65 65 65 65 65 65 65 65 65 }}",
            "{{ printf \"%s|%6s|%-6s|%.2s|%q|%x\" \"abc\" \"abc\" \"abc\" \"abc\" \"a\\\"b\" \"abc\" }}",
            "{{ printf \"%d %s %t\" $value $value $value }}",
            "{{ printf \"%d\" }} {{ printf \"x\" 1 }} {{ printf \"%\" }} {{ printf \"%%\" }} {{ printf \"%T\" $value }}",
            "{{ printf \"%*d\" 4 7 }}",
            "{{ html \"<a href='x'>&\" }} {{ urlquery \"a b/c\" }} {{ js \"it's\" }} {{ println 1 \"a\" }}",
        ],
        &expect![[r#"
            {{ printf "%.2f|%8.3f|%-8.1f|%08.1f|%+.1f" $value $value $value $value $value }} => 0.25|   0.250|0.2     |000000.2|+0.2
            {{ printf "%e %g %v %G" .Value .Value .Value .Value }} => 1.234567e+06 1.234567e+06 1.234567e+06 1.234567E+06
            {{ printf "%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U" 65 65 65 65 65 65 65 65 65 65 65 }} => 65|   65|65   |00065|+65|41|41|101|1000001|A|U+0041
            {{ printf "%s|%6s|%-6s|%.2s|%q|%x" "abc" "abc" "abc" "abc" "a\"b" "abc" }} => abc|   abc|abc   |ab|"a\"b"|616263
            {{ printf "%d %s %t" $value $value $value }} => %!d(float64=0.25) %!s(float64=0.25) %!t(float64=0.25)
            {{ printf "%d" }} {{ printf "x" 1 }} {{ printf "%" }} {{ printf "%%" }} {{ printf "%T" $value }} => %!d(MISSING) x%!(EXTRA int=1) %!(NOVERB) % float64
            {{ printf "%*d" 4 7 }} =>    7
            {{ html "<a href='x'>&" }} {{ urlquery "a b/c" }} {{ js "it's" }} {{ println 1 "a" }} => &lt;a href=&#39;x&#39;&gt;&amp; a+b%2Fc it\'s 1 a

        "#]],
    );
}

#[test]
fn mistakes_and_failures_have_a_place() {
    check(
        &[
            "{{ $nobody }}",
            "{{ nobody 1 }}",
            "text {{ if true }}",
            "{{ end }}",
            "{{ else }}",
            "{{ .Value",
            "{{ \"open }}",
            "{{ }}",
            "{{ 1 | 2 }}",
            "{{ 1 2 }}",
            "{{ print \"a\"\"b\" }}",
            "{{ $nobody = 1 }}",
            "{{ define \"x\" }}a{{ end }}{{ define \"x\" }}b{{ end }}",
            "{{ (1 }}",
            "{{ break }}",
            "{{ template \"x\" }}",
            "{{ template x }}",
            "{{ .Nope }}",
            "{{ gt $value 1 }}",
            "{{ shout 1 }}",
            "{{ index .List 9 }}",
            "{{ range 1000000 }}x{{ end }}",
            "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
            "{{/* open",
            "{{ 1.2.3 }}",
            "{{ # }}",
        ],
        &expect![[r#"
            {{ $nobody }} => 3: undefined variable "$nobody"
            {{ nobody 1 }} => 3: function "nobody" not defined
            text {{ if true }} => 18: unexpected end of the template in if
            {{ end }} => 3: unexpected {{end}}
            {{ else }} => 3: unexpected {{else}}
            {{ .Value => 0: unclosed action
            {{ "open }} => 3: unterminated quoted string
            {{ }} => 3: missing value for command
            {{ 1 | 2 }} => 7: only a function can stand behind `|`
            {{ 1 2 }} => ! 5: only a function takes arguments; is a `|` or a bracket missing?
            {{ print "a""b" }} => 12: arguments stand apart from each other
            {{ $nobody = 1 }} => ! 13: undefined variable "$nobody"
            {{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }} => 29: multiple definition of template "x"
            {{ (1 }} => 6: unclosed left bracket
            {{ break }} => 3: {{break}} outside {{range}}
            {{ template "x" }} => ! 3: template "x" not defined
            {{ template x }} => 12: template needs a name in quotes
            {{ .Nope }} => ! 3: can't evaluate field Nope in a struct without it
            {{ gt $value 1 }} => ! 3: error calling gt: incompatible types for comparison: float64 and int
            {{ shout 1 }} => ! 3: error calling shout: shouts one text
            {{ index .List 9 }} => ! 3: error calling index: index out of range: 9
            {{ range 1000000 }}x{{ end }} => ! 9: loops have more than 10000 turns
            {{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }} => ! 19: templates call each other more than 50 deep
            {{/* open => 2: unclosed comment
            {{ 1.2.3 }} => 3: bad number syntax: "1.2.3"
            {{ # }} => 3: unexpected '#' in an action
        "#]],
    );
}

#[test]
fn no_template_grows_without_end() {
    let doubling =
        "{{ $x := \"0123456789\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}{{ $x }}";
    assert!(run(doubling).starts_with("! "), "a text that doubles sixty times is refused");
    let nested = "{{ (".to_owned() + &"(".repeat(200) + "1" + &")".repeat(201) + " }}";
    assert!(run(&nested).contains("nested deeper"), "{}", run(&nested));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[{}$.a-z0-9|() \"=:'`,/*%-]{0,40}") {
        run(&text);
        run(&format!("{{{{ {text} }}}}"));
    }

    #[test]
    fn text_without_holes_stays(text in "[^{]{0,40}") {
        prop_assert_eq!(run(&text), text);
    }
}
