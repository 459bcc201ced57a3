//! The parser's place in the words, and how it says what is wrong.

use super::token::{Fault, Keyword, Kind, Span, Symbol, Token};

/// Words, brackets and operators in one text, so that the tree stays shallow.
const TOKENS_MAX: usize = 8_192;

/// A mistake and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) at: usize,
}

pub(super) type Parsed<T> = Result<T, SyntaxError>;

/// A mistake at a place.
pub(crate) fn wrong(at: Span, message: impl Into<String>) -> SyntaxError {
    SyntaxError { message: message.into(), at: at.start }
}

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    index: usize,
    /// How many more levels are allowed.
    depth_left: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, depth_max: usize) -> Parsed<Self> {
        let tokens = super::lex::lex(text);
        if let Some(first) = tokens.get(TOKENS_MAX) {
            let message = format!("a query has at most {TOKENS_MAX} words, brackets and operators");
            return Err(wrong(first.span, message));
        }
        Ok(Self { text, tokens, index: 0, depth_left: depth_max })
    }

    pub(super) fn peek(&self) -> Token {
        self.ahead(0)
    }

    /// A token further on; past the end it is the last one.
    pub(super) fn ahead(&self, by: usize) -> Token {
        let end = Token { kind: Kind::End, span: Span::default() };
        let found = self.tokens.get(self.index + by).or(self.tokens.last());
        found.copied().unwrap_or(end)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        if self.index + 1 < self.tokens.len() {
            self.index += 1;
        }
        token
    }

    /// Where the token before this one stands.
    pub(super) fn last_span(&self) -> Span {
        let last = self.index.checked_sub(1).and_then(|it| self.tokens.get(it));
        last.map_or_else(Span::default, |it| it.span)
    }

    pub(super) fn written(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    pub(super) fn accept(&mut self, symbol: Symbol) -> Option<Token> {
        (self.peek().kind == Kind::Symbol(symbol)).then(|| self.next())
    }

    pub(super) fn accept_keyword(&mut self, keyword: Keyword) -> Option<Token> {
        (self.peek().kind == Kind::Keyword(keyword)).then(|| self.next())
    }

    pub(super) fn expect(
        &mut self,
        symbol: Symbol,
        context: &str,
        expected: &str,
    ) -> Parsed<Token> {
        self.accept(symbol).ok_or_else(|| self.unexpected(context, expected))
    }

    /// What stands here does not belong here; a text that has no word here says why instead.
    pub(super) fn unexpected(&self, context: &str, expected: &str) -> SyntaxError {
        let token = self.peek();
        if let Kind::Broken(fault) = token.kind {
            return wrong(token.span, self.broken(fault, token.span));
        }
        let mut message = format!("unexpected {}", token.describe(self.written(token.span)));
        if !context.is_empty() {
            message = format!("{message} in {context}");
        }
        if !expected.is_empty() {
            message = format!("{message}, expected {expected}");
        }
        wrong(token.span, message)
    }

    fn broken(&self, fault: Fault, span: Span) -> String {
        let mut rest = self.text.get(span.start..).unwrap_or("").chars();
        let first = rest.next().unwrap_or(' ');
        // Of an operator's beginning, what comes next is what is wrong.
        let (after, found) = match (first, rest.next()) {
            ('!' | '=', Some(next)) => (format!(" after {first:?}"), next),
            _ => (String::new(), first),
        };
        let written = self.written(span);
        match fault {
            Fault::UnclosedParenthesis => "unclosed left parenthesis".to_owned(),
            Fault::UnclosedBracket => "unclosed left bracket".to_owned(),
            Fault::UnclosedBrace => "unexpected end of input inside braces".to_owned(),
            Fault::UnexpectedRightParenthesis => "unexpected right parenthesis ')'".to_owned(),
            Fault::UnexpectedRightBracket => "unexpected right bracket ']'".to_owned(),
            Fault::UnexpectedRightBrace => "unexpected right brace '}'".to_owned(),
            Fault::UnexpectedLeftBrace => "unexpected left brace '{'".to_owned(),
            Fault::UnterminatedText => "unterminated quoted string".to_owned(),
            Fault::UnterminatedRawText => "unterminated raw string".to_owned(),
            Fault::BadEscape => {
                let escaped = self.text.get(span.end..).and_then(|it| it.chars().next());
                format!("unknown escape sequence '\\{}'", escaped.unwrap_or(' '))
            }
            Fault::BadNumber => format!("bad number or duration syntax: {written:?}"),
            Fault::Character => format!("unexpected character{after}: {found:?}"),
            Fault::CharacterInBraces => {
                format!("unexpected character{after} inside braces: {found:?}")
            }
        }
    }

    /// One level deeper, as long as `parse` runs.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let Some(left) = self.depth_left.checked_sub(1) else {
            let max = super::QUERY_DEPTH_MAX;
            return Err(wrong(
                self.peek().span,
                format!("expressions are nested deeper than {max}"),
            ));
        };
        self.depth_left = left;
        let parsed = parse(self);
        self.depth_left += 1;
        parsed
    }
}
