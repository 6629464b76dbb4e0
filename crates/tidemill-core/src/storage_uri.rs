//! Where artifacts are kept: an artifact root, an experiment's location, a model's source.
//!
//! A text becomes a [`StorageUri`] once, and what it names is then a scheme from a closed
//! list, a checked authority and an [`ArtifactPath`]. Nothing here opens anything.
//! [`LocationPolicy`] decides which locations clients may name, [`ModelSource`] reads the
//! `source` of a model version.
//!
//! Deliberately refused although MLflow takes them: local folders outside the configured
//! roots, schemes that nothing here can serve, and the many spellings (`file:etc`, `#`, `;`,
//! doubled escapes) that have let paths out of the artifact area in the past.

mod local;
mod model_source;
mod policy;

use std::fmt;

use crate::artifact_path::ArtifactPath;

pub use model_source::{ModelSource, Owner, VersionSelector, check_prompt_source, source_not_in};
pub use policy::{LocationPolicy, unsupported};

/// A checked location, with the text it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageUri {
    text: String,
    place: Place,
}

/// What a location names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// A folder of this machine; the path is absolute, written without its first slash.
    Local {
        /// Below `/`.
        path: ArtifactPath,
    },
    /// Storage behind a tracking server's artifact proxy: without an authority, this server's.
    Proxied {
        /// Host and port, when the URI names them.
        authority: Option<String>,
        /// Below the artifacts destination.
        path: ArtifactPath,
    },
    /// An S3 bucket, or one of an S3-compatible service.
    S3 {
        /// Bucket name.
        bucket: String,
        /// Key prefix.
        path: ArtifactPath,
    },
    /// A Google Cloud Storage bucket.
    Gcs {
        /// Bucket name.
        bucket: String,
        /// Name prefix.
        path: ArtifactPath,
    },
    /// An Azure container or file system.
    Azure {
        /// Container, or file system for `abfss`.
        container: String,
        /// Storage account.
        account: String,
        /// The domain after the account and the service, such as `core.windows.net`.
        domain: String,
        /// Name prefix.
        path: ArtifactPath,
    },
    /// Storage that clients may reach and this server never does.
    Elsewhere {
        /// In lower case.
        scheme: String,
    },
}

/// Why a text is not a location. The caller words it, as MLflow does it differently for each
/// field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAStorageUri {
    /// No scheme and not an absolute path.
    #[error("'{0}' is a relative path")]
    Relative(String),
    /// A path with parts that could lead elsewhere, or no path where one is needed.
    #[error("'{0}' does not name a folder in plain words")]
    Path(String),
    /// The bucket, container, account or host is missing or malformed.
    #[error("'{0}' does not name a bucket, container or account")]
    Authority(String),
    /// A scheme for another purpose (`runs:`, `models:`).
    #[error("'{0}' is a reference, not a location")]
    Reference(String),
}

impl StorageUri {
    /// Reads a location. A path without scheme must be absolute.
    pub fn parse(text: &str) -> Result<Self, NotAStorageUri> {
        let place = match scheme(text) {
            None => local::from_path(text)?,
            Some(scheme) => place_of(&scheme, text)?,
        };
        Ok(Self {
            text: text.to_owned(),
            place,
        })
    }

    /// The text as it was given: what is stored and shown to clients.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it names.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The path below the file system root, bucket, container or artifacts destination.
    pub fn path(&self) -> Option<&ArtifactPath> {
        match &self.place {
            Place::Local { path }
            | Place::Proxied { path, .. }
            | Place::S3 { path, .. }
            | Place::Gcs { path, .. }
            | Place::Azure { path, .. } => Some(path),
            Place::Elsewhere { .. } => None,
        }
    }

    /// Whether this location is `root` or below it.
    pub fn is_within(&self, root: &Self) -> bool {
        self.relative_to(root).is_some()
    }

    /// The path of this location as seen from `root`; nothing if it lies elsewhere.
    pub fn relative_to(&self, root: &Self) -> Option<ArtifactPath> {
        if !self.place.shares_authority(&root.place) {
            return None;
        }
        self.path()?.strip_prefix(root.path()?)
    }
}

