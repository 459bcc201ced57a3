//! From text to a condition. Every mistake has its place in the text.

use std::str::FromStr;

use jiff::SignedDuration;
use nines_base::parse_duration;

use crate::numbers::read_percent;

use super::{Atom, Condition, DurationField, FlagField, Order, Period, ShareField};

/// The longest condition.
const TEXT_BYTES_MAX: usize = 1_000;
/// More brackets and `not`s than anybody nests.
const DEPTH_MAX: usize = 32;
/// What can be asked, for messages.
const FIELDS: [&str; 14] = [
    "budget.remaining",
    "budget.consumed",
    "budget.exhausts_in",
    "burn.page",
    "burn.ticket",
    "incident.share",
    "incident.open_severity",
    "class.share(week)",
    "class.share(month)",
    "class.share(quarter)",
    "class.share(year)",
    "dependency.level",
    "calendar.freeze",
    "drill.age",
];

/// Why a text is no condition, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ConditionError {
    /// What is wrong.
    pub problem: String,
    /// What to write.
    pub help: String,
    /// Where it begins, in bytes of the text.
    pub start: usize,
    /// How many bytes of it.
    pub length: usize,
}

impl FromStr for Condition {
    type Err = ConditionError;

    /// Reads `budget.remaining < 25% or budget.exhausts_in < 3d`; `not` binds closest, then `and`, then `or`.
    fn from_str(text: &str) -> Result<Self, ConditionError> {
        if TEXT_BYTES_MAX < text.len() {
            return Err(ConditionError {
                problem: format!("the condition has {} bytes", text.len()),
                help: format!("at most {TEXT_BYTES_MAX} are read; split it into several rules"),
                start: 0,
                length: text.len(),
            });
        }
        let tokens = lex(text)?;
        let mut parser = Parser { text, tokens: &tokens, next: 0 };
        let condition = parser.or(0)?;
        match parser.peek() {
            None => Ok(condition),
            Some(token) => Err(token.error(
                format!("`{}` is one word too many", token.text),
                "join conditions with `and` or `or`",
            )),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'t> {
    text: &'t str,
    start: usize,
}

impl Token<'_> {
    fn error(self, problem: String, help: &str) -> ConditionError {
        ConditionError {
            problem,
            help: help.to_owned(),
            start: self.start,
            length: self.text.len(),
        }
    }
}

/// Words, operators, brackets. A word holds letters, digits and `._-%`; `class.share(quarter)` is one word.
fn lex(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-' | '%');
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|it| !it.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let length = match first {
            it if it.is_whitespace() => {
                start += it.len_utf8();
                continue;
            }
            '(' | ')' => 1,
            '<' | '>' | '=' | '!' => rest.chars().take_while(|it| "<>=!".contains(*it)).count(),
            it if is_word(it) => {
                let length = rest.chars().take_while(|it| is_word(*it)).count();
                let argument = rest.get(length..).filter(|it| it.starts_with('('));
                let closed = argument.and_then(|it| it.find(')'));
                match closed {
                    Some(end) if rest.get(..length) == Some("class.share") => length + end + 1,
                    _ => length,
                }
            }
            other => {
                return Err(ConditionError {
                    problem: format!("`{other}` has no meaning in a condition"),
                    help: "write like `budget.remaining < 25% or burn.page`".to_owned(),
                    start,
                    length: other.len_utf8(),
                });
            }
        };
        tokens.push(Token { text: rest.get(..length).unwrap_or(rest), start });
        start += length;
    }
    Ok(tokens)
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    next: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    fn take_if(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|it| it.text == word);
        self.next += usize::from(is_it);
        is_it
    }

    /// The next token, or a mistake at the end of the text.
    fn take(&mut self, expected: &str) -> Result<Token<'t>, ConditionError> {
        let token = self.peek().ok_or_else(|| ConditionError {
            problem: format!("the condition ends where {expected} is expected"),
            help: "write like `budget.remaining < 25%`".to_owned(),
            start: self.text.len(),
            length: 0,
        })?;
        self.next += 1;
        Ok(token)
    }

    fn or(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        let mut left = self.and(depth)?;
        while self.take_if("or") {
            left = Condition::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        let mut left = self.not(depth)?;
        while self.take_if("and") {
            left = Condition::And(Box::new(left), Box::new(self.not(depth)?));
        }
        Ok(left)
    }

    fn not(&mut self, depth: usize) -> Result<Condition, ConditionError> {
        let Some(token) = self.peek().filter(|it| matches!(it.text, "not" | "(")) else {
            return self.atom().map(Condition::Atom);
        };
        if DEPTH_MAX <= depth {
            let problem = format!("more than {DEPTH_MAX} brackets lie in each other");
            return Err(token.error(problem, "split it into several rules"));
        }
        self.next += 1;
        if token.text == "not" {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        let inner = self.or(depth + 1)?;
        let close = self.take("`)`")?;
        if close.text != ")" {
            return Err(close.error(
                format!("`{}` stands where `)` is expected", close.text),
                "close the bracket",
            ));
        }
        Ok(inner)
    }

    fn atom(&mut self) -> Result<Atom, ConditionError> {
        let field = self.take("a condition")?;
        if let Some(flag) = flag(field.text) {
            return Ok(Atom::Flag(flag));
        }
        match field.text {
            "incident.open_severity" => {
                let order = self.order(field, "incident.open_severity <= SEV2")?;
                let limit = self.literal(field, "a severity such as `SEV2`", severity)?;
                Ok(Atom::OpenSeverity { order, limit })
            }
            "actions.overdue" => {
                let order = self.order(field, "actions.overdue > 0")?;
                let limit = self.literal(field, "a whole number", |it| it.parse().ok())?;
                Ok(Atom::ActionsOverdue { order, limit })
            }
            "dependency.level" => self.dependency(),
            other => {
                if let Some(share) = share(other) {
                    let order = self.order(field, "budget.remaining < 25%")?;
                    let limit = self.literal(field, "a percentage such as `25%`", read_percent)?;
                    return Ok(Atom::Share { field: share, order, limit });
                }
                if let Some(field_of_time) = duration(other) {
                    let order = self.order(field, "budget.exhausts_in < 3d")?;
                    let limit =
                        self.literal(field, "a duration such as `3d`", positive_duration)?;
                    return Ok(Atom::Duration { field: field_of_time, order, limit });
                }
                Err(unknown_field(field))
            }
        }
    }

    fn dependency(&mut self) -> Result<Atom, ConditionError> {
        let order = self.take("`=` or `!=`")?;
        let level = self.take("the name of a level")?;
        let is_name = level.text.starts_with(|it: char| it.is_ascii_alphabetic());
        if !is_name || matches!(level.text, "and" | "or" | "not") {
            let problem = format!("`{}` is not the name of a level", level.text);
            return Err(level.error(problem, "write like `dependency.level = frozen`"));
        }
        let level = level.text.to_owned();
        match order.text {
            "=" | "==" => Ok(Atom::DependencyAt { level }),
            "!=" => Ok(Atom::DependencyNotAt { level }),
            other => Err(order.error(
                format!("`{other}` does not compare levels, which have names"),
                "write like `dependency.level = frozen` or `dependency.level != normal`",
            )),
        }
    }

    fn order(&mut self, field: Token<'_>, example: &str) -> Result<Order, ConditionError> {
        let token = self.take("`<`, `<=`, `>` or `>=`")?;
        match token.text {
            "<" => Ok(Order::Less),
            "<=" => Ok(Order::AtMost),
            ">" => Ok(Order::More),
            ">=" => Ok(Order::AtLeast),
            other => Err(token.error(
                format!("`{other}` does not compare `{}`", field.text),
                &format!("use `<`, `<=`, `>` or `>=`, e.g. `{example}`"),
            )),
        }
    }

    fn literal<T>(
        &mut self,
        field: Token<'_>,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConditionError> {
        let token = self.take(expected)?;
        read(token.text).ok_or_else(|| {
            let problem = format!("`{}` is compared with `{}`", field.text, token.text);
            token.error(problem, &format!("write {expected}"))
        })
    }
}

fn flag(text: &str) -> Option<FlagField> {
    let all = [FlagField::BurnPage, FlagField::BurnTicket, FlagField::CalendarFreeze];
    all.into_iter().find(|it| it.to_string() == text)
}

fn share(text: &str) -> Option<ShareField> {
    let classes = Period::ALL.map(|(_, period)| ShareField::ClassShare(period));
    let plain =
        [ShareField::BudgetRemaining, ShareField::BudgetConsumed, ShareField::IncidentShare];
    plain.into_iter().chain(classes).find(|it| it.to_string() == text)
}

fn duration(text: &str) -> Option<DurationField> {
    let all = [DurationField::BudgetExhaustsIn, DurationField::DrillAge];
    all.into_iter().find(|it| it.to_string() == text)
}

fn severity(text: &str) -> Option<u8> {
    let number = text.strip_prefix("SEV").or_else(|| text.strip_prefix("sev"))?;
    number.parse().ok().filter(|it| (1..=5).contains(it))
}

fn positive_duration(text: &str) -> Option<SignedDuration> {
    parse_duration(text).ok()
}

fn unknown_field(field: Token<'_>) -> ConditionError {
    let known = FIELDS.join(", ");
    let closest = FIELDS.iter().map(|it| (distance(field.text, it), it)).min();
    let help = match closest.filter(|(distance, _)| *distance <= 4) {
        Some((_, it)) => format!("did you mean `{it}`? known are {known}, actions.overdue"),
        None => format!("known are {known}, actions.overdue"),
    };
    field.error(format!("a condition cannot ask for `{}`", field.text), &help)
}

/// How many letters must be changed, put in or taken out (Levenshtein 1966).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, it) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut next = vec![index + 1];
        for (column, other) in to.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let left = next.last().copied().unwrap_or(usize::MAX - 1);
            next.push((diagonal + usize::from(it != *other)).min(above + 1).min(left + 1));
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
