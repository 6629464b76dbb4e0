//! Places that can be compared, whatever they are called.

use std::path::Path;

use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::storage_uri::{Place, StorageUri};

/// A folder in a storage. Two locations have the same spot when they are the same folder: a
/// location behind the proxy is what the proxy stands for, and a root that is a link is where it
/// leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot(String);

impl Spot {
    pub(crate) fn of(
        uri: &StorageUri,
        destination: Option<&StorageUri>,
        roots: &[StorageUri],
    ) -> Option<Self> {
        match uri.place() {
            Place::Local { path } => Some(Self::local(uri, path, roots)),
            Place::Proxied { path, .. } => {
                let top = Self::of(destination?, None, roots)?;
                Some(top.below(path))
            }
            Place::S3 { bucket, path } => Some(Self::at(&format!("s3/{bucket}"), path)),
            Place::Gcs { bucket, path } => Some(Self::at(&format!("gs/{bucket}"), path)),
            Place::Azure {
                container,
                account,
                domain,
                path,
            } => Some(Self::at(
                &format!("azure/{domain}/{account}/{container}"),
                path,
            )),
            _ => None,
        }
    }

    fn at(top: &str, path: &ArtifactPath) -> Self {
        Self(top.to_owned()).below(path)
    }

    /// Nothing below a root is reached through a link, but the root itself may be one.
    fn local(uri: &StorageUri, path: &ArtifactPath, roots: &[StorageUri]) -> Self {
        let real = roots.iter().find_map(|root| {
            let below = uri.relative_to(root)?;
            let root = Path::new("/").join(root.path()?.as_str());
            let root = std::fs::canonicalize(root).ok()?;
            Some(Self(format!("file{}", root.to_str()?.trim_end_matches('/'))).below(&below))
        });
        real.unwrap_or_else(|| Self::at("file", path))
    }

    /// The spot of a path below this one.
    pub fn below(&self, path: &ArtifactPath) -> Self {
        match path.is_root() {
            true => self.clone(),
            false => Self(format!("{}/{path}", self.0)),
        }
    }

    /// Whether this is `other` or lies in it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.names_below(other).is_some()
    }

    /// The names from `other` down to this, if this is `other` or lies in it.
    pub fn names_below(&self, other: &Self) -> Option<Vec<&str>> {
        match self.0.strip_prefix(&other.0)? {
            "" => Some(Vec::new()),
            rest => Some(rest.strip_prefix('/')?.split('/').collect()),
        }
    }

    /// The folders that this lies in, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        let ends = self.0.rmatch_indices('/').map(|(end, _)| end);
        ends.map(|end| Self(self.0[..end].to_owned()))
    }

    /// The first of all spots that lie in this one, in their order.
    pub fn first_inside(&self) -> Self {
        Self(format!("{}/", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str) -> Spot {
        let destination = StorageUri::parse("s3://b/art").unwrap();
        Spot::of(&StorageUri::parse(text).unwrap(), Some(&destination), &[]).unwrap()
    }

    #[test]
    fn a_folder_has_one_spot_whatever_it_is_called() {
        assert_eq!(spot("mlflow-artifacts:/1/r"), spot("s3://b/art/1/r"));
        assert_eq!(spot("mlflow-artifacts:/"), spot("s3://b/art?x=1"));
        assert_eq!(spot("/srv/a"), spot("file:///srv/a/"));
        assert_ne!(spot("gs://b/art"), spot("s3://b/art"));
    }

    #[test]
    fn a_folder_lies_in_another_by_whole_names() {
        assert!(spot("s3://b/art/1").is_within(&spot("s3://b/art")));
        assert!(!spot("s3://b/article").is_within(&spot("s3://b/art")));
        let inner = spot("s3://b/x/y");
        let names: Vec<Spot> = inner.ancestors().take(2).collect();
        assert_eq!(names, [spot("s3://b/x"), spot("s3://b")]);
        assert!(inner.first_inside() <= spot("s3://b/x/y/z"));
    }

    #[test]
    fn a_root_that_is_a_link_is_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let roots = [StorageUri::local(&real), StorageUri::local(&link)].map(Result::unwrap);
        let at = |root: &Path| {
            let uri = StorageUri::local(&root.join("1")).unwrap();
            Spot::of(&uri, None, &roots).unwrap()
        };
        assert_eq!(at(&real), at(&link));
    }
}
