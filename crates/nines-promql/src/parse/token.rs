//! Words of the language: what the lexer hands to the parser.

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the beginning of one to the end of the other.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// One word with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// The text cannot be split into words here; the parser reports it when it comes this far.
    Broken(Fault),
    Number,
    Duration,
    Text,
    /// A name without a meaning of its own; with a colon it can only be a metric.
    Name,
    MetricName,
    Keyword(Keyword),
    Symbol(Symbol),
}

/// Why a text has no words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    UnclosedParenthesis,
    UnclosedBracket,
    UnclosedBrace,
    UnexpectedRightParenthesis,
    UnexpectedRightBracket,
    UnexpectedRightBrace,
    UnexpectedLeftBrace,
    UnterminatedText,
    UnterminatedRawText,
    BadEscape,
    BadNumber,
    Character,
    CharacterInBraces,
}

/// Words with a meaning, in any case of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Aggregator(Aggregator),
    And,
    Or,
    Unless,
    Atan2,
    Bool,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Offset,
    Anchored,
    Smoothed,
    Start,
    End,
    Step,
    Range,
    /// `Inf` and `NaN` are numbers.
    Number,
}

/// Operators that make many series one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Quantile,
    CountValues,
    Topk,
    Bottomk,
    Limitk,
    LimitRatio,
}

const AGGREGATORS: [(Aggregator, &str); 14] = [
    (Aggregator::Sum, "sum"),
    (Aggregator::Avg, "avg"),
    (Aggregator::Count, "count"),
    (Aggregator::Min, "min"),
    (Aggregator::Max, "max"),
    (Aggregator::Group, "group"),
    (Aggregator::Stddev, "stddev"),
    (Aggregator::Stdvar, "stdvar"),
    (Aggregator::Quantile, "quantile"),
    (Aggregator::CountValues, "count_values"),
    (Aggregator::Topk, "topk"),
    (Aggregator::Bottomk, "bottomk"),
    (Aggregator::Limitk, "limitk"),
    (Aggregator::LimitRatio, "limit_ratio"),
];

const KEYWORDS: [(Keyword, &str); 23] = [
    (Keyword::And, "and"),
    (Keyword::Or, "or"),
    (Keyword::Unless, "unless"),
    (Keyword::Atan2, "atan2"),
    (Keyword::Bool, "bool"),
    (Keyword::By, "by"),
    (Keyword::Without, "without"),
    (Keyword::On, "on"),
    (Keyword::Ignoring, "ignoring"),
    (Keyword::GroupLeft, "group_left"),
    (Keyword::GroupRight, "group_right"),
    (Keyword::Fill, "fill"),
    (Keyword::FillLeft, "fill_left"),
    (Keyword::FillRight, "fill_right"),
    (Keyword::Offset, "offset"),
    (Keyword::Anchored, "anchored"),
    (Keyword::Smoothed, "smoothed"),
    (Keyword::Start, "start"),
    (Keyword::End, "end"),
    (Keyword::Step, "step"),
    (Keyword::Range, "range"),
    (Keyword::Number, "inf"),
    (Keyword::Number, "nan"),
];

impl Aggregator {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        AGGREGATORS.iter().find(|(it, _)| *it == self).map_or("", |(_, name)| name)
    }

    /// Whether a number or a text stands before the vector.
    pub(crate) fn has_parameter(self) -> bool {
        matches!(
            self,
            Self::Quantile
                | Self::CountValues
                | Self::Topk
                | Self::Bottomk
                | Self::Limitk
                | Self::LimitRatio
        )
    }
}

impl Keyword {
    /// The keyword of this spelling.
    pub(super) fn named(word: &str) -> Option<Self> {
        // The longest keyword has 12 letters; most words of a query are longer or are no keywords.
        let same = |name: &str| name.eq_ignore_ascii_case(word);
        let aggregator = AGGREGATORS.iter().find(|(_, name)| same(name));
        aggregator
            .map(|(it, _)| Self::Aggregator(*it))
            .or_else(|| KEYWORDS.iter().find(|(_, name)| same(name)).map(|(it, _)| *it))
    }

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aggregator(it) => it.name(),
            _ => KEYWORDS.iter().find(|(it, _)| *it == self).map_or("", |(_, name)| name),
        }
    }

    /// Whether a metric may have this name without quotes.
    pub(super) fn can_be_metric(self) -> bool {
        !matches!(
            self,
            Self::Atan2
                | Self::Bool
                | Self::On
                | Self::Ignoring
                | Self::GroupLeft
                | Self::GroupRight
                | Self::Number
        )
    }
}

/// Signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    OpenParen,
    CloseParen,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    At,
    /// `=` between a label and its value.
    Is,
    NotEqual,
    Like,
    NotLike,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `</`
    TrimUpper,
    /// `>/`
    TrimLower,
}

impl Symbol {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::OpenParen => "(",
            Self::CloseParen => ")",
            Self::OpenBrace => "{",
            Self::CloseBrace => "}",
            Self::OpenBracket => "[",
            Self::CloseBracket => "]",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::At => "@",
            Self::Is => "=",
            Self::NotEqual => "!=",
            Self::Like => "=~",
            Self::NotLike => "!~",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::Equal => "==",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
        }
    }

    fn is_operator(self) -> bool {
        !matches!(
            self,
            Self::OpenParen
                | Self::CloseParen
                | Self::OpenBrace
                | Self::CloseBrace
                | Self::OpenBracket
                | Self::CloseBracket
                | Self::Comma
                | Self::Colon
                | Self::Is
        )
    }
}

/// In quotes; only the beginning of a long text, for the place is named beside it.
fn shortened(written: &str) -> String {
    /// As upstream.
    const LETTERS_MAX: usize = 10;
    match written.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{:?}...", written.get(..end).unwrap_or(written)),
        None => format!("{written:?}"),
    }
}

impl Token {
    /// How error messages name it; `written` is its text.
    pub(super) fn describe(self, written: &str) -> String {
        match self.kind {
            Kind::End => "end of input".to_owned(),
            Kind::Broken(_) => format!("{written:?}"),
            Kind::Number => format!("number {}", shortened(written)),
            Kind::Duration => format!("duration {}", shortened(written)),
            Kind::Text => format!("string {}", shortened(written)),
            Kind::Name => format!("identifier {written:?}"),
            Kind::MetricName => format!("metric identifier {written:?}"),
            Kind::Keyword(Keyword::Number) => format!("number {written:?}"),
            Kind::Keyword(Keyword::Aggregator(it)) => format!("<aggr:{}>", it.name()),
            Kind::Keyword(it @ (Keyword::And | Keyword::Or | Keyword::Unless | Keyword::Atan2)) => {
                format!("<op:{}>", it.name())
            }
            Kind::Keyword(it) => format!("<{}>", it.name()),
            Kind::Symbol(it) if it.is_operator() => format!("<op:{}>", it.text()),
            Kind::Symbol(it) => format!("{:?}", it.text()),
        }
    }
}
