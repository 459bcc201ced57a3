//! The reading for names in any script: names and values are words without reserved characters, or quoted.

use nines_base::Matcher;

use super::{SyntaxError, matcher, operator};

/// What must be quoted.
pub(super) fn is_reserved(it: char) -> bool {
    it.is_whitespace() || "{}!=~,\\\"'`".contains(it)
}

pub(super) fn read(text: &str) -> Result<Vec<Matcher>, SyntaxError> {
    let mut rest = Rest { text, left: text, has_braces: false };
    let mut matchers = Vec::new();
    rest.has_braces = rest.eat('{');
    while !rest.is_at_end() {
        matchers.push(rest.matcher()?);
        if !rest.eat(',') && !rest.is_at_end() {
            return Err(rest.expected(if rest.has_braces { "`,` or `}`" } else { "`,`" }));
        }
    }
    if rest.has_braces && !rest.eat('}') {
        return Err(rest.expected("`}`"));
    }
    if rest.trimmed().is_empty() { Ok(matchers) } else { Err(rest.expected("the end")) }
}

/// What is not read yet.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a str,
    left: &'a str,
    /// Whether a brace ends the matchers.
    has_braces: bool,
}

impl<'a> Rest<'a> {
    fn trimmed(&mut self) -> &'a str {
        self.left = self.left.trim_start();
        self.left
    }

    fn at(self) -> usize {
        self.text.len() - self.left.len()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.trimmed().strip_prefix(wanted);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }

    fn is_at_end(&mut self) -> bool {
        let left = self.trimmed();
        left.is_empty() || (self.has_braces && left.starts_with('}'))
    }

    fn expected(mut self, what: &str) -> SyntaxError {
        let found = self.trimmed().chars().next();
        let found = found.map_or_else(|| "the end".to_owned(), |it| format!("`{it}`"));
        SyntaxError::new(self.at(), format!("expected {what}, not {found}"))
    }

    fn matcher(&mut self) -> Result<Matcher, SyntaxError> {
        self.trimmed();
        let at = self.at();
        let name = self.word("the name of a label")?;
        if name.is_empty() {
            return Err(SyntaxError::new(at, "the name of a label is empty"));
        }
        let Some((op, left)) = operator(self.trimmed()) else {
            return Err(self.expected("one of `=`, `!=`, `=~`, `!~`"));
        };
        self.left = left;
        let value = self.word("a value")?;
        matcher(at, &name, op, &value)
    }

    fn word(&mut self, what: &str) -> Result<String, SyntaxError> {
        if self.trimmed().starts_with('"') {
            return self.quoted();
        }
        let left = self.left.trim_start_matches(|it| !is_reserved(it));
        let word = self.left.strip_suffix(left).unwrap_or_default();
        if word.is_empty() {
            return Err(self.expected(what));
        }
        self.left = left;
        Ok(word.to_owned())
    }

    /// A string with the escapes of Go.
    fn quoted(&mut self) -> Result<String, SyntaxError> {
        let at = self.at();
        let unclosed = || SyntaxError::new(at, "a quote is not closed");
        let mut bytes = Vec::new();
        let mut chars = self.left.chars();
        chars.next();
        loop {
            match chars.next().ok_or_else(unclosed)? {
                '"' => break,
                '\n' => return Err(SyntaxError::new(at, "a line ends inside of quotes")),
                '\\' => {
                    let escape = escape(&mut chars, &mut bytes);
                    escape.ok_or_else(|| SyntaxError::new(at, "there is no such escape"))?;
                }
                it => bytes.extend(it.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.left = chars.as_str();
        String::from_utf8(bytes).map_err(|_| SyntaxError::new(at, "the text is not UTF-8"))
    }
}

/// What follows a backslash. Source: the Go language specification, "String literals".
fn escape(chars: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let it = chars.next()?;
    let simple = match it {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' => u8::try_from(it).ok()?,
        'x' => u8::try_from(number(chars, 2, 16, 0)?).ok()?,
        'u' | 'U' => {
            let code = number(chars, if it == 'u' { 4 } else { 8 }, 16, 0)?;
            bytes.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        _ => u8::try_from(number(chars, 2, 8, it.to_digit(8)?)?).ok()?,
    };
    bytes.push(simple);
    Some(())
}

fn number(chars: &mut std::str::Chars<'_>, digits: u32, radix: u32, first: u32) -> Option<u32> {
    (0..digits).try_fold(first, |number, _| {
        number.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)
    })
}
