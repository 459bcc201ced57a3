//! From text to tokens.

use super::TemplateError;

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    /// White space stands before it.
    pub(super) is_apart: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Text between actions.
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// A function or a control word.
    Word(String),
    /// `.name`
    Field(String),
    /// `$name`, without the `$`.
    Variable(String),
    Dot,
    /// As it was written.
    Number(String),
    /// A character in single quotes.
    Character(char),
    /// A text in quotes, without them.
    Quoted(String),
    Pipe,
    Comma,
    LeftParen,
    RightParen,
    Declare,
    Assign,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Texts and actions in the order of the text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, TemplateError> {
    let mut scan = Scan { text, at: 0, tokens: Vec::new() };
    let mut trims_start = false;
    loop {
        let rest = scan.rest();
        let Some(length) = rest.find(OPEN) else {
            scan.text_token(if trims_start { rest.trim_start_matches(SPACE) } else { rest });
            return Ok(scan.tokens);
        };
        let after = rest.get(length + OPEN.len()..).unwrap_or("");
        let trims_end = after.starts_with('-') && starts_with_space(after.get(1..));
        let mut between = rest.get(..length).unwrap_or("");
        if trims_start {
            between = between.trim_start_matches(SPACE);
        }
        if trims_end {
            between = between.trim_end_matches(SPACE);
        }
        scan.text_token(between);
        let open_at = scan.at + length;
        scan.at = open_at + OPEN.len() + usize::from(trims_end);
        trims_start = if scan.rest().trim_start().starts_with("/*") {
            scan.comment()?
        } else {
            scan.tokens.push(Token { at: open_at, is_apart: false, kind: Kind::Open });
            scan.action(open_at)?
        };
    }
}

fn starts_with_space(text: Option<&str>) -> bool {
    text.is_some_and(|it| it.starts_with(SPACE))
}

fn is_word(it: char) -> bool {
    it == '_' || it.is_alphanumeric()
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn text_token(&mut self, text: &str) {
        if !text.is_empty() {
            let kind = Kind::Text(text.to_owned());
            self.tokens.push(Token { at: self.at, is_apart: false, kind });
        }
    }

    /// Whether the text behind it loses its white space.
    fn comment(&mut self) -> Result<bool, TemplateError> {
        let start = self.at;
        let Some(end) = self.rest().find("*/") else {
            return Err(TemplateError::new(start, "unclosed comment"));
        };
        self.at += end + 2;
        let rest = self.rest();
        let trims = starts_with_space(Some(rest)) && rest.trim_start().starts_with("-}}");
        let close = rest.find(CLOSE).filter(|it| trims || *it == 0);
        let Some(close) = close else {
            return Err(TemplateError::new(self.at, "comment ends before closing delimiter"));
        };
        self.at += close + CLOSE.len();
        Ok(trims)
    }

    /// The tokens up to `}}`; whether the text behind it loses its white space.
    fn action(&mut self, open_at: usize) -> Result<bool, TemplateError> {
        loop {
            let spaced = self.rest();
            let rest = spaced.trim_start_matches(SPACE);
            let is_apart = rest.len() < spaced.len();
            self.at += spaced.len() - rest.len();
            let at = self.at;
            if is_apart && rest.starts_with("-}}") {
                self.at += 1 + CLOSE.len();
                self.tokens.push(Token { at, is_apart, kind: Kind::Close });
                return Ok(true);
            }
            if rest.starts_with(CLOSE) {
                self.at += CLOSE.len();
                self.tokens.push(Token { at, is_apart, kind: Kind::Close });
                return Ok(false);
            }
            let Some(first) = rest.chars().next() else {
                return Err(TemplateError::new(open_at, "unclosed action"));
            };
            let (kind, length) = token(rest, first).map_err(|it| TemplateError::new(at, it))?;
            self.at += length;
            self.tokens.push(Token { at, is_apart, kind });
        }
    }
}

