//! Words to a tree: operators by precedence, everything else by recursive descent.

use super::ast::{
    Aggregate, Binary, BinaryOperator, Call, Expr, ExprKind, Group, LabelChoice, Matching, Number,
    Side, Sign, Text,
};
use super::cursor::{Cursor, Parsed, wrong};
use super::literal;
use super::token::{Aggregator, Keyword, Kind, Symbol, Token};

/// How tightly a sign before an expression binds: as `*` does.
const SIGN_STRENGTH: u8 = 5;

/// The operator that a token is, and how tightly it binds.
fn binary_operator(kind: Kind) -> Option<(BinaryOperator, u8)> {
    Some(match kind {
        Kind::Keyword(Keyword::Or) => (BinaryOperator::Or, 1),
        Kind::Keyword(Keyword::And) => (BinaryOperator::And, 2),
        Kind::Keyword(Keyword::Unless) => (BinaryOperator::Unless, 2),
        Kind::Symbol(Symbol::Equal) => (BinaryOperator::Equal, 3),
        Kind::Symbol(Symbol::NotEqual) => (BinaryOperator::NotEqual, 3),
        Kind::Symbol(Symbol::Less) => (BinaryOperator::Less, 3),
        Kind::Symbol(Symbol::LessOrEqual) => (BinaryOperator::LessOrEqual, 3),
        Kind::Symbol(Symbol::Greater) => (BinaryOperator::Greater, 3),
        Kind::Symbol(Symbol::GreaterOrEqual) => (BinaryOperator::GreaterOrEqual, 3),
        Kind::Symbol(Symbol::TrimUpper) => (BinaryOperator::TrimUpper, 3),
        Kind::Symbol(Symbol::TrimLower) => (BinaryOperator::TrimLower, 3),
        Kind::Symbol(Symbol::Add) => (BinaryOperator::Add, 4),
        Kind::Symbol(Symbol::Subtract) => (BinaryOperator::Subtract, 4),
        Kind::Symbol(Symbol::Multiply) => (BinaryOperator::Multiply, SIGN_STRENGTH),
        Kind::Symbol(Symbol::Divide) => (BinaryOperator::Divide, SIGN_STRENGTH),
        Kind::Symbol(Symbol::Modulo) => (BinaryOperator::Modulo, SIGN_STRENGTH),
        Kind::Keyword(Keyword::Atan2) => (BinaryOperator::Atan2, SIGN_STRENGTH),
        Kind::Symbol(Symbol::Power) => (BinaryOperator::Power, SIGN_STRENGTH + 1),
        _ => return None,
    })
}

