//! Query strings: `a=1&b=x%20y`, also for routes that have no message of their own.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::DecodeError;

/// A name and its value, decoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The names and values of a query string, in order. A name without `=` has an empty value.
pub fn pairs(query: &str) -> Result<Vec<Pair<'_>>, DecodeError> {
    (query.split('&').filter(|pair| !pair.is_empty()))
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    let refused = |_| DecodeError::new("Invalid query string: it is not UTF-8.");
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(refused)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn names_and_values_are_decoded_and_stay_in_order() {
        let given = pairs("a=1&&b=x+y%2B%C3%A9&a=2&c&=d&e=f=g").unwrap();
        let expected = [
            ("a", "1"),
            ("b", "x y+é"),
            ("a", "2"),
            ("c", ""),
            ("", "d"),
            ("e", "f=g"),
        ];
        assert_eq!(
            given,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
    }

    #[test]
    fn a_query_that_is_not_utf_8_is_refused() {
        assert!(pairs("a=%ff").is_err());
        assert!(pairs("%c3=1").is_err());
        assert!(pairs("a=%zz%").is_ok());
    }
}
