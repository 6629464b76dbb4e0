//! Where a server is, and who asks it. Secrets leave this file only in requests.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::blocking::RequestBuilder;
use url::Url;

use crate::{Error, Result};

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password.
    Basic {
        /// The user's name.
        user: String,
        /// May be empty.
        password: String,
    },
    /// Whoever holds this token.
    Bearer(String),
}

/// Without the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

impl Credentials {
    fn from_url(url: &Url) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if url.username().is_empty() && url.password().is_none() {
            return Self::None;
        }
        Self::Basic {
            user: decoded(url.username()),
            password: decoded(url.password().unwrap_or_default()),
        }
    }

    fn secret(&self) -> &str {
        match self {
            Self::None => "",
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
        }
    }
}

/// A server's address without secrets, and the credentials for it.
pub(super) struct Address {
    root: String,
    credentials: Credentials,
}

impl Address {
    pub(super) fn new(url: &str, credentials: Credentials) -> Result<Self> {
        let mut url = Url::parse(url.trim())
            .map_err(|error| Error::Source(format!("the server's address is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Source(
                "the server's address must start with http:// or https://".into(),
            ));
        }
        let credentials = match credentials {
            Credentials::None => Credentials::from_url(&url),
            given => given,
        };
        url.set_query(None);
        url.set_fragment(None);
        let stripped = url.set_username("").and_then(|()| url.set_password(None));
        stripped.map_err(|()| Error::Source("the server's address has no host".into()))?;
        Ok(Self {
            root: url.as_str().trim_end_matches('/').to_owned(),
            credentials,
        })
    }

    /// What people and notes call the server.
    pub(super) fn name(&self) -> &str {
        &self.root
    }

    pub(super) fn of(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    pub(super) fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.credentials {
            Credentials::None => request,
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Bearer(token) => request.bearer_auth(token),
        }
    }

    /// The text without the secret, should a server repeat it.
    pub(super) fn hide_secret(&self, text: &str) -> String {
        match self.credentials.secret() {
            "" => text.to_owned(),
            secret => text.replace(secret, "***"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_in_the_address_is_used_and_not_shown() {
        let address = Address::new("http://me:p%40ss@h:1/ml/?q#f", Credentials::None).unwrap();
        assert_eq!(address.name(), "http://h:1/ml");
        assert_eq!(address.of("/api"), "http://h:1/ml/api");
        let expected = Credentials::Basic {
            user: "me".into(),
            password: "p@ss".into(),
        };
        assert!(address.credentials == expected);
        assert_eq!(format!("{expected:?}"), "Basic(..)");
    }

    #[test]
    fn given_credentials_count_more_than_those_in_the_address() {
        let address = Address::new("https://a:b@h", Credentials::Bearer("t".into())).unwrap();
        assert!(address.credentials == Credentials::Bearer("t".into()));
        assert_eq!(address.hide_secret("got t!"), "go*** ***!");
    }

    #[test]
    fn other_addresses_are_refused_without_repeating_them() {
        for url in [
            "ftp://u:hush@h/",
            "u:hush@h",
            "",
            "http://u:hush@",
            "http://u:hush@h:x",
        ] {
            let error = Address::new(url, Credentials::None).err().unwrap();
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
