//! The reference of all kinds as Markdown, from the shapes; `docs/reference/kinds.md` is this text.

use crate::kinds::described;
use crate::shape::{Shape, Type};

use super::page::said;

/// How many mappings deep the reference goes; no document is deeper.
const DEPTH_MAX: usize = 8;

/// Every field of every kind, in a table for each mapping.
pub fn reference() -> String {
    let mut out = String::from(
        "# Kinds and fields\n\nEvery field of every kind of document, made from what the reader knows: \
         `nines schema KIND` prints the same as a JSON Schema, `nines explain slo.spec.window` one field of it.\n",
    );
    for (name, metadata, spec) in described() {
        out.push_str(&format!("\n## {name}\n"));
        let mut tables = vec![(format!("`{}.metadata`", name.to_lowercase()), metadata)];
        collect(&format!("{}.spec", name.to_lowercase()), spec, 0, &mut tables);
        for (at, shape) in tables {
            out.push_str(&table(&at, shape));
        }
    }
    out
}

/// A mapping and all that it holds; each is listed once, where it first stands.
fn collect(
    at: &str,
    shape: &'static Shape,
    depth: usize,
    tables: &mut Vec<(String, &'static Shape)>,
) {
    if DEPTH_MAX <= depth || tables.iter().any(|(_, it)| std::ptr::eq(*it, shape)) {
        return;
    }
    tables.push((format!("`{at}`"), shape));
    for field in shape.fields {
        visit(&format!("{at}.{}", field.name), &field.value, depth, tables);
    }
}

fn visit(at: &str, it: &Type, depth: usize, tables: &mut Vec<(String, &'static Shape)>) {
    match it {
        Type::Map(shape) => collect(at, shape, depth + 1, tables),
        Type::List { of, .. } | Type::Names(of) => visit(at, of, depth, tables),
        Type::AnyOf(all) => all.iter().for_each(|it| visit(at, it, depth, tables)),
        _ => {}
    }
}

fn table(at: &str, shape: &Shape) -> String {
    if shape.fields.is_empty() {
        return String::new();
    }
    let mut out =
        format!("\n### {at}\n\n| field | value | without it | meaning |\n|---|---|---|---|\n");
    for field in shape.fields {
        let without = match (field.needed, field.default) {
            (Some(_), _) => "must be there",
            (None, Some(default)) => default,
            (None, None) => "",
        };
        // A bar would end the cell.
        let cell = |it: &str| it.replace('|', "\\|");
        let (value, about) = (cell(&said(&field.value)), cell(field.about));
        out.push_str(&format!("| `{}` | {value} | {without} | {about} |\n", field.name));
    }
    if !shape.one_of.is_empty() {
        let names: Vec<String> = shape.one_of.iter().map(|it| format!("`{it}`")).collect();
        out.push_str(&format!("\nExactly one of {} is there.\n", names.join(", ")));
    }
    if !shape.besides.is_empty() {
        out.push_str("\nFurther fields are as Prometheus describes them.\n");
    }
    out
}
