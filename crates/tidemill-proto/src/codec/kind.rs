//! The kinds of values: what each accepts from JSON and from a query string, and how it is written.
//!
//! Bodies are as lenient as protobuf's JSON: numbers may come as strings, integers as doubles
//! without a fraction, enums as numbers. Query strings are stricter about integers.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};

use super::Unreadable;
use super::message::{JsonMessage, MessageVisitor};
use crate::JsonWriter;

/// What stood in the place of a value.
#[derive(Debug, PartialEq)]
pub enum Given<T> {
    /// `null`, which means that the field is absent.
    Null,
    /// A name that an enum does not have; the field counts as absent.
    UnknownName,
    /// A value.
    Value(T),
}

/// What the checks of a request need to know of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// An absent field.
    Nothing,
    /// A string that is empty.
    Blank,
    /// An integer.
    Int(i64),
    /// A list and its length. Whether it was sent cannot be seen.
    Items(usize),
    /// Anything else.
    Value,
}

/// A kind of value.
pub trait Kind {
    /// The Rust type of the value.
    type Value;

    /// Reads the value from JSON.
    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<Self::Value>, D::Error>;

    /// Reads the value from a query string.
    fn read_text(text: &str) -> Result<Given<Self::Value>, Unreadable>;

    /// Writes the value.
    fn write(value: &Self::Value, out: &mut JsonWriter);

    /// Describes the value to the checks of a request.
    fn held(_value: &Self::Value) -> Held {
        Held::Value
    }
}

/// `string`.
#[derive(Debug)]
pub struct Text;

impl Kind for Text {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<String>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    fn read_text(text: &str) -> Result<Given<String>, Unreadable> {
        Ok(Given::Value(text.to_string()))
    }

    fn write(value: &String, out: &mut JsonWriter) {
        out.string(value);
    }

    fn held(value: &String) -> Held {
        match value.is_empty() {
            true => Held::Blank,
            false => Held::Value,
        }
    }
}

impl Scalar for Text {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: &str) -> Option<Given<String>> {
        Some(Given::Value(text.to_string()))
    }
}

/// `int64`, a JSON number on the way out.
#[derive(Debug)]
pub struct Int64;

impl Kind for Int64 {
    type Value = i64;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<i64>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    fn read_text(text: &str) -> Result<Given<i64>, Unreadable> {
        let value = text.parse();
        value
            .map(Given::Value)
            .map_err(|_| Unreadable::Expected(Self::EXPECTED))
    }

    fn write(value: &i64, out: &mut JsonWriter) {
        out.int(*value);
    }

    fn held(value: &i64) -> Held {
        Held::Int(*value)
    }
}

impl Scalar for Int64 {
    const EXPECTED: &'static str = "an integer of 64 bits";

    fn from_int(value: i64) -> Option<Given<i64>> {
        Some(Given::Value(value))
    }

    fn from_float(value: f64) -> Option<Given<i64>> {
        integral(value).map(Given::Value)
    }

    fn from_text(text: &str) -> Option<Given<i64>> {
        integer_in(text).map(Given::Value)
    }
}

/// `int32`.
#[derive(Debug)]
pub struct Int32;

impl Kind for Int32 {
    type Value = i32;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<i32>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    fn read_text(text: &str) -> Result<Given<i32>, Unreadable> {
        let value = text.parse();
        value
            .map(Given::Value)
            .map_err(|_| Unreadable::Expected(Self::EXPECTED))
    }

    fn write(value: &i32, out: &mut JsonWriter) {
        out.int(i64::from(*value));
    }

    fn held(value: &i32) -> Held {
        Held::Int(i64::from(*value))
    }
}

impl Scalar for Int32 {
    const EXPECTED: &'static str = "an integer of 32 bits";

    fn from_int(value: i64) -> Option<Given<i32>> {
        i32::try_from(value).ok().map(Given::Value)
    }

    fn from_float(value: f64) -> Option<Given<i32>> {
        integral(value).and_then(Self::from_int)
    }

    fn from_text(text: &str) -> Option<Given<i32>> {
        integer_in(text).and_then(Self::from_int)
    }
}

/// `double`.
#[derive(Debug)]
pub struct Double;

impl Kind for Double {
    type Value = f64;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<f64>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    fn read_text(text: &str) -> Result<Given<f64>, Unreadable> {
        Self::from_text(text).ok_or(Unreadable::Expected(Self::EXPECTED))
    }

    fn write(value: &f64, out: &mut JsonWriter) {
        out.double(*value);
    }
}

impl Scalar for Double {
    const EXPECTED: &'static str = "a number";

    fn from_bool(value: bool) -> Option<Given<f64>> {
        Some(Given::Value(f64::from(u8::from(value))))
    }

    fn from_int(value: i64) -> Option<Given<f64>> {
        Some(Given::Value(value as f64))
    }

    fn from_float(value: f64) -> Option<Given<f64>> {
        Some(Given::Value(value))
    }

