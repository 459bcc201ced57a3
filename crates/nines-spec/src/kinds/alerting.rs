//! The kinds about alerts: who hears of which, and when not.

mod inhibition;
mod interval;
mod receiver;
mod routing;
mod silence;

pub(super) use inhibition::{SPEC as INHIBITION, read as inhibition};
pub(super) use interval::{SPEC as TIME_INTERVAL, read as interval};
pub(super) use receiver::{SPEC as RECEIVER, read as receiver};
pub(super) use routing::{SPEC as ROUTING, read as routing};
pub(super) use silence::{SPEC as SILENCE, read as silence};

use crate::fields::LIST_MAX;
use crate::shape::{NAME, Type};
use crate::values::MATCHERS_MAX;

/// `{team: shop}`, one text, or a list of texts.
const MATCH: Type = Type::AnyOf(&[
    Type::Names(&Type::Text),
    Type::Text,
    Type::List { of: &Type::Text, min: 0, max: MATCHERS_MAX },
]);
/// Names of time intervals.
const INTERVALS: Type = Type::List { of: &Type::Like(&NAME), min: 0, max: LIST_MAX };
