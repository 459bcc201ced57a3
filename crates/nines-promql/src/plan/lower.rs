//! Tree to checked plan: types, numbers of arguments, functions that exist.

mod binary;

use nines_base::{METRIC_NAME, MatchOp, Matcher};

use super::length::SignRule;
use super::{
    Aggregate, AggregateKind, AggregatePlaces, Buckets, Call, Extent, Grouping, Length, Node,
    RangeSelector, Selector, Shift, Subquery,
};
use crate::QueryError;
use crate::ValueType;
use crate::function::{Function, Signature, signature};
use crate::parse::ast::{self, Expr, ExprKind, LabelChoice, Modifiers, Sign};
use crate::parse::token::Span;
use crate::parse::{QUERY_DEPTH_MAX, refuse_match_all, wrong};
use crate::place::Place;

/// The metric whose labels `info` adds, unless it is told another.
const INFO_METRIC: &str = "target_info";
/// What info metrics are called.
const INFO_METRICS: &str = ".+_info";

/// Checks a tree and turns it into a plan.
pub(crate) fn lower(text: &str, expr: &Expr) -> Result<Node, QueryError> {
    let lowering = Lowering { text };
    let mut root = lowering.node(expr, QUERY_DEPTH_MAX)?;
    ignore_buckets(&mut root, Buckets::Needed);
    Ok(super::share::share(root))
}

struct Lowering<'a> {
    text: &'a str,
}

/// How messages name a type.
fn documented(it: ValueType) -> &'static str {
    match it {
        ValueType::Scalar => "scalar",
        ValueType::String => "string",
        ValueType::Vector => "instant vector",
        ValueType::Matrix => "range vector",
    }
}

