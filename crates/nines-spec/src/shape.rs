//! What documents look like: every mapping with its fields, described once.
//!
//! Readers take the names they know from here, and so do the JSON Schema, `nines explain slo.spec.window` and the
//! reference. A shape says what one value may be; rules between values belong to the readers.

/// One mapping.
#[derive(Debug)]
pub(crate) struct Shape {
    /// How messages call it, such as "SLO spec".
    pub(crate) owner: &'static str,
    pub(crate) fields: &'static [Field],
    /// Exactly one of these is there; empty for no such rule.
    pub(crate) one_of: &'static [&'static str],
    /// Names of further fields, which are as Prometheus describes them.
    pub(crate) besides: &'static [&'static [&'static str]],
}

/// One field of a mapping.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// What it means, in one sentence.
    pub(crate) about: &'static str,
    pub(crate) value: Type,
    /// It must be there; messages show this line.
    pub(crate) needed: Option<&'static str>,
    /// What holds without it.
    pub(crate) default: Option<&'static str>,
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Type {
    /// Any text; numbers are taken as they were written.
    Text,
    /// Text of this form, and one that has it.
    Like(&'static Pattern),
    /// One word of a few.
    Word(&'static [&'static str]),
    Whole {
        min: u64,
        max: u64,
    },
    Boolean,
    List {
        of: &'static Self,
        min: usize,
        max: usize,
    },
    Map(&'static Shape),
    /// Names that we do not choose, and a value each.
    Names(&'static Self),
    AnyOf(&'static [Self]),
    /// Anything, of which Prometheus' documentation says more.
    AsPrometheus,
}

/// Texts of one form.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// What it is called, such as "a duration".
    pub(crate) noun: &'static str,
    /// Of the whole text. What it refuses the reader refuses too.
    pub(crate) regex: &'static str,
    pub(crate) example: &'static str,
}

impl Shape {
    pub(crate) const fn new(owner: &'static str, fields: &'static [Field]) -> Self {
        Self { owner, fields, one_of: &[], besides: &[] }
    }

    pub(crate) const fn one_of(self, one_of: &'static [&'static str]) -> Self {
        Self { one_of, ..self }
    }

    pub(crate) const fn besides(self, names: &'static [&'static [&'static str]]) -> Self {
        Self { besides: names, ..self }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|it| it.name == name)
    }

    /// The names of all fields, in the order in which messages list them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|it| it.name).collect()
    }
}

impl Field {
    pub(crate) const fn new(name: &'static str, value: Type, about: &'static str) -> Self {
        Self { name, about, value, needed: None, default: None }
    }

    pub(crate) const fn needed(self, example: &'static str) -> Self {
        Self { needed: Some(example), ..self }
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// The words of a list that readers use, for [`Type::Word`].
pub(crate) const fn words<T, const N: usize>(known: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut index = 0;
    while index < N {
        words[index] = known[index].0;
        index += 1;
    }
    words
}

pub(crate) static DURATION: Pattern =
    Pattern { noun: "a duration", regex: "^([0-9]+(y|w|d|h|m|s|ms))+$|^0$", example: "1h30m" };
pub(crate) static OBJECTIVE: Pattern =
    Pattern { noun: "a percentage", regex: "^[0-9]+(\\.[0-9]{1,7})? *%$", example: "99.9%" };
pub(crate) static SHARE: Pattern =
    Pattern { noun: "a percentage", regex: "^[0-9]+(\\.[0-9]{1,7})? *%$", example: "10%" };
pub(crate) static URL: Pattern = Pattern {
    noun: "an address",
    regex: "^https?://[^/\\s]\\S*$",
    example: "https://example.org/hook",
};
pub(crate) static DECIMAL: Pattern =
    Pattern { noun: "a decimal number", regex: "^[+-]?[0-9]+(\\.[0-9]{1,9})?$", example: "14.4" };
pub(crate) static TARGET: Pattern =
    Pattern { noun: "a target", regex: "^ *(<|<=|>|>=) *[+-]?[0-9].*$", example: "< 300ms" };
pub(crate) static NAME: Pattern =
    Pattern { noun: "a name", regex: "^[A-Za-z0-9_.-]{1,63}$", example: "shop" };
pub(crate) static SLO_NAME: Pattern = Pattern {
    noun: "`service/slo`",
    regex: "^[A-Za-z0-9_.-]{1,63}/[A-Za-z0-9_.-]{1,63}$",
    example: "checkout/availability",
};
pub(crate) static INSTANT: Pattern = Pattern {
    noun: "a date or an instant",
    regex: "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$",
    example: "2026-07-01",
};
pub(crate) static DATE: Pattern =
    Pattern { noun: "a date", regex: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example: "2026-01-05" };
pub(crate) static ZONE: Pattern =
    Pattern { noun: "an IANA time zone", regex: "^[A-Za-z0-9_+/-]+$", example: "Europe/Warsaw" };
pub(crate) static SELECTOR: Pattern = Pattern {
    noun: "a series selector",
    regex: "[A-Za-z_:{\"]",
    example: "http_requests_total{code=~\"5..\"}",
};
pub(crate) static QUERY: Pattern = Pattern {
    noun: "a PromQL query",
    regex: "\\S",
    example: "sum(increase(http_requests_total[$slice]))",
};
