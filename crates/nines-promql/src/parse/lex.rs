//! Text to words. It never fails: where there is no word, it says so with the last one.

use super::token::{Fault, Keyword, Kind, Span, Symbol, Token};

/// Splits the whole text; the last token is [`Kind::End`] or [`Kind::Broken`].
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, open: Vec::new() };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        tokens.push(token);
        if matches!(token.kind, Kind::End | Kind::Broken(_)) {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Brackets that wait for their other half.
    open: Vec<Symbol>,
}

fn is_word(it: char) -> bool {
    it == '_' || it.is_ascii_alphanumeric()
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over the next character if it is one of `set`.
    fn accept(&mut self, set: &str) -> bool {
        let found = self.peek().is_some_and(|it| set.contains(it));
        if found {
            self.at += 1;
        }
        found
    }

    fn accept_while(&mut self, condition: impl Fn(char) -> bool) {
        while let Some(it) = self.peek().filter(|it| condition(*it)) {
            self.at += it.len_utf8();
        }
    }

    fn skip_space(&mut self) {
        loop {
            self.accept_while(|it| matches!(it, ' ' | '\t' | '\n' | '\r'));
            if self.peek() != Some('#') {
                return;
            }
            self.accept_while(|it| it != '\n');
        }
    }

    fn next(&mut self) -> Token {
        self.skip_space();
        let start = self.at;
        let kind = match self.peek() {
            None => self.end(),
            Some(it) if self.open.last() == Some(&Symbol::OpenBrace) => self.in_braces(it),
            Some(it) => self.statement(it),
        };
        Token { kind, span: Span { start, end: self.at } }
    }

    fn end(&self) -> Kind {
        match self.open.last() {
            None => Kind::End,
            Some(Symbol::OpenBrace) => Kind::Broken(Fault::UnclosedBrace),
            Some(Symbol::OpenBracket) => Kind::Broken(Fault::UnclosedBracket),
            Some(_) => Kind::Broken(Fault::UnclosedParenthesis),
        }
    }

    fn in_braces(&mut self, first: char) -> Kind {
        match first {
            '_' | 'a'..='z' | 'A'..='Z' => {
                self.accept_while(is_word);
                Kind::Name
            }
            '"' | '\'' | '`' => self.quoted(first),
            ',' => self.symbol(Symbol::Comma),
            '}' => self.close(Symbol::CloseBrace),
            '{' => Kind::Broken(Fault::UnexpectedLeftBrace),
            '=' if self.rest().starts_with("=~") => self.symbol(Symbol::Like),
            '=' => self.symbol(Symbol::Is),
            '!' if self.rest().starts_with("!~") => self.symbol(Symbol::NotLike),
            '!' if self.rest().starts_with("!=") => self.symbol(Symbol::NotEqual),
            _ => Kind::Broken(Fault::CharacterInBraces),
        }
    }

    fn statement(&mut self, first: char) -> Kind {
        match first {
            '0'..='9' => self.number(),
            '.' if self.rest().chars().nth(1).is_some_and(|it| it.is_ascii_digit()) => {
                self.number()
            }
            '"' | '\'' | '`' => self.quoted(first),
            ':' if self.open.last() == Some(&Symbol::OpenBracket) => self.symbol(Symbol::Colon),
            '_' | ':' | 'a'..='z' | 'A'..='Z' => self.word(),
            '(' => self.open(Symbol::OpenParen),
            '[' => self.open(Symbol::OpenBracket),
            '{' => self.open(Symbol::OpenBrace),
            ')' => self.close(Symbol::CloseParen),
            ']' => self.close(Symbol::CloseBracket),
            '}' => Kind::Broken(Fault::UnexpectedRightBrace),
            _ => self.operator(),
        }
    }

    fn operator(&mut self) -> Kind {
        const OPERATORS: [Symbol; 17] = [
            // Longer ones first.
            Symbol::TrimUpper,
            Symbol::TrimLower,
            Symbol::LessOrEqual,
            Symbol::GreaterOrEqual,
            Symbol::Equal,
            Symbol::NotEqual,
            Symbol::Like,
            Symbol::Less,
            Symbol::Greater,
            Symbol::Is,
            Symbol::Add,
            Symbol::Subtract,
            Symbol::Multiply,
            Symbol::Divide,
            Symbol::Modulo,
            Symbol::Power,
            Symbol::At,
        ];
        if self.rest().starts_with(',') {
            return self.symbol(Symbol::Comma);
        }
        let found = OPERATORS.iter().find(|it| self.rest().starts_with(it.text()));
        match found {
            // `=~` belongs into braces.
            Some(Symbol::Like) | None => Kind::Broken(Fault::Character),
            Some(it) => self.symbol(*it),
        }
    }

    fn symbol(&mut self, it: Symbol) -> Kind {
        self.at += it.text().len();
        Kind::Symbol(it)
    }

    fn open(&mut self, it: Symbol) -> Kind {
        self.open.push(it);
        self.symbol(it)
    }

    fn close(&mut self, it: Symbol) -> Kind {
        let (opened, fault) = match it {
            Symbol::CloseBrace => (Symbol::OpenBrace, Fault::UnexpectedRightBrace),
            Symbol::CloseBracket => (Symbol::OpenBracket, Fault::UnexpectedRightBracket),
            _ => (Symbol::OpenParen, Fault::UnexpectedRightParenthesis),
        };
        match self.open.last() {
            Some(last) if *last == opened => {
                self.open.pop();
                self.symbol(it)
            }
            Some(Symbol::OpenBracket) => Kind::Broken(Fault::UnclosedBracket),
            _ => Kind::Broken(fault),
        }
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        let in_brackets = self.open.last() == Some(&Symbol::OpenBracket);
        self.accept_while(|it| is_word(it) || (it == ':' && !in_brackets));
        let word = self.text.get(start..self.at).unwrap_or("");
        match Keyword::named(word) {
            Some(it) => Kind::Keyword(it),
            None if word.contains(':') => Kind::MetricName,
            None => Kind::Name,
        }
    }

    /// A text in quotes; what is in it is read by [`super::literal`].
    fn quoted(&mut self, quote: char) -> Kind {
        self.at += 1;
        while let Some(it) = self.peek() {
            self.at += it.len_utf8();
            match it {
                _ if it == quote => return Kind::Text,
                '\\' if quote != '`' => match self.peek() {
                    Some(escaped) if "abfnrtv\\01234567xuU'\"".contains(escaped) => {
                        self.at += escaped.len_utf8();
                    }
                    Some(_) => return Kind::Broken(Fault::BadEscape),
                    None => break,
                },
                '\n' if quote != '`' => break,
                _ => {}
            }
        }
        Kind::Broken(if quote == '`' {
            Fault::UnterminatedRawText
        } else {
            Fault::UnterminatedText
        })
    }

    fn number(&mut self) -> Kind {
        if self.scan_number() {
            return Kind::Number;
        }
        if self.scan_units() {
            return Kind::Duration;
        }
        self.accept_while(is_word);
        Kind::Broken(Fault::BadNumber)
    }

    /// `12`, `1_000`, `.5`, `1e-3`, `0x1f`; says whether it ends where a word could begin.
    fn scan_number(&mut self) -> bool {
        const DIGITS: &str = "0123456789";
        const HEX_DIGITS: &str = "0123456789abcdefABCDEF";
        let is_hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        let digits = if is_hex { HEX_DIGITS } else { DIGITS };
        if is_hex {
            self.at += 2;
        }
        let (mut has_dot, mut has_exponent, mut was_digit) = (false, false, is_hex);
        while let Some(it) = self.peek() {
            match it {
                _ if digits.contains(it) => was_digit = true,
                '_' if was_digit => was_digit = false,
                '.' if !has_dot && !has_exponent && !is_hex => (has_dot, was_digit) = (true, true),
                'e' | 'E' if !has_exponent && was_digit => {
                    has_exponent = true;
                    was_digit = false;
                    self.at += 1;
                    self.accept("+-");
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        was_digit && !self.peek().is_some_and(|it| is_word(it) || it == '.')
    }

    /// The units of a duration whose first number was read: `m`, `h30m`.
    fn scan_units(&mut self) -> bool {
        loop {
            if !self.accept("smhdwy") {
                return false;
            }
            self.accept("s");
            let before = self.at;
            self.accept_while(|it| it.is_ascii_digit());
            if self.at == before {
                return !self.peek().is_some_and(is_word);
            }
        }
    }
}
