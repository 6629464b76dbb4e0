//! JSON as MLflow servers write it: numbers may be texts, and NaN and the infinities may stand
//! there bare.

use std::fmt;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Floats from here on may have lost their last digits.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The words that JSON does not have.
const BARE: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    // Bare words are rare, and looking for them costs as much as parsing.
    serde_json::from_slice(body).or_else(|error| match quote_bare_words(body) {
        None => Err(error),
        Some(quoted) => serde_json::from_slice(&quoted),
    })
}

/// Reads one thing of a list; its text is known to be JSON.
pub(super) fn read_one<T: DeserializeOwned>(raw: &RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get())
        .map_err(|error| format!("the server's answer makes no sense: {error}"))
}

/// Some text in a thing that cannot be read as a whole, to say which one it is.
pub(super) fn text_at(raw: &RawValue, pointer: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    let text = value.pointer(pointer)?.as_str()?;
    Some(text.chars().take(100).filter(|c| !c.is_control()).collect())
}

/// The same text with bare words in quotes, if there are any.
fn quote_bare_words(body: &[u8]) -> Option<Vec<u8>> {
    let mut quoted = Vec::with_capacity(body.len() + 64);
    let (mut at, mut in_text, mut found) = (0, false, false);
    while let Some(&byte) = body.get(at) {
        let word = BARE
            .into_iter()
            .find(|word| !in_text && body[at..].starts_with(word.as_bytes()));
        let length = match word {
            Some(word) => word.len(),
            // An escape is taken whole, so that its quote does not end the text.
            None if in_text && byte == b'\\' => 2.min(body.len() - at),
            None => 1,
        };
        found |= word.is_some();
        in_text ^= byte == b'"';
        quoted.extend(word.map(|_| b'"'));
        quoted.extend_from_slice(&body[at..at + length]);
        quoted.extend(word.map(|_| b'"'));
        at += length;
    }
    found.then_some(quoted)
}

/// A whole number, written as a number or as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Int(pub(super) i64);

/// A number, NaN and the infinities among them, written as a number or as a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Float(pub(super) f64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FloatVisitor).map(Self)
    }
}

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of at most 64 bits")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::custom(format!("{value} is too large")))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
        match value.fract() == 0.0 && value.abs() <= EXACT {
            true => Ok(value as i64),
            false => Err(E::custom(format!("{value} is not a whole number"))),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<i64, E> {
        let is_short = value.len() <= 20;
        let number = is_short.then(|| value.parse().ok()).flatten();
        number.ok_or_else(|| E::custom("a text that is not a whole number"))
    }
}

struct FloatVisitor;

impl Visitor<'_> for FloatVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<f64, E> {
        value
            .parse()
            .map_err(|_| E::custom("a text that is not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_in_any_form() {
        let numbers: Vec<Int> = read(br#"[1, "-2", 3.0, "9007199254740993", 1.7e12]"#).unwrap();
        let expected = [1, -2, 3, 9_007_199_254_740_993, 1_700_000_000_000];
        assert_eq!(numbers, expected.map(Int));
        for bad in [
            "1.5",
            "1e30",
            "99999999999999999999",
            r#""x""#,
            "true",
            "null",
            "\"\"",
        ] {
            assert!(read::<Int>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_that_json_does_not_have_come_bare_or_quoted() {
        let body =
            br#"{"a\\\"NaN": "NaN, Infinity", "v": [NaN, "NaN", Infinity,-Infinity, "0.5"]}"#;
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "a\\\"NaN")]
            text: String,
            v: Vec<Float>,
        }
        let answer: Answer = read(body).unwrap();
        assert_eq!(answer.text, "NaN, Infinity");
        let values: Vec<f64> = answer.v.iter().map(|float| float.0).collect();
        assert!(values[0].is_nan() && values[1].is_nan());
        assert_eq!(values[2..], [f64::INFINITY, f64::NEG_INFINITY, 0.5]);
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for body in ["<html>NaN", "", "\"\\", "[NaN"] {
            assert!(read::<Vec<Float>>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