impl Cursor<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.operators(0)
    }

    /// An expression whose operators bind at least as tightly as `strength`.
    fn operators(&mut self, strength: u8) -> Parsed<Expr> {
        self.nested(|it| {
            let mut left = it.signed()?;
            while let Some((operator, own)) = binary_operator(it.peek().kind) {
                if own < strength {
                    break;
                }
                let token = it.next();
                let (is_bool, matching) = it.matching()?;
                // Only `^` groups from the right.
                let right_strength = if operator == BinaryOperator::Power { own } else { own + 1 };
                let right = it.operators(right_strength)?;
                let span = left.span.to(right.span);
                let operator_span = token.span;
                let binary = Binary { operator, operator_span, left, right, is_bool, matching };
                left = Expr { kind: ExprKind::Binary(Box::new(binary)), span };
            }
            Ok(left)
        })
    }

    fn signed(&mut self) -> Parsed<Expr> {
        let sign = match self.peek().kind {
            Kind::Symbol(Symbol::Add) => Sign::Plus,
            Kind::Symbol(Symbol::Subtract) => Sign::Minus,
            _ => return self.primary(),
        };
        let token = self.next();
        let of = self.operators(SIGN_STRENGTH + 1)?;
        let span = token.span.to(of.span);
        if let ExprKind::Number(number) = of.kind {
            let value = if sign == Sign::Minus { -number.value } else { number.value };
            return Ok(Expr { kind: ExprKind::Number(Number { value, ..number }), span });
        }
        Ok(Expr { kind: ExprKind::Unary(sign, Box::new(of)), span })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let expr = self.atom()?;
        self.modified(expr)
    }

    fn atom(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        let is_call = self.ahead(1).kind == Kind::Symbol(Symbol::OpenParen);
        match token.kind {
            Kind::Number | Kind::Duration | Kind::Keyword(Keyword::Number) => {
                self.next();
                let number = self.number_of(token)?;
                Ok(Expr { kind: ExprKind::Number(number), span: token.span })
            }
            Kind::Text => {
                self.next();
                let text = self.text_of(token)?;
                Ok(Expr { kind: ExprKind::Text(text), span: token.span })
            }
            Kind::Symbol(Symbol::OpenParen) => {
                self.next();
                let of = self.expression()?;
                let close = self.expect(Symbol::CloseParen, "", "")?;
                let span = token.span.to(close.span);
                Ok(Expr { kind: ExprKind::Paren(Box::new(of)), span })
            }
            Kind::Keyword(Keyword::Aggregator(operator)) if self.is_aggregate() => {
                self.next();
                self.aggregate(operator, token)
            }
            Kind::Name
            | Kind::Keyword(
                Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::Fill
                | Keyword::FillLeft
                | Keyword::FillRight,
            ) if is_call => {
                self.next();
                self.call(token)
            }
            Kind::Name | Kind::MetricName | Kind::Symbol(Symbol::OpenBrace) => self.selector(),
            Kind::Keyword(it) if it.can_be_metric() => self.selector(),
            _ => Err(self.unexpected("", "")),
        }
    }

    /// The number that a token stands for.
    pub(super) fn number_of(&self, token: Token) -> Parsed<Number> {
        let written = self.written(token.span);
        if token.kind == Kind::Duration {
            let value = literal::duration_seconds(written).map_err(|it| wrong(token.span, it))?;
            return Ok(Number { value, is_duration: true });
        }
        let value = literal::number(written)
            .ok_or_else(|| wrong(token.span, format!("error parsing number: {written:?}")))?;
        Ok(Number { value, is_duration: false })
    }

    pub(super) fn text_of(&self, token: Token) -> Parsed<Text> {
        let bytes = literal::unquote(self.written(token.span)).map_err(|message| {
            wrong(
                token.span,
                format!("error unquoting string {}: {message}", self.written(token.span)),
            )
        })?;
        Ok(match String::from_utf8(bytes) {
            Ok(value) => Text { value, is_utf8: true },
            Err(error) => {
                let value = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Text { value, is_utf8: false }
            }
        })
    }

    /// Whether the word here is an aggregation and not a metric of that name.
    fn is_aggregate(&self) -> bool {
        matches!(
            self.ahead(1).kind,
            Kind::Symbol(Symbol::OpenParen) | Kind::Keyword(Keyword::By | Keyword::Without)
        )
    }

    fn aggregate(&mut self, operator: Aggregator, token: Token) -> Parsed<Expr> {
        let mut by = self.grouping()?;
        let (args, close) = self.arguments("aggregation")?;
        let mut end = close;
        if by.is_none() && self.is_grouping() {
            by = self.grouping()?;
            // The clause ends where the last token ended.
            end = Token { span: self.last_span(), ..close };
        }
        let span = token.span.to(end.span);
        let wanted = if operator.has_parameter() { 2 } else { 1 };
        if args.is_empty() {
            return Err(wrong(span, "no arguments for aggregate expression provided"));
        }
        if args.len() != wanted {
            let given = args.len();
            return Err(wrong(
                span,
                format!(
                    "wrong number of arguments for aggregate expression provided, expected {wanted}, got {given}"
                ),
            ));
        }
        let mut args = args.into_iter().rev();
        let (Some(of), parameter) = (args.next(), args.next()) else {
            return Err(wrong(span, "no arguments for aggregate expression provided"));
        };
        let aggregate = Aggregate { operator, by, parameter, of };
        Ok(Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), span })
    }

    fn is_grouping(&self) -> bool {
        matches!(self.peek().kind, Kind::Keyword(Keyword::By | Keyword::Without))
    }

    fn grouping(&mut self) -> Parsed<Option<LabelChoice>> {
        if self.accept_keyword(Keyword::By).is_some() {
            return Ok(Some(LabelChoice::Only(self.labels()?)));
        }
        if self.accept_keyword(Keyword::Without).is_some() {
            return Ok(Some(LabelChoice::Except(self.labels()?)));
        }
        Ok(None)
    }

    /// `(a, b, "c.d")`
    fn labels(&mut self) -> Parsed<Vec<String>> {
        const CONTEXT: &str = "grouping opts";
        self.expect(Symbol::OpenParen, CONTEXT, "\"(\"")?;
        let mut labels = Vec::new();
        loop {
            if self.accept(Symbol::CloseParen).is_some() {
                return Ok(labels);
            }
            let token = self.peek();
            let label = match token.kind {
                // A colon is for metric names; everything else may name a label.
                Kind::Name | Kind::Keyword(_) => self.written(token.span).to_owned(),
                Kind::Text => self.text_of(token)?.value,
                _ => return Err(self.unexpected(CONTEXT, "label")),
            };
            if label.is_empty() {
                return Err(wrong(token.span, "invalid label name for grouping: \"\""));
            }
            self.next();
            labels.push(label);
            if self.accept(Symbol::Comma).is_none()
                && self.peek().kind != Kind::Symbol(Symbol::CloseParen)
            {
                return Err(self.unexpected(CONTEXT, "\",\" or \")\""));
            }
        }
    }

    fn arguments(&mut self, context: &str) -> Parsed<(Vec<Expr>, Token)> {
        self.expect(Symbol::OpenParen, context, "")?;
        let mut args = Vec::new();
        if let Some(close) = self.accept(Symbol::CloseParen) {
            return Ok((args, close));
        }
        loop {
            args.push(self.expression()?);
            if let Some(close) = self.accept(Symbol::CloseParen) {
                return Ok((args, close));
            }
            let comma = self.accept(Symbol::Comma);
            let comma = comma.ok_or_else(|| self.unexpected("", ""))?;
            if self.peek().kind == Kind::Symbol(Symbol::CloseParen) {
                return Err(wrong(comma.span, "trailing commas not allowed in function call args"));
            }
        }
    }

    fn call(&mut self, token: Token) -> Parsed<Expr> {
        let written = self.written(token.span);
        // Keywords are known in any case of letters, functions as they are written.
        let name = match token.kind {
            Kind::Keyword(it) => it.name().to_owned(),
            _ => written.to_owned(),
        };
        let (args, close) = self.arguments("function call")?;
        let call = Call { name, name_span: token.span, args };
        Ok(Expr { kind: ExprKind::Call(call), span: token.span.to(close.span) })
    }

    /// `bool on (…) group_left (…) fill (…)`
    fn matching(&mut self) -> Parsed<(bool, Matching)> {
        let is_bool = self.accept_keyword(Keyword::Bool).is_some();
        let mut matching = Matching::default();
        if self.accept_keyword(Keyword::On).is_some() {
            matching.by = Some(LabelChoice::Only(self.labels()?));
        } else if self.accept_keyword(Keyword::Ignoring).is_some() {
            matching.by = Some(LabelChoice::Except(self.labels()?));
        }
        if matching.by.is_some() {
            let side = match self.peek().kind {
                Kind::Keyword(Keyword::GroupLeft) => Some(Side::Left),
                Kind::Keyword(Keyword::GroupRight) => Some(Side::Right),
                _ => None,
            };
            if let Some(side) = side {
                self.next();
                let has_labels = self.peek().kind == Kind::Symbol(Symbol::OpenParen);
                let include = if has_labels { self.labels()? } else { Vec::new() };
                matching.group = Some(Group { side, include });
            }
        }
        self.fills(&mut matching)?;
        Ok((is_bool, matching))
    }

    /// `fill (0)`, or `fill_left (0)` and `fill_right (1)` in any order.
    fn fills(&mut self, matching: &mut Matching) -> Parsed<()> {
        loop {
            let keyword =
                match self.peek().kind {
                    Kind::Keyword(
                        it @ (Keyword::Fill | Keyword::FillLeft | Keyword::FillRight),
                    ) if self.ahead(1).kind == Kind::Symbol(Symbol::OpenParen) => it,
                    _ => return Ok(()),
                };
            let token = self.next();
            self.next();
            let value = self.signed_number("fill value", "number")?;
            self.expect(Symbol::CloseParen, "fill value", "\")\"")?;
            let is_repeated = match keyword {
                Keyword::Fill => matching.has_fill(),
                Keyword::FillLeft => matching.fill_left.is_some(),
                _ => matching.fill_right.is_some(),
            };
            if is_repeated {
                return Err(wrong(token.span, "a fill value is given twice"));
            }
            if keyword != Keyword::FillRight {
                matching.fill_left = Some(value);
            }
            if keyword != Keyword::FillLeft {
                matching.fill_right = Some(value);
            }
        }
    }

    /// A number or a duration with an optional sign.
    pub(super) fn signed_number(&mut self, context: &str, expected: &str) -> Parsed<f64> {
        let is_negative = self.accept(Symbol::Subtract).is_some();
        if !is_negative {
            self.accept(Symbol::Add);
        }
        let token = self.peek();
        if !matches!(token.kind, Kind::Number | Kind::Duration | Kind::Keyword(Keyword::Number)) {
            return Err(self.unexpected(context, expected));
        }
        let number = self.number_of(self.peek())?;
        self.next();
        Ok(if is_negative { -number.value } else { number.value })
    }
}
