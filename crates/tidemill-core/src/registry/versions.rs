//! Versions of registered models and their numbers.

use super::{Stage, models};
use crate::tags::Tag;
use crate::{Error, Result};

/// A model version as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelVersion {
    /// The model's name.
    pub name: String,
    /// Its number; never used again within the model.
    pub version: i64,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch.
    pub last_updated_time: i64,
    /// Free text.
    pub description: Option<String>,
    /// Who made it.
    pub user_id: Option<String>,
    /// Its stage.
    pub stage: Stage,
    /// Where it was copied from, as the client said.
    pub source: String,
    /// Where its files are, when that is not `source` (copies).
    pub storage_location: Option<String>,
    /// The run that made it; may be empty. MLflow's own Python code leaves it out where its server
    /// writes an empty one.
    pub run_id: Option<String>,
    /// A link to that run; may be empty or left out, too.
    pub run_link: Option<String>,
    /// Whether it can be used. MLflow's own server makes versions that are ready at once.
    pub status: VersionStatus,
    /// More about the status.
    pub status_message: Option<String>,
    /// The logged model it was made from.
    pub model_id: Option<String>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Filled in when one version is asked for, not by searches.
    pub aliases: Vec<String>,
}

impl ModelVersion {
    /// Where its files are.
    pub fn location(&self) -> &str {
        self.storage_location.as_deref().unwrap_or(&self.source)
    }
}

/// Whether a version can be used. The numbers are MLflow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum VersionStatus {
    /// Files are on their way.
    PendingRegistration = 1,
    /// They never came.
    FailedRegistration = 2,
    /// Can be used.
    Ready = 3,
}

impl VersionStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::PendingRegistration,
        Self::FailedRegistration,
        Self::Ready,
    ];

    /// The status with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| *status as i16 == number)
    }

    /// Its name in MLflow's tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingRegistration => "PENDING_REGISTRATION",
            Self::FailedRegistration => "FAILED_REGISTRATION",
            Self::Ready => "READY",
        }
    }
}

/// A version to create, already checked; made by [`super::VersionDraft::check`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewModelVersion {
    /// The model's name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Where its files are, when that is not `source`.
    pub storage_location: Option<String>,
    /// May be empty.
    pub run_id: String,
    /// May be empty.
    pub run_link: String,
    /// Free text.
    pub description: Option<String>,
    /// The logged model it was made from.
    pub model_id: Option<String>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}

/// The version number in a request, which names the model first. Blanks around it, a sign and
/// single underscores between digits are fine, as they are for Python's `int`. A number too
/// large to exist is a version that does not exist.
pub fn number(name: &str, text: &str) -> Result<i64> {
    models::check_name(name)?;
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let is_number = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_number {
        return Err(Error::invalid_parameter(format!(
            "Parameter 'version' must be an integer, got '{text}'."
        )));
    }
    let plain = trimmed.replace('_', "");
    plain.parse().map_err(|_| not_found(name, &plain))
}

/// The model has no such version, or it was deleted, or there is no such model.
pub fn not_found(name: &str, version: impl std::fmt::Display) -> Error {
    Error::not_found(format!(
        "Model Version (name={name}, version={version}) not found"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_number_is_what_python_reads_as_an_integer() {
        for (text, value) in [("1", 1), (" 1 ", 1), ("+2", 2), ("-1", -1), ("1_0", 10)] {
            assert_eq!(number("m", text).unwrap(), value);
        }
        for text in ["x", "1.5", "", "_1", "1__0", "+", "--1"] {
            assert_eq!(
                number("m", text).unwrap_err().to_string(),
                format!("Parameter 'version' must be an integer, got '{text}'.")
            );
        }
    }

    #[test]
    fn a_number_too_large_to_exist_is_not_found() {
        assert!(matches!(
            number("m", "99999999999999999999"),
            Err(Error::NotFound(words))
                if words == "Model Version (name=m, version=99999999999999999999) not found"
        ));
    }

    #[test]
    fn the_name_is_checked_before_the_number() {
        assert_eq!(
            number("a/b", "x").unwrap_err().to_string(),
            "Invalid model name 'a/b'. Names cannot contain '/' or ':'."
        );
    }
}
