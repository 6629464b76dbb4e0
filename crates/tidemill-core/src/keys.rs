//! What keys of metrics, params and tags may look like, in MLflow's words.
//!
//! A key may become a file name in some store of MLflow's, hence the odd rule that it must
//! not resolve to another path. Letters and digits of any alphabet are allowed.

use std::fmt::Display;

use crate::{Error, Result};

/// How long a key may be, in characters.
pub const MAX_LENGTH: usize = 250;

/// Whether values that are too long are cut or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Cut params and tags that are too long (`MLFLOW_TRUNCATE_LONG_VALUES`).
    pub truncate_long_values: bool,
}

impl Default for Limits {
    /// MLflow cuts unless told otherwise.
    fn default() -> Self {
        Self {
            truncate_long_values: true,
        }
    }
}

/// Checks a key's characters; `path` says where in the request it stands.
pub fn check_name(name: &str, path: impl Display) -> Result<()> {
    if !has_only_key_characters(name) {
        return Err(invalid_value(
            path,
            &quoted(name),
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), \
             spaces ( ), colon(:) and slashes (/).",
        ));
    }
    if !name.is_empty() && !name.contains('/') && !name.starts_with('.') {
        return Ok(());
    }
    let resolved = normal_path(name);
    if resolved != name || resolved == "." || name.starts_with("..") || name.starts_with('/') {
        return Err(invalid_value(
            path,
            &quoted(name),
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other \
                 names when treated as such. This name would resolve to '{}'",
                resolved.replace('\n', "\\n")
            ),
        ));
    }
    Ok(())
}

/// Refuses a text longer than `limit` characters.
pub fn check_length(what: impl Display, limit: usize, text: &str) -> Result<()> {
    match cut_at(text, limit) {
        None => Ok(()),
        Some(_) => Err(too_long(what, limit)),
    }
}

/// Cuts a text to `limit` characters, or refuses it, as `limits` say.
pub fn fit(what: impl Display, limit: usize, mut text: String, limits: Limits) -> Result<String> {
    match cut_at(&text, limit) {
        None => {}
        Some(end) if limits.truncate_long_values => text.truncate(end),
        Some(_) => return Err(too_long(what, limit)),
    }
    Ok(text)
}

/// MLflow's answer to a value that breaks a rule; `value` is JSON text.
pub fn invalid_value(path: impl Display, value: &str, reason: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid value {value} for parameter '{path}' supplied: {reason}"
    ))
}

/// The text as a JSON string, everything beyond ASCII escaped.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some('\r') => json.push_str("\\r"),
            Some('\t') => json.push_str("\\t"),
            Some('\u{8}') => json.push_str("\\b"),
            Some('\u{c}') => json.push_str("\\f"),
            Some(plain) if (' '..='\u{7f}').contains(&plain) => json.push(plain),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
    json
}

fn too_long(what: impl Display, limit: usize) -> Error {
    Error::invalid_parameter(format!(
        "'{what}' exceeds the maximum length of {limit} characters"
    ))
}

/// Where the character after the first `limit` begins, if there is one.
fn cut_at(text: &str, limit: usize) -> Option<usize> {
    if text.len() <= limit {
        return None;
    }
    text.char_indices().nth(limit).map(|(index, _)| index)
}

/// One newline at the end passes, because MLflow's pattern lets it pass.
fn has_only_key_characters(name: &str) -> bool {
    name.strip_suffix('\n')
        .unwrap_or(name)
        .chars()
        .all(|c| c.is_alphanumeric() || "/_.- :".contains(c))
}

/// The path with empty and `.` parts left out and `..` resolved, by POSIX rules: two slashes
/// at the start stay two, three become one.
fn normal_path(path: &str) -> String {
    let slashes = match path.bytes().take_while(|byte| *byte == b'/').count() {
        2 => 2,
        0 => 0,
        _ => 1,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if slashes > 0 => {}
            part => parts.push(part),
        }
    }
    let normal = format!("{}{}", "/".repeat(slashes), parts.join("/"));
    if normal.is_empty() {
        String::from(".")
    } else {
        normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        check_name(name, "key").unwrap_err().to_string()
    }

    #[test]
    fn letters_of_any_alphabet_and_path_characters_are_fine() {
        for name in ["acc", "train/loss", "a b:c.d-e_f", "größe", "精度"] {
            assert!(check_name(name, "key").is_ok(), "{name}");
        }
    }

    #[test]
    fn other_characters_are_refused_with_the_name_as_json() {
        assert_eq!(
            refusal("é\"%"),
            "Invalid value \"\\u00e9\\\"%\" for parameter 'key' supplied: Names may only contain \
             alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and \
             slashes (/)."
        );
    }

    #[test]
    fn names_that_resolve_to_others_are_refused_with_what_they_resolve_to() {
        for (name, resolved) in [
            ("", "."),
            (".", "."),
            ("a//b", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/a", "/a"),
            ("///a", "/a"),
            ("//a", "//a"),
            ("a/", "a"),
            ("/../a", "/a"),
        ] {
            let words = format!("This name would resolve to '{resolved}'");
            assert!(refusal(name).ends_with(&words), "{name}: {}", refusal(name));
        }
    }

    #[test]
    fn characters_beyond_the_basic_plane_are_escaped_as_pairs() {
        assert_eq!(quoted("😀"), "\"\\ud83d\\ude00\"");
    }

    #[test]
    fn a_text_is_cut_by_characters_not_bytes() {
        let cut = Limits::default();
        assert_eq!(fit("v", 2, "äöü".into(), cut).unwrap(), "äö");
        assert_eq!(fit("v", 3, "äöü".into(), cut).unwrap(), "äöü");
    }

    #[test]
    fn a_text_is_refused_when_it_may_not_be_cut() {
        let refuse = Limits {
            truncate_long_values: false,
        };
        assert_eq!(
            fit("Param value", 2, "abc".into(), refuse)
                .unwrap_err()
                .to_string(),
            "'Param value' exceeds the maximum length of 2 characters"
        );
    }
}
