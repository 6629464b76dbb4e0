//! Amazon S3 and services that speak its protocol.

use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region};
use object_store::client::{HttpClient, HttpConnector, ReqwestConnector};
use object_store::{Certificate, ClientOptions};
use tidemill_core::{Error, Result};

use super::errors::within;
use super::ranges::ExactRanges;
use super::{Bucket, Kind, client, retries};
use crate::settings::StorageSettings;

pub(super) struct S3 {
    pub(super) store: Arc<AmazonS3>,
    pub(super) region: String,
    /// For what `object_store` does not ask.
    pub(super) client: HttpClient,
}

/// Opens a bucket with the credentials, region and endpoint of the environment.
pub(crate) async fn open(bucket: &str, settings: &StorageSettings) -> Result<Bucket> {
    refuse_unsupported(settings)?;
    let client = client_options(settings)?;
    let region = region(bucket, settings, &client).await?;
    let mut builder = AmazonS3Builder::new();
    for (name, value) in settings.starting_with("AWS_") {
        if let Ok(key) = name.parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some((key_id, secret, token)) = profile_credentials(settings) {
        builder = builder
            .with_access_key_id(key_id)
            .with_secret_access_key(secret);
        builder = match token {
            Some(token) => builder.with_token(token),
            None => builder,
        };
    }
    builder = addressed(builder, bucket, settings)?;
    let plain_client = ReqwestConnector::default().connect(&client);
    let store = encrypted(builder, settings)?
        .with_bucket_name(bucket)
        .with_region(&region)
        .with_client_options(client)
        .with_retry(retries())
        .with_http_connector(ExactRanges)
        .build()
        .map_err(Error::internal)?;
    let s3 = S3 {
        store: Arc::new(store),
        region,
        client: plain_client.map_err(Error::internal)?,
    };
    Ok(Bucket::new(Kind::S3(Arc::new(s3)), settings.limits))
}

fn endpoint(settings: &StorageSettings) -> Option<&str> {
    [
        "MLFLOW_S3_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL",
    ]
    .into_iter()
    .find_map(|name| settings.get(name))
}

fn client_options(settings: &StorageSettings) -> Result<ClientOptions> {
    let plain = endpoint(settings).is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut options = client()
        .with_allow_http(plain)
        .with_allow_invalid_certificates(settings.is_true("MLFLOW_S3_IGNORE_TLS"));
    if let Some(bundle) = settings.get("AWS_CA_BUNDLE") {
        let pem = std::fs::read(bundle).map_err(Error::internal)?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(Error::internal)? {
            options = options.with_root_certificate(certificate);
        }
    }
    Ok(options)
}

/// The region that is set, or the one the bucket is in.
async fn region(
    bucket: &str,
    settings: &StorageSettings,
    client: &ClientOptions,
) -> Result<String> {
    let set = settings
        .get("AWS_REGION")
        .or_else(|| settings.get("AWS_DEFAULT_REGION"));
    if let Some(region) = set {
        return Ok(region.to_owned());
    }
    if endpoint(settings).is_some() {
        return Ok("us-east-1".to_owned());
    }
    let resolved = within(
        settings.limits.request,
        resolve_bucket_region(bucket, client),
    )
    .await?;
    resolved.map_err(|error| {
        tracing::warn!(bucket, %error, "could not find the bucket's region");
        Error::unavailable("The artifact store is not available.")
    })
}

/// Path or virtual-host style. As in MLflow's client library, `auto` is path style on a custom
/// endpoint and virtual-host style on Amazon's, unless the bucket's dots would break its
/// certificate.
fn addressed(
    builder: AmazonS3Builder,
    bucket: &str,
    settings: &StorageSettings,
) -> Result<AmazonS3Builder> {
    let style = settings
        .get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE")
        .unwrap_or("auto");
    let virtual_host = match (style, endpoint(settings)) {
        ("path", _) | ("auto", Some(_)) => false,
        ("virtual", _) => true,
        ("auto", None) => !bucket.contains('.'),
        _ => {
            return Err(Error::invalid_parameter(format!(
                "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE is '{style}'; expected 'auto', 'path' or 'virtual'"
            )));
        }
    };
    let builder = builder.with_virtual_hosted_style_request(virtual_host);
    let Some(endpoint) = endpoint(settings) else {
        return Ok(builder);
    };
    let endpoint = endpoint.trim_end_matches('/');
    let endpoint = match endpoint.split_once("://") {
        Some((scheme, host)) if virtual_host => format!("{scheme}://{bucket}.{host}"),
        _ => endpoint.to_owned(),
    };
    Ok(builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint))
}

