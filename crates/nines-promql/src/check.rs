//! Text to checked plan. Nothing but this module knows the parser's tree.

mod places;

use std::panic;
use std::time::{Duration, SystemTime};

use nines_base::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::label as foreign;
use promql_parser::parser::{self as foreign_parser, Expr};

use crate::function::Function;
use crate::plan::{
    Aggregate, AggregateKind, Arithmetic, At, Binary, Call, Cardinality, Comparison, Grouping,
    Matching, Node, Operator, RangeSelector, Selector, SetOperator, Shift, Subquery,
};
use crate::{Query, QueryError, ValueType};

pub(crate) use places::{CallPlaces, Place};

/// The longest text of a query.
pub const QUERY_BYTES_MAX: usize = 128 * 1024;
/// How deep expressions may be nested; `a + b + c` is two deep.
pub const QUERY_DEPTH_MAX: usize = 128;
/// Words, brackets and operators in one text, so that the parser's own tree stays shallow.
const TOKENS_MAX: usize = 4_096;

/// Parses and type-checks a query.
///
/// # Errors
/// [`QueryError::Parse`] for everything that is not a query, names an unknown function, or is nested too deep.
pub fn check(query: &str) -> Result<Query, QueryError> {
    let expr = parse(query)?;
    let mut checker = Checker { places: places::calls(query), calls: 0 };
    let mut root = checker.node(&expr, QUERY_DEPTH_MAX)?;
    if checker.calls != checker.places.len() {
        // The scan saw other calls than the parser did: no place is better than a wrong one.
        root = Checker { places: Vec::new(), calls: 0 }.node(&expr, QUERY_DEPTH_MAX)?;
    }
    Ok(Query { text: query.to_owned(), root })
}

/// Reads a series selector such as `http_requests_total{code=~"5.."}`; the name becomes a matcher of `__name__`.
///
/// # Errors
/// [`QueryError::Parse`] for everything else, selectors with a range, `offset` or `@` included.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, QueryError> {
    match parse(text)? {
        Expr::VectorSelector(it) if it.offset.is_none() && it.at.is_none() => matchers(&it),
        _ => Err(QueryError::parse("expected a series selector such as `up{job=\"shop\"}`")),
    }
}

fn parse(text: &str) -> Result<Expr, QueryError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(QueryError::parse(format!("a query has at most {QUERY_BYTES_MAX} bytes")));
    }
    check_size(text)?;
    // The parser panics where a duration is not finite, as in `up offset NaN`. It keeps no state that could break.
    let parsed = panic::catch_unwind(|| foreign_parser::parse(text));
    let parsed = parsed.unwrap_or_else(|_| Err("a duration is not finite or too long".to_owned()));
    parsed.map_err(QueryError::parse)
}

/// Refuses what would make the parser's tree deeper than a stack can bear.
fn check_size(text: &str) -> Result<(), QueryError> {
    let (mut tokens, mut depth, mut quote) = (0_usize, 0_usize, None);
    let (mut is_escaped, mut is_word) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        let was_word = is_word;
        is_word = byte.is_ascii_alphanumeric() || byte == b'_';
        match (quote, byte) {
            (Some(b'#'), b'\n') => quote = None,
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(b'"' | b'\''), b'\\') => is_escaped = true,
            (Some(open), _) if open == byte && open != b'#' => quote = None,
            (Some(_), _) => {}
            // A comment is a text that ends with its line.
            (None, b'"' | b'\'' | b'`' | b'#') => quote = Some(byte),
            (None, b'(' | b'[') => (tokens, depth) = (tokens + 1, depth + 1),
            (None, b')' | b']') => depth = depth.saturating_sub(1),
            (None, b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'<' | b'>' | b'!') => {
                tokens += 1;
            }
            // Some operators are words.
            (None, _) if is_word && !was_word => tokens += 1,
            (None, _) => {}
        }
        if tokens > TOKENS_MAX || depth > QUERY_DEPTH_MAX {
            let message = if depth > QUERY_DEPTH_MAX {
                format!("brackets are nested deeper than {QUERY_DEPTH_MAX}")
            } else {
                format!("a query has at most {TOKENS_MAX} words, brackets and operators")
            };
            return Err(QueryError::Parse { message, at: Some(at) });
        }
    }
    Ok(())
}

