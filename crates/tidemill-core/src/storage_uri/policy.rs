//! Which locations clients may name.
//!
//! Local folders only below the configured roots; object stores by bucket; hosts only when
//! the operator's own roots name them or the operator has allowed the scheme.

use percent_encoding::percent_decode_str;

use super::{NotAStorageUri, Place, StorageUri, scheme};
use crate::{Error, Result};

/// Longest location accepted unless the operator says otherwise.
const DEFAULT_MAX_LENGTH: usize = 2048;

/// Schemes whose URI selects the host that somebody connects to. `wasbs` is not one of them
/// because its domain is pinned.
const HOST_ADDRESSED: [&str; 10] = [
    "ftp",
    "sftp",
    "hdfs",
    "viewfs",
    "http",
    "https",
    "mlflow-artifacts",
    "r2",
    "b2",
    "abfss",
];

/// The operator's decisions about locations that come from clients.
#[derive(Debug, Clone)]
pub struct LocationPolicy {
    /// The default artifact root, the artifacts destination and any further roots. Local
    /// folders below them, and the hosts they name, are the ones clients may name.
    pub roots: Vec<StorageUri>,
    /// Schemes that may name a foreign host (`MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES`).
    pub allowed_host_schemes: Vec<String>,
    /// Longest location in characters (`MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH`).
    pub max_length: usize,
}

impl LocationPolicy {
    /// The default policy for these roots.
    pub fn new(roots: Vec<StorageUri>) -> Self {
        Self {
            roots,
            allowed_host_schemes: Vec::new(),
            max_length: DEFAULT_MAX_LENGTH,
        }
    }

    /// Checks the location in a request's `field`, with MLflow's checks, order and words.
    pub fn location(&self, field: &str, text: &str) -> Result<StorageUri> {
        refuse_fragments_and_params(field, text)?;
        refuse_traversal_in_query(text)?;
        self.refuse_foreign_host(field, text)?;
        if text.starts_with("runs:") {
            return Err(Error::invalid_parameter(format!(
                "Artifact location cannot be a runs:/ URI. Given: '{text}'"
            )));
        }
        self.refuse_long(text)?;
        let uri = StorageUri::parse(text).map_err(|why| not_a_location(field, &why))?;
        self.refuse_unserved(field, uri)
    }

    /// Refuses a URI that makes somebody connect to a host of the client's choice.
    pub fn refuse_foreign_host(&self, field: &str, text: &str) -> Result<()> {
        let Some(scheme) = scheme(text).filter(|scheme| self.is_foreign(scheme, text)) else {
            return Ok(());
        };
        Err(Error::invalid_parameter(format!(
            "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host \
             other than the tracking server's configured artifact storage, so the server would \
             connect to the host named in the URI. Set the \
             MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server \
             to allow it."
        )))
    }

    /// Whether the server may open this location: one of the roots, below one, or a bucket.
    pub fn may_open(&self, uri: &StorageUri) -> bool {
        match uri.place() {
            Place::Local { .. }
            | Place::Proxied {
                authority: Some(_), ..
            } => self.roots.iter().any(|root| uri.is_within(root)),
            Place::Proxied {
                authority: None, ..
            } => true,
            Place::S3 { .. } | Place::Gcs { .. } | Place::Azure { .. } => true,
            Place::Elsewhere { .. } => false,
        }
    }

    fn is_foreign(&self, scheme: &str, text: &str) -> bool {
        let names_host = HOST_ADDRESSED.contains(&scheme) && !is_own_proxy(text);
        let allowed = self
            .allowed_host_schemes
            .iter()
            .any(|s| s.eq_ignore_ascii_case(scheme));
        names_host && !allowed && !self.shares_host_with_a_root(text)
    }

    fn shares_host_with_a_root(&self, text: &str) -> bool {
        let Ok(uri) = StorageUri::parse(text) else {
            return false;
        };
        self.roots
            .iter()
            .any(|root| match (uri.place(), root.place()) {
                (Place::Proxied { authority: a, .. }, Place::Proxied { authority: b, .. }) => {
                    a == b
                }
                (
                    Place::Azure {
                        account: a,
                        domain: x,
                        ..
                    },
                    Place::Azure {
                        account: b,
                        domain: y,
                        ..
                    },
                ) => (a, x) == (b, y),
                _ => false,
            })
    }

    fn refuse_long(&self, text: &str) -> Result<()> {
        if text.chars().count() <= self.max_length {
            return Ok(());
        }
        Err(Error::invalid_parameter(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater \
             than {} characters. To configure this limit, please set the \
             MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable.",
            self.max_length
        )))
    }

    fn refuse_unserved(&self, field: &str, uri: StorageUri) -> Result<StorageUri> {
        match uri.place() {
            Place::Elsewhere { scheme } if !self.allowed_host_schemes.contains(scheme) => {
                Err(unsupported(uri.as_str()))
            }
            Place::Local { .. } if !self.may_open(&uri) => Err(Error::invalid_parameter(format!(
                "Invalid '{field}': '{uri}' is outside the artifact folders of this server."
            ))),
            _ => Ok(uri),
        }
    }
}

/// A storage that nothing here can reach, in the words MLflow has for an unknown scheme.
pub fn unsupported(uri: &str) -> Error {
    Error::invalid_parameter(format!(
        "Could not find a registered artifact repository for: {uri}. Currently registered \
         schemes are: ['', 'file', 's3', 'gs', 'wasb', 'wasbs', 'abfs', 'abfss', \
         'mlflow-artifacts']"
    ))
}

