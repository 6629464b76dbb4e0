/// A request that cannot be understood. Its text is meant for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl DecodeError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn malformed(error: &serde_json::Error) -> Self {
        Self(format!("Malformed JSON in the request body: {error}"))
    }

    pub(crate) fn wrong_field(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        match text.split_once(BOTH_SPELLINGS_END) {
            Some((start, _)) if start.starts_with(BOTH_SPELLINGS) => {
                Self(format!("{start}{BOTH_SPELLINGS_END}"))
            }
            _ => {
                let text: String = text.chars().take(LONGEST_TEXT).collect();
                Self(format!("Invalid request body: {text}"))
            }
        }
    }
}

/// serde quotes a string that stands where an object should, however long it is.
const LONGEST_TEXT: usize = 1000;

const BOTH_SPELLINGS: &str = "Request specifies both";
const BOTH_SPELLINGS_END: &str = "; provide only one of them.";

pub(crate) fn both_spellings(proto: &str, json: &str) -> String {
    format!("{BOTH_SPELLINGS} '{proto}' and '{json}'{BOTH_SPELLINGS_END}")
}

pub(crate) fn is_about_spellings(error: &serde_json::Error) -> bool {
    error.to_string().starts_with(BOTH_SPELLINGS)
}

/// Says in which field or list item an error happened, except where clients know the bare text.
pub(crate) fn within<E: serde::de::Error>(place: std::fmt::Arguments, error: E) -> E {
    let text = error.to_string();
    match text.starts_with(BOTH_SPELLINGS) {
        true => error,
        false => E::custom(format_args!("{place}: {text}")),
    }
}
