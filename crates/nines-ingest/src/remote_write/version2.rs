//! The message of version 2.0: texts stand in one table, and labels are places in it.

use super::request::{Request, Spelling, family, name_reference};
use super::{SYMBOLS_MAX, WriteError, WriteLimits};
use crate::key::{series_key, spell};
use crate::wire::{Fields, WireError};

/// About as long as a series with one sample is.
const SERIES_BYTES: usize = 50;
/// About as long as a symbol is, when there are many.
const SYMBOL_BYTES: usize = 50;

/// Walks a `Request`.
///
/// Times at which a counter or histogram began are read over: nines finds resets in the values.
pub(super) fn read<'m>(message: &'m [u8], limits: &WriteLimits) -> Result<Request<'m>, WriteError> {
    let symbols = symbols(message)?;
    // Of each symbol, whether the family that it names is described already.
    let mut described = vec![false; symbols.len()];
    let mut request = Request::new(Spelling::Symbols(symbols), message.len() / SERIES_BYTES);
    let mut buffers = Buffers::default();
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        if field.number == 5 {
            series(&mut request, field.bytes()?, &mut buffers, &mut described, limits)?;
        }
    }
    Ok(request)
}

/// The table may stand anywhere in the message, so it is read first.
fn symbols(message: &[u8]) -> Result<Vec<&[u8]>, WriteError> {
    let mut symbols = Vec::with_capacity(message.len() / SYMBOL_BYTES);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        if field.number == 4 {
            if SYMBOLS_MAX <= symbols.len() {
                return Err(WriteError::TooLarge { what: "symbols", max: SYMBOLS_MAX });
            }
            symbols.push(field.bytes()?);
        }
    }
    // An empty message has no table, and needs none.
    if message.is_empty() || symbols.first().is_some_and(|it| it.is_empty()) {
        return Ok(symbols);
    }
    Err(WriteError::Symbols)
}

/// Used again from series to series.
#[derive(Debug, Default)]
struct Buffers {
    references: Vec<u64>,
    spelled: Vec<u8>,
}

fn series<'m>(
    request: &mut Request<'m>,
    message: &'m [u8],
    buffers: &mut Buffers,
    described: &mut [bool],
    limits: &WriteLimits,
) -> Result<(), WriteError> {
    let Buffers { references, spelled } = buffers;
    references.clear();
    spelled.clear();
    let mut metadata = None;
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => field.push_uints(|it| references.push(it))?,
            2 => request.push_sample(field.bytes()?)?,
            3 => request.push_histogram(field.bytes()?)?,
            4 => request.push_exemplar(field.bytes()?),
            5 => metadata = Some(field.message()?),
            _ => {}
        }
    }
    spell_symbols(references, request.symbols(), spelled);
    if let Some(metadata) = metadata {
        describe(request, metadata, references, described)?;
    }
    request.end_series(series_key(spelled), message, limits)
}

/// The labels as version 1.0 spells them, so that a series has one key in both. References that lead nowhere are
/// spelled by number: such a series is refused, and must not share the key of a good one.
fn spell_symbols(references: &[u64], symbols: &[&[u8]], out: &mut Vec<u8>) {
    let symbol = |it: &u64| usize::try_from(*it).ok().and_then(|it| symbols.get(it)).copied();
    let (pairs, rest) = references.as_chunks::<2>();
    for [name, value] in pairs {
        match (symbol(name), symbol(value)) {
            (Some(name), Some(value)) => spell(out, name, value),
            _ => spell_broken(out, &[*name, *value]),
        }
    }
    if !rest.is_empty() {
        spell_broken(out, rest);
    }
}

/// Field 2 is never part of a key that is made of labels.
fn spell_broken(out: &mut Vec<u8>, references: &[u64]) {
    for reference in references {
        out.push(0x12);
        out.extend_from_slice(&reference.to_le_bytes());
    }
}

/// Many series belong to one metric, so its description comes many times in one request.
fn describe(
    request: &mut Request<'_>,
    mut fields: Fields<'_>,
    references: &[u64],
    described: &mut [bool],
) -> Result<(), WireError> {
    let (mut kind, mut help, mut unit) = (0, 0, 0);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => kind = field.int()?,
            3 => help = field.uint()?,
            4 => unit = field.uint()?,
            _ => {}
        }
    }
    let place = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    let name = name_reference(references, request.symbols());
    let Some(is_described) = name.and_then(|it| described.get_mut(place(it))) else {
        return Ok(());
    };
    if std::mem::replace(is_described, true) || (kind, help, unit) == (0, 0, 0) {
        return Ok(());
    }
    let symbol = |it: u64| request.symbols().get(place(it)).copied().unwrap_or_default();
    let metric = family(symbol(name.unwrap_or(0)), kind);
    let (help, unit) = (symbol(help), symbol(unit));
    request.push_metadata(kind, metric, help, unit);
    Ok(())
}
