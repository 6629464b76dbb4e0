//! Page tokens: where in the ordering a page ended, opaque to clients.
//!
//! Base64 of compact JSON with the last item's sort values. The next page is what comes after
//! them, so a token costs nothing however deep it leads, and stays good while things are
//! added and removed. Nothing ties it to the filter, as nothing ties MLflow's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidemill_core::{Error, Result};

use super::keyset::{self, Term};

/// A sort value of the last item on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mark {
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "f")]
    Float(f64),
    #[serde(rename = "s")]
    Text(String),
    /// A metric that is not a number.
    #[serde(rename = "n")]
    NaN,
    /// Nothing to sort by.
    #[serde(rename = "m")]
    Missing,
}

/// The token for a place.
pub(crate) fn encode(place: &impl Serialize) -> Result<String> {
    Ok(STANDARD.encode(serde_json::to_vec(place).map_err(Error::internal)?))
}

/// The place a token names; an empty token is none.
pub(crate) fn decode<T: DeserializeOwned>(token: Option<&str>) -> Result<Option<T>> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let decoded = STANDARD
        .decode(token)
        .map_err(|_| Error::invalid_parameter("Invalid page token, could not base64-decode"))?;
    let parsed: serde_json::Value = serde_json::from_slice(&decoded).map_err(|_| {
        Error::invalid_parameter(format!(
            "Invalid page token, decoded value={}",
            shortened(&String::from_utf8_lossy(&decoded))
        ))
    })?;
    let place = T::deserialize(&parsed).map_err(|_| stray(&parsed.to_string()))?;
    Ok(Some(place))
}

/// The place a token names in an ordering; none for a token that stands before the first item.
pub(crate) fn place(token: Option<&str>, terms: &[Term]) -> Result<Option<Vec<Mark>>> {
    let place: Option<Vec<Mark>> = decode(token)?;
    match place {
        Some(place) if place.is_empty() => Ok(None),
        Some(place) if !keyset::fits(terms, &place) => Err(stray(&format!("{place:?}"))),
        place => Ok(place),
    }
}

/// The error for a token that is well formed but none of this search's.
pub(crate) fn stray(parsed: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid page token, parsed value={}",
        shortened(parsed)
    ))
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(token: &str) -> Result<Option<Vec<Mark>>> {
        decode(Some(token))
    }

    #[test]
    fn a_place_survives_the_token() {
        let place = vec![
            Mark::Float(-1.797_693_134_862_315_7e308),
            Mark::Float(0.1),
            Mark::Int(i64::MIN),
            Mark::Text(String::from("é'\n")),
            Mark::NaN,
            Mark::Missing,
        ];
        assert_eq!(marks(&encode(&place).unwrap()).unwrap(), Some(place));
    }

    #[test]
    fn an_empty_token_is_the_first_page() {
        assert_eq!(marks("").unwrap(), None);
    }

    #[test]
    fn junk_is_refused_in_mlflows_words() {
        let words = |token: &str| marks(token).unwrap_err().to_string();
        assert_eq!(words("!!"), "Invalid page token, could not base64-decode");
        assert_eq!(words("eA=="), "Invalid page token, decoded value=x");
        assert_eq!(
            words("eyJvZmZzZXQiOjF9"),
            r#"Invalid page token, parsed value={"offset":1}"#
        );
    }
}
