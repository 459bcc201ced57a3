//! From tokens to a tree, with names checked: variables must be declared, functions known.

use std::collections::BTreeMap;

use super::builtin;
use super::number;
use super::scan::{Kind, Token};
use super::tree::{Base, Bind, Block, Command, Node, Operand, Pipeline};
use super::{TemplateError, Value};

/// How deep blocks and brackets may be nested.
const DEPTH_MAX: usize = 100;

type Result<T> = std::result::Result<T, TemplateError>;

/// The body and the templates that it defines.
pub(super) fn parse(
    tokens: &[Token],
    end: usize,
    functions: &[&str],
    variables: &[&str],
) -> Result<(Block, BTreeMap<String, Block>)> {
    let mut scope = vec![String::new()];
    scope.extend(variables.iter().map(|it| (*it).to_owned()));
    let mut parser = Parser {
        tokens,
        next: 0,
        end,
        functions,
        scope,
        named: BTreeMap::new(),
        depth: 0,
        loops: 0,
    };
    let (body, ending) = parser.block()?;
    match ending {
        Ending::Text => Ok((body, parser.named)),
        Ending::End(at) => Err(TemplateError::new(at, "unexpected {{end}}")),
        Ending::Else(at) => Err(TemplateError::new(at, "unexpected {{else}}")),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    end: usize,
    functions: &'a [&'a str],
    /// Declared variables without their `$`; the empty name is `$`.
    scope: Vec<String>,
    named: BTreeMap<String, Block>,
    depth: usize,
    /// How many `range` surround this place.
    loops: usize,
}

/// What ended a block.
enum Ending {
    Text,
    End(usize),
    /// Behind the word.
    Else(usize),
}

