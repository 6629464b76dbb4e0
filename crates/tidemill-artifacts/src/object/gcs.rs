//! Google Cloud Storage.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use object_store::StaticCredentialProvider;
use object_store::client::{HttpClient, HttpConnector, ReqwestConnector};
use object_store::gcp::{
    GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey,
};
use object_store::path::Path as Key;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use tidemill_core::{Error, Result};
use url::Url;

use super::query_signature::{encoded_path, hex};
use super::ranges::ExactRanges;
use super::{Bucket, Kind, client, retries};
use crate::settings::StorageSettings;

const GOOGLE: &str = "https://storage.googleapis.com";

pub(super) struct Gcs {
    pub(super) store: Arc<GoogleCloudStorage>,
    /// The service account's own key, if the credentials have one: what signs links.
    pub(super) key: Option<SigningKey>,
    /// The bucket's URL.
    pub(super) url: String,
    /// For what `object_store` does not ask.
    pub(super) client: HttpClient,
}

impl Gcs {
    /// The object's URL, without anything that a URL's parser would take for its own.
    pub(super) fn object_url(&self, key: &Key) -> Result<Url> {
        let url = format!("{}/{}", self.url, encoded_path(key.as_ref()));
        Url::parse(&url).map_err(Error::internal)
    }

    /// The key as `object_store` has to be given it for a link: it puts it into the URL as it
    /// is, where `a?b` would become a link to `a`.
    pub(super) fn key_in_link(key: &Key) -> Result<Key> {
        Key::parse(encoded_path(key.as_ref())).map_err(Error::internal)
    }
}

pub(super) struct SigningKey {
    pub(super) email: String,
    pair: RsaKeyPair,
}

/// Opens a bucket with the credentials of the environment: a credentials file, or the machine's
/// own account. `STORAGE_EMULATOR_HOST` replaces Google's endpoint and needs no credentials.
pub(crate) fn open(bucket: &str, settings: &StorageSettings) -> Result<Bucket> {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in settings.starting_with("GOOGLE_") {
        if let Ok(key) = name.parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let mut options = client();
    if let Some(emulator) = settings.get("STORAGE_EMULATOR_HOST") {
        let url = match emulator.contains("://") {
            true => emulator.to_owned(),
            false => format!("http://{emulator}"),
        };
        options = options.with_allow_http(true);
        let nobody = GcpCredential {
            bearer: String::new(),
        };
        builder = builder
            .with_base_url(url.trim_end_matches('/'))
            .with_credentials(Arc::new(StaticCredentialProvider::new(nobody)));
    }
    let host = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    let host = host.unwrap_or_else(|| GOOGLE.to_owned());
    let plain_client = ReqwestConnector::default().connect(&options);
    let store = builder
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_retry(retries())
        .with_http_connector(ExactRanges)
        .build()
        .map_err(Error::internal)?;
    let gcs = Gcs {
        store: Arc::new(store),
        key: signing_key(settings)?,
        url: format!("{host}/{bucket}"),
        client: plain_client.map_err(Error::internal)?,
    };
    Ok(Bucket::new(Kind::Gcs(Arc::new(gcs)), settings.limits))
}

fn signing_key(settings: &StorageSettings) -> Result<Option<SigningKey>> {
    let Some(file) = settings.get("GOOGLE_APPLICATION_CREDENTIALS") else {
        return Ok(None);
    };
    let text = std::fs::read(file).map_err(Error::internal)?;
    let account: serde_json::Value = serde_json::from_slice(&text).map_err(Error::internal)?;
    match (
        account["client_email"].as_str(),
        account["private_key"].as_str(),
    ) {
        (Some(email), Some(pem)) => SigningKey::new(email, pem).map(Some),
        // Credentials of another kind have no key to sign with.
        _ => Ok(None),
    }
}

impl SigningKey {
    fn new(email: &str, pem: &str) -> Result<Self> {
        let base64: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = BASE64_STANDARD
            .decode(base64.trim())
            .map_err(Error::internal)?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|rejected| {
            Error::internal(format!("the service account's private key: {rejected}"))
        })?;
        Ok(Self {
            email: email.to_owned(),
            pair,
        })
    }

    pub(super) fn sign(&self, text: &str) -> Result<String> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| Error::internal("the service account's key did not sign"))?;
        Ok(hex(&signature))
    }
}
