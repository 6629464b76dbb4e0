//! How Python prints things, where MLflow's messages contain its output.

use std::borrow::Cow;

/// How much of a client's own text an error message repeats, in characters.
const MAX_ECHO: usize = 500;

/// `text`, cut if a message should not repeat all of it.
pub(crate) fn clip(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_ECHO) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
    }
}

/// `repr` of a string, cut if long.
pub(crate) fn repr(text: &str) -> String {
    let text = clip(text);
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// `repr` of the number that `text` is, or `text` itself.
pub(crate) fn float(text: &str) -> String {
    text.parse::<f64>()
        .map_or_else(|_| clip(text).into_owned(), |number| format!("{number:?}"))
}

/// A list of strings.
pub(crate) fn list(items: &[impl AsRef<str>]) -> String {
    format!("[{}]", joined(items))
}

/// A set of strings. Python's order is arbitrary, ours is that of `items`.
pub(crate) fn set(items: &[impl AsRef<str>]) -> String {
    format!("{{{}}}", joined(items))
}

/// A tuple of at least two strings.
pub(crate) fn tuple(items: &[impl AsRef<str>]) -> String {
    format!("({})", joined(items))
}

fn joined(items: &[impl AsRef<str>]) -> String {
    let items: Vec<_> = items.iter().map(|item| repr(item.as_ref())).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_print_as_python_prints_them() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("it's"), r#""it's""#);
        assert_eq!(repr("it's \"x\"\n\\"), r#"'it\'s "x"\n\\'"#);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(clip(&"é".repeat(1000)).chars().count(), 503);
    }
}
