//! Names of fields: `key`, or `entity.key`, with quotes here and there.

use tidemill_core::{Error, Result};

use super::python;

/// `text` without one pair of `quote` around it, if it has one.
fn without(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// The text inside single or double quotes.
pub(crate) fn unquoted(text: &str) -> Option<&str> {
    without(text, '\'').or_else(|| without(text, '"'))
}

/// `text` without one pair of backticks, if it has one.
pub(crate) fn without_backticks(text: &str) -> &str {
    without(text, '`').unwrap_or(text)
}

/// A key without its quotes: one pair of single or double quotes, then one pair of backticks.
pub(crate) fn key(text: &str) -> &str {
    without_backticks(unquoted(text).unwrap_or(text))
}

/// A name where there are only attributes and tags, with whatever quotes the key has.
pub(crate) enum TagOrAttribute<'a> {
    Tag(&'a str),
    Attribute(&'a str),
}

impl<'a> TagOrAttribute<'a> {
    /// Tells `tags.key` from `attribute.key` and `key`.
    pub(crate) fn read(name: &'a str) -> Result<Self> {
        match name.split_once('.') {
            None => Ok(Self::Attribute(name)),
            Some(("attribute", key)) => Ok(Self::Attribute(key)),
            Some(("tag" | "tags", key)) => Ok(Self::Tag(key)),
            Some((entity, _)) => Err(Error::invalid_parameter(format!(
                "Invalid entity type '{}'. Valid entity types are {}",
                python::clip(entity),
                python::tuple(&["attribute", "tag", "tags"])
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_of_quotes_is_taken_off() {
        assert_eq!(key("`a``b`"), "a``b");
        assert_eq!(key("\"`a`\""), "a");
        assert_eq!(key("'a"), "'a");
        assert_eq!(key("'"), "'");
    }
}
