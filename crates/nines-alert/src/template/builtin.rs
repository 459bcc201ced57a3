//! The functions that every template has.

use std::cmp::Ordering;

use super::Value;
use super::format::{print, printf};

const NAMES: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];

pub(super) fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}

/// `None` for a function that is not built in.
pub(super) fn call(name: &str, args: &[Value]) -> Option<Result<Value, String>> {
    Some(match name {
        // Whatever decided earlier has returned; the last argument is left.
        "and" | "or" => at_least(args, 1).map(|()| args.last().cloned().unwrap_or(Value::Nil)),
        "not" => exactly(args, 1).map(|()| Value::Bool(!args.iter().any(Value::is_true))),
        "eq" => equal_to_any(args).map(Value::Bool),
        "ne" => exactly(args, 2).and_then(|()| equal_to_any(args)).map(|it| Value::Bool(!it)),
        "lt" => compared(args, |it| it == Ordering::Less),
        "le" => compared(args, |it| it != Ordering::Greater),
        "gt" => compared(args, |it| it == Ordering::Greater),
        "ge" => compared(args, |it| it != Ordering::Less),
        "len" => length(args),
        "index" => index(args),
        "slice" => slice(args),
        "print" => Ok(print(args).into()),
        "println" => {
            let texts: Vec<String> = args.iter().map(Value::to_string).collect();
            Ok((texts.join(" ") + "\n").into())
        }
        "printf" => match args.split_first() {
            Some((Value::Text(format), rest)) => printf(format, rest).map(Value::from),
            _ => Err("the first argument is a format, a string".to_owned()),
        },
        "html" => Ok(html(&print(args)).into()),
        "js" => Ok(js(&print(args)).into()),
        "urlquery" => Ok(url_query(&print(args)).into()),
        "call" => Err("there are no values that can be called".to_owned()),
        _ => return None,
    })
}

fn exactly(args: &[Value], count: usize) -> Result<(), String> {
    if args.len() == count {
        return Ok(());
    }
    Err(format!("wrong number of args: want {count} got {}", args.len()))
}

fn at_least(args: &[Value], count: usize) -> Result<(), String> {
    if count <= args.len() {
        return Ok(());
    }
    Err(format!("wrong number of args: want at least {count} got {}", args.len()))
}

fn equal_to_any(args: &[Value]) -> Result<bool, String> {
    at_least(args, 2)?;
    let Some((first, others)) = args.split_first() else { return Ok(false) };
    for other in others {
        if first.equals(other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compared(args: &[Value], holds: impl Fn(Ordering) -> bool) -> Result<Value, String> {
    exactly(args, 2)?;
    let [one, two] = args else { return Ok(Value::Nil) };
    // NaN is in no order with anything.
    Ok(Value::Bool(one.compare(two)?.is_some_and(holds)))
}

fn length(args: &[Value]) -> Result<Value, String> {
    exactly(args, 1)?;
    let length = match args.first() {
        Some(Value::Text(it)) => it.len(),
        Some(Value::List(it)) => it.len(),
        Some(Value::Map(it)) => it.entries.len(),
        other => {
            return Err(format!("len of type {}", other.map_or("nil", Value::type_name)));
        }
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `index map "key"`, `index list 1 2`
fn index(args: &[Value]) -> Result<Value, String> {
    at_least(args, 1)?;
    let mut value = args.first().cloned().unwrap_or(Value::Nil);
    for key in args.iter().skip(1) {
        value = match (&value, key) {
            (Value::Map(map), Value::Text(key)) => {
                map.entries.get(key.as_ref()).unwrap_or(&map.missing).clone()
            }
            (Value::List(items), Value::Int(at)) => usize::try_from(*at)
                .ok()
                .and_then(|it| items.get(it).cloned())
                .ok_or_else(|| format!("index out of range: {at}"))?,
            (Value::Text(text), Value::Int(at)) => usize::try_from(*at)
                .ok()
                .and_then(|it| text.as_bytes().get(it))
                .map(|it| Value::Int(i64::from(*it)))
                .ok_or_else(|| format!("index out of range: {at}"))?,
            (of, key) => {
                return Err(format!("cannot index {} with {}", of.type_name(), key.type_name()));
            }
        };
    }
    Ok(value)
}

fn slice(args: &[Value]) -> Result<Value, String> {
    let bounds = args.iter().skip(1).map(|it| match it {
        Value::Int(at) => usize::try_from(*at).map_err(|_| format!("index out of range: {at}")),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    });
    let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
    let length = match args.first() {
        Some(Value::Text(it)) => it.len(),
        Some(Value::List(it)) => it.len(),
        _ => return Err("can't slice this type".to_owned()),
    };
    let (from, to) = match bounds.as_slice() {
        [] => (0, length),
        [from] => (*from, length),
        [from, to] => (*from, *to),
        _ => return Err("slices of three indices are not supported".to_owned()),
    };
    let out_of_range = || format!("index out of range: {from}:{to}");
    match args.first() {
        Some(Value::Text(text)) => text.get(from..to).map(Value::from).ok_or_else(out_of_range),
        Some(Value::List(items)) => {
            items.get(from..to).map(|it| it.to_vec().into()).ok_or_else(out_of_range)
        }
        _ => Err(out_of_range()),
    }
}

/// A text in which nothing means anything to HTML.
pub(crate) fn html(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, it| {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            _ => out.push(it),
        }
        out
    })
}

fn js(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, it| {
        match it {
            '\\' => out.push_str(r"\\"),
            '\'' => out.push_str(r"\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", u32::from(it))),
            it if it < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(it))),
            _ => out.push(it),
        }
        out
    })
}

/// As a value of an address' query: everything but letters, digits and `-_.~` is escaped, a space is `+`.
pub(crate) fn url_query(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, it| {
        match it {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(it)),
            it if it.is_ascii_alphanumeric() => out.push(char::from(it)),
            it => out.push_str(&format!("%{it:02X}")),
        }
        out
    })
}
