//! A document as lines, each with what it is: structure, a comment, or the inside of something that began above.
//!
//! It knows as much of YAML as that needs: quotes, brackets, block scalars, and plain text that goes on.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Comment,
    /// `---`, `...` or a directive.
    Marker,
    /// A key, or an item of a list.
    Structure,
    /// It belongs to what began in the line of this index.
    Inside {
        owner: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Spaces at its beginning.
    pub(super) indent: usize,
    /// Without them and without the line break.
    pub(super) text: &'t str,
    pub(super) kind: Kind,
    /// The spaces at its end are part of a scalar.
    keeps_end: bool,
}

impl<'t> Line<'t> {
    /// What is written of it, behind its indentation.
    pub(super) fn kept(&self) -> &'t str {
        if self.keeps_end { self.text } else { self.text.trim_end() }
    }
}

/// What is open at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// A quote, and how many brackets are around it.
    Quote(char, usize),
    Brackets(usize),
    /// Text under `|` or `>`: all lines that are indented more than this.
    Block(usize),
}

/// The lines of one document; nothing for what is better left alone, such as tabs at the beginning of a line.
pub(super) fn scan(document: &str) -> Option<Vec<Line<'_>>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (mut open, mut owner) = (Open::Nothing, 0);
    for (index, written) in document.split_terminator('\n').enumerate() {
        let text = written.trim_start_matches(' ');
        let indent = written.len() - text.len();
        if text.starts_with('\t') || text.contains('\r') {
            return None;
        }
        let is_blank = text.trim().is_empty();
        if let Open::Block(above) = open
            && !is_blank
            && indent <= above
        {
            open = Open::Nothing;
        }
        let kind = match open {
            Open::Nothing if is_blank => Kind::Blank,
            Open::Nothing if text.starts_with('#') => Kind::Comment,
            Open::Nothing if indent == 0 && is_marker(text) => Kind::Marker,
            Open::Nothing if is_structure(text) => Kind::Structure,
            Open::Nothing if lines.is_empty() => return None,
            // Plain text that goes on, or a value below its key.
            _ => Kind::Inside { owner },
        };
        if matches!(kind, Kind::Structure | Kind::Marker) {
            owner = index;
        }
        let began = open;
        if !matches!(open, Open::Block(_)) && kind != Kind::Comment {
            open = after(text, open);
            if open == Open::Nothing && kind != Kind::Blank && begins_block(text)? {
                open = Open::Block(block_indent(&lines, indent, text, kind, owner));
            }
        }
        // A line break inside of quotes or of a block keeps the spaces before it, or folds them: not ours to say.
        let keeps_end = matches!(began, Open::Block(_)) || matches!(open, Open::Quote(..));
        lines.push(Line { indent, text, kind, keeps_end });
    }
    matches!(open, Open::Nothing | Open::Block(_)).then_some(lines)
}

fn is_marker(text: &str) -> bool {
    let is = |mark: &str| {
        text.strip_prefix(mark).is_some_and(|it| it.is_empty() || it.starts_with([' ', '\t']))
    };
    is("---") || is("...") || text.starts_with('%')
}

/// An item, or a key with its colon.
fn is_structure(text: &str) -> bool {
    if text == "-" || text.starts_with("- ") {
        return true;
    }
    let mut quote = None;
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(it) = chars.next() {
        match (quote, it) {
            (None, '"' | '\'') if before == ' ' => quote = Some(it),
            (Some(begun), _) if begun == it => quote = None,
            (Some('"'), '\\') => drop(chars.next()),
            (Some(_), _) => {}
            (None, '#') if before == ' ' => return false,
            (None, '{' | '[' | '}' | ']' | ',') if before == ' ' => return false,
            (None, ':') if chars.peek().is_none_or(|it| *it == ' ') => return true,
            (None, _) => {}
        }
        before = it;
    }
    false
}

/// What is open behind a line, when this was open before it.
fn after(text: &str, open: Open) -> Open {
    let (mut quote, mut depth) = match open {
        Open::Quote(quote, depth) => (Some(quote), depth),
        Open::Brackets(depth) => (None, depth),
        Open::Nothing | Open::Block(_) => (None, 0),
    };
    let mut before = ' ';
    let mut chars = text.chars();
    while let Some(it) = chars.next() {
        // Quotes and brackets mean something only where a value begins, or inside of brackets.
        let begins = matches!(before, ' ' | '[' | '{' | ',' | ':' | '(') || depth != 0;
        match (quote, it) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some(begun), _) if begun == it => quote = None,
            (Some(_), _) => {}
            (None, '#') if before == ' ' => break,
            (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | ',' | ':') => quote = Some(it),
            (None, '{' | '[') if begins => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        before = it;
    }
    match (quote, depth) {
        (Some(quote), depth) => Open::Quote(quote, depth),
        (None, 0) => Open::Nothing,
        (None, depth) => Open::Brackets(depth),
    }
}

/// Whether the line ends with `|` or `>`; nothing when the block says its own indentation, which must not change.
fn begins_block(text: &str) -> Option<bool> {
    let bare = text.split(" #").next().unwrap_or(text).trim_end();
    let Some(word) = bare.rsplit(' ').next() else { return Some(false) };
    let Some(marks) = word.strip_prefix(['|', '>']) else { return Some(false) };
    if marks.bytes().any(|it| it.is_ascii_digit()) {
        return None;
    }
    Some(marks.is_empty() || marks == "-" || marks == "+")
}

/// Lines of a block are indented more than the key, or the dash, that it belongs to.
fn block_indent(lines: &[Line<'_>], indent: usize, text: &str, kind: Kind, owner: usize) -> usize {
    if kind == Kind::Structure {
        // `- key: |` belongs to `key`, `- |` to the dash.
        let columns = super::dashes(text);
        let last = columns.last().copied().unwrap_or(0);
        let is_key = text.get(last..).is_some_and(is_structure);
        return match (is_key, columns.len()) {
            (true, _) => indent + last,
            (false, 0 | 1) => indent,
            (false, many) => indent + columns.get(many - 2).copied().unwrap_or(0),
        };
    }
    lines.get(owner).map_or(indent, |it| it.indent)
}
