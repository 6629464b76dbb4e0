//! Why a question got no answer.

use serde::Deserialize;

use crate::Error;

/// How much of a server's own words is shown, in characters.
const MAX_WORDS: usize = 300;

/// Why a question got no answer; each text says everything, for people.
#[derive(Debug)]
pub(super) enum Failure {
    /// What was asked about is not there, or the server is too old for the question.
    NotThere(String),
    /// The server does not like the question.
    Refused(String),
    /// The answer is larger than we take.
    TooLarge(String),
    /// The question itself may have been fine: no connection, no permission, a failing server,
    /// an answer that no tracking server gives.
    Broken(String),
}

impl Failure {
    /// An answer with an error status.
    pub(super) fn from_status(status: u16, text: String) -> Self {
        match status {
            404 | 405 => Self::NotThere(text),
            400 | 422 => Self::Refused(text),
            _ => Self::Broken(text),
        }
    }

    /// What went wrong if it is only about the thing that was asked for: then the others can
    /// still be read.
    pub(super) fn of_one_thing(self) -> Result<String, Error> {
        match self {
            Self::NotThere(text) | Self::Refused(text) | Self::TooLarge(text) => Ok(text),
            Self::Broken(text) => Err(Error::Source(text)),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotThere(text)
            | Failure::Refused(text)
            | Failure::TooLarge(text)
            | Failure::Broken(text) => Self::Source(text),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    error_code: String,
    message: String,
}

/// What an error's body says: the code and the message of a tracking server, the words of
/// anything else, nothing of a page. Not cut yet, so that secrets can be found in it.
pub(super) fn words(body: &[u8]) -> String {
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(body) {
        return format!("{}: {}", refusal.error_code, refusal.message);
    }
    let text = String::from_utf8_lossy(body);
    match text.trim_start().starts_with('<') {
        true => String::new(),
        false => text.into_owned(),
    }
}

/// A stranger's text, cut and without characters that could upset a terminal.
pub(super) fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.trim().chars().take(MAX_WORDS).map(clean).collect();
    if text.trim().chars().nth(MAX_WORDS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let body = br#"{"error_code":"BAD_REQUEST","message":"no\u001b[31m"}"#;
        assert_eq!(shown(&words(body)), "BAD_REQUEST: no [31m");
        assert_eq!(shown(&words(b"Permission denied\n")), "Permission denied");
        assert_eq!(words(b"<!doctype html>x"), "");
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(shown(&"é".repeat(301)).chars().count(), 301);
        assert_eq!(shown(&"é".repeat(300)).chars().count(), 300);
    }
}
