//! Google's side of a V4 signed link: the rules it documents, applied to a request as it
//! arrives, with the public half of the key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{NaiveDateTime, TimeDelta, Utc};
use hyper::{Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};

/// The credentials of the service account that signs.
pub(crate) const SERVICE_ACCOUNT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/storages/service_account.json"
);

const SIGNER: &str = "tests@tidemill.iam.gserviceaccount.com";

/// What is not encoded in a canonical request: letters, digits and these.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// The request without Google's credentials, which mean nothing to an S3 server; nothing if it
/// comes by a link that is not valid.
pub(crate) fn admitted<B>(mut request: Request<B>) -> Option<Request<B>> {
    request.headers_mut().remove("authorization");
    let query = pairs(request.uri());
    if value(&query, "X-Goog-Signature").is_some() {
        if !is_valid(&request, &query) {
            return None;
        }
        let rest = query
            .iter()
            .filter(|(name, _)| !name.starts_with("X-Goog-"));
        *request.uri_mut() = with_query(request.uri(), rest);
    }
    Some(request)
}

fn is_valid<B>(request: &Request<B>, query: &[(String, String)]) -> bool {
    let given = |name| value(query, name).unwrap_or_default();
    let date = given("X-Goog-Date");
    let scope = format!("{}/auto/storage/goog4_request", date.get(..8).unwrap_or(""));
    let text = format!(
        "GOOG4-RSA-SHA256\n{date}\n{scope}\n{}",
        hex(digest(&SHA256, canonical(request, query).as_bytes()).as_ref())
    );
    given("X-Goog-Algorithm") == "GOOG4-RSA-SHA256"
        && given("X-Goog-Credential") == format!("{SIGNER}/{scope}")
        && is_alive(given("X-Goog-Date"), given("X-Goog-Expires"))
        && is_signature(given("X-Goog-Signature"), &text)
}

/// Verb, path, query, headers, names of headers and payload, a line each; the headers end with
/// a line of their own.
fn canonical<B>(request: &Request<B>, query: &[(String, String)]) -> String {
    let path = percent_decode_str(request.uri().path());
    let path = path.decode_utf8().unwrap();
    let mut query: Vec<_> = query
        .iter()
        .filter(|(name, _)| name != "X-Goog-Signature")
        .cloned()
        .collect();
    let signed_headers = value(&query, "X-Goog-SignedHeaders")
        .unwrap_or_default()
        .to_owned();
    assert!(signed_headers.split(';').any(|name| name == "host"));
    let headers: String = signed_headers
        .split(';')
        .map(|name| {
            let value = request.headers()[name].to_str().unwrap();
            format!("{name}:{}\n", value.trim())
        })
        .collect();
    query.sort();
    format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\nUNSIGNED-PAYLOAD",
        request.method(),
        utf8_percent_encode(&path, PATH),
        encoded(query.iter()),
    )
}

fn is_alive(date: &str, seconds: &str) -> bool {
    let Ok(start) = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ") else {
        return false;
    };
    let lifetime = TimeDelta::seconds(seconds.parse().unwrap());
    let now = Utc::now().naive_utc();
    lifetime <= TimeDelta::days(7) && start <= now && now <= start + lifetime
}

fn is_signature(hex: &str, text: &str) -> bool {
    let signature: Option<Vec<u8>> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key());
    signature.is_some_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
}

fn public_key() -> Vec<u8> {
    let account = std::fs::read(SERVICE_ACCOUNT).unwrap();
    let account: serde_json::Value = serde_json::from_slice(&account).unwrap();
    let pem = account["private_key"].as_str().unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(base64).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    pair.public().as_ref().to_vec()
}

/// The names and values of the query, decoded.
fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().unwrap();
        text.into_owned()
    };
    let query = uri.query().unwrap_or_default().split('&');
    query
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

fn encoded<'a>(query: impl Iterator<Item = &'a (String, String)>) -> String {
    let encode = |text: &'a str| utf8_percent_encode(text, VALUE);
    query
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn with_query<'a>(uri: &Uri, query: impl Iterator<Item = &'a (String, String)>) -> Uri {
    let query = encoded(query);
    let path = uri.path();
    match query.is_empty() {
        true => path.parse().unwrap(),
        false => format!("{path}?{query}").parse().unwrap(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
