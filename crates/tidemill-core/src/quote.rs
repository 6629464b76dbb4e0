//! Quoting values in messages.
//!
//! MLflow quotes some values the way Python prints strings, and clients match on the result.

use std::fmt::Write;

/// The text in single quotes, or in double quotes if it has single ones only.
pub fn quote(text: &str) -> String {
    let mark = match text.contains('\'') && !text.contains('"') {
        true => '"',
        false => '\'',
    };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for letter in text.chars() {
        push_escaped(&mut quoted, letter, mark);
    }
    quoted.push(mark);
    quoted
}

fn push_escaped(quoted: &mut String, letter: char, mark: char) {
    match letter {
        '\\' => quoted.push_str("\\\\"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        letter if letter == mark => {
            quoted.push('\\');
            quoted.push(letter);
        }
        letter if letter.is_control() => {
            // Writing to a String cannot fail.
            let _ = write!(quoted, "\\x{:02x}", u32::from(letter));
        }
        letter => quoted.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_control_characters_are_written_as_python_does() {
        for (text, quoted) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("a\n\u{1}\\é", "'a\\n\\x01\\\\é'"),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
