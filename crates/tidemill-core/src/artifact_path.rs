//! The path of an artifact below some root: a value that cannot leave the root.
//!
//! A path is decoded once and then checked; whatever would only be harmless after another
//! decoding, joining or cleaning step is refused instead. The rule refuses everything that
//! MLflow's own check refuses ("Invalid path") and also what that check cleans up silently:
//! `.` and empty segments, backslashes, control characters and leftover percent escapes of
//! any of these. Names people use pass: spaces, dots, plus, parentheses, `=`, `@`, `:`, any
//! script, and escapes that mean such a name however often they are decoded.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// Longest path accepted, in bytes; file systems and object stores give up earlier.
const MAX_LENGTH: usize = 4096;

/// A relative path of one or more plain segments, or the root itself.
///
/// ```
/// use tidemill_core::artifact_path::ArtifactPath;
///
/// let path = ArtifactPath::parse("models/my model (2).pkl").unwrap();
/// assert_eq!(path.file_name(), Some("my model (2).pkl"));
/// assert!(ArtifactPath::parse("models/../../etc/passwd").is_err());
/// assert!(ArtifactPath::parse_encoded("models/%252e%252e").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// The root: the path with no segments.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Checks a path that needs no decoding (a value from JSON, protobuf or a decoded query).
    ///
    /// The empty text is the root, and one slash at the end is dropped, as in the requests of
    /// clients that list a folder by a name such as `model/`.
    pub fn parse(text: &str) -> Result<Self> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::root());
        }
        if text.len() > MAX_LENGTH || names_another_place(path) || !path.split('/').all(is_plain) {
            return Err(invalid_path());
        }
        Ok(Self(path.to_owned()))
    }

    /// Decodes a path as it stands in a URL, once, and checks it.
    pub fn parse_encoded(text: &str) -> Result<Self> {
        let decoded = percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| invalid_path())?;
        Self::parse(&decoded)
    }

    /// The path as text, without a slash at either end; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names from the root down.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The last name; the root has none.
    pub fn file_name(&self) -> Option<&str> {
        self.segments().next_back()
    }

    /// The folder that holds this path; the root has none.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let parent = self.0.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(Self(parent.to_owned()))
    }

    /// `other` below this path.
    pub fn join(&self, other: &Self) -> Self {
        match (self.is_root(), other.is_root()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{self}/{other}")),
        }
    }

    /// Whether this path is `ancestor` or below it.
    pub fn starts_with(&self, ancestor: &Self) -> bool {
        self.strip_prefix(ancestor).is_some()
    }

    /// This path as seen from `ancestor`; nothing if it lies elsewhere.
    pub fn strip_prefix(&self, ancestor: &Self) -> Option<Self> {
        if ancestor.is_root() {
            return Some(self.clone());
        }
        match self.0.strip_prefix(ancestor.as_str())? {
            "" => Some(Self::root()),
            rest => Some(Self(rest.strip_prefix('/')?.to_owned())),
        }
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The refusal of a path, in MLflow's words.
pub fn invalid_path() -> Error {
    Error::invalid_parameter("Invalid path")
}

/// Drive letters and `file:` URIs. MLflow drops leading spaces before it looks for them.
fn names_another_place(path: &str) -> bool {
    let start = path.trim_start_matches(' ');
    let first = start.split('/').next().unwrap_or(start);
    let drive =
        first.len() == 2 && first.ends_with(':') && first.as_bytes()[0].is_ascii_alphabetic();
    let file_uri = start
        .get(..5)
        .is_some_and(|head| head.eq_ignore_ascii_case("file:"));
    drive || file_uri
}

fn is_plain(segment: &str) -> bool {
    is_plain_as_it_stands(segment) && is_plain_when_decoded(segment)
}

fn is_plain_as_it_stands(segment: &str) -> bool {
    // Leading spaces, trailing semicolons and a scheme vanish in MLflow's URL parser, so a dot
    // segment that wears them is still one.
    let bare = segment.trim_matches(' ').trim_end_matches(';');
    let name = bare.rsplit(':').next().unwrap_or(bare);
    !bare.is_empty()
        && !matches!(name, "." | "..")
        && !segment.contains(|c: char| matches!(c, '/' | '\\' | '#' | '?') || c.is_control())
}

/// How often a name may be decoded again. Names that people use bear it once.
const MOST_DECODINGS: usize = 3;

/// Whether a segment stays a plain segment if somebody decodes it again, and again.
fn is_plain_when_decoded(segment: &str) -> bool {
    let mut text = Cow::Borrowed(segment);
    for _ in 0..MOST_DECODINGS {
        match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) if decoded == text => return true,
            Ok(decoded) if is_plain_as_it_stands(&decoded) => {
                text = Cow::Owned(decoded.into_owned());
            }
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> bool {
        matches!(ArtifactPath::parse(path), Err(Error::InvalidParameter(m)) if m == "Invalid path")
    }

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    #[test]
    fn names_people_use_are_accepted_unchanged() {
        for name in [
            "model.pkl",
            "model/MLmodel",
            "my model (2).pkl",
            "a+b=c@d,e~f!g$h&i'j*k",
            "epoch:3/loss.json",
            "t=0/part-0",
            "größe/日本語.txt",
            "100%",
            "50%off",
            "..hidden",
            "a..b",
            "...",
            ".env",
            "tr-1/artifacts/traces.json",
            "a;b",
        ] {
            assert_eq!(path(name).as_str(), name);
        }
    }

    #[test]
    fn cve_2023_30172_parent_segments_and_absolute_paths_are_refused() {
        for hostile in [
            "../../../../etc/passwd",
            "/etc/passwd",
            "file:///etc/passwd",
            "a/..",
            "..",
        ] {
            assert!(refused(hostile), "{hostile}");
        }
    }

    #[test]
    fn cve_2023_3765_windows_paths_are_refused_everywhere() {
        for hostile in [
            "C:/Windows/win.ini",
            "C:\\x",
            "\\\\host\\share",
            "//host/share",
            "c:",
            " C:/x",
        ] {
            assert!(refused(hostile), "{hostile}");
        }
    }

    #[test]
    fn cve_2023_6753_backslashes_are_refused() {
        assert!(refused("..\\..\\x"));
        assert!(refused("a\\b"));
    }

    #[test]
    fn cve_2023_6831_a_path_is_decoded_once_before_it_is_checked() {
        for hostile in [
            "%2e%2e%2f%2e%2e%2fvictim",
            "..%2f..%2ftmp%2fevil",
            "%2Fetc",
            "a%00b",
            "a%23b",
        ] {
            assert!(ArtifactPath::parse_encoded(hostile).is_err(), "{hostile}");
        }
        assert_eq!(
            ArtifactPath::parse_encoded("a%20b/c%2Bd+e")
                .unwrap()
                .as_str(),
            "a b/c+d+e"
        );
    }

    #[test]
    fn cve_2023_6976_and_cve_2024_1560_leftover_escapes_are_refused() {
        for hostile in [
            "%252e%252e/%252e%252e/tmp/e",
            "%25252e%25252e%25252f",
            "%2525252525252e",
            "a%252fb",
            "a%255cb",
            "a%2500b",
            "a%25ffb",
        ] {
            assert!(ArtifactPath::parse_encoded(hostile).is_err(), "{hostile}");
        }
        assert!(refused("%2e%2e"));
    }

    #[test]
    fn a_leftover_escape_of_a_plain_name_is_part_of_the_name() {
        assert_eq!(path("percent%20sign.txt").as_str(), "percent%20sign.txt");
        assert_eq!(path("100%25").as_str(), "100%25");
    }

    #[test]
    fn what_a_url_parser_would_strip_cannot_hide_a_dot_segment() {
        for hostile in [
            " ../x",
            "a/..;",
            "http:..",
            "..;;",
            "a/.. ",
            ".\u{9}./x",
            "a\n/b",
            "a//b",
            "a/./b",
            ".",
            "a?b",
            "a#b",
        ] {
            assert!(refused(hostile), "{hostile:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        assert!(ArtifactPath::parse_encoded("a%FFb").is_err());
    }

    #[test]
    fn an_endless_path_is_refused() {
        assert!(refused(&"a/".repeat(2049)));
    }

    #[test]
    fn the_empty_text_is_the_root_and_one_final_slash_is_dropped() {
        assert!(path("").is_root());
        assert_eq!(path("model/").as_str(), "model");
        assert!(refused("/"));
        assert!(refused("model//"));
    }

    #[test]
    fn paths_are_taken_apart_and_joined_by_segment() {
        let file = path("1/run/artifacts/a.txt");
        assert_eq!(file.file_name(), Some("a.txt"));
        assert_eq!(file.parent(), Some(path("1/run/artifacts")));
        assert_eq!(path("1").parent(), Some(ArtifactPath::root()));
        assert_eq!(path("1/run").join(&path("artifacts/a.txt")), file);
        assert_eq!(ArtifactPath::root().join(&file), file);
        assert_eq!(
            file.strip_prefix(&path("1/run")),
            Some(path("artifacts/a.txt"))
        );
        assert!(!path("1/runner").starts_with(&path("1/run")));
        assert_eq!(file.segments().count(), 4);
    }
}
