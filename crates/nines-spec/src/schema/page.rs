//! `nines explain slo.spec.window`: one field, from its shape.

use crate::kinds::described;
use crate::shape::{Field, Shape, Type};

/// The page of a field, such as `slo.spec.sli.slices.target`; of a kind or a mapping, the list of its fields.
///
/// The first word is a kind, in any case; the words behind it are names of fields, and `spec` may be left out.
pub fn explain_field(path: &str) -> Option<String> {
    let mut words = path.split('.');
    let kind = words.next()?;
    let (name, metadata, spec) =
        described().into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(kind))?;
    let mut shape = spec;
    let mut at = format!("{}.spec", name.to_lowercase());
    let mut words = words.peekable();
    match words.peek() {
        Some(&"metadata") => {
            words.next();
            shape = metadata;
            at = format!("{}.metadata", name.to_lowercase());
        }
        Some(&"spec") => drop(words.next()),
        _ => {}
    }
    let mut last = None;
    for word in words {
        // A field that may be one of several things has the fields of all of them.
        let field = match last {
            None => shape.field(word)?,
            Some(field) => inner(field).into_iter().find_map(|it| it.field(word))?,
        };
        at = format!("{at}.{word}");
        last = Some(field);
    }
    let fields = match last {
        None => vec![shape],
        Some(field) => inner(field),
    };
    let mut page = match last {
        None => format!("{at}: {}\n", shape.owner),
        Some(field) => about(&at, field),
    };
    for shape in fields {
        page.push_str(&list(shape));
    }
    Some(page.trim_end().to_owned())
}

fn about(at: &str, field: &Field) -> String {
    let mut page = format!("{at}: {}\n\n{}\n", said(&field.value), field.about);
    match (field.needed, field.default) {
        (Some(example), _) => page.push_str(&format!("It must be there, e.g. `{example}`.\n")),
        (None, Some(default)) => page.push_str(&format!("Without it: {default}.\n")),
        (None, None) => {}
    }
    page
}

fn list(shape: &Shape) -> String {
    if shape.fields.is_empty() {
        return String::new();
    }
    let width = shape.fields.iter().map(|it| it.name.len()).max().unwrap_or(0);
    let mut page = format!("\nFields of {}:\n", shape.owner);
    for field in shape.fields {
        page.push_str(&format!("  {:width$}  {}\n", field.name, field.about));
    }
    if !shape.one_of.is_empty() {
        page.push_str(&format!("Exactly one of {} is there.\n", shape.one_of.join(", ")));
    }
    page
}

/// The mappings that a field may be.
fn inner(field: &Field) -> Vec<&'static Shape> {
    fn collect(it: &Type, found: &mut Vec<&'static Shape>) {
        match it {
            Type::Map(shape) => found.push(shape),
            Type::List { of, .. } | Type::Names(of) => collect(of, found),
            Type::AnyOf(all) => all.iter().for_each(|it| collect(it, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&field.value, &mut found);
    found
}

/// In words.
pub(super) fn said(it: &Type) -> String {
    match it {
        Type::Text => "text".to_owned(),
        Type::Like(pattern) => format!("{}, e.g. `{}`", pattern.noun, pattern.example),
        Type::Word(words) => {
            words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" or ")
        }
        Type::Whole { min, max } => format!("a whole number from {min} to {max}"),
        Type::Boolean => "`true` or `false`".to_owned(),
        Type::List { of, max, .. } => format!("a list of at most {max}: {}", said(of)),
        Type::Map(shape) => format!("fields of {}", shape.owner),
        Type::Names(of) => format!("names with {} each", said(of)),
        Type::AnyOf(all) => all.iter().map(said).collect::<Vec<_>>().join("; or "),
        Type::AsPrometheus => "as Prometheus writes it".to_owned(),
    }
}