impl Lowering<'_> {
    fn place(&self, span: Span) -> Place {
        Place::of(self.text, span.start)
    }

    /// `depth` is how many more levels are allowed.
    fn node(&self, expr: &Expr, depth: usize) -> Result<Node, QueryError> {
        let Some(depth) = depth.checked_sub(1) else {
            let message = format!("expressions are nested deeper than {QUERY_DEPTH_MAX}");
            return Err(wrong(expr.span, message).into());
        };
        Ok(match &expr.kind {
            ExprKind::Number(it) => Node::Number(it.value),
            ExprKind::Text(it) => Node::Text(it.value.clone()),
            ExprKind::Paren(of) => self.node(of, depth)?,
            ExprKind::Unary(sign, of) => self.signed(*sign, of, expr.span, depth)?,
            ExprKind::Vector(it) => {
                refuse_match_all(it, expr.span)?;
                Node::Selector(self.selector(it, expr.span))
            }
            ExprKind::Matrix(it, range) => {
                refuse_match_all(it, expr.span)?;
                let selector = self.selector(it, expr.span);
                let range = Length::new(range, self.place(range.span), SignRule::Positive);
                Node::Range(RangeSelector { selector, range })
            }
            ExprKind::Subquery(it) => self.subquery(it, expr.span, depth)?,
            ExprKind::Binary(it) => self.binary(it, expr.span, depth)?,
            ExprKind::Aggregate(it) => self.aggregate(it, expr.span, depth)?,
            ExprKind::Call(it) => self.call(it, expr.span, depth)?,
        })
    }

    fn signed(&self, sign: Sign, of: &Expr, span: Span, depth: usize) -> Result<Node, QueryError> {
        let node = self.node(of, depth)?;
        let found = node.value_type();
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            let found = documented(found);
            return Err(wrong(span, format!(
                "unary expression only allowed on expressions of type scalar or instant vector, got {found:?}"
            )).into());
        }
        Ok(if sign == Sign::Minus { Node::Negate(Box::new(node)) } else { node })
    }

    fn selector(&self, it: &ast::Selector, span: Span) -> Selector {
        Selector {
            matchers: it.named_matchers(),
            shift: self.shift(&it.modifiers),
            extent: it.extent,
            buckets: Buckets::Needed,
            place: self.place(span),
        }
    }

    fn shift(&self, it: &Modifiers) -> Shift {
        let offset = it
            .offset
            .as_ref()
            .map_or(Length::Fixed(0), |it| Length::new(it, self.place(it.span), SignRule::Any));
        Shift { offset, at: it.at }
    }

    fn subquery(&self, it: &ast::Subquery, span: Span, depth: usize) -> Result<Node, QueryError> {
        let of = self.node(&it.of, depth)?;
        if of.value_type() != ValueType::Vector {
            let found = of.value_type();
            let message =
                format!("subquery is only allowed on instant vector, got {found} instead");
            return Err(wrong(span, message).into());
        }
        let positive =
            |it: &ast::DurationExpr| Length::new(it, self.place(it.span), SignRule::Positive);
        Ok(Node::Subquery(Box::new(Subquery {
            of,
            range: positive(&it.range),
            step: it.step.as_ref().map(positive),
            shift: self.shift(&it.modifiers),
        })))
    }

    /// An expression that must have a type.
    fn typed(
        &self,
        expr: &Expr,
        expected: ValueType,
        context: &str,
        depth: usize,
    ) -> Result<Node, QueryError> {
        let node = self.node(expr, depth)?;
        let found = node.value_type();
        if found != expected {
            let (expected, found) = (documented(expected), documented(found));
            let message = format!("expected type {expected} in {context}, got {found}");
            return Err(wrong(expr.span, message).into());
        }
        Ok(node)
    }

    fn aggregate(&self, it: &ast::Aggregate, span: Span, depth: usize) -> Result<Node, QueryError> {
        let of = self.typed(&it.of, ValueType::Vector, "aggregation expression", depth)?;
        let expected = match it.operator {
            AggregateKind::CountValues => ValueType::String,
            _ => ValueType::Scalar,
        };
        let parameter = match &it.parameter {
            None => None,
            Some(expr) => Some(self.typed(expr, expected, "aggregation parameter", depth)?),
        };
        if let (AggregateKind::CountValues, Some(expr)) = (it.operator, &it.parameter)
            && let Some(written) = self.bad_label(expr)
        {
            return Err(QueryError::execution(format!("invalid label name {written}")));
        }
        // Without a clause all series are one group; `without ()` is another thing.
        let by = match &it.by {
            None => Grouping::Only(Vec::new()),
            Some(choice) => grouping(choice),
        };
        let own = self.place(span);
        let parameter_span = it.parameter.as_ref().map_or(span, |it| it.span);
        let places = AggregatePlaces {
            own,
            of: self.place(it.of.span),
            parameter: self.place(parameter_span),
        };
        let kind = it.operator;
        Ok(Node::Aggregate(Box::new(Aggregate { kind, by, of, parameter, places })))
    }

    /// What is written, if it is a text but no name of a label: that must not be empty, and be UTF-8.
    fn bad_label(&self, expr: &Expr) -> Option<&str> {
        let mut inner = expr;
        while let ExprKind::Paren(of) = &inner.kind {
            inner = of;
        }
        match &inner.kind {
            ExprKind::Text(it) if !it.is_utf8 || it.value.is_empty() => {
                self.text.get(inner.span.start..inner.span.end)
            }
            _ => None,
        }
    }

    fn call(&self, it: &ast::Call, span: Span, depth: usize) -> Result<Node, QueryError> {
        let name = it.name.as_str();
        let known = signature(name).and_then(|it| Some((it, Function::named(name)?)));
        let Some((signature, function)) = known else {
            return Err(wrong(it.name_span, format!("unknown function with name {name:?}")).into());
        };
        check_count(&signature, it.args.len(), span)?;
        let args = it.args.iter().enumerate();
        let args = args.map(|(index, arg)| {
            if name == "info" && index == 1 {
                return self.info_labels(arg);
            }
            let expected = signature.args.get(index).or(signature.args.last());
            let expected = expected.copied().unwrap_or(ValueType::Scalar);
            self.typed(arg, expected, &format!("call to function {name:?}"), depth)
        });
        let mut args = args.collect::<Result<Vec<_>, _>>()?;
        if name == "info" && args.len() == 1 {
            let matchers = vec![Matcher::equal(METRIC_NAME, INFO_METRIC)];
            let selector = self.selector(&ast::Selector::default(), span);
            args.push(Node::Selector(Selector { matchers, ..selector }));
        }
        refuse_extent(name, function, &args)?;
        self.refuse_bad_labels(it)?;
        let arg_places = it.args.iter().map(|it| self.place(it.span)).collect();
        let (name, place) = (signature.name, self.place(span));
        Ok(Node::Call(Box::new(Call { name, function, args, place, arg_places })))
    }

    /// The second argument of `info` only lends its matchers, so it may match everything.
    fn info_labels(&self, arg: &Expr) -> Result<Node, QueryError> {
        let ExprKind::Vector(it) = &arg.kind else {
            return Err(wrong(arg.span, "expected label selectors only").into());
        };
        if it.name.is_some() {
            let message = "expected label selectors only, got vector selector instead";
            return Err(wrong(arg.span, message).into());
        }
        let mut selector = self.selector(it, arg.span);
        let mut names = selector.matchers.iter().filter(|it| it.name() == METRIC_NAME).peekable();
        let is_positive = |it: &Matcher| matches!(it.op(), MatchOp::Equal | MatchOp::Regex);
        if names.peek().is_none() {
            selector.matchers.push(Matcher::equal(METRIC_NAME, INFO_METRIC));
        } else if !names.any(is_positive) {
            // Whoever only excludes metrics still means info metrics.
            let infos = Matcher::new(METRIC_NAME, MatchOp::Regex, INFO_METRICS);
            selector.matchers.push(infos.map_err(|it| wrong(arg.span, it.to_string()))?);
        }
        Ok(Node::Selector(selector))
    }

    /// Labels that a function makes need a name, and a name is UTF-8.
    fn refuse_bad_labels(&self, it: &ast::Call) -> Result<(), QueryError> {
        let roles: &[(usize, &str)] = match it.name.as_str() {
            "label_replace" | "label_join" | "histogram_quantiles" => &[(1, "destination")],
            _ => &[],
        };
        for (index, role) in roles {
            if let Some(written) = it.args.get(*index).and_then(|arg| self.bad_label(arg)) {
                let name = &it.name;
                let message = format!("invalid {role} label name in {name}(): {written}");
                return Err(QueryError::execution(message));
            }
        }
        Ok(())
    }
}

