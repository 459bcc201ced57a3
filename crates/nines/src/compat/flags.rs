//! The flags of other programs, as data: which there are, what they are without being given, and which of them mean
//! something here. Parsing them, status page and documentation all read one table per program.

use std::collections::BTreeMap;

/// A program whose command line is understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// As people write it.
    pub(crate) name: &'static str,
    /// As `nines compat` knows it.
    pub(crate) command: &'static str,
    /// Every flag of it, and ours.
    pub(crate) flags: &'static [Flag],
}

/// One flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Without the dashes.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As a status page shows it.
    pub(crate) default: &'static str,
    pub(crate) meaning: Meaning,
}

/// What follows a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it is on, or off as `--no-…`.
    Switch,
    /// One value; the last one counts.
    Value,
    /// One value each time; all count.
    List,
}

/// What becomes of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It does what it does in that program.
    Same,
    /// It is taken, and changes nothing.
    None,
    /// Leaving it out would be dangerous, so it is an error.
    Refused(&'static str),
    /// Our own.
    Ours,
}

pub(super) const fn same(name: &'static str, kind: Kind, default: &'static str) -> Flag {
    Flag { name, kind, default, meaning: Meaning::Same }
}

pub(super) const fn none(name: &'static str, kind: Kind, default: &'static str) -> Flag {
    Flag { name, kind, default, meaning: Meaning::None }
}

pub(super) const fn refused(name: &'static str, kind: Kind, why: &'static str) -> Flag {
    Flag { name, kind, default: "", meaning: Meaning::Refused(why) }
}

pub(super) const fn ours(name: &'static str) -> Flag {
    Flag { name, kind: Kind::Value, default: "", meaning: Meaning::Ours }
}

/// What was given, by flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    program: &'static Program,
    values: BTreeMap<&'static str, Vec<String>>,
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The server.
    Serve(Given),
    /// `--help` and its relatives.
    Help,
    /// `--version`.
    Version,
}

impl Given {
    /// The last value of a flag, or its default.
    pub(crate) fn value(&self, name: &str) -> &str {
        let given = self.values.get(name).and_then(|it| it.last());
        given.map_or_else(|| self.default(name), String::as_str)
    }

    /// The last value of a flag, if it was given and is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .and_then(|it| it.last())
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Every value of a flag, or its default.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        match self.values.get(name) {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => vec![self.default(name)],
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name) == "true"
    }

    /// The flags that were given and change nothing.
    pub(crate) fn without_meaning(&self) -> Vec<&'static str> {
        let given = self.program.flags.iter().filter(|it| self.values.contains_key(it.name));
        given.filter(|it| it.meaning == Meaning::None).map(|it| it.name).collect()
    }

    /// Everything, defaults included, for the status page.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        let shown =
            self.program.flags.iter().filter(|it| !matches!(it.meaning, Meaning::Refused(_)));
        shown.map(|it| (it.name.to_owned(), self.list(it.name).join(","))).collect()
    }

    fn default(&self, name: &str) -> &'static str {
        self.program.flags.iter().find(|it| it.name == name).map_or("", |it| it.default)
    }
}

/// Reads a command line as these programs do: `--flag=value`, `--flag value`, `--switch`, `--no-switch`.
///
/// # Errors
/// One sentence, with what was probably meant.
pub(crate) fn parse(program: &'static Program, args: &[String]) -> Result<Asked, String> {
    let mut given = Given { program, values: BTreeMap::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix("--").filter(|it| !it.is_empty()) else {
            return match arg.as_str() {
                "-h" => Ok(Asked::Help),
                _ => Err(format!(
                    "unexpected `{arg}`; everything is a flag, such as --config.file=FILE"
                )),
            };
        };
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        match name {
            "help" | "help-long" | "help-man" => return Ok(Asked::Help),
            "version" => return Ok(Asked::Version),
            _ => {}
        }
        let (flag, is_negated) = find(program, name)?;
        let value = match (flag.kind, inline) {
            (Kind::Switch, Some(_)) => {
                return Err(format!(
                    "--{name} takes no value; write --{name} or --no-{}",
                    flag.name
                ));
            }
            (Kind::Switch, None) => (!is_negated).to_string(),
            (Kind::Value | Kind::List, Some(value)) => value,
            (Kind::Value | Kind::List, None) => {
                let next = args.next();
                next.ok_or_else(|| format!("--{name} needs a value: --{name}=VALUE"))?.clone()
            }
        };
        if let Meaning::Refused(why) = flag.meaning
            && value != "false"
        {
            return Err(format!("--{name} is refused: {why}"));
        }
        given.values.entry(flag.name).or_default().push(value);
    }
    Ok(Asked::Serve(given))
}

/// The flag of this name; switches also by their negation.
fn find(program: &Program, name: &str) -> Result<(&'static Flag, bool), String> {
    let by_name = |name: &str| program.flags.iter().find(|it| it.name == name);
    if let Some(flag) = by_name(name) {
        return Ok((flag, false));
    }
    let negated = name.strip_prefix("no-").and_then(by_name);
    if let Some(flag) = negated.filter(|it| it.kind == Kind::Switch) {
        return Ok((flag, true));
    }
    let distance = |it: &&Flag| strsim::damerau_levenshtein(it.name, name);
    let nearest =
        program.flags.iter().min_by_key(distance).filter(|it| distance(it) <= name.len() / 3);
    let hint = nearest.map_or_else(
        || format!("`nines compat {} --help` lists all flags", program.command),
        |it| format!("did you mean --{}?", it.name),
    );
    Err(format!("unknown flag --{name}; {hint}"))
}

/// All flags, a line each.
pub(crate) fn help(program: &Program) -> String {
    let Program { name, command, flags } = program;
    let mut out = format!(
        "Run nines with the flags and the file of {name}\n\nUsage: nines compat {command} [--FLAG=VALUE]...\n",
    );
    let same = format!("Flags that do what they do in {name}");
    let groups = [
        (same.as_str(), Meaning::Same),
        ("Flags of nines", Meaning::Ours),
        ("Flags that are taken and change nothing", Meaning::None),
    ];
    for (title, meaning) in groups {
        out.push_str(&format!("\n{title}:\n"));
        for flag in flags.iter().filter(|it| it.meaning == meaning) {
            let value = if flag.kind == Kind::Switch { "" } else { "=VALUE" };
            let repeat = if flag.kind == Kind::List { " (may be repeated)" } else { "" };
            let default = match flag.default {
                "" => String::new(),
                it => format!("  [{it}]"),
            };
            out.push_str(&format!("  --{}{value}{repeat}{default}\n", flag.name));
        }
    }
    out
}

#[cfg(test)]
mod tests;