/// Walks the parser's tree in the order of the text.
struct Checker {
    places: Vec<CallPlaces>,
    /// How many calls were met.
    calls: usize,
}

impl Checker {
    /// Where the call that is met now stands; empty if that is not known.
    fn next_places(&mut self) -> CallPlaces {
        let places = self.places.get(self.calls).cloned().unwrap_or_default();
        self.calls += 1;
        places
    }

    /// `depth` is how many more levels are allowed.
    fn node(&mut self, expr: &Expr, depth: usize) -> Result<Node, QueryError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(QueryError::parse(format!(
                "expressions are nested deeper than {QUERY_DEPTH_MAX}"
            )));
        };
        Ok(match expr {
            Expr::NumberLiteral(it) => Node::Number(it.val),
            Expr::StringLiteral(it) => Node::Text(it.val.clone()),
            Expr::Paren(it) => self.node(&it.expr, depth)?,
            Expr::Unary(it) => Node::Negate(Box::new(self.node(&it.expr, depth)?)),
            Expr::VectorSelector(it) => Node::Selector(selector(it)?),
            Expr::MatrixSelector(it) => Node::Range(RangeSelector {
                selector: selector(&it.vs)?,
                range_ms: positive_ms(it.range)?,
            }),
            Expr::Subquery(it) => Node::Subquery(Box::new(Subquery {
                of: self.typed(&it.expr, ValueType::Vector, "a subquery", depth)?,
                range_ms: positive_ms(it.range)?,
                step_ms: it.step.filter(|it| !it.is_zero()).map(positive_ms).transpose()?,
                shift: shift(it.offset.as_ref(), it.at.as_ref()),
            })),
            Expr::Binary(it) => Node::Binary(Box::new(self.binary(it, depth)?)),
            Expr::Aggregate(it) => Node::Aggregate(Box::new(self.aggregate(it, depth)?)),
            Expr::Call(it) => Node::Call(Box::new(self.call(it, depth)?)),
            Expr::Extension(_) => return Err(QueryError::parse("extensions are not supported")),
        })
    }

    fn typed(
        &mut self,
        expr: &Expr,
        expected: ValueType,
        place: &str,
        depth: usize,
    ) -> Result<Node, QueryError> {
        let node = self.node(expr, depth)?;
        let found = node.value_type();
        if found != expected {
            return Err(QueryError::parse(format!(
                "expected type {expected} in {place}, got {found}"
            )));
        }
        Ok(node)
    }

    fn binary(
        &mut self,
        it: &foreign_parser::BinaryExpr,
        depth: usize,
    ) -> Result<Binary, QueryError> {
        let modifier = it.modifier.clone().unwrap_or_default();
        let operator = operator(&it.op.to_string(), &modifier)?;
        let (left, right) = (self.node(&it.lhs, depth)?, self.node(&it.rhs, depth)?);
        let types = [left.value_type(), right.value_type()];
        if types.iter().any(|it| !matches!(it, ValueType::Scalar | ValueType::Vector)) {
            return Err(QueryError::parse(
                "binary expression must contain only scalar and instant vector types",
            ));
        }
        let are_vectors = types == [ValueType::Vector, ValueType::Vector];
        if matches!(operator, Operator::Set(_)) && !are_vectors {
            return Err(QueryError::parse("set operators work between vectors only"));
        }
        let matching = matching(modifier)?;
        if !are_vectors && (matching.fill_left.is_some() || matching.fill_right.is_some()) {
            return Err(QueryError::parse("fill modifiers work between vectors only"));
        }
        Ok(Binary { operator, left, right, matching })
    }

    fn aggregate(
        &mut self,
        it: &foreign_parser::AggregateExpr,
        depth: usize,
    ) -> Result<Aggregate, QueryError> {
        use AggregateKind as Kind;
        let places = self.next_places();
        let (kind, parameter) = match it.op.to_string().as_str() {
            "sum" => (Kind::Sum, None),
            "avg" => (Kind::Avg, None),
            "count" => (Kind::Count, None),
            "min" => (Kind::Min, None),
            "max" => (Kind::Max, None),
            "group" => (Kind::Group, None),
            "stddev" => (Kind::Stddev, None),
            "stdvar" => (Kind::Stdvar, None),
            "quantile" => (Kind::Quantile, Some(ValueType::Scalar)),
            "count_values" => (Kind::CountValues, Some(ValueType::String)),
            "topk" => (Kind::Topk, Some(ValueType::Scalar)),
            "bottomk" => (Kind::Bottomk, Some(ValueType::Scalar)),
            "limitk" => (Kind::Limitk, Some(ValueType::Scalar)),
            "limit_ratio" => (Kind::LimitRatio, Some(ValueType::Scalar)),
            other => return Err(QueryError::parse(format!("unknown aggregation `{other}`"))),
        };
        let parameter = match (parameter, &it.param) {
            (Some(expected), Some(expr)) => {
                Some(self.typed(expr, expected, "aggregation parameter", depth)?)
            }
            _ => None,
        };
        // Without a clause all series are one group; `without ()` is another thing.
        let by = match &it.modifier {
            None => Grouping::Only(Vec::new()),
            modifier => grouping(modifier.as_ref()),
        };
        let of = self.typed(&it.expr, ValueType::Vector, "aggregation expression", depth)?;
        Ok(Aggregate { kind, by, of, parameter, places })
    }

    fn call(&mut self, it: &foreign_parser::Call, depth: usize) -> Result<Call, QueryError> {
        let places = self.next_places();
        let name = it.func.name;
        let Some(function) = Function::named(name) else {
            return Err(QueryError::parse(format!("function `{name}` is not supported yet")));
        };
        let expected = |index: usize| {
            let types = &it.func.arg_types;
            types.get(index).or(types.last()).map(|it| match it {
                foreign_parser::value::ValueType::Vector => ValueType::Vector,
                foreign_parser::value::ValueType::Scalar => ValueType::Scalar,
                foreign_parser::value::ValueType::Matrix => ValueType::Matrix,
                foreign_parser::value::ValueType::String => ValueType::String,
            })
        };
        let place = format!("call to function `{name}`");
        let args = it.args.args.iter().enumerate().map(|(index, expr)| match expected(index) {
            Some(expected) => self.typed(expr, expected, &place, depth),
            None => Err(QueryError::parse(format!("{place} takes no arguments"))),
        });
        let mut args = args.collect::<Result<Vec<_>, _>>()?;
        if matches!(function, Function::Info) {
            name_info_metric(&mut args)?;
        }
        Ok(Call { function, args, places })
    }
}

