//! The containers a field can be: optional, repeated, or a map with text keys.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::Unreadable;
use super::kind::{Given, Held, Kind};
use crate::JsonWriter;
use crate::error::within;

/// No list may take more memory than this, so that a body of empty objects cannot grow beyond
/// all proportion. It holds some hundred thousand metrics.
const LIST_BYTES: usize = 64 << 20;

/// A field that holds values of kind `K`.
pub trait Slot<K: Kind> {
    /// Reads the field from JSON, and says whether there was more than a `null`.
    fn read<'de, A: MapAccess<'de>>(&mut self, input: &mut A) -> Result<bool, A::Error>;

    /// Reads one value from a query string.
    fn read_text(&mut self, text: &str) -> Result<(), Unreadable>;

    /// Writes the field if it is set.
    fn write(&self, name: &'static str, out: &mut JsonWriter);

    /// Describes the field to the checks of a request.
    fn held(&self) -> Held;
}

impl<K: Kind> Slot<K> for Option<K::Value> {
    fn read<'de, A: MapAccess<'de>>(&mut self, input: &mut A) -> Result<bool, A::Error> {
        *self = value(input.next_value_seed(One::<K>(PhantomData))?);
        Ok(self.is_some())
    }

    fn read_text(&mut self, text: &str) -> Result<(), Unreadable> {
        *self = value(K::read_text(text)?);
        Ok(())
    }

    fn write(&self, name: &'static str, out: &mut JsonWriter) {
        if let Some(value) = self {
            K::write(value, out.key(name));
        }
    }

    fn held(&self) -> Held {
        self.as_ref().map_or(Held::Nothing, K::held)
    }
}

impl<K: Kind> Slot<K> for Vec<K::Value> {
    fn read<'de, A: MapAccess<'de>>(&mut self, input: &mut A) -> Result<bool, A::Error> {
        input.next_value_seed(Many::<K>(self))
    }

    fn read_text(&mut self, text: &str) -> Result<(), Unreadable> {
        self.extend(value(K::read_text(text)?));
        Ok(())
    }

    fn write(&self, name: &'static str, out: &mut JsonWriter) {
        if !self.is_empty() {
            out.key(name).begin_array();
            self.iter().for_each(|value| K::write(value, out));
            out.end_array();
        }
    }

    fn held(&self) -> Held {
        Held::Items(self.len())
    }
}

impl<K: Kind> Slot<K> for BTreeMap<String, K::Value> {
    fn read<'de, A: MapAccess<'de>>(&mut self, input: &mut A) -> Result<bool, A::Error> {
        input.next_value_seed(Entries::<K>(self))
    }

    fn read_text(&mut self, _: &str) -> Result<(), Unreadable> {
        Err(Unreadable::Expected(
            "nothing, as maps cannot be sent in a query",
        ))
    }

    fn write(&self, name: &'static str, out: &mut JsonWriter) {
        if !self.is_empty() {
            out.key(name).begin_object();
            for (key, value) in self {
                K::write(value, out.text_key(key));
            }
            out.end_object();
        }
    }

    fn held(&self) -> Held {
        Held::Items(self.len())
    }
}

fn value<T>(given: Given<T>) -> Option<T> {
    match given {
        Given::Value(value) => Some(value),
        Given::Null | Given::UnknownName => None,
    }
}

struct One<K>(PhantomData<K>);

impl<'de, K: Kind> DeserializeSeed<'de> for One<K> {
    type Value = Given<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        K::read(input)
    }
}

struct Many<'a, K: Kind>(&'a mut Vec<K::Value>);

impl<'de, K: Kind> DeserializeSeed<'de> for Many<'_, K> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<bool, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de, K: Kind> Visitor<'de> for Many<'_, K> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<bool, A::Error> {
        let mut index = 0;
        while let Some(given) = (input.next_element_seed(One::<K>(PhantomData)))
            .map_err(|error| within(format_args!("item {index}"), error))?
        {
            if matches!(given, Given::Null) {
                return Err(A::Error::custom(format_args!(
                    "item {index}: null is not allowed"
                )));
            }
            if index * size_of::<K::Value>() > LIST_BYTES {
                return Err(A::Error::custom("too many items"));
            }
            self.0.extend(value(given));
            index += 1;
        }
        Ok(true)
    }
}

struct Entries<'a, K: Kind>(&'a mut BTreeMap<String, K::Value>);

impl<'de, K: Kind> DeserializeSeed<'de> for Entries<'_, K> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<bool, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de, K: Kind> Visitor<'de> for Entries<'_, K> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<bool, A::Error> {
        while let Some(key) = input.next_key::<String>()? {
            let Given::Value(value) = input.next_value_seed(One::<K>(PhantomData))? else {
                return Err(A::Error::custom("null is not allowed in a map"));
            };
            if self.0.insert(key, value).is_some() {
                return Err(A::Error::custom("the same key twice in a map"));
            }
        }
        Ok(true)
    }
}