impl fmt::Display for StorageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Place {
    fn shares_authority(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local { .. }, Self::Local { .. }) => true,
            (Self::Proxied { authority: a, .. }, Self::Proxied { authority: b, .. }) => a == b,
            (Self::S3 { bucket: a, .. }, Self::S3 { bucket: b, .. })
            | (Self::Gcs { bucket: a, .. }, Self::Gcs { bucket: b, .. }) => a == b,
            (
                Self::Azure {
                    container: a,
                    account: b,
                    domain: c,
                    ..
                },
                Self::Azure {
                    container: x,
                    account: y,
                    domain: z,
                    ..
                },
            ) => (a, b, c) == (x, y, z),
            _ => false,
        }
    }
}

/// The scheme in lower case. One letter is a drive, as in MLflow, and not a scheme.
fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let mut letters = scheme.chars();
    let starts_well = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let is_scheme = scheme.len() > 1
        && starts_well
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

fn place_of(scheme: &str, text: &str) -> Result<Place, NotAStorageUri> {
    let rest = &text[scheme.len() + 1..];
    match scheme {
        "file" => local::from_file_uri(rest, text),
        "mlflow-artifacts" => proxied(rest, text),
        "s3" => bucket(rest, text).map(|(bucket, path)| Place::S3 { bucket, path }),
        "gs" => bucket(rest, text).map(|(bucket, path)| Place::Gcs { bucket, path }),
        "wasb" | "wasbs" => azure(rest, text, "blob."),
        "abfs" | "abfss" => azure(rest, text, "dfs."),
        "runs" | "models" => Err(NotAStorageUri::Reference(text.to_owned())),
        _ if rest.contains(|c: char| c.is_control() || c == '\\') => {
            Err(NotAStorageUri::Path(text.to_owned()))
        }
        _ => Ok(Place::Elsewhere {
            scheme: scheme.to_owned(),
        }),
    }
}

fn proxied(rest: &str, text: &str) -> Result<Place, NotAStorageUri> {
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => split_authority(rest),
        None => ("", rest),
    };
    let malformed =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
    if authority.contains(malformed) {
        return Err(NotAStorageUri::Authority(text.to_owned()));
    }
    Ok(Place::Proxied {
        authority: (!authority.is_empty()).then(|| authority.to_ascii_lowercase()),
        path: path_after_slash(path, text)?,
    })
}

fn bucket(rest: &str, text: &str) -> Result<(String, ArtifactPath), NotAStorageUri> {
    let rest = rest
        .strip_prefix("//")
        .ok_or_else(|| NotAStorageUri::Authority(text.to_owned()))?;
    let (bucket, path) = split_authority(rest);
    if !is_bucket_name(bucket) {
        return Err(NotAStorageUri::Authority(text.to_owned()));
    }
    Ok((bucket.to_owned(), path_after_slash(path, text)?))
}

fn azure(rest: &str, text: &str, service: &str) -> Result<Place, NotAStorageUri> {
    let malformed = || NotAStorageUri::Authority(text.to_owned());
    let (authority, path) = split_authority(rest.strip_prefix("//").ok_or_else(malformed)?);
    let (container, host) = authority.split_once('@').ok_or_else(malformed)?;
    let (account, domain) = host.split_once('.').ok_or_else(malformed)?;
    let domain = domain.strip_prefix(service).ok_or_else(malformed)?;
    let known = matches!(
        domain,
        "core.windows.net" | "core.chinacloudapi.cn" | "core.usgovcloudapi.net"
    );
    let account_is_name = !account.is_empty() && account.bytes().all(|b| b.is_ascii_alphanumeric());
    let container_is_name = container == "$root" || is_bucket_name(container);
    if !(known && account_is_name && container_is_name) {
        return Err(malformed());
    }
    Ok(Place::Azure {
        container: container.to_owned(),
        account: account.to_owned(),
        domain: domain.to_owned(),
        path: path_after_slash(path, text)?,
    })
}