fn selector(it: &foreign_parser::VectorSelector) -> Result<Selector, QueryError> {
    Ok(Selector { matchers: matchers(it)?, shift: shift(it.offset.as_ref(), it.at.as_ref()) })
}

fn matchers(it: &foreign_parser::VectorSelector) -> Result<Vec<Matcher>, QueryError> {
    if !it.matchers.or_matchers.is_empty() {
        return Err(QueryError::parse("`or` between matchers is not supported"));
    }
    let name = it.name.iter().map(|name| Ok(Matcher::equal(METRIC_NAME, name)));
    name.chain(it.matchers.matchers.iter().map(matcher)).collect()
}

fn matcher(it: &foreign::Matcher) -> Result<Matcher, QueryError> {
    let op = match &it.op {
        foreign::MatchOp::Equal => MatchOp::Equal,
        foreign::MatchOp::NotEqual => MatchOp::NotEqual,
        foreign::MatchOp::Re(_) => MatchOp::Regex,
        foreign::MatchOp::NotRe(_) => MatchOp::NotRegex,
    };
    Matcher::new(&it.name, op, &it.value).map_err(|error| QueryError::parse(error.to_string()))
}

fn shift(
    offset: Option<&foreign_parser::Offset>,
    at: Option<&foreign_parser::AtModifier>,
) -> Shift {
    Shift {
        offset_ms: match offset {
            None => 0,
            Some(foreign_parser::Offset::Pos(it)) => duration_ms(*it),
            Some(foreign_parser::Offset::Neg(it)) => -duration_ms(*it),
        },
        at: at.map(|it| match it {
            foreign_parser::AtModifier::Start => At::Start,
            foreign_parser::AtModifier::End => At::End,
            foreign_parser::AtModifier::At(at) => At::Instant(epoch_ms(*at)),
        }),
    }
}