/// Control words of two branches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.next);
        self.next += 1;
        token
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |it| it.at)
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(TemplateError::new(self.at(), message))
    }

    fn expect(&mut self, kind: &Kind, where_: &str) -> Result<()> {
        match self.peek() {
            Some(token) if token.kind == *kind => {
                self.next += 1;
                Ok(())
            }
            Some(token) => self.fail(format!("unexpected {} in {where_}", shown(&token.kind))),
            None => self.fail(format!("unexpected end of the template in {where_}")),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEPTH_MAX {
            return self.fail(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn block(&mut self) -> Result<(Block, Ending)> {
        let mut nodes = Vec::new();
        while let Some(token) = self.take() {
            match &token.kind {
                Kind::Text(text) => nodes.push(Node::Text(text.clone())),
                Kind::Open => match self.word() {
                    Some("end") => {
                        let at = self.at();
                        self.next += 1;
                        self.expect(&Kind::Close, "end")?;
                        return Ok((nodes, Ending::End(at)));
                    }
                    Some("else") => {
                        let at = self.at();
                        self.next += 1;
                        return Ok((nodes, Ending::Else(at)));
                    }
                    word => {
                        let node = self.deeper(|it| it.action(word))?;
                        nodes.extend(node);
                    }
                },
                other => {
                    let message = format!("unexpected {}", shown(other));
                    return Err(TemplateError::new(token.at, message));
                }
            }
        }
        Ok((nodes, Ending::Text))
    }

    fn word(&self) -> Option<&'a str> {
        match self.peek().map(|it| &it.kind) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn action(&mut self, word: Option<&str>) -> Result<Option<Node>> {
        let control = match word {
            Some("if") => Some(Control::If),
            Some("with") => Some(Control::With),
            Some("range") => Some(Control::Range),
            _ => None,
        };
        if let Some(control) = control {
            self.next += 1;
            return self.control(control).map(Some);
        }
        match word {
            Some("define" | "block") => self.define(),
            Some("template") => {
                let at = self.at();
                self.next += 1;
                let name = self.name("template")?;
                let data = self.data("template")?;
                Ok(Some(Node::Template { at, name, data }))
            }
            Some(word @ ("break" | "continue")) => {
                if self.loops == 0 {
                    return self.fail(format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                self.next += 1;
                self.expect(&Kind::Close, word)?;
                Ok(Some(if word == "break" { Node::Break } else { Node::Continue }))
            }
            _ => {
                let pipeline = self.pipeline("command", 1)?;
                self.expect(&Kind::Close, "command")?;
                Ok(Some(Node::Output(pipeline)))
            }
        }
    }

    fn name(&mut self, where_: &str) -> Result<String> {
        match self.peek().map(|it| &it.kind) {
            Some(Kind::Quoted(name)) => {
                self.next += 1;
                Ok(name.clone())
            }
            _ => self.fail(format!("{where_} needs a name in quotes")),
        }
    }

    fn data(&mut self, where_: &str) -> Result<Option<Pipeline>> {
        let is_bare = self.peek().is_none_or(|it| it.kind == Kind::Close);
        let data = if is_bare { None } else { Some(self.pipeline(where_, 0)?) };
        self.expect(&Kind::Close, where_)?;
        Ok(data)
    }

    /// `{{define "name"}}…{{end}}`, and `{{block "name" .}}…{{end}}`, which also runs it.
    fn define(&mut self) -> Result<Option<Node>> {
        let at = self.at();
        let is_block = self.word() == Some("block");
        self.next += 1;
        let name = self.name("define")?;
        let data = self.data("define")?;
        if data.is_some() != is_block {
            return Err(TemplateError::new(
                at,
                "`define` takes a name, `block` a name and a value",
            ));
        }
        let (scope, loops) = (std::mem::replace(&mut self.scope, vec![String::new()]), self.loops);
        self.loops = 0;
        let (body, ending) = self.block()?;
        (self.scope, self.loops) = (scope, loops);
        let Ending::End(_) = ending else { return self.fail("`define` has no {{end}}") };
        if self.named.get(&name).is_some_and(|it| !is_empty(it)) {
            if !is_empty(&body) {
                let message = format!("multiple definition of template {name:?}");
                return Err(TemplateError::new(at, message));
            }
        } else {
            self.named.insert(name.clone(), body);
        }
        Ok(is_block.then_some(Node::Template { at, name, data }))
    }

    fn control(&mut self, control: Control) -> Result<Node> {
        let declared = self.scope.len();
        let (word, names_max) = match control {
            Control::If => ("if", 1),
            Control::With => ("with", 1),
            Control::Range => ("range", 2),
        };
        let value = self.pipeline(word, names_max)?;
        self.expect(&Kind::Close, word)?;
        self.loops += usize::from(control == Control::Range);
        let (then, ending) = self.block()?;
        self.loops -= usize::from(control == Control::Range);
        let otherwise = match ending {
            Ending::End(_) => Vec::new(),
            Ending::Text => return self.fail(format!("unexpected end of the template in {word}")),
            Ending::Else(_) => self.otherwise(control, word)?,
        };
        self.scope.truncate(declared);
        Ok(match control {
            Control::If => Node::If { condition: value, then, otherwise },
            Control::With => Node::With { value, then, otherwise },
            Control::Range => Node::Range { over: value, body: then, otherwise },
        })
    }

    /// Behind `else`: another condition, or the end.
    fn otherwise(&mut self, control: Control, word: &str) -> Result<Block> {
        let chained = self.word().filter(|it| control != Control::Range && *it == word);
        if chained.is_some() {
            self.next += 1;
            return self.deeper(|it| it.control(control)).map(|it| vec![it]);
        }
        self.expect(&Kind::Close, "else")?;
        match self.block()? {
            (block, Ending::End(_)) => Ok(block),
            _ => self.fail(format!("{word} has no {{{{end}}}}")),
        }
    }

    /// `$a, $b := command | command`; the end is left to the caller.
    fn pipeline(&mut self, where_: &str, names_max: usize) -> Result<Pipeline> {
        let bind = self.bind(names_max)?;
        let mut commands = vec![self.command(where_)?];
        while self.peek().is_some_and(|it| it.kind == Kind::Pipe) {
            self.next += 1;
            if self.ends_pipeline() {
                // As in Go, a pipe that leads nowhere is no mistake.
                break;
            }
            let at = self.at();
            let command = self.command(where_)?;
            let first = command.operands.first();
            // A field may be a method, which takes what comes through the pipe.
            let takes =
                |it: &Operand| matches!(it.base, Base::Function(_)) || !it.fields.is_empty();
            if !first.is_some_and(takes) {
                return Err(TemplateError::new(at, "only a function can stand behind `|`"));
            }
            commands.push(command);
        }
        Ok(Pipeline { bind, commands })
    }

    fn ends_pipeline(&self) -> bool {
        self.peek().is_some_and(|it| matches!(it.kind, Kind::Close | Kind::RightParen))
    }

    fn bind(&mut self, names_max: usize) -> Result<Bind> {
        let kind = |offset: usize| self.tokens.get(self.next + offset).map(|it| &it.kind);
        let Some(Kind::Variable(first)) = kind(0) else { return Ok(Bind::Nothing) };
        let (names, length) = match (kind(1), kind(2)) {
            (Some(Kind::Comma), Some(Kind::Variable(second))) if names_max == 2 => {
                (vec![first.clone(), second.clone()], 3)
            }
            _ => (vec![first.clone()], 1),
        };
        let is_declaration = match kind(length) {
            Some(Kind::Declare) => true,
            Some(Kind::Assign) => false,
            _ => return Ok(Bind::Nothing),
        };
        if names_max == 0 {
            return self.fail("a variable cannot be set here");
        }
        self.next += length + 1;
        Ok(if is_declaration {
            // Visible from here on, as in Go, where the name cannot be used in its own value either way.
            self.scope.extend(names.iter().cloned());
            Bind::Declare(names)
        } else {
            Bind::Assign(names)
        })
    }

    fn command(&mut self, where_: &str) -> Result<Command> {
        let mut operands: Vec<Operand> = Vec::new();
        loop {
            let is_apart = self.peek().is_some_and(|it| it.is_apart);
            let Some(operand) = self.operand(where_)? else { break };
            if !operands.is_empty() && !is_apart {
                return Err(TemplateError::new(
                    operand.at,
                    "arguments stand apart from each other",
                ));
            }
            operands.push(operand);
        }
        if operands.is_empty() {
            return self.fail(format!("missing value for {where_}"));
        }
        Ok(Command { operands })
    }

    fn operand(&mut self, where_: &str) -> Result<Option<Operand>> {
        let Some(token) = self.peek() else {
            return self.fail(format!("unexpected end of the template in {where_}"));
        };
        let at = token.at;
        let mut fields = Vec::new();
        let base = match &token.kind {
            Kind::Close | Kind::Pipe | Kind::RightParen => return Ok(None),
            Kind::Dot => Base::Dot,
            Kind::Field(name) => {
                fields.push(name.clone());
                Base::Dot
            }
            Kind::Variable(name) => {
                if !self.scope.contains(name) {
                    return self.fail(format!("undefined variable \"${name}\""));
                }
                Base::Variable(name.clone())
            }
            Kind::Word(word) => self.named_operand(word)?,
            Kind::Quoted(text) => Base::Constant(Value::from(text.as_str())),
            Kind::Character(it) => Base::Constant(Value::Int(i64::from(u32::from(*it)))),
            Kind::Number(text) => match number::constant(text) {
                Some(number) => Base::Constant(number),
                None => return self.fail(format!("bad number syntax: {text:?}")),
            },
            Kind::LeftParen => {
                self.next += 1;
                let inner = self.deeper(|it| it.pipeline("brackets", 0))?;
                if self.peek().is_none_or(|it| it.kind != Kind::RightParen) {
                    return self.fail("unclosed left bracket");
                }
                Base::Group(Box::new(inner))
            }
            other => return self.fail(format!("unexpected {} in {where_}", shown(other))),
        };
        self.next += 1;
        while let Some(Token { is_apart: false, kind: Kind::Field(name), .. }) = self.peek() {
            fields.push(name.clone());
            self.next += 1;
        }
        let is_constant = matches!(base, Base::Constant(_));
        if is_constant && !fields.is_empty() {
            return Err(TemplateError::new(at, "a constant has no fields"));
        }
        Ok(Some(Operand { at, base, fields }))
    }

    fn named_operand(&self, word: &str) -> Result<Base> {
        Ok(match word {
            "true" | "false" => Base::Constant(Value::Bool(word == "true")),
            "nil" => Base::Constant(Value::Nil),
            _ if self.functions.contains(&word) || builtin::is_builtin(word) => {
                Base::Function(word.to_owned())
            }
            _ => return self.fail(format!("function {word:?} not defined")),
        })
    }
}

/// Whether it says nothing but white space.
pub(super) fn is_empty(block: &Block) -> bool {
    block.iter().all(|it| matches!(it, Node::Text(text) if text.trim().is_empty()))
}

/// As a message calls a token.
fn shown(kind: &Kind) -> String {
    match kind {
        Kind::Text(_) => "text".to_owned(),
        Kind::Open => "\"{{\"".to_owned(),
        Kind::Close => "\"}}\"".to_owned(),
        Kind::Word(word) | Kind::Number(word) => format!("{word:?}"),
        Kind::Field(name) => format!("\".{name}\""),
        Kind::Variable(name) => format!("\"${name}\""),
        Kind::Dot => "\".\"".to_owned(),
        Kind::Character(it) => format!("{it:?}"),
        Kind::Quoted(text) => format!("{text:?}"),
        Kind::Pipe => "\"|\"".to_owned(),
        Kind::Comma => "\",\"".to_owned(),
        Kind::LeftParen => "\"(\"".to_owned(),
        Kind::RightParen => "\")\"".to_owned(),
        Kind::Declare => "\":=\"".to_owned(),
        Kind::Assign => "\"=\"".to_owned(),
    }
}
