//! What a download asks for and what it gets.

use std::ops::Range;
use std::time::SystemTime;

use bytes::Bytes;
use futures::stream::BoxStream;
use tidemill_core::Result;

/// The bytes of an artifact, in pieces of at most some hundred kilobytes.
pub type Body = BoxStream<'static, Result<Bytes>>;

/// One range of a `Range: bytes=` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// `first-last`, both included.
    FromTo(u64, u64),
    /// `first-`.
    From(u64),
    /// `-length`: the end of the file.
    Last(u64),
}

/// What a download asks for.
#[derive(Debug, Clone, Default)]
pub struct GetOptions {
    /// A part of the file.
    pub range: Option<ByteRange>,
    /// The text of an `If-None-Match` header.
    pub if_none_match: Option<String>,
    /// The text of an `If-Range` header, when it is an entity tag: the range counts only while
    /// the file is that one.
    pub if_range: Option<String>,
}

/// What is known about a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The whole file's size in bytes.
    pub size: u64,
    /// With its quotes, as in the header.
    pub etag: Option<String>,
    /// When it was last written.
    pub last_modified: SystemTime,
}

/// A file or a part of one.
pub struct Content {
    /// About the whole file.
    pub metadata: Metadata,
    /// Which bytes follow; the whole file unless a range was asked for.
    pub range: Range<u64>,
    /// The bytes.
    pub body: Body,
}

/// The answer to a download.
pub enum Got {
    /// The file (200), or the range asked for (206).
    Content(Content),
    /// The caller has it already (304).
    NotModified(Metadata),
    /// The range lies outside the file (416).
    RangeNotSatisfiable(Metadata),
}

/// What to do about a request once the file is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Send(Range<u64>),
    NotModified,
    RangeNotSatisfiable,
}

impl GetOptions {
    /// Whether the answer depends on the file's metadata.
    pub(crate) fn is_conditional(&self) -> bool {
        self.range.is_some() || self.if_none_match.is_some()
    }

    pub(crate) fn decide(&self, file: &Metadata) -> Decision {
        let etag = file.etag.as_deref().unwrap_or_default();
        if self
            .if_none_match
            .as_deref()
            .is_some_and(|header| names_etag(header, etag))
        {
            return Decision::NotModified;
        }
        let same = self
            .if_range
            .as_deref()
            .is_none_or(|tag| tag.trim() == etag);
        match self.range.filter(|_| same) {
            None => Decision::Send(0..file.size),
            Some(range) => range
                .within(file.size)
                .map_or(Decision::RangeNotSatisfiable, Decision::Send),
        }
    }
}

impl ByteRange {
    /// The bytes this means in a file of `size`; nothing if there are none.
    fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::FromTo(first, last) => first..last.saturating_add(1).min(size),
            Self::From(first) => first..size,
            Self::Last(length) => size.saturating_sub(length)..size,
        };
        (!range.is_empty()).then_some(range)
    }
}

fn names_etag(header: &str, etag: &str) -> bool {
    header.split(',').map(|tag| tag.trim()).any(|tag| {
        tag == "*"
            || (!etag.is_empty() && tag.trim_start_matches("W/") == etag.trim_start_matches("W/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(options: GetOptions) -> Decision {
        options.decide(&Metadata {
            size: 10,
            etag: Some("\"x\"".into()),
            last_modified: SystemTime::UNIX_EPOCH,
        })
    }

    fn ranged(range: ByteRange) -> Decision {
        decide(GetOptions {
            range: Some(range),
            ..GetOptions::default()
        })
    }

    #[test]
    fn a_range_is_cut_to_the_file_or_refused() {
        assert_eq!(ranged(ByteRange::FromTo(2, 4)), Decision::Send(2..5));
        assert_eq!(
            ranged(ByteRange::FromTo(2, u64::MAX)),
            Decision::Send(2..10)
        );
        assert_eq!(ranged(ByteRange::From(9)), Decision::Send(9..10));
        assert_eq!(ranged(ByteRange::Last(3)), Decision::Send(7..10));
        assert_eq!(ranged(ByteRange::Last(99)), Decision::Send(0..10));
        for range in [
            ByteRange::From(10),
            ByteRange::Last(0),
            ByteRange::FromTo(5, 2),
        ] {
            assert_eq!(ranged(range), Decision::RangeNotSatisfiable);
        }
    }

    #[test]
    fn a_known_entity_tag_is_not_sent_again() {
        let known = |tag: &str| {
            decide(GetOptions {
                if_none_match: Some(tag.into()),
                ..GetOptions::default()
            })
        };
        for tag in ["\"x\"", "W/\"x\"", "\"a\", \"x\"", "*"] {
            assert_eq!(known(tag), Decision::NotModified, "{tag}");
        }
        assert_eq!(known("\"y\""), Decision::Send(0..10));
    }

    #[test]
    fn a_range_for_another_version_of_the_file_is_ignored() {
        let options = |tag: &str| GetOptions {
            range: Some(ByteRange::From(5)),
            if_range: Some(tag.into()),
            ..GetOptions::default()
        };
        assert_eq!(decide(options("\"y\"")), Decision::Send(0..10));
        assert_eq!(decide(options("\"x\"")), Decision::Send(5..10));
    }
}
