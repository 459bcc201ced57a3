//! `nines fmt`: one layout for the files that people write, without touching what they say.
//!
//! It works on lines: spaces at their ends, indentation, blank lines, the order of the four outer fields. Words, quotes,
//! comments and the inside of scalars stay as they are. What it makes must be read as the same; otherwise it does less, and
//! a text that it does not understand stays as it is.

mod lines;
mod same;

use crate::node;
use lines::{Kind, Line, scan};

/// The outer fields, in their order.
const OUTER: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
/// Each level of nesting.
const INDENT: usize = 2;
/// One pass is enough for nearly every text; what does not come to rest stays as it is.
const PASSES_MAX: usize = 4;

/// The text in the layout of nines; itself when nothing is to be done, or when it is not understood.
///
/// What it gives is laid out already: a second time changes nothing.
pub fn format(text: &str) -> String {
    let mut at = text.to_owned();
    for _ in 0..PASSES_MAX {
        let next = pass(&at);
        if next == at {
            return at;
        }
        at = next;
    }
    text.to_owned()
}

/// The largest change that is read as the same.
fn pass(text: &str) -> String {
    let unix = text.replace("\r\n", "\n");
    let documents: Vec<String> = node::documents(&unix)
        .into_iter()
        .map(|(_, document)| {
            let steps: [fn(&[Line<'_>]) -> Option<String>; 3] =
                [|it| ordered(it), |it| indented(it).map(|it| joined(&it)), |it| Some(plain(it))];
            let Some(lines) = scan(document) else { return document.to_owned() };
            let made = steps.iter().filter_map(|step| step(&lines));
            let kept = made.into_iter().find(|it| same::is_same(document, it));
            kept.unwrap_or_else(|| document.to_owned())
        })
        .collect();
    let joined: String = documents.iter().map(|it| with_newline(it)).collect();
    if same::is_same_stream(text, &joined) { joined } else { text.to_owned() }
}

/// A document ends with its line.
fn with_newline(document: &str) -> String {
    let needs = !document.is_empty() && !document.ends_with('\n');
    format!("{document}{}", if needs { "\n" } else { "" })
}

/// A line as it will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Laid {
    indent: usize,
    text: String,
    kind: Kind,
}

/// Only the ends of lines, and blank lines.
fn plain(lines: &[Line<'_>]) -> String {
    let laid = lines.iter().map(|it| Laid {
        indent: it.indent,
        text: it.kept().to_owned(),
        kind: it.kind,
    });
    joined(&laid.collect::<Vec<_>>())
}

/// Every level by two spaces. Lines inside a scalar or brackets move with the line that they belong to.
fn indented(lines: &[Line<'_>]) -> Option<Vec<Laid>> {
    let moves = moves(lines)?;
    let shifted = |line: &Line<'_>, from: usize, to: usize| -> Option<usize> {
        (line.indent + to).checked_sub(from)
    };
    let mut laid = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let indent = match line.kind {
            Kind::Blank | Kind::Marker => 0,
            Kind::Structure => moves.get(index).copied().flatten()?,
            Kind::Inside { owner } => {
                let (owner_line, to) = (lines.get(owner)?, moves.get(owner).copied().flatten()?);
                if line.text.trim().is_empty() { 0 } else { shifted(line, owner_line.indent, to)? }
            }
            Kind::Comment => comment_indent(lines, &moves, index)?,
        };
        laid.push(Laid { indent, text: line.kept().to_owned(), kind: line.kind });
    }
    Some(laid)
}

/// Where each line of structure goes.
fn moves(lines: &[Line<'_>]) -> Option<Vec<Option<usize>>> {
    let mut moves = vec![None; lines.len()];
    // The levels that are open, each with its column before and after.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.kind != Kind::Structure {
            continue;
        }
        while open.last().is_some_and(|(before, _)| line.indent < *before) {
            open.pop();
        }
        let after = match open.last() {
            Some((before, after)) if *before == line.indent => *after,
            Some((_, after)) => after + INDENT,
            None => 0,
        };
        if open.last().is_none_or(|(before, _)| *before < line.indent) {
            open.push((line.indent, after));
        }
        // `- key: value` opens the level of `key` too, and `- - key` two of them.
        for offset in dashes(line.text) {
            open.push((line.indent + offset, after + offset));
        }
        *moves.get_mut(index)? = Some(after);
    }
    Some(moves)
}

/// Columns behind the dashes at the beginning of a line.
fn dashes(text: &str) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(behind) = rest.strip_prefix('-') else { break };
        let spaces = behind.len() - behind.trim_start_matches(' ').len();
        if spaces == 0 || behind.trim().is_empty() {
            break;
        }
        at += 1 + spaces;
        columns.push(at);
    }
    columns
}

/// A comment stands where what follows it stands, if it stood there before; else it moves as the line above it.
fn comment_indent(lines: &[Line<'_>], moves: &[Option<usize>], index: usize) -> Option<usize> {
    let line = lines.get(index)?;
    let structure = |it: &(usize, &Line<'_>)| it.1.kind == Kind::Structure;
    let below = lines.iter().enumerate().skip(index + 1).find(structure);
    let above = lines.iter().enumerate().take(index).rfind(structure);
    let near = match (below, above) {
        (Some(below), _) if below.1.indent == line.indent => Some(below),
        (_, Some(above)) if above.1.indent == line.indent => Some(above),
        (below, above) => below.or(above),
    };
    let Some((near, found)) = near else { return Some(line.indent) };
    let after = moves.get(near).copied().flatten()?;
    Some((line.indent + after).saturating_sub(found.indent))
}

/// With the outer fields in their order. Comments stay above the field that they stand above; what begins the document
/// stays its beginning.
fn ordered(lines: &[Line<'_>]) -> Option<String> {
    let laid = indented(lines)?;
    let is_field = |it: &Laid| it.kind == Kind::Structure && it.indent == 0;
    let first = laid.iter().position(is_field)?;
    let (head, body) = laid.split_at(first);
    let mut blocks: Vec<(usize, Vec<Laid>)> = Vec::new();
    let mut loose: Vec<Laid> = Vec::new();
    for line in body {
        if is_field(line) {
            let name = line.text.split(':').next().unwrap_or("");
            let place = OUTER.iter().position(|it| *it == name)?;
            loose.push(line.clone());
            blocks.push((place, std::mem::take(&mut loose)));
        } else if line.kind == Kind::Comment && line.indent == 0 || line.kind == Kind::Blank {
            loose.push(line.clone());
        } else {
            let (_, block) = blocks.last_mut()?;
            block.append(&mut loose);
            block.push(line.clone());
        }
    }
    blocks.sort_by_key(|(place, _)| *place);
    let fields = blocks.into_iter().flat_map(|(_, it)| it);
    Some(joined(&head.iter().cloned().chain(fields).chain(loose).collect::<Vec<_>>()))
}

/// At most one blank line in a row outside of scalars, and none at both ends.
fn joined(lines: &[Laid]) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    for line in lines {
        if line.kind == Kind::Blank {
            blanks += 1;
            continue;
        }
        if blanks != 0 && !out.is_empty() {
            out.push('\n');
        }
        blanks = 0;
        out.extend(std::iter::repeat_n(' ', line.indent));
        out.push_str(&line.text);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