/// One token and its length in bytes.
fn token(rest: &str, first: char) -> Result<(Kind, usize), String> {
    let second = rest.chars().nth(1);
    let starts_number = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    match first {
        '|' => Ok((Kind::Pipe, 1)),
        ',' => Ok((Kind::Comma, 1)),
        '(' => Ok((Kind::LeftParen, 1)),
        ')' => Ok((Kind::RightParen, 1)),
        '=' => Ok((Kind::Assign, 1)),
        ':' if second == Some('=') => Ok((Kind::Declare, 2)),
        '"' => {
            let (text, length) = quoted(rest, '"')?;
            Ok((Kind::Quoted(text), length))
        }
        '`' => {
            let inside = rest.get(1..).unwrap_or("");
            let end = inside.find('`').ok_or("unterminated raw quoted string")?;
            Ok((Kind::Quoted(inside.get(..end).unwrap_or("").to_owned()), end + 2))
        }
        '\'' => {
            let (text, length) = quoted(rest, '\'')?;
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => Ok((Kind::Character(only), length)),
                _ => Err("malformed character constant".to_owned()),
            }
        }
        '.' if !starts_number(second) => {
            let name = word_after(rest, 1);
            let length = 1 + name.len();
            let kind = if name.is_empty() { Kind::Dot } else { Kind::Field(name.to_owned()) };
            Ok((kind, length))
        }
        '$' => {
            let name = word_after(rest, 1);
            Ok((Kind::Variable(name.to_owned()), 1 + name.len()))
        }
        '+' | '-' | '.' | '0'..='9' => {
            let number = number(rest);
            Ok((Kind::Number(number.to_owned()), number.len().max(1)))
        }
        it if is_word(it) => {
            let word = word_after(rest, 0);
            Ok((Kind::Word(word.to_owned()), word.len()))
        }
        it => Err(format!("unexpected {it:?} in an action")),
    }
}

fn word_after(rest: &str, start: usize) -> &str {
    let rest = rest.get(start..).unwrap_or("");
    let end = rest.find(|it| !is_word(it)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or("")
}

/// A sign, digits, letters of exponents and bases, points; whether it is a number is seen later.
fn number(rest: &str) -> &str {
    let mut before = None;
    let end = rest.find(|it: char| {
        let is_sign = matches!(it, '+' | '-');
        let goes_on = match before {
            None => true,
            Some('e' | 'E' | 'p' | 'P') => is_sign || is_word(it) || it == '.',
            Some(_) => is_word(it) || it == '.',
        };
        before = Some(it);
        !goes_on
    });
    rest.get(..end.unwrap_or(rest.len())).unwrap_or("")
}

/// A text in quotes with Go's escapes, and its length with the quotes.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), String> {
    let unterminated = || "unterminated quoted string".to_owned();
    let (mut out, mut characters) = (String::new(), rest.char_indices().skip(1));
    while let Some((at, it)) = characters.next() {
        match it {
            _ if it == quote => return Ok((out, at + 1)),
            '\n' => return Err(unterminated()),
            '\\' => {
                let (_, escaped) = characters.next().ok_or_else(unterminated)?;
                let digits = match escaped {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    '0'..='7' => 2,
                    _ => 0,
                };
                let mut code: String = characters.by_ref().take(digits).map(|(_, it)| it).collect();
                let radix = if escaped.is_ascii_digit() { 8 } else { 16 };
                if radix == 8 {
                    code.insert(0, escaped);
                }
                out.push(match escaped {
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\u{b}',
                    '\\' | '\'' | '"' => escaped,
                    'x' | 'u' | 'U' | '0'..='7' => u32::from_str_radix(&code, radix)
                        .ok()
                        .and_then(char::from_u32)
                        .ok_or_else(|| format!("`{code}` is not a character's code"))?,
                    other => return Err(format!("unknown escape `\\{other}`")),
                });
            }
            _ => out.push(it),
        }
    }
    Err(unterminated())
}
