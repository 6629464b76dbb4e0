//! MLflow's messages, and MLflow's JSON rules for them.
//!
//! The structs in [`mlflow`] come from `proto/`; the build script prints, next to them, what the
//! JSON codec needs to know about each one. Binary messages are plain `prost`.
//!
//! MLflow's JSON is protobuf's JSON with differences: field names stay snake_case, 64-bit integers
//! are numbers, doubles are written as Python writes them, and requests are checked against a
//! table of parameters whose error texts clients match on. Three kinds of body that the stock
//! server half-reads are refused here: malformed JSON, a value of the wrong type outside that
//! table, and an object with the same key twice.

pub mod codec;
mod double;
mod error;
pub mod query;
mod request;
mod rule;
mod schema;
mod writer;

pub use codec::from_json;
pub use error::DecodeError;
pub use request::Request;
pub use writer::{EncodeJson, JsonWriter, to_json};

mod messages {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}
pub use messages::mlflow;

#[expect(
    clippy::match_single_binding,
    reason = "a message without fields has nothing to match"
)]
mod generated {
    use serde::de::MapAccess;

    use crate::codec::{
        Bool, Double, Enum, FieldName, Found, Held, Int32, Int64, JsonMessage, Message, NamedEnum,
        Slot, Text, Unreadable, skip,
    };
    use crate::{EncodeJson, JsonWriter};

    include!(concat!(env!("OUT_DIR"), "/codec.rs"));
}
