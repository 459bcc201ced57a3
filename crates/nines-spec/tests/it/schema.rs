//! The JSON Schema against the reader: what one takes the other takes, and what it refuses the other refuses.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use nines_spec::{Finding, Level, SourceFile, read_files, schema};
use serde_json::Value;

fn validator() -> Validator {
    jsonschema::validator_for(&schema(None).unwrap()).unwrap()
}

/// Every document of our own form below a folder, where its file has no error.
fn documents(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            documents(&path, found);
        }
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let Ok(values) = serde_saphyr::from_multiple::<Value>(&text) else { continue };
        let own = values.into_iter().filter(|it| it["apiVersion"] == "nines/v1");
        found.extend(own.map(|it| (path.clone(), it)));
    }
}

fn findings(document: &Value) -> Vec<Finding> {
    read_files(vec![SourceFile { path: "a.yaml".to_owned(), text: document.to_string() }]).findings
}

/// The errors of a document alone; references that lead elsewhere are among them.
fn errors(document: &Value) -> Vec<(String, String)> {
    let errors = findings(document).into_iter().filter(|it| it.level == Level::Error);
    errors.map(|it| (it.code, it.message)).collect()
}

fn good() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    documents(&root.join("../../examples"), &mut found);
    documents(&root.join("tests/it/cases"), &mut found);
    // Alone a document may name what another one defines.
    let needs_others = ["N0110", "N0218", "N0401", "N0402", "N0403", "N0405", "N0409", "N0501"];
    // What is ignored is not looked at.
    let is_heeded = |it: &Value| findings(it).iter().all(|it| it.code != "N0115");
    found.retain(|(_, it)| is_heeded(it));
    found
        .retain(|(_, it)| errors(it).iter().all(|(code, _)| needs_others.contains(&code.as_str())));
    found
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let validator = validator();
    let good = good();
    assert!(80 < good.len(), "only {} documents", good.len());
    for (path, document) in good {
        let problems: Vec<String> = validator
            .iter_errors(&document)
            .map(|it| format!("{}: {it}", it.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{path:?}: {problems:#?}");
    }
}

/// Every document that differs from this one in one place: a key misspelt, a key missing, a value of another type.
fn mutants(it: &Value) -> Vec<Value> {
    let mut found = vec![Value::from(vec![Value::from("x")]), Value::from(true)];
    match it {
        Value::Object(map) => {
            for (key, value) in map {
                let without = || {
                    let others = map.iter().filter(|(it, _)| *it != key);
                    others.map(|(key, value)| (key.clone(), value.clone()))
                };
                found.push(Value::Object(without().collect()));
                let misspelt = (format!("{key}_x"), value.clone());
                found.push(Value::Object(without().chain([misspelt]).collect()));
                for mutant in mutants(value) {
                    found.push(Value::Object(without().chain([(key.clone(), mutant)]).collect()));
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                for mutant in mutants(value) {
                    let mut items = items.clone();
                    items[index] = mutant;
                    found.push(Value::Array(items));
                }
            }
        }
        Value::String(_) => found.extend([Value::from("?"), Value::from("")]),
        Value::Number(_) => found.push(Value::from(-7)),
        Value::Bool(_) | Value::Null => {}
    }
    found
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let validator = validator();
    let (mut refused, mut all) = (0, 0);
    // Golden cases of mistakes say the same again and again.
    let is_rich = |path: &Path| {
        !path.to_string_lossy().contains("cases/") || path.ends_with("slo_forms.yaml")
    };
    for (path, document) in good().into_iter().filter(|(path, _)| is_rich(path)) {
        let before = errors(&document);
        for mutant in mutants(&document) {
            all += 1;
            if validator.is_valid(&mutant) {
                continue;
            }
            refused += 1;
            let after = errors(&mutant);
            assert!(
                after.iter().any(|it| !before.contains(it)),
                "{path:?}: the reader takes {mutant}\nand the schema says {:?}",
                validator.iter_errors(&mutant).map(|it| it.to_string()).collect::<Vec<_>>(),
            );
        }
    }
    // The schema is no sieve: most of what is wrong in one place is seen by it.
    assert!(all / 2 < refused, "{refused} of {all}");
}