/// The labels of a clause.
fn grouping(choice: &LabelChoice) -> Grouping {
    match choice {
        LabelChoice::Only(it) => Grouping::Only(it.clone()),
        LabelChoice::Except(it) => Grouping::Except(it.clone()),
    }
}

fn check_count(signature: &Signature, given: usize, span: Span) -> Result<(), QueryError> {
    let Signature { name, args, variadic, .. } = signature;
    let declared = args.len();
    let least = if *variadic == 0 { declared } else { declared - 1 };
    let most = usize::try_from(*variadic).map(|it| least + it);
    let problem = if *variadic == 0 && given != declared {
        format!("expected {declared} argument(s) in call to {name:?}, got {given}")
    } else if given < least {
        format!("expected at least {least} argument(s) in call to {name:?}, got {given}")
    } else if let Ok(most) = most
        && most < given
    {
        format!("expected at most {most} argument(s) in call to {name:?}, got {given}")
    } else {
        return Ok(());
    };
    Err(wrong(span, problem).into())
}

/// Samples around a range are of use to few functions.
fn refuse_extent(name: &str, function: Function, args: &[Node]) -> Result<(), QueryError> {
    let extent = args.iter().find_map(|it| match it {
        Node::Range(it) if it.selector.extent != Extent::Inner => Some(it.selector.extent),
        _ => None,
    });
    let (word, names) = match extent {
        Some(Extent::Anchored) if !function.allows_anchored() => {
            ("anchored", "changes, delta, increase, rate, resets")
        }
        Some(Extent::Smoothed) if !function.allows_smoothed() => {
            ("smoothed", "delta, increase, rate")
        }
        _ => return Ok(()),
    };
    Err(QueryError::execution(format!(
        "{word} modifier can only be used with: {names} - not with {name}"
    )))
}

/// Marks the selectors whose histograms are only counted or summed.
fn ignore_buckets(node: &mut Node, buckets: Buckets) {
    let buckets = match node {
        Node::Selector(it) => {
            it.buckets = buckets;
            return;
        }
        Node::Range(it) => {
            it.selector.buckets = buckets;
            return;
        }
        // Inside, steps may skip samples, so that resets would be missed.
        Node::Subquery(_) => Buckets::Needed,
        Node::Binary(it) if it.compares_buckets() => Buckets::Needed,
        Node::Call(it) => match it.name {
            "histogram_count" | "histogram_sum" | "histogram_avg" => Buckets::Ignored,
            name if name.starts_with("histogram_") => Buckets::Needed,
            _ => buckets,
        },
        _ => buckets,
    };
    for child in node.children_mut() {
        // Nothing inside of a subquery may ignore buckets, whatever is in it.
        ignore_buckets(child, buckets);
    }
}
