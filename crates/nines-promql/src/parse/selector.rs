//! Selectors, ranges, subqueries, and the words behind them.

use nines_base::{METRIC_NAME, MatchOp, Matcher, MatcherError};

use super::ast::{
    AtTime, DurationExpr, DurationKind, DurationOperator, Expr, ExprKind, Extent, Modifiers,
    Selector, Subquery,
};
use super::cursor::{Cursor, Parsed, SyntaxError, wrong};
use super::token::{Keyword, Kind, Span, Symbol, Token};

/// The longest duration, in seconds: what 64 bits of nanoseconds hold.
const DURATION_SECONDS_MAX: f64 = 9_223_372_036.0;

impl Cursor<'_> {
    /// `name{label="value"}`; the name or the braces may be missing.
    pub(super) fn selector(&mut self) -> Parsed<Expr> {
        let first = self.peek();
        let (mut selector, mut span) = (Selector::default(), first.span);
        if first.kind != Kind::Symbol(Symbol::OpenBrace) {
            self.next();
            selector.name = Some(self.written(first.span).to_owned());
        }
        if self.accept(Symbol::OpenBrace).is_some() {
            let close = self.matchers(&mut selector.matchers)?;
            span = span.to(close.span);
        }
        check_selector(&selector, span)?;
        Ok(Expr { kind: ExprKind::Vector(selector), span })
    }

    /// Up to and with the closing brace.
    fn matchers(&mut self, found: &mut Vec<Matcher>) -> Parsed<Token> {
        const CONTEXT: &str = "label matching";
        loop {
            if let Some(close) = self.accept(Symbol::CloseBrace) {
                return Ok(close);
            }
            found.push(self.matcher(CONTEXT)?);
            if self.accept(Symbol::Comma).is_none()
                && self.peek().kind != Kind::Symbol(Symbol::CloseBrace)
            {
                return Err(self.unexpected(CONTEXT, "\",\" or \"}\""));
            }
        }
    }

    fn matcher(&mut self, context: &str) -> Parsed<Matcher> {
        let token = self.peek();
        let name = match token.kind {
            Kind::Name => self.written(token.span).to_owned(),
            Kind::Text => self.text_of(token)?.value,
            _ => return Err(self.unexpected(context, "identifier or \"}\"")),
        };
        self.next();
        let op = match self.peek().kind {
            Kind::Symbol(Symbol::Is) => MatchOp::Equal,
            Kind::Symbol(Symbol::NotEqual) => MatchOp::NotEqual,
            Kind::Symbol(Symbol::Like) => MatchOp::Regex,
            Kind::Symbol(Symbol::NotLike) => MatchOp::NotRegex,
            // A text alone is a metric name that needs quotes.
            _ if token.kind == Kind::Text => return Ok(Matcher::equal(METRIC_NAME, &name)),
            _ => return Err(self.unexpected(context, "label matching operator")),
        };
        self.next();
        let value = self.peek();
        if value.kind != Kind::Text {
            return Err(self.unexpected(context, "string"));
        }
        let text = self.text_of(value)?.value;
        self.next();
        Matcher::new(&name, op, &text).map_err(|error| wrong(value.span, regex_problem(&error)))
    }

    /// Everything that may follow an expression: `[5m]`, `offset 1h`, `@ 3`, `anchored`.
    pub(super) fn modified(&mut self, mut expr: Expr) -> Parsed<Expr> {
        loop {
            let token = self.peek();
            expr = match token.kind {
                Kind::Symbol(Symbol::OpenBracket) => {
                    self.next();
                    self.nested(|it| it.bracketed(expr, token))?
                }
                Kind::Keyword(Keyword::Offset) => {
                    self.next();
                    self.offset(expr)?
                }
                Kind::Symbol(Symbol::At) => {
                    self.next();
                    self.at(expr)?
                }
                Kind::Keyword(Keyword::Anchored) => {
                    self.next();
                    extend(expr, Extent::Anchored)?
                }
                Kind::Keyword(Keyword::Smoothed) => {
                    self.next();
                    extend(expr, Extent::Smoothed)?
                }
                _ => return Ok(expr),
            };
        }
    }

    fn bracketed(&mut self, expr: Expr, open: Token) -> Parsed<Expr> {
        let expected = "number, duration, step(), or range()";
        let range = self.positive_duration("subquery or range selector", expected)?;
        if let Some(close) = self.accept(Symbol::CloseBracket) {
            return matrix(expr, range, open.span.to(close.span));
        }
        self.expect(Symbol::Colon, "subquery or range", "\":\" or \"]\"")?;
        let context = "subquery selector";
        let step = if self.peek().kind == Kind::Symbol(Symbol::CloseBracket) {
            None
        } else {
            let expected = "number, duration, step(), range(), or \"]\"";
            Some(self.positive_duration(context, expected)?)
        };
        let close = self.expect(Symbol::CloseBracket, context, "\"]\"")?;
        let span = expr.span.to(close.span);
        let subquery = Subquery { of: expr, range, step, modifiers: Modifiers::default() };
        Ok(Expr { kind: ExprKind::Subquery(Box::new(subquery)), span })
    }

    fn positive_duration(&mut self, context: &str, expected: &str) -> Parsed<DurationExpr> {
        let duration = self.duration(0, context, expected)?;
        match duration.kind {
            DurationKind::Literal(it) if it <= 0.0 || it.is_nan() => {
                Err(wrong(duration.span, "duration must be greater than 0"))
            }
            _ => Ok(duration),
        }
    }

    /// A duration with operators that bind at least as tightly as `strength`.
    fn duration(&mut self, strength: u8, context: &str, expected: &str) -> Parsed<DurationExpr> {
        self.nested(|it| {
            let mut left = it.signed_duration(context, expected)?;
            while let Some((operator, own)) = duration_operator(it.peek().kind) {
                if own < strength {
                    break;
                }
                let token = it.next();
                let is_right = operator == DurationOperator::Power;
                let next = if is_right { own } else { own + 1 };
                let right = it.duration(next, context, expected)?;
                check_divisor(operator, &right, token)?;
                let span = left.span.to(right.span);
                let kind = DurationKind::Binary(operator, Box::new(left), Box::new(right));
                left = DurationExpr { kind, span };
            }
            Ok(left)
        })
    }

    fn signed_duration(&mut self, context: &str, expected: &str) -> Parsed<DurationExpr> {
        if let Some(sign) = self.accept(Symbol::Subtract) {
            let of = self.duration(3, context, expected)?;
            return Ok(negate(of, sign));
        }
        if self.accept(Symbol::Add).is_some() {
            return self.duration(3, context, expected);
        }
        self.duration_atom(context, expected)
    }

    /// A number, `step()`, `range()`, `min_of(a, b)`, or something in parentheses.
    fn duration_atom(&mut self, context: &str, expected: &str) -> Parsed<DurationExpr> {
        let token = self.peek();
        let is_call = self.ahead(1).kind == Kind::Symbol(Symbol::OpenParen);
        let kind = match token.kind {
            Kind::Number | Kind::Duration | Kind::Keyword(Keyword::Number) => {
                self.next();
                let seconds = self.number_of(token)?.value;
                if seconds.is_nan() || seconds.abs() > DURATION_SECONDS_MAX {
                    return Err(wrong(token.span, "duration out of range"));
                }
                DurationKind::Literal(seconds)
            }
            Kind::Keyword(Keyword::Step) if is_call => self.empty_call(DurationKind::Step)?,
            Kind::Keyword(Keyword::Range) if is_call => self.empty_call(DurationKind::Range)?,
            Kind::Name if is_call => {
                let operator = match self.written(token.span) {
                    "min_of" => DurationOperator::Min,
                    "max_of" => DurationOperator::Max,
                    _ => return Err(self.unexpected(context, expected)),
                };
                self.next();
                self.next();
                let one = self.duration(0, context, expected)?;
                self.expect(Symbol::Comma, context, "\",\"")?;
                let two = self.duration(0, context, expected)?;
                self.expect(Symbol::CloseParen, context, "\")\"")?;
                DurationKind::Binary(operator, Box::new(one), Box::new(two))
            }
            Kind::Symbol(Symbol::OpenParen) => {
                self.next();
                let of = self.duration(0, context, expected)?;
                self.expect(Symbol::CloseParen, context, "\")\"")?;
                DurationKind::Paren(Box::new(of))
            }
            _ => return Err(self.unexpected(context, expected)),
        };
        Ok(DurationExpr { kind, span: token.span.to(self.last_span()) })
    }

    fn empty_call(&mut self, kind: DurationKind) -> Parsed<DurationKind> {
        self.next();
        self.next();
        self.expect(Symbol::CloseParen, "duration expression", "\")\"")?;
        Ok(kind)
    }

    fn offset(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let expected = "number, duration, step(), or range()";
        // An offset is one duration: `a offset 1m + b` adds `b` to `a`.
        let sign = self.accept(Symbol::Subtract);
        if sign.is_none() {
            self.accept(Symbol::Add);
        }
        let mut offset = self.nested(|it| it.duration_atom("offset", expected))?;
        if let Some(sign) = sign {
            offset = negate(offset, sign);
        }
        let end = Span { start: offset.span.end, end: offset.span.end };
        let preceded = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
        let of = expr.span;
        let modifiers = modifiers(&mut expr).ok_or_else(|| wrong(of, preceded))?;
        if modifiers.offset.is_some() {
            return Err(wrong(of, "offset may not be set multiple times"));
        }
        modifiers.offset = Some(offset);
        Ok(Expr { span: expr.span.to(end), ..expr })
    }

    fn at(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let token = self.peek();
        let is_call = self.ahead(1).kind == Kind::Symbol(Symbol::OpenParen);
        let at = match token.kind {
            Kind::Keyword(Keyword::Start) if is_call => {
                self.empty_call(DurationKind::Step)?;
                AtTime::Start
            }
            Kind::Keyword(Keyword::End) if is_call => {
                self.empty_call(DurationKind::Step)?;
                AtTime::End
            }
            _ => AtTime::Instant(timestamp_ms(self.signed_number("@", "timestamp")?, token)?),
        };
        let end = self.last_span();
        let preceded = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
        let of = expr.span;
        let modifiers = modifiers(&mut expr).ok_or_else(|| wrong(of, preceded))?;
        if modifiers.at.is_some() {
            return Err(wrong(of, "@ <timestamp> may not be set multiple times"));
        }
        modifiers.at = Some(at);
        Ok(Expr { span: expr.span.to(end), ..expr })
    }
}