    /// As Python's `float()`, which protobuf leaves this to; only a bare `nan` is turned away.
    fn from_text(text: &str) -> Option<Given<f64>> {
        let value = (text != "nan").then(|| text.trim().parse().ok())?;
        value.map(Given::Value)
    }
}

/// `bool`.
#[derive(Debug)]
pub struct Bool;

impl Kind for Bool {
    type Value = bool;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<bool>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    fn read_text(text: &str) -> Result<Given<bool>, Unreadable> {
        if text.eq_ignore_ascii_case("true") {
            Ok(Given::Value(true))
        } else if text.eq_ignore_ascii_case("false") {
            Ok(Given::Value(false))
        } else {
            Err(Unreadable::NotABool)
        }
    }

    fn write(value: &bool, out: &mut JsonWriter) {
        out.bool(*value);
    }
}

impl Scalar for Bool {
    const EXPECTED: &'static str = "true or false without quotes";

    fn from_bool(value: bool) -> Option<Given<bool>> {
        Some(Given::Value(value))
    }
}

/// An enum of the `.proto` files.
pub trait NamedEnum: Sized + TryFrom<i32> + Into<i32> {
    /// The name as it is in the `.proto` file.
    fn name(&self) -> &'static str;

    /// The value of that name.
    fn from_name(name: &str) -> Option<Self>;
}

/// A field of type `E`, which `prost` keeps as a number.
#[derive(Debug)]
pub struct Enum<E>(PhantomData<E>);

impl<E: NamedEnum> Kind for Enum<E> {
    type Value = i32;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<i32>, D::Error> {
        input.deserialize_any(ScalarVisitor::<Self>(PhantomData))
    }

    /// A number that the enum does not have is left out here, while a body with it is refused.
    fn read_text(text: &str) -> Result<Given<i32>, Unreadable> {
        Ok(Self::from_text(text).unwrap_or(Given::UnknownName))
    }

    fn write(value: &i32, out: &mut JsonWriter) {
        match E::try_from(*value) {
            Ok(known) => out.string(known.name()),
            Err(_) => out.int(i64::from(*value)),
        }
    }
}

impl<E: NamedEnum> Scalar for Enum<E> {
    const EXPECTED: &'static str = "the name or the number of an enum value";

    fn from_int(value: i64) -> Option<Given<i32>> {
        let known = E::try_from(i32::try_from(value).ok()?).ok()?;
        Some(Given::Value(known.into()))
    }

    fn from_float(value: f64) -> Option<Given<i32>> {
        integral(value).and_then(Self::from_int)
    }

    fn from_text(text: &str) -> Option<Given<i32>> {
        match E::from_name(text) {
            Some(known) => Some(Given::Value(known.into())),
            None => match text.parse() {
                Ok(number) => Self::from_int(number),
                Err(_) => Some(Given::UnknownName),
            },
        }
    }
}

/// A message inside another.
#[derive(Debug)]
pub struct Message<M>(PhantomData<M>);

impl<M: JsonMessage> Kind for Message<M> {
    type Value = M;

    fn read<'de, D: Deserializer<'de>>(input: D) -> Result<Given<M>, D::Error> {
        input.deserialize_any(MessageVisitor::<M>(PhantomData))
    }

    fn read_text(_: &str) -> Result<Given<M>, Unreadable> {
        Err(Unreadable::Expected(
            "nothing, as objects cannot be sent in a query",
        ))
    }

    fn write(value: &M, out: &mut JsonWriter) {
        value.encode_json(out);
    }
}

/// What a kind makes of each JSON scalar; `None` is a wrong type.
trait Scalar: Kind {
    const EXPECTED: &'static str;

    fn from_bool(_: bool) -> Option<Given<Self::Value>> {
        None
    }

    fn from_int(_: i64) -> Option<Given<Self::Value>> {
        None
    }

    fn from_float(_: f64) -> Option<Given<Self::Value>> {
        None
    }

    fn from_text(_: &str) -> Option<Given<Self::Value>> {
        None
    }
}

struct ScalarVisitor<K>(PhantomData<K>);

impl<'de, K: Scalar> Visitor<'de> for ScalarVisitor<K> {
    type Value = Given<K::Value>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(K::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        K::from_bool(value).ok_or_else(|| wrong::<K, E>("a boolean"))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        K::from_int(value).ok_or_else(|| wrong::<K, E>(format_args!("the number {value}")))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        K::from_float(value).ok_or_else(|| wrong::<K, E>(format_args!("the number {value}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        K::from_text(value).ok_or_else(|| wrong::<K, E>("a string"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(wrong::<K, _>("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(wrong::<K, _>("an object"))
    }
}

fn wrong<K: Scalar, E: Error>(given: impl fmt::Display) -> E {
    E::custom(format_args!("expected {}, got {given}", K::EXPECTED))
}

fn integral(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let fits = value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value);
    fits.then_some(value as i64)
}

/// An integer in quotes, which may also be written as `"3.0"`.
fn integer_in(text: &str) -> Option<i64> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) => integral(text.parse().ok()?),
    }
}
