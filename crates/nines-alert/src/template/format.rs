//! `print` and `printf`, with floats as Go writes them.
//!
//! Source: the documentation of Go's packages `fmt` and `strconv`.

use super::Value;

/// The widest field and the most decimals.
const WIDTH_MAX: usize = 1_000;

/// How a float is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatForm {
    /// `%e`
    Exponent,
    /// `%f`
    Decimal,
    /// `%g`: the shorter of the two.
    Shortest,
}

/// A float as Go writes it. Without a precision as many digits as tell it from its neighbours.
pub fn format_float(value: f64, form: FloatForm, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match form {
        FloatForm::Exponent => exponent(value, precision),
        FloatForm::Decimal => match precision {
            Some(precision) => format!("{value:.precision$}"),
            None => value.to_string(),
        },
        FloatForm::Shortest => shortest(value, precision),
    }
}

/// `1.5e+03`: at least two digits in the exponent.
fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn shortest(value: f64, precision: Option<usize>) -> String {
    /// From this exponent on `%g` without a precision is written with an exponent.
    const EXPONENT_FROM: i32 = 6;
    let digits = precision.map(|it| it.max(1));
    let text = exponent(value, digits.map(|it| it - 1));
    let Some((mantissa, power)) = text.split_once('e') else { return text };
    let power: i32 = power.parse().unwrap_or(0);
    let limit = digits.map_or(EXPONENT_FROM, |it| i32::try_from(it).unwrap_or(i32::MAX));
    if power < -4 || limit <= power {
        let mantissa = trimmed(mantissa);
        let (_, exponent) = text.split_once('e').unwrap_or_default();
        return format!("{mantissa}e{exponent}");
    }
    match digits {
        None => value.to_string(),
        Some(digits) => {
            let digits = i32::try_from(digits).unwrap_or(i32::MAX);
            let decimals = usize::try_from(digits - 1 - power).unwrap_or(0);
            trimmed(&format!("{value:.decimals$}")).to_owned()
        }
    }
}

/// Without zeros at the end of the decimals.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// With a space between two operands when neither is a text.
pub(super) fn print(args: &[Value]) -> String {
    let mut out = String::new();
    let mut was_text = true;
    for arg in args {
        let is_text = matches!(arg, Value::Text(_));
        if !out.is_empty() && !is_text && !was_text {
            out.push(' ');
        }
        was_text = is_text;
        out.push_str(&arg.to_string());
    }
    out
}

/// Flags, width, precision and verb of one `%…`.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the format")]
struct Directive {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// As Go's `Sprintf`: what does not fit is said in the result.
pub(super) fn printf(format: &str, args: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut args = args.iter();
    let mut characters = format.chars().peekable();
    while let Some(it) = characters.next() {
        if it != '%' {
            out.push(it);
            continue;
        }
        let mut directive = Directive::default();
        while let Some(flag) = characters.next_if(|it| "-+# 0".contains(*it)) {
            match flag {
                '-' => directive.minus = true,
                '+' => directive.plus = true,
                '#' => directive.sharp = true,
                ' ' => directive.space = true,
                _ => directive.zero = true,
            }
        }
        directive.width = size(&mut characters, &mut args)?;
        if characters.next_if_eq(&'.').is_some() {
            directive.precision = Some(size(&mut characters, &mut args)?.unwrap_or(0));
        }
        match characters.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match args.next() {
                None => out.push_str(&format!("%!{verb}(MISSING)")),
                Some(arg) => out.push_str(&directive.write(verb, arg)),
            },
        }
    }
    let extra: Vec<String> = args.map(|it| format!("{}={it}", it.type_name())).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(out)
}

/// Digits, or `*` for the next argument.
fn size<'v>(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    args: &mut impl Iterator<Item = &'v Value>,
) -> Result<Option<usize>, String> {
    let too_wide = || format!("a width or precision is more than {WIDTH_MAX}");
    if characters.next_if_eq(&'*').is_some() {
        return match args.next() {
            Some(Value::Int(it)) => {
                let it = usize::try_from(*it).ok().filter(|it| *it <= WIDTH_MAX);
                it.map(Some).ok_or_else(too_wide)
            }
            _ => Err("`*` in a format needs an int".to_owned()),
        };
    }
    let mut digits = String::new();
    while let Some(digit) = characters.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().ok().filter(|it| *it <= WIDTH_MAX).map(Some).ok_or_else(too_wide)
}

