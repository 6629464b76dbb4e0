//! Azure Blob Storage and Data Lake, both through the blob endpoint.

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use tidemill_core::{Error, Result};

use super::{Bucket, Kind, client, retries};
use crate::settings::StorageSettings;

/// The account and key of Microsoft's emulator, which are public.
const EMULATOR: &str = "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

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
    if let Some(text) = settings.get("AZURE_STORAGE_CONNECTION_STRING") {
        let connection = ConnectionString::parse(text);
        options =
            options.with_allow_http(connection.endpoint(account, domain).starts_with("http://"));
        builder = connection.apply(builder, account, domain)?;
    }
    let store = builder
        .with_container_name(container)
        .with_client_options(options)
        .with_retry(retries())
        .build()
        .map_err(Error::internal)?;
    Ok(Bucket::new(Kind::Azure(Arc::new(store)), settings.limits))
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
