//! How messages are read and written field by field. The build script's code and
//! [`Request`](crate::Request) use this; servers need only the latter.

mod kind;
mod message;
mod slot;

pub use kind::{Bool, Double, Enum, Given, Held, Int32, Int64, Kind, Message, NamedEnum, Text};
pub use message::{FieldName, Found, JsonMessage, Presence, skip};
pub use slot::Slot;

pub(crate) use message::parse;

use crate::DecodeError;

/// Why a word of a query string does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Neither `true` nor `false`.
    NotABool,
    /// Something else was wanted: what.
    Expected(&'static str),
}

/// Reads any message from JSON, without a request's checks.
pub fn from_json<M: JsonMessage>(text: &[u8]) -> Result<M, DecodeError> {
    match parse::<M>(text, &[]) {
        Ok((message, _)) => Ok(message),
        Err(error) if error.is_data() => Err(DecodeError::wrong_field(&error)),
        Err(error) => Err(DecodeError::malformed(&error)),
    }
}
