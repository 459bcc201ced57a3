use expect_test::expect;

use super::*;

#[test]
fn every_kind_that_is_read_is_described() {
    let described: Vec<&str> = described().iter().map(|(name, ..)| *name).collect();
    assert_eq!(described, crate::kinds::names());
}

#[test]
fn every_pattern_is_an_expression_that_its_example_has() {
    fn check(it: &Type) {
        match it {
            Type::Like(pattern) => {
                let regex = Regex::new(pattern.regex).unwrap();
                assert!(regex.is_match(pattern.example), "{pattern:?}");
            }
            Type::List { of, .. } | Type::Names(of) => check(of),
            Type::AnyOf(all) => all.iter().for_each(check),
            Type::Map(shape) => shape.fields.iter().for_each(|it| check(&it.value)),
            _ => {}
        }
    }
    for (_, metadata, spec) in described() {
        for field in metadata.fields.iter().chain(spec.fields) {
            check(&field.value);
        }
    }
}

#[test]
fn a_choice_names_fields_that_are_there() {
    fn check(shape: &Shape) {
        assert!(shape.one_of.iter().all(|it| shape.field(it).is_some()), "{}", shape.owner);
        shape.fields.iter().for_each(|it| visit(&it.value));
    }
    fn visit(it: &Type) {
        match it {
            Type::List { of, .. } | Type::Names(of) => visit(of),
            Type::AnyOf(all) => all.iter().for_each(visit),
            Type::Map(shape) => check(shape),
            _ => {}
        }
    }
    for (_, metadata, spec) in described() {
        check(metadata);
        check(spec);
    }
}

#[test]
fn the_schema_of_a_small_kind() {
    let schema = schema(Some("gate")).unwrap();
    expect![[r#"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "properties": {
            "apiVersion": {
              "const": "nines/v1"
            },
            "kind": {
              "const": "Gate"
            },
            "metadata": {
              "additionalProperties": false,
              "properties": {
                "name": {
                  "description": "Unique among documents of this kind.",
                  "examples": [
                    "shop"
                  ],
                  "pattern": "^[A-Za-z0-9_.-]{1,63}$",
                  "type": [
                    "string",
                    "number"
                  ]
                }
              },
              "required": [
                "name"
              ],
              "type": "object"
            },
            "spec": {
              "additionalProperties": false,
              "properties": {
                "burn_page": {
                  "description": "What a page about a burning budget does.",
                  "enum": [
                    "close",
                    "note"
                  ]
                },
                "min_coverage": {
                  "description": "The part of the window that must be known.",
                  "examples": [
                    "10%"
                  ],
                  "pattern": "^[0-9]+(\\.[0-9]{1,7})? *%$",
                  "type": "string"
                },
                "min_remaining": {
                  "description": "The budget that must be left.",
                  "examples": [
                    "10%"
                  ],
                  "pattern": "^[0-9]+(\\.[0-9]{1,7})? *%$",
                  "type": "string"
                },
                "open_incident": {
                  "description": "What an open incident of the service does.",
                  "enum": [
                    "close",
                    "note"
                  ]
                },
                "services": {
                  "description": "Which services it guards; without it all of them.",
                  "items": {
                    "type": [
                      "string",
                      "number"
                    ]
                  },
                  "maxItems": 1000,
                  "minItems": 0,
                  "type": "array"
                }
              },
              "type": "object"
            }
          },
          "required": [
            "apiVersion",
            "kind",
            "spec",
            "metadata"
          ],
          "title": "Gate",
          "type": "object"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&schema).unwrap());
    assert_eq!(super::schema(Some("Gates")), None);
}

#[test]
fn a_field_is_explained_from_its_shape() {
    expect![[r#"
        slo.spec.window: a duration, e.g. `1h30m`; or fields of a calendar window

        What the budget is computed over, where there is one.
        Without it: 28d.

        Fields of a calendar window:
          calendar  From one boundary of the calendar to the next.
          every     So many whole days or weeks, again and again.
          from      The first day of one of the stretches of `every`.
          starts    The first day of a week.
          zone      Where midnight is.
        Exactly one of calendar, every is there."#]]
    .assert_eq(&explain_field("slo.spec.window").unwrap());
    expect![[r#"
        slo.spec.sli.slices.target: a target, e.g. `< 300ms`

        When a slice is good: a comparison with a number, a duration or a rate, such as `< 300ms` or `>= 1000/s`.
        It must be there, e.g. `target: '< 300ms'`."#]].assert_eq(&explain_field("SLO.sli.slices.target").unwrap());
    expect![[r#"
        exclusion.metadata: metadata

        Fields of metadata:
          name  Unique among documents of this kind."#]]
    .assert_eq(&explain_field("exclusion.metadata").unwrap());
    assert_eq!(explain_field("slo.spec.windw"), None);
}

#[test]
fn the_reference_is_what_the_reader_knows() {
    expect_test::expect_file!["../../../../docs/reference/kinds.md"].assert_eq(&reference());
}
