//! Local folders, as absolute paths or `file:` URIs.

use percent_encoding::percent_decode_str;

use super::{ArtifactPath, NotAStorageUri, Place, StorageUri};

impl StorageUri {
    /// The location of a folder by its absolute path.
    pub fn local(path: &std::path::Path) -> Result<Self, NotAStorageUri> {
        let text = path
            .to_str()
            .ok_or_else(|| NotAStorageUri::Path(path.to_string_lossy().into_owned()))?;
        let place = from_path(text)?;
        Ok(Self {
            text: text.to_owned(),
            place,
        })
    }
}

/// A bare path, which is not decoded.
pub(super) fn from_path(text: &str) -> Result<Place, NotAStorageUri> {
    let path = text
        .strip_prefix('/')
        .ok_or_else(|| NotAStorageUri::Relative(text.to_owned()))?;
    let path = ArtifactPath::parse(path).map_err(|_| NotAStorageUri::Path(text.to_owned()))?;
    Ok(Place::Local { path })
}

/// What follows `file:`, decoded once. The only host is this one.
pub(super) fn from_file_uri(rest: &str, text: &str) -> Result<Place, NotAStorageUri> {
    let refused = || NotAStorageUri::Path(text.to_owned());
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    let path = path.strip_prefix('/').ok_or_else(refused)?;
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| refused())?;
    if decoded.contains(';') {
        return Err(refused());
    }
    let path = ArtifactPath::parse(&decoded).map_err(|_| refused())?;
    Ok(Place::Local { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_uri_is_decoded_and_a_bare_path_is_not() {
        let decoded = StorageUri::parse("file:///srv/my%20runs").unwrap();
        assert_eq!(decoded.path().unwrap().as_str(), "srv/my runs");
        let bare = StorageUri::parse("/srv/my%20runs").unwrap();
        assert_eq!(bare.path().unwrap().as_str(), "srv/my%20runs");
    }

    #[test]
    fn cve_2023_2780_and_cve_2024_3573_odd_file_uris_are_refused() {
        for text in [
            "file:etc",
            "file:%2f%2f/etc",
            "FiLe://etc",
            "file://user@/etc",
            "file://host/etc",
            "file:////etc",
            "file://",
            "file:",
            "file:///etc/%2e%2e/x",
        ] {
            assert!(StorageUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cve_2023_6977_paths_that_are_not_plainly_absolute_are_refused() {
        for text in [
            "//etc",
            "./etc",
            ".//../etc",
            " /etc",
            "\t/etc",
            ":///etc",
            "etc",
            "",
            "C:/x",
            "C:\\x",
        ] {
            assert!(StorageUri::parse(text).is_err(), "{text:?}");
        }
    }
}