/// What is wrong with a regular expression, without the library's drawing of it.
fn regex_problem(error: &MatcherError) -> String {
    let drawn = error.source.to_string();
    let reason = drawn.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ");
    format!("{reason} in the regular expression {}", error.pattern)
}

fn timestamp_ms(seconds: f64, token: Token) -> Parsed<i64> {
    let ms = (seconds * 1e3).round();
    #[expect(clippy::cast_precision_loss, reason = "the border itself is out of range either way")]
    let is_in_range = ms > i64::MIN as f64 && ms < i64::MAX as f64;
    if !is_in_range {
        return Err(wrong(
            token.span,
            format!("timestamp out of bounds for @ modifier: {seconds}"),
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    Ok(ms as i64)
}

fn negate(of: DurationExpr, sign: Token) -> DurationExpr {
    let span = sign.span.to(of.span);
    match of.kind {
        DurationKind::Literal(it) => DurationExpr { kind: DurationKind::Literal(-it), span },
        _ => DurationExpr { kind: DurationKind::Negate(Box::new(of)), span },
    }
}

fn duration_operator(kind: Kind) -> Option<(DurationOperator, u8)> {
    Some(match kind {
        Kind::Symbol(Symbol::Add) => (DurationOperator::Add, 1),
        Kind::Symbol(Symbol::Subtract) => (DurationOperator::Subtract, 1),
        Kind::Symbol(Symbol::Multiply) => (DurationOperator::Multiply, 2),
        Kind::Symbol(Symbol::Divide) => (DurationOperator::Divide, 2),
        Kind::Symbol(Symbol::Modulo) => (DurationOperator::Modulo, 2),
        Kind::Symbol(Symbol::Power) => (DurationOperator::Power, 3),
        _ => return None,
    })
}

fn check_divisor(operator: DurationOperator, by: &DurationExpr, token: Token) -> Parsed<()> {
    let is_zero = matches!(by.kind, DurationKind::Literal(it) if it == 0.0);
    match operator {
        DurationOperator::Divide if is_zero => Err(wrong(token.span, "division by zero")),
        DurationOperator::Modulo if is_zero => Err(wrong(token.span, "modulo by zero")),
        _ => Ok(()),
    }
}

fn matrix(expr: Expr, range: DurationExpr, brackets: Span) -> Parsed<Expr> {
    let span = expr.span.to(brackets);
    let ExprKind::Vector(selector) = expr.kind else {
        return Err(wrong(brackets, "ranges only allowed for vector selectors"));
    };
    if selector.modifiers.offset.is_some() {
        return Err(wrong(brackets, "no offset modifiers allowed before range"));
    }
    if selector.modifiers.at.is_some() {
        return Err(wrong(brackets, "no @ modifiers allowed before range"));
    }
    if selector.extent != Extent::Inner {
        return Err(wrong(brackets, "no anchored or smoothed modifiers allowed before range"));
    }
    Ok(Expr { kind: ExprKind::Matrix(selector, range), span })
}

/// Where `offset` and `@` are noted, if the expression can have them.
fn modifiers(expr: &mut Expr) -> Option<&mut Modifiers> {
    match &mut expr.kind {
        ExprKind::Vector(it) | ExprKind::Matrix(it, _) => Some(&mut it.modifiers),
        ExprKind::Subquery(it) => Some(&mut it.modifiers),
        _ => None,
    }
}

fn extend(mut expr: Expr, extent: Extent) -> Parsed<Expr> {
    let name = if extent == Extent::Anchored { "anchored" } else { "smoothed" };
    match &mut expr.kind {
        ExprKind::Vector(it) | ExprKind::Matrix(it, _) if it.extent == Extent::Inner => {
            it.extent = extent;
            Ok(expr)
        }
        ExprKind::Vector(it) | ExprKind::Matrix(it, _) if it.extent == extent => {
            Err(wrong(expr.span, format!("{name} modifier may not be set multiple times")))
        }
        ExprKind::Vector(_) | ExprKind::Matrix(..) => {
            Err(wrong(expr.span, "anchored and smoothed modifiers cannot be used together"))
        }
        ExprKind::Subquery(_) => {
            Err(wrong(expr.span, format!("{name} modifier is not supported for subqueries")))
        }
        _ => Err(wrong(
            expr.span,
            format!(
                "{name} modifier must be preceded by an instant vector selector or range vector selector"
            ),
        )),
    }
}

/// A name only once, and at least one matcher that does not match everything.
fn check_selector(selector: &Selector, span: Span) -> Parsed<()> {
    let is_equal_name = |it: &&Matcher| it.name() == METRIC_NAME && it.op() == MatchOp::Equal;
    if let Some(name) = &selector.name
        && let Some(other) = selector.matchers.iter().find(|it| it.name() == METRIC_NAME)
    {
        let message = format!("metric name must not be set twice: {name:?} or {:?}", other.value());
        return Err(wrong(span, message));
    }
    let mut names = selector.matchers.iter().filter(is_equal_name);
    if let (Some(one), Some(two)) = (names.next(), names.next())
        && one != two
    {
        let (one, two) = (one.value(), two.value());
        return Err(wrong(span, format!("metric name must not be set twice: {one:?} or {two:?}")));
    }
    Ok(())
}

/// Refuses a selector that every series fulfils.
pub(crate) fn refuse_match_all(selector: &Selector, span: Span) -> Result<(), SyntaxError> {
    let is_open = selector.name.is_none() && selector.matchers.iter().all(Matcher::matches_absent);
    if is_open {
        return Err(wrong(span, "vector selector must contain at least one non-empty matcher"));
    }
    Ok(())
}
