use proptest::prelude::*;

use super::*;
use crate::node::{Node, Value, parse};

/// The same tree, without places.
fn read_back(node: &Node) -> Yaml {
    match &node.value {
        Value::Null => Yaml::plain("null"),
        Value::Number(it) | Value::Bool(it) => Yaml::Plain(it.clone()),
        Value::Text(it) => Yaml::Text(it.clone()),
        Value::List(items) => Yaml::List(items.iter().map(read_back).collect()),
        Value::Map(fields) => Yaml::Map(
            fields.iter().map(|(key, value)| (key.text.clone(), read_back(value))).collect(),
        ),
    }
}

fn tree() -> impl Strategy<Value = Yaml> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[ -~\n]{0,24}",
        "(true|no|~|1.5|2020-01-01|a: b|- x|# y|'|\"|0x1f|1e3|:|\\?|!t|&a|\\*b|%|@|`)",
    ];
    let leaf = prop_oneof![
        text.prop_map(Yaml::Text),
        (0_u32..1_000_000).prop_map(Yaml::plain),
        any::<bool>().prop_map(Yaml::plain),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let field = ("[a-zA-Z:# -]{1,8}", inner.clone());
        let fields = prop::collection::vec(field, 0..4).prop_map(|fields| {
            let mut seen = std::collections::BTreeSet::new();
            fields.into_iter().filter(|(key, _)| seen.insert(key.clone())).collect::<Vec<_>>()
        });
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Yaml::List),
            fields.prop_map(Yaml::Map),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tree in tree()) {
        let text = tree.document();
        let node = parse(&text, 0);
        prop_assert!(node.is_ok(), "{text}\n{node:?}");
        prop_assert_eq!(read_back(&node.unwrap()), tree, "{}", text);
    }

    #[test]
    fn a_row_is_read_back(fields in prop::collection::btree_map("[a-z]{1,4}", "\\PC{0,8}", 1..4)) {
        let fields: Vec<_> = fields.into_iter().map(|(key, it)| (key, Yaml::Text(it))).collect();
        let text = Yaml::Row(fields.clone()).document();
        prop_assert_eq!(read_back(&parse(&text, 0).unwrap()), Yaml::Map(fields), "{}", text);
    }
}

#[test]
fn files_look_as_people_write_them() {
    let pair = Map::default().with("severity", Yaml::text("page")).with("long", Yaml::plain("1h"));
    let sli = Map::default()
        .with("bad", Yaml::text("errors{code=~\"5..\"}"))
        .with("good", Yaml::text("a\n/\nb"));
    let document = Map::default()
        .with("sli", sli.lines())
        .with("pairs", Yaml::List(vec![pair.row()]))
        .with("windows", Yaml::List(vec![Yaml::plain("28d"), Yaml::text("true")]))
        .with("nothing", Yaml::List(Vec::new()));
    expect_test::expect![[r#"
        sli:
          bad: 'errors{code=~"5.."}'
          good: |-
            a
            /
            b
        pairs:
          - {severity: page, long: 1h}
        windows:
          - 28d
          - 'true'
        nothing: []
    "#]]
    .assert_eq(&document.lines().document());
}