/// Letters, digits, dots, dashes and underscores, so that a name can never become another host
/// or path when it is put into a URL.
fn is_bucket_name(name: &str) -> bool {
    (1..=222).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && !name.contains("..")
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// The path of a URI: nothing, or a slash and plain segments, before an optional query.
/// MLflow keeps such a query with the location and ignores it when it reaches the storage.
fn path_after_slash(path: &str, text: &str) -> Result<ArtifactPath, NotAStorageUri> {
    let refused = || NotAStorageUri::Path(text.to_owned());
    let path = match path.split_once('?') {
        Some((_, query)) if query.contains("..") || query.contains(['#', '%', '\\']) => {
            return Err(refused());
        }
        Some((path, _)) => path,
        None => path,
    };
    match path.strip_prefix('/') {
        Some(path) if !path.contains(';') => ArtifactPath::parse(path).map_err(|_| refused()),
        None if path.is_empty() => Ok(ArtifactPath::root()),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        StorageUri::parse(text).unwrap().place
    }

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    fn uri(text: &str) -> StorageUri {
        StorageUri::parse(text).unwrap()
    }

    #[test]
    fn every_storage_is_recognised_by_its_scheme() {
        let local = Place::Local {
            path: path("srv/art"),
        };
        for text in [
            "/srv/art",
            "file:///srv/art",
            "file:/srv/art",
            "file://localhost/srv/art",
            "FILE:/srv/art/",
        ] {
            assert_eq!(place(text), local, "{text}");
        }
        assert_eq!(
            place("mlflow-artifacts:/1/r"),
            Place::Proxied {
                authority: None,
                path: path("1/r")
            }
        );
        assert_eq!(
            place("mlflow-artifacts://Host:5000/1"),
            Place::Proxied {
                authority: Some("host:5000".into()),
                path: path("1")
            }
        );
        assert_eq!(
            place("s3://b/p/q"),
            Place::S3 {
                bucket: "b".into(),
                path: path("p/q")
            }
        );
        assert_eq!(
            place("gs://b"),
            Place::Gcs {
                bucket: "b".into(),
                path: ArtifactPath::root()
            }
        );
        let azure = Place::Azure {
            container: "c".into(),
            account: "acc".into(),
            domain: "core.windows.net".into(),
            path: path("p"),
        };
        assert_eq!(place("wasbs://c@acc.blob.core.windows.net/p"), azure);
        assert_eq!(place("abfss://c@acc.dfs.core.windows.net/p"), azure);
        assert_eq!(
            place("dbfs:/x"),
            Place::Elsewhere {
                scheme: "dbfs".into()
            }
        );
    }

    #[test]
    fn a_bucket_or_account_cannot_smuggle_a_host() {
        for text in [
            "s3://evil.com:80/x",
            "s3://user@b/x",
            "s3:/b/x",
            "s3://../x",
            "s3:///x",
            "gs://b\\c/x",
            "wasbs://c@acc.evil.com/p",
            "abfss://c@acc.dfs.core.windows.net.evil.com/p",
            "wasbs://c@acc.blob.core.windows.net:80/p",
            "mlflow-artifacts://u@h/x",
        ] {
            assert!(StorageUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_with_hostile_parts_is_refused_in_every_scheme() {
        for root in [
            "",
            "file://",
            "mlflow-artifacts:",
            "s3://b",
            "gs://b",
            "wasbs://c@a.blob.core.windows.net",
        ] {
            for tail in [
                "/../x",
                "/a/..%2fx",
                "/%252e%252e/x",
                "/a#../x",
                "/a;/../x",
                "/a\\..\\x",
                "/a?../x",
                "/a\0b",
            ] {
                let text = format!("{root}{tail}");
                assert!(StorageUri::parse(&text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn a_query_stays_with_the_text_and_not_with_the_path() {
        let location = uri("s3://b/p?x=1");
        assert_eq!(location.as_str(), "s3://b/p?x=1");
        assert_eq!(location.path(), Some(&path("p")));
    }

    #[test]
    fn a_location_is_within_a_root_by_segment_and_authority() {
        assert_eq!(
            uri("s3://b/p/q").relative_to(&uri("s3://b/p")),
            Some(path("q"))
        );
        assert_eq!(
            uri("file:///srv/art/1").relative_to(&uri("/srv/art")),
            Some(path("1"))
        );
        assert!(!uri("s3://b/pq").is_within(&uri("s3://b/p")));
        assert!(!uri("s3://c/p").is_within(&uri("s3://b/p")));
        assert!(!uri("gs://b/p").is_within(&uri("s3://b/p")));
        assert!(!uri("mlflow-artifacts://h/1").is_within(&uri("mlflow-artifacts:/")));
    }
}