fn epoch_ms(at: SystemTime) -> i64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => duration_ms(since),
        Err(before) => -duration_ms(before.duration()),
    }
}

fn duration_ms(it: Duration) -> i64 {
    i64::try_from(it.as_millis()).unwrap_or(i64::MAX)
}

fn positive_ms(it: Duration) -> Result<i64, QueryError> {
    match duration_ms(it) {
        0 => Err(QueryError::parse("duration must be greater than 0")),
        it => Ok(it),
    }
}

fn operator(text: &str, modifier: &foreign_parser::BinModifier) -> Result<Operator, QueryError> {
    let comparison = match text {
        "==" => Some(Comparison::Equal),
        "!=" => Some(Comparison::NotEqual),
        "<" => Some(Comparison::Less),
        "<=" => Some(Comparison::LessOrEqual),
        ">" => Some(Comparison::Greater),
        ">=" => Some(Comparison::GreaterOrEqual),
        _ => None,
    };
    if let Some(it) = comparison {
        return Ok(if modifier.return_bool { Operator::Test(it) } else { Operator::Filter(it) });
    }
    Ok(match text {
        "+" => Operator::Arithmetic(Arithmetic::Add),
        "-" => Operator::Arithmetic(Arithmetic::Subtract),
        "*" => Operator::Arithmetic(Arithmetic::Multiply),
        "/" => Operator::Arithmetic(Arithmetic::Divide),
        "%" => Operator::Arithmetic(Arithmetic::Modulo),
        "^" => Operator::Arithmetic(Arithmetic::Power),
        "atan2" => Operator::Arithmetic(Arithmetic::Atan2),
        "and" => Operator::Set(SetOperator::And),
        "or" => Operator::Set(SetOperator::Or),
        "unless" => Operator::Set(SetOperator::Unless),
        _ => return Err(QueryError::parse(format!("unknown operator `{text}`"))),
    })
}

fn matching(modifier: foreign_parser::BinModifier) -> Result<Matching, QueryError> {
    use promql_parser::parser::VectorMatchCardinality as Foreign;
    let (cardinality, include) = match modifier.card {
        Foreign::OneToOne | Foreign::ManyToMany => (Cardinality::OneToOne, Vec::new()),
        Foreign::ManyToOne(it) => (Cardinality::ManyToOne, it.labels),
        Foreign::OneToMany(it) => (Cardinality::OneToMany, it.labels),
    };
    let by = grouping(modifier.matching.as_ref());
    if let Grouping::Only(on) = &by
        && let Some(label) = include.iter().find(|it| on.contains(it))
    {
        let message = format!("label `{label}` must not occur in ON and GROUP clause at once");
        return Err(QueryError::parse(message));
    }
    let fill = modifier.fill_values;
    Ok(Matching { by, cardinality, include, fill_left: fill.lhs, fill_right: fill.rhs })
}

fn grouping(modifier: Option<&foreign_parser::LabelModifier>) -> Grouping {
    match modifier {
        None => Grouping::default(),
        Some(foreign_parser::LabelModifier::Include(it)) => Grouping::Only(it.labels.clone()),
        Some(foreign_parser::LabelModifier::Exclude(it)) => Grouping::Except(it.labels.clone()),
    }
}

/// Makes the second argument of `info` explicit: a selector of `target_info` if it says nothing else.
fn name_info_metric(args: &mut Vec<Node>) -> Result<(), QueryError> {
    if args.len() == 1 {
        args.push(Node::Selector(Selector { matchers: Vec::new(), shift: Shift::default() }));
    }
    match args.get_mut(1) {
        Some(Node::Selector(it)) => {
            if !it.matchers.iter().any(|it| it.name() == METRIC_NAME) {
                it.matchers.push(Matcher::equal(METRIC_NAME, "target_info"));
            }
            Ok(())
        }
        _ => Err(QueryError::parse("the second argument of info must be a label selector")),
    }
}

#[cfg(test)]
mod tests;
