use expect_test::expect;

use crate::parse_query;

#[test]
fn a_syntax_tree_has_the_fields_that_the_tree_view_reads() {
    let query = r#"-sum by (job) (rate(a{b=~"c"}[5m] offset 1m)) / on (x) group_left (y) max_over_time(d[1h:5m] @ end()) > bool (1)"#;
    let tree = parse_query(query).unwrap();
    let json = serde_json::to_string_pretty(&tree).unwrap();
    expect![[r#"
        {
          "type": "binaryExpr",
          "op": ">",
          "lhs": {
            "type": "binaryExpr",
            "op": "/",
            "lhs": {
              "type": "unaryExpr",
              "op": "-",
              "expr": {
                "type": "aggregation",
                "op": "sum",
                "expr": {
                  "type": "call",
                  "func": {
                    "name": "rate",
                    "argTypes": [
                      "matrix"
                    ],
                    "variadic": 0,
                    "returnType": "vector"
                  },
                  "args": [
                    {
                      "type": "matrixSelector",
                      "name": "a",
                      "range": 300000,
                      "offset": 60000,
                      "matchers": [
                        {
                          "name": "b",
                          "value": "c",
                          "type": "=~"
                        },
                        {
                          "name": "__name__",
                          "value": "a",
                          "type": "="
                        }
                      ],
                      "timestamp": null,
                      "startOrEnd": null,
                      "anchored": false,
                      "smoothed": false
                    }
                  ]
                },
                "param": null,
                "grouping": [
                  "job"
                ],
                "without": false
              }
            },
            "rhs": {
              "type": "call",
              "func": {
                "name": "max_over_time",
                "argTypes": [
                  "matrix"
                ],
                "variadic": 0,
                "returnType": "vector"
              },
              "args": [
                {
                  "type": "subquery",
                  "expr": {
                    "type": "vectorSelector",
                    "name": "d",
                    "offset": 0,
                    "matchers": [
                      {
                        "name": "__name__",
                        "value": "d",
                        "type": "="
                      }
                    ],
                    "timestamp": null,
                    "startOrEnd": null,
                    "anchored": false,
                    "smoothed": false
                  },
                  "range": 3600000,
                  "offset": 0,
                  "step": 300000,
                  "timestamp": null,
                  "startOrEnd": "end"
                }
              ]
            },
            "matching": {
              "card": "many-to-one",
              "labels": [
                "x"
              ],
              "on": true,
              "include": [
                "y"
              ],
              "fillValues": {
                "lhs": null,
                "rhs": null
              }
            },
            "bool": false
          },
          "rhs": {
            "type": "parenExpr",
            "expr": {
              "type": "numberLiteral",
              "val": "1"
            }
          },
          "matching": null,
          "bool": true
        }"#]]
    .assert_eq(&json);
}
