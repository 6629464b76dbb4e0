//! Signed links, where the link's own query is part of what is signed.
//!
//! `object_store` signs a bare PUT or GET. A part of a multipart upload and the name of a
//! download are in the query, so those links are signed here. Amazon's Signature Version 4 and
//! Google's V4 differ in the words they use and in how the digest is signed.

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use url::{Position, Url};

/// Everything but RFC 3986's unreserved characters, as both signatures ask.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');

/// The words of a signature scheme.
pub(super) struct Scheme {
    /// `X-Amz` or `X-Goog`.
    pub(super) prefix: &'static str,
    pub(super) algorithm: &'static str,
    /// What follows the date in a credential's scope.
    pub(super) scope: String,
    /// Who signs.
    pub(super) signer: String,
}

/// A link to sign.
pub(super) struct Link<'a> {
    pub(super) method: &'a str,
    /// Without a query.
    pub(super) url: Url,
    pub(super) query: Vec<(&'a str, &'a str)>,
    pub(super) lifetime_secs: u64,
    pub(super) now: DateTime<Utc>,
}

impl Scheme {
    /// The signed link; `sign` turns the text to sign into a signature.
    pub(super) fn sign<E>(
        &self,
        link: Link<'_>,
        sign: impl FnOnce(&str) -> Result<String, E>,
    ) -> Result<Url, E> {
        let Self {
            prefix,
            algorithm,
            signer,
            ..
        } = self;
        let time = link.now.format("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{}/{}", link.now.format("%Y%m%d"), self.scope);
        let mut query: Vec<(String, String)> = link
            .query
            .iter()
            .map(|(name, value)| (encoded(name), encoded(value)))
            .chain([
                (format!("{prefix}-Algorithm"), encoded(algorithm)),
                (
                    format!("{prefix}-Credential"),
                    encoded(&format!("{signer}/{scope}")),
                ),
                (format!("{prefix}-Date"), encoded(&time)),
                (format!("{prefix}-Expires"), link.lifetime_secs.to_string()),
                (format!("{prefix}-SignedHeaders"), "host".to_owned()),
            ])
            .collect();
        query.sort();
        let query = query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&");
        let mut url = link.url;
        let request = format!(
            "{}\n{}\n{query}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD",
            link.method,
            url.path(),
            &url[Position::BeforeHost..Position::AfterPort],
        );
        let text = format!(
            "{algorithm}\n{time}\n{scope}\n{}",
            sha256_hex(request.as_bytes())
        );
        let signature = sign(&text)?;
        url.set_query(Some(&format!("{query}&{prefix}-Signature={signature}")));
        Ok(url)
    }
}

/// Amazon's signature of a text: a key derived from the secret, the date and the place.
pub(super) fn amazon(secret: &str, date: DateTime<Utc>, region: &str, text: &str) -> String {
    let date = date.format("%Y%m%d").to_string();
    let key = ["aws4_request", "s3", region, &date]
        .into_iter()
        .rev()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
            hmac_sha256(&key, part).as_ref().to_vec()
        });
    hex(hmac_sha256(&key, text).as_ref())
}

pub(super) fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A key as the path of a URL, as Google's signature wants it.
pub(super) fn encoded_path(key: &str) -> String {
    utf8_percent_encode(key, RESERVED_IN_PATHS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    /// The example in Amazon's documentation of query signatures.
    #[test]
    fn amazon_s_own_example_gets_its_signature() {
        let now = Utc.with_ymd_and_hms(2013, 5, 24, 0, 0, 0).unwrap();
        let scheme = Scheme {
            prefix: "X-Amz",
            algorithm: "AWS4-HMAC-SHA256",
            scope: "us-east-1/s3/aws4_request".into(),
            signer: "AKIAIOSFODNN7EXAMPLE".into(),
        };
        let link = Link {
            method: "GET",
            url: Url::parse("https://examplebucket.s3.amazonaws.com/test.txt").unwrap(),
            query: vec![],
            lifetime_secs: 86400,
            now,
        };
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signed = scheme
            .sign(link, |text| {
                Ok::<_, ()>(amazon(secret, now, "us-east-1", text))
            })
            .unwrap();
        assert!(signed.as_str().ends_with(
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ));
    }
}