/// The encryption that `MLFLOW_S3_UPLOAD_EXTRA_ARGS` asks for.
fn encrypted(builder: AmazonS3Builder, settings: &StorageSettings) -> Result<AmazonS3Builder> {
    let Some(text) = settings.get("MLFLOW_S3_UPLOAD_EXTRA_ARGS") else {
        return Ok(builder);
    };
    let unusable = |why: String| {
        Error::invalid_parameter(format!(
            "MLFLOW_S3_UPLOAD_EXTRA_ARGS {why}; expected a JSON object with ServerSideEncryption and SSEKMSKeyId"
        ))
    };
    let arguments: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| unusable("is not a JSON object".into()))?;
    arguments
        .iter()
        .try_fold(builder, |builder, (name, value)| {
            let key = match name.as_str() {
                "ServerSideEncryption" => "aws_server_side_encryption",
                "SSEKMSKeyId" => "aws_sse_kms_key_id",
                _ => return Err(unusable(format!("has '{name}', which is not supported"))),
            };
            let value = value
                .as_str()
                .ok_or_else(|| unusable(format!("has a '{name}' that is no text")))?;
            let key = key.parse::<AmazonS3ConfigKey>().map_err(Error::internal)?;
            Ok(builder.with_config(key, value))
        })
}

/// A protection that cannot be given must not be dropped in silence.
fn refuse_unsupported(settings: &StorageSettings) -> Result<()> {
    match settings.get("MLFLOW_S3_EXPECTED_BUCKET_OWNER") {
        None => Ok(()),
        Some(_) => Err(Error::invalid_parameter(
            "MLFLOW_S3_EXPECTED_BUCKET_OWNER is set but not supported; unset it, and restrict the \
             server's credentials to its buckets instead",
        )),
    }
}

/// Keys of the profile in the shared credentials file, unless the environment has keys or a
/// role. Profiles that assume roles or sign on need the environment to do so.
fn profile_credentials(settings: &StorageSettings) -> Option<(String, String, Option<String>)> {
    let given = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    if given.iter().any(|name| settings.get(name).is_some()) {
        return None;
    }
    let file = match settings.get("AWS_SHARED_CREDENTIALS_FILE") {
        Some(file) => file.into(),
        None => std::path::Path::new(settings.get("HOME")?).join(".aws/credentials"),
    };
    let text = std::fs::read_to_string(file).ok()?;
    profile_keys(&text, settings.get("AWS_PROFILE").unwrap_or("default"))
}

fn profile_keys(text: &str, profile: &str) -> Option<(String, String, Option<String>)> {
    let header = format!("[{profile}]");
    let section: Vec<(&str, &str)> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let value = |name: &str| {
        let found = section.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Some((
        value("aws_access_key_id")?,
        value("aws_secret_access_key")?,
        value("aws_session_token"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> StorageSettings {
        StorageSettings::new(
            variables
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        )
    }

    #[test]
    fn mlflow_s_endpoint_comes_before_amazon_s() {
        let both = settings(&[
            ("AWS_ENDPOINT_URL", "http://a"),
            ("MLFLOW_S3_ENDPOINT_URL", "http://b"),
        ]);
        assert_eq!(endpoint(&both), Some("http://b"));
    }

    #[test]
    fn keys_are_read_from_the_named_profile() {
        let text = "[default]\naws_access_key_id = a\naws_secret_access_key=b\n\n[ci]\naws_access_key_id=c\naws_secret_access_key=d==\naws_session_token=t\n";
        assert_eq!(
            profile_keys(text, "default"),
            Some(("a".into(), "b".into(), None))
        );
        assert_eq!(
            profile_keys(text, "ci"),
            Some(("c".into(), "d==".into(), Some("t".into())))
        );
        assert_eq!(profile_keys(text, "other"), None);
    }

    #[tokio::test]
    async fn a_setting_that_cannot_be_kept_is_refused_by_name() {
        for (name, value) in [
            ("MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{\"ACL\": \"private\"}"),
            ("MLFLOW_S3_EXPECTED_BUCKET_OWNER", "1234"),
            ("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "sideways"),
        ] {
            let opened = open(
                "b",
                &settings(&[("AWS_REGION", "us-east-1"), (name, value)]),
            )
            .await;
            assert!(matches!(opened, Err(Error::InvalidParameter(m)) if m.contains(name)));
        }
    }
}