fn is_own_proxy(text: &str) -> bool {
    match text.split_once(':') {
        Some((scheme, rest)) => {
            let names_no_host = !rest.starts_with("//") || rest.starts_with("///");
            scheme.eq_ignore_ascii_case("mlflow-artifacts") && names_no_host
        }
        None => false,
    }
}

fn refuse_fragments_and_params(field: &str, text: &str) -> Result<()> {
    let fragment = text.contains('#');
    let params = text
        .split('?')
        .next()
        .is_some_and(|path| path.contains(';'));
    if fragment || params {
        return Err(Error::invalid_parameter(format!(
            "'{field}' URL can't include fragments or params."
        )));
    }
    Ok(())
}

fn refuse_traversal_in_query(text: &str) -> Result<()> {
    let Some((_, query)) = text.split_once('?') else {
        return Ok(());
    };
    let decoded = percent_decode_str(query).decode_utf8_lossy();
    if decoded.contains("..") || decoded.contains('%') {
        return Err(Error::invalid_parameter("Invalid query string"));
    }
    Ok(())
}

fn not_a_location(field: &str, why: &NotAStorageUri) -> Error {
    Error::invalid_parameter(format!("Invalid '{field}': {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> LocationPolicy {
        LocationPolicy::new(vec![
            StorageUri::parse("/srv/mlartifacts").unwrap(),
            StorageUri::parse("mlflow-artifacts:/").unwrap(),
        ])
    }

    fn refusal(text: &str) -> String {
        match policy().location("artifact_location", text) {
            Err(Error::InvalidParameter(message)) => message,
            other => panic!("{text:?} gave {other:?}"),
        }
    }

    #[test]
    fn locations_people_use_are_accepted_and_kept_as_written() {
        for text in [
            "s3://bucket/path",
            "gs://bucket/path",
            "wasbs://c@a.blob.core.windows.net/p",
            "mlflow-artifacts:/1",
            "mlflow-artifacts:///1",
            "/srv/mlartifacts/1",
            "file:///srv/mlartifacts/1",
            "s3://bucket/path?x=1",
        ] {
            assert_eq!(
                policy()
                    .location("artifact_location", text)
                    .unwrap()
                    .as_str(),
                text
            );
        }
    }

    #[test]
    fn cve_2023_6909_a_query_that_climbs_is_refused() {
        assert_eq!(
            refusal("http:///?/../../../../etc/"),
            "Invalid query string"
        );
        assert_eq!(refusal("s3://b/p?%252e%252e/"), "Invalid query string");
    }

    #[test]
    fn cve_2024_1594_cve_2024_2928_and_cve_2024_3848_fragments_are_refused() {
        for text in [
            "s3://b/p#/../../etc",
            "file:///a#../../etc",
            "http:///#/../../../etc/",
            "http:///#/../../../../etc/",
        ] {
            assert_eq!(
                refusal(text),
                "'artifact_location' URL can't include fragments or params."
            );
        }
    }

    #[test]
    fn cve_2024_1593_params_are_refused() {
        assert_eq!(
            refusal("http://x/a;/../../etc"),
            "'artifact_location' URL can't include fragments or params."
        );
    }

    #[test]
    fn cve_2023_6975_and_host_addressed_schemes_are_refused_in_mlflow_s_words() {
        for text in [
            "http://169.254.169.254/",
            "https://h/x",
            "ftp://h/",
            "sftp://h",
            "hdfs://h",
            "mlflow-artifacts://h/1",
            "abfss://f@a.dfs.core.windows.net/p",
        ] {
            let message = refusal(text);
            assert!(
                message.starts_with("'artifact_location' cannot use the '"),
                "{message}"
            );
            assert!(message.contains("Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES"));
        }
    }

    #[test]
    fn a_host_that_the_operator_s_root_names_is_not_foreign() {
        let mut policy = policy();
        policy
            .roots
            .push(StorageUri::parse("abfss://f@acc.dfs.core.windows.net/r").unwrap());
        let field = "artifact_location";
        assert!(
            policy
                .location(field, "abfss://g@acc.dfs.core.windows.net/x")
                .is_ok()
        );
        assert!(
            policy
                .location(field, "abfss://g@other.dfs.core.windows.net/x")
                .is_err()
        );
        policy.allowed_host_schemes.push("https".into());
        assert!(policy.location(field, "https://h/x").is_ok());
    }

    #[test]
    fn a_local_location_outside_the_roots_is_refused() {
        for text in [
            "/etc",
            "file:///etc",
            "/srv/mlartifacts2",
            "/srv/mlartifacts/../x",
            "relative/x",
            "file:etc",
            "//etc",
            " /etc",
        ] {
            let _ = refusal(text);
        }
    }

    #[test]
    fn cve_2024_8859_schemes_that_nothing_serves_are_refused() {
        for text in [
            "dbfs:/x",
            "dbfs:////etc",
            "dbfs:/x?../../etc",
            "smb://h/x",
            "javascript:alert(1)",
        ] {
            let _ = refusal(text);
        }
    }

    #[test]
    fn a_runs_uri_is_not_a_location() {
        assert_eq!(
            refusal("runs:/r/a"),
            "Artifact location cannot be a runs:/ URI. Given: 'runs:/r/a'"
        );
    }

    #[test]
    fn cve_2024_6838_a_location_has_at_most_2048_characters() {
        let longest = format!("s3://b/{}", "é".repeat(1020));
        assert!(policy().location("artifact_location", &longest).is_ok());
        let text = format!("s3://b/{}", "a".repeat(2042));
        assert!(refusal(&text).starts_with("Invalid artifact path length."));
    }
}
