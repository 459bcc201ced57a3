//! The JSON Schema of all kinds, the page of one field, and the reference: made from the shapes that readers use.
//!
//! What the schema refuses the reader refuses too; the reader knows more, such as rules between fields. Source: JSON
//! Schema, draft 2020-12.

mod page;
mod reference;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::kinds::{NATIVE, described};
use crate::shape::{Field, Pattern, Shape, Type};

pub use page::explain_field;
pub use reference::reference;

/// The dialect, as documents of it name it.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of documents of `kind`, or of all kinds; nothing for a kind that does not exist.
pub fn schema(kind: Option<&str>) -> Option<Value> {
    let kinds = described();
    let Some(kind) = kind else {
        let names: Vec<&str> = kinds.iter().map(|(name, ..)| *name).collect();
        let branches = names.iter().map(|name| {
            json!({
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": format!("#/$defs/{name}")},
            })
        });
        let branches: Vec<Value> = branches.collect();
        let defs: Map<String, Value> = kinds
            .iter()
            .map(|(name, metadata, spec)| ((*name).to_owned(), document(name, metadata, spec)))
            .collect();
        return Some(json!({
            "$schema": DIALECT,
            "title": "nines",
            "type": "object",
            "properties": {"apiVersion": {"const": NATIVE}, "kind": {"enum": names}},
            "required": ["apiVersion", "kind"],
            "allOf": branches,
            "$defs": defs,
        }));
    };
    let (name, metadata, spec) =
        kinds.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(kind))?;
    let mut schema = json!({"$schema": DIALECT, "title": name});
    if let (Some(outer), Value::Object(inner)) =
        (schema.as_object_mut(), document(name, metadata, spec))
    {
        outer.extend(inner);
    }
    Some(schema)
}

/// The kinds of documents that have a schema.
pub fn kinds() -> Vec<&'static str> {
    crate::kinds::names()
}

fn document(kind: &str, metadata: &Shape, spec: &Shape) -> Value {
    let mut required = vec!["apiVersion", "kind", "spec"];
    if metadata.fields.iter().any(|it| it.needed.is_some()) {
        required.push("metadata");
    }
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"const": NATIVE},
            "kind": {"const": kind},
            "metadata": mapping(metadata),
            "spec": mapping(spec),
        },
        "required": required,
        "additionalProperties": false,
    })
}

fn mapping(shape: &Shape) -> Value {
    let described = shape.fields.iter().map(|it| (it.name.to_owned(), property(it)));
    let others = shape.besides.iter().copied().flatten();
    let others = others.map(|it| ((*it).to_owned(), json!({})));
    let mut properties: Map<String, Value> = others.collect();
    properties.extend(described);
    let needed: Vec<&str> =
        shape.fields.iter().filter(|it| it.needed.is_some()).map(|it| it.name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    if !shape.one_of.is_empty() {
        let each = shape.one_of.iter().map(|it| json!({"required": [it]}));
        schema["oneOf"] = each.collect();
    }
    schema
}

/// A field may also be null, which is the same as not being there, unless it must be.
fn property(field: &Field) -> Value {
    let mut schema = value(&field.value);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), json!(field.about));
        if let Some(default) = field.default {
            schema.insert("default".to_owned(), json!(default));
        }
    }
    schema
}

fn value(it: &Type) -> Value {
    match it {
        Type::Text => json!({"type": ["string", "number"]}),
        Type::Like(pattern) => like(pattern),
        Type::Word(words) => json!({"enum": words}),
        Type::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::List { of, min, max } => {
            json!({"type": "array", "items": value(of), "minItems": min, "maxItems": max})
        }
        Type::Map(shape) => mapping(shape),
        Type::Names(of) => json!({"type": "object", "additionalProperties": value(of)}),
        Type::AnyOf(all) => json!({"anyOf": all.iter().map(value).collect::<Vec<_>>()}),
        Type::AsPrometheus => json!({}),
    }
}

/// Where a number looks like the text that is wanted, YAML lets people leave out the quotes.
fn like(pattern: &Pattern) -> Value {
    let is_number = Regex::new(pattern.regex)
        .is_ok_and(|it| ["0", "1", "0.5"].iter().any(|text| it.is_match(text)));
    let kind = if is_number { json!(["string", "number"]) } else { json!("string") };
    json!({"type": kind, "pattern": pattern.regex, "examples": [pattern.example]})
}

#[cfg(test)]
mod tests;
