//! The message of version 1.0: every series has its labels as texts.

use super::request::{Request, Spelling};
use super::{WriteError, WriteLimits};
use crate::key::series_key;
use crate::wire::{Fields, WireError};

/// About as long as a series with one sample is.
const SERIES_BYTES: usize = 200;

/// Walks a `WriteRequest`.
pub(super) fn read<'m>(message: &'m [u8], limits: &WriteLimits) -> Result<Request<'m>, WriteError> {
    let mut request = Request::new(Spelling::Inline, message.len() / SERIES_BYTES);
    let mut spelled = Vec::new();
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => series(&mut request, field.bytes()?, &mut spelled, limits)?,
            3 => metadata(&mut request, field.message()?)?,
            _ => {}
        }
    }
    Ok(request)
}

/// The tag of field 1 with bytes in it.
const LABEL: u8 = 0x0a;

/// Walks a `TimeSeries`. Its labels are one run of bytes at the beginning in whatever real senders write; then they
/// are hashed where they are.
fn series<'m>(
    request: &mut Request<'m>,
    message: &'m [u8],
    spelled: &mut Vec<u8>,
    limits: &WriteLimits,
) -> Result<(), WriteError> {
    let mut fields = Fields::new(message);
    let run = fields.run(LABEL)?;
    let mut is_whole_run = true;
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => {
                field.bytes()?;
                is_whole_run = false;
            }
            2 => request.push_sample(field.bytes()?)?,
            3 => request.push_exemplar(field.bytes()?),
            4 => request.push_histogram(field.bytes()?)?,
            _ => {}
        }
    }
    let key = if is_whole_run {
        series_key(run)
    } else {
        spelled.clear();
        gather(message, spelled)?;
        series_key(spelled)
    };
    request.end_series(key, message, limits)
}

/// The labels of a series without what stands between them.
fn gather(message: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut fields = Fields::new(message);
    loop {
        let from = message.len() - fields.left();
        let Some(field) = fields.advance()? else { return Ok(()) };
        if field.number == 1 {
            out.extend_from_slice(
                message.get(from..message.len() - fields.left()).unwrap_or_default(),
            );
        }
    }
}

fn metadata(request: &mut Request<'_>, mut fields: Fields<'_>) -> Result<(), WireError> {
    let (mut kind, mut metric, mut help, mut unit): (_, &[u8], &[u8], &[u8]) = (0, &[], &[], &[]);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => kind = field.int()?,
            2 => metric = field.bytes()?,
            4 => help = field.bytes()?,
            5 => unit = field.bytes()?,
            _ => {}
        }
    }
    request.push_metadata(kind, metric, help, unit);
    Ok(())
}
