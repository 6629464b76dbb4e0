//! A JSON object becomes a message, straight from the bytes.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Unreadable;
use super::kind::{Given, Held};
use crate::EncodeJson;
use crate::error::{both_spellings, within};
use crate::rule::{Param, Rule};

/// The two names of a field.
#[derive(Debug)]
pub struct FieldName {
    /// snake_case, as in the `.proto` file; the only name we write.
    pub proto: &'static str,
    /// camelCase, accepted in bodies.
    pub json: &'static str,
}

/// A field that a key of an object names.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    index: usize,
    by_json_name: bool,
}

impl Found {
    pub(crate) fn by_proto_name(index: usize) -> Self {
        Self {
            index,
            by_json_name: false,
        }
    }

    pub(crate) fn by_json_name(index: usize) -> Self {
        Self {
            index,
            by_json_name: true,
        }
    }
}

/// A message with generated JSON code. Fields are counted from 0 in the order of
/// their protobuf numbers.
pub trait JsonMessage: EncodeJson + Default {
    /// The names of the fields.
    const FIELDS: &'static [FieldName];

    /// The field of that name in either spelling.
    fn find(name: &str) -> Option<Found>;

    /// Reads the next value of `input` into a field; false for `null`.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        field: usize,
        input: &mut A,
    ) -> Result<bool, A::Error>;

    /// Reads a word of a query string into a field.
    fn read_text(&mut self, field: usize, text: &str) -> Result<(), Unreadable>;

    /// Describes a field to the checks of a request.
    fn held(&self, field: usize) -> Held;

    /// The number of the field with that name in the `.proto` file.
    fn index_of(name: &str) -> Option<usize> {
        Self::FIELDS.iter().position(|field| field.proto == name)
    }
}

/// Which fields were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presence(u64);

impl Presence {
    /// Every field counts as sent.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) fn has(self, field: usize) -> bool {
        self.0 & (1 << field) != 0
    }

    /// Notes a field, and says whether it was there before.
    pub(crate) fn note(&mut self, field: usize) -> bool {
        let before = self.has(field);
        self.0 |= 1 << field;
        before
    }
}

/// Reads one JSON document. Nothing at all and `null` count as an empty object.
pub(crate) fn parse<M: JsonMessage>(
    text: &[u8],
    params: &'static [Param],
) -> Result<(M, Presence), serde_json::Error> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Default::default());
    }
    let mut input = serde_json::Deserializer::from_slice(text);
    let message = input.deserialize_any(TopVisitor::<M>(params, PhantomData))?;
    input.end()?;
    Ok(message)
}

/// The outermost object, for which it matters which fields were sent.
struct TopVisitor<M>(&'static [Param], PhantomData<M>);

impl<'de, M: JsonMessage> Visitor<'de> for TopVisitor<M> {
    type Value = (M, Presence);

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Default::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, input: A) -> Result<Self::Value, A::Error> {
        read_fields(input, self.0)
    }
}

/// An object inside another.
pub(crate) struct MessageVisitor<M>(pub(crate) PhantomData<M>);

impl<'de, M: JsonMessage> Visitor<'de> for MessageVisitor<M> {
    type Value = Given<M>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, input: A) -> Result<Self::Value, A::Error> {
        read_fields(input, &[]).map(|(message, _)| Given::Value(message))
    }
}

fn read_fields<'de, M: JsonMessage, A: MapAccess<'de>>(
    mut input: A,
    params: &[Param],
) -> Result<(M, Presence), A::Error> {
    let mut message = M::default();
    let mut sent = Presence::default();
    let mut seen = Seen::default();
    while let Some(found) = input.next_key_seed(Key::<M>(PhantomData))? {
        let Some(found) = found else {
            skip(&mut input)?;
            continue;
        };
        let name = &M::FIELDS[found.index];
        seen.note(found, name).map_err(A::Error::custom)?;
        if found.by_json_name && needs_proto_name(params, name) {
            skip(&mut input)?;
            continue;
        }
        let value = message.read(found.index, &mut input);
        if value.map_err(|error| within(format_args!("field '{}'", name.proto), error))? {
            sent.note(found.index);
        }
    }
    Ok((message, sent))
}

/// MLflow looks for required parameters before protobuf's names are resolved.
fn needs_proto_name(params: &[Param], name: &FieldName) -> bool {
    let param = params.iter().find(|param| param.name == name.proto);
    param.is_some_and(|param| param.rules.contains(&Rule::Required))
}

/// The keys of one object so far, in both spellings.
#[derive(Default)]
struct Seen {
    by_proto_name: Presence,
    by_json_name: Presence,
}

impl Seen {
    fn note(&mut self, found: Found, name: &FieldName) -> Result<(), String> {
        let (this, other) = match found.by_json_name {
            true => (&mut self.by_json_name, &self.by_proto_name),
            false => (&mut self.by_proto_name, &self.by_json_name),
        };
        if other.has(found.index) {
            Err(both_spellings(name.proto, name.json))
        } else if this.note(found.index) {
            Err(format!("field '{}': the same key twice", name.proto))
        } else {
            Ok(())
        }
    }
}

struct Key<M>(PhantomData<M>);

impl<'de, M: JsonMessage> DeserializeSeed<'de> for Key<M> {
    type Value = Option<Found>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_str(self)
    }
}

impl<M: JsonMessage> Visitor<'_> for Key<M> {
    type Value = Option<Found>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(M::find(name))
    }
}

/// Reads a value of no interest. Unlike serde's `IgnoredAny` it looks at everything on the way,
/// so that a lone surrogate or bottomless nesting is refused there too.
pub fn skip<'de, A: MapAccess<'de>>(input: &mut A) -> Result<(), A::Error> {
    input.next_value::<Skipped>().map(|_| ())
}

struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(SkipVisitor)
    }
}

struct SkipVisitor;

impl<'de> Visitor<'de> for SkipVisitor {
    type Value = Skipped;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Skipped, A::Error> {
        while input.next_element::<Skipped>()?.is_some() {}
        Ok(Skipped)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Skipped, A::Error> {
        while let Some(key) = input.next_key::<Skipped>()? {
            let Skipped = key;
            skip(&mut input)?;
        }
        Ok(Skipped)
    }
}
