//! Azure Blob Storage and Data Lake, both through the blob endpoint.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{SecondsFormat, Utc};
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::path::Path as Key;
use tidemill_core::{Error, Result};
use url::Url;

use super::query_signature::hmac_sha256;

use super::ranges::ExactRanges;
use super::{Bucket, Kind, client, retries};
use crate::settings::StorageSettings;

/// The account and key of Microsoft's emulator, which are public.
const EMULATOR: &str = "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

/// The version of the rules by which a link is signed.
const SIGNATURE_VERSION: &str = "2023-11-03";

pub(super) struct Azure {
    pub(super) store: Arc<MicrosoftAzure>,
    /// The account's key, if the credentials have one.
    key: Option<AccountKey>,
}

/// What signs links to blobs.
///
/// `object_store` signs the encoded path where Azure wants it decoded, so its links fail for
/// names with a space or another script; nor can it give a download a name.
struct AccountKey {
    account: String,
    container: String,
    secret: Vec<u8>,
}

impl Azure {
    /// The blob's URL with a service signature; nothing where there is no account key.
    pub(super) fn link(
        &self,
        mut url: Url,
        key: &Key,
        permission: &str,
        disposition: &str,
        lifetime: Duration,
    ) -> Option<Url> {
        let AccountKey {
            account,
            container,
            secret,
        } = self.key.as_ref()?;
        let expiry = (Utc::now() + lifetime).to_rfc3339_opts(SecondsFormat::Secs, true);
        let resource = format!("/blob/{account}/{container}/{key}");
        let version = SIGNATURE_VERSION;
        // Permission, start, expiry, resource, identifier, address, protocol, version, kind,
        // snapshot, encryption scope, and five headers of the answer.
        let text = format!(
            "{permission}\n\n{expiry}\n{resource}\n\n\n\n{version}\nb\n\n\n\n{disposition}\n\n\n"
        );
        let signature = BASE64_STANDARD.encode(hmac_sha256(secret, &text));
        let mut query = url.query_pairs_mut();
        query.extend_pairs([
            ("sv", version),
            ("sr", "b"),
            ("sp", permission),
            ("se", &expiry),
        ]);
        if !disposition.is_empty() {
            query.append_pair("rscd", disposition);
        }
        query.append_pair("sig", &signature);
        drop(query);
        Some(url)
    }
}

/// Opens a container with the credentials of the environment: a connection string, an access
/// key, a service principal, a workload or managed identity.
pub(crate) fn open(
    account: &str,
    domain: &str,
    container: &str,
    settings: &StorageSettings,
) -> Result<Bucket> {
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in settings.starting_with("AZURE_") {
        if let Ok(key) = name.parse::<AzureConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder = builder
        .with_account(account)
        .with_endpoint(format!("https://{account}.blob.{domain}"));
    let mut options = client();
    let mut signer = (account, access_key(settings));
    if let Some(text) = settings.get("AZURE_STORAGE_CONNECTION_STRING") {
        let connection = ConnectionString::parse(text);
        signer = (
            connection.get("AccountName").unwrap_or(account),
            connection.get("AccountKey"),
        );
        options =
            options.with_allow_http(connection.endpoint(account, domain).starts_with("http://"));
        builder = connection.apply(builder, account, domain)?;
    }
    let store = builder
        .with_container_name(container)
        .with_client_options(options)
        .with_retry(retries())
        .with_http_connector(ExactRanges)
        .build()
        .map_err(Error::internal)?;
    let azure = Azure {
        store: Arc::new(store),
        key: account_key(signer, container)?,
    };
    Ok(Bucket::new(Kind::Azure(Arc::new(azure)), settings.limits))
}

fn access_key(settings: &StorageSettings) -> Option<&str> {
    ["AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY"]
        .into_iter()
        .find_map(|name| settings.get(name))
}

fn account_key(
    (account, key): (&str, Option<&str>),
    container: &str,
) -> Result<Option<AccountKey>> {
    let Some(key) = key else {
        return Ok(None);
    };
    let secret = BASE64_STANDARD
        .decode(key)
        .map_err(|_| Error::invalid_parameter("the Azure account key is not base64"))?;
    Ok(Some(AccountKey {
        account: account.to_owned(),
        container: container.to_owned(),
        secret,
    }))
}

/// `Name=value` pairs. They decide over the account and endpoint in a location, as they do in
/// MLflow.
struct ConnectionString<'a>(Vec<(&'a str, &'a str)>);

impl<'a> ConnectionString<'a> {
    fn parse(text: &'a str) -> Self {
        let pairs = |text: &'a str| {
            text.split(';')
                .filter_map(|pair| pair.split_once('='))
                .collect()
        };
        let given = Self(pairs(text));
        match given.get("UseDevelopmentStorage") {
            Some("true") => Self(pairs(EMULATOR)),
            _ => given,
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    fn endpoint(&self, account: &str, domain: &str) -> String {
        if let Some(endpoint) = self.get("BlobEndpoint") {
            return endpoint.trim_end_matches('/').to_owned();
        }
        let account = self.get("AccountName").unwrap_or(account);
        let protocol = self.get("DefaultEndpointsProtocol").unwrap_or("https");
        let domain = self.get("EndpointSuffix").unwrap_or(domain);
        format!("{protocol}://{account}.blob.{domain}")
    }

    fn apply(
        &self,
        builder: MicrosoftAzureBuilder,
        account: &str,
        domain: &str,
    ) -> Result<MicrosoftAzureBuilder> {
        let builder = builder
            .with_account(self.get("AccountName").unwrap_or(account))
            .with_endpoint(self.endpoint(account, domain));
        match (self.get("AccountKey"), self.get("SharedAccessSignature")) {
            (Some(key), _) => Ok(builder.with_access_key(key)),
            (None, Some(signature)) => Ok(builder.with_config(AzureConfigKey::SasKey, signature)),
            (None, None) => Err(Error::invalid_parameter(
                "AZURE_STORAGE_CONNECTION_STRING has neither AccountKey nor SharedAccessSignature",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_names_account_key_and_endpoint() {
        let text = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5==;EndpointSuffix=core.chinacloudapi.cn";
        let connection = ConnectionString::parse(text);
        assert_eq!(connection.get("AccountKey"), Some("a2V5=="));
        assert_eq!(
            connection.endpoint("x", "core.windows.net"),
            "https://acc.blob.core.chinacloudapi.cn"
        );
        assert_eq!(
            ConnectionString::parse("UseDevelopmentStorage=true").endpoint("x", "y"),
            "http://127.0.0.1:10000/devstoreaccount1"
        );
    }
}