impl Directive {
    fn write(&self, verb: char, arg: &Value) -> String {
        let bad = || format!("%!{verb}({}={arg})", arg.type_name());
        let text = match (verb, arg) {
            ('T', _) => arg.type_name().to_owned(),
            ('v', Value::Float(it)) => self.float(*it, FloatForm::Shortest, self.precision),
            ('v', Value::Int(it)) => self.signed(it.to_string()),
            ('v', Value::Nil) => "<nil>".to_owned(),
            ('v', _) => self.cut(arg.to_string()),
            ('t', Value::Bool(it)) => it.to_string(),
            ('d', Value::Int(it)) => self.signed(it.to_string()),
            ('b', Value::Int(it)) => self.signed(radix(*it, |it| format!("{it:b}"))),
            ('o', Value::Int(it)) => self.signed(radix(*it, |it| format!("{it:o}"))),
            ('x', Value::Int(it)) => self.signed(radix(*it, |it| format!("{it:x}"))),
            ('X', Value::Int(it)) => self.signed(radix(*it, |it| format!("{it:X}"))),
            ('c', Value::Int(it)) => character(*it).to_string(),
            ('U', Value::Int(it)) => format!("U+{it:04X}"),
            ('q', Value::Int(it)) => format!("{:?}", character(*it)),
            ('e' | 'E', Value::Float(it)) => {
                let text = self.float(*it, FloatForm::Exponent, Some(self.precision.unwrap_or(6)));
                if verb == 'E' { text.to_uppercase() } else { text }
            }
            ('f' | 'F', Value::Float(it)) => {
                self.float(*it, FloatForm::Decimal, Some(self.precision.unwrap_or(6)))
            }
            ('g' | 'G', Value::Float(it)) => {
                let text = self.float(*it, FloatForm::Shortest, self.precision);
                if verb == 'G' { text.to_uppercase() } else { text }
            }
            ('s', Value::Text(it)) => self.cut(it.to_string()),
            ('q', Value::Text(it)) => format!("{:?}", self.cut(it.to_string())),
            ('x', Value::Text(it)) => hexadecimal(it),
            ('X', Value::Text(it)) => hexadecimal(it).to_uppercase(),
            ('s', Value::List(_) | Value::Map(_) | Value::Struct(_)) => arg.to_string(),
            ('s' | 'd', Value::Nil) => format!("%!{verb}(<nil>)"),
            _ => bad(),
        };
        self.pad(&text)
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        }
    }

    fn signed(&self, digits: String) -> String {
        match () {
            () if digits.starts_with(['-', '+']) => digits,
            () if self.plus => format!("+{digits}"),
            () if self.space => format!(" {digits}"),
            () => digits,
        }
    }

    fn float(&self, value: f64, form: FloatForm, precision: Option<usize>) -> String {
        let text = format_float(value, form, precision);
        // The plus of +Inf is shown only where it is asked for, but %v shows it.
        self.signed(text)
    }

    fn pad(&self, text: &str) -> String {
        let length = text.chars().count();
        let Some(missing) = self.width.and_then(|it| it.checked_sub(length)) else {
            return text.to_owned();
        };
        if self.minus {
            return format!("{text}{}", " ".repeat(missing));
        }
        if !self.zero {
            return format!("{}{text}", " ".repeat(missing));
        }
        let sign_length = usize::from(text.starts_with(['-', '+']));
        let (sign, digits) = text.split_at_checked(sign_length).unwrap_or(("", text));
        format!("{sign}{}{digits}", "0".repeat(missing))
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |out, it| format!("{out}{it:02x}"))
}

fn radix(value: i64, write: impl Fn(u64) -> String) -> String {
    let digits = write(value.unsigned_abs());
    if value < 0 { format!("-{digits}") } else { digits }
}

fn character(code: i64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
}
