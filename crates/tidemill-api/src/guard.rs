//! Protection against other web sites: which hosts and origins are served, and which headers
//! every answer carries.
//!
//! A page of another site can make a browser send requests here. Its `Host` is checked
//! against DNS rebinding, and a request that changes something and comes from a page of another
//! origin that is not allowed is refused, on every route.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

const INVALID_HOST: &str = "Invalid Host header - possible DNS rebinding attack detected";
const CROSS_ORIGIN: &str = "Cross-origin request blocked";

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Probes come from inside with any host name.
const PROBES: [&str; 4] = ["/health", "/version", "/livez", "/readyz"];

/// What the guard allows.
#[derive(Debug, Clone)]
pub struct Guard {
    /// `None` when the protection is switched off.
    policy: Option<Policy>,
    frame_options: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
struct Policy {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Guard {
    /// Serves the given hosts (patterns may contain `*`; empty means this machine and private
    /// addresses) and lets pages of the given origins write. `frame_options` is the value of
    /// `X-Frame-Options`; `NONE` leaves the header out.
    pub fn new(hosts: Vec<String>, origins: Vec<String>, frame_options: &str) -> Self {
        let hosts = match hosts.is_empty() {
            true => default_hosts(),
            false => hosts,
        };
        let frame_options = frame_options.trim().to_ascii_uppercase();
        Self {
            policy: Some(Policy { hosts, origins }),
            frame_options: match frame_options.as_str() {
                "" | "NONE" => None,
                value => HeaderValue::from_str(value).ok(),
            },
        }
    }

    /// Serves every host and origin, and adds no headers.
    pub fn disabled() -> Self {
        Self {
            policy: None,
            frame_options: None,
        }
    }

    /// The middleware.
    pub(crate) async fn check(
        self: Rc<Self>,
        prefix: Rc<str>,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let Some(policy) = &self.policy else {
            return Ok(next.call(request).await?.map_into_boxed_body());
        };
        let origin = header_text(&request, header::ORIGIN).map(str::to_owned);
        let mut response = match policy.refusal(&request, &prefix) {
            Some(refusal) => request.into_response(refusal),
            None if request.method() == Method::OPTIONS => {
                let answer = policy.preflight(&request);
                request.into_response(answer)
            }
            None => next.call(request).await?.map_into_boxed_body(),
        };
        let headers = response.headers_mut();
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if let Some(value) = &self.frame_options {
            headers.insert(header::X_FRAME_OPTIONS, value.clone());
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|origin| policy.allows_origin(origin)) {
            policy.allow(headers, &origin);
        }
        Ok(response)
    }
}

impl Policy {
    fn refusal(&self, request: &ServiceRequest, prefix: &str) -> Option<HttpResponse> {
        if !is_probe(request.path(), prefix) && !self.allows_host(&request.connection_info_host()) {
            return Some(refuse(INVALID_HOST));
        }
        let writes = !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        match request.headers().get(header::ORIGIN) {
            Some(origin) if writes => {
                let allowed = origin
                    .to_str()
                    .is_ok_and(|o| self.allows_origin(o) || self.is_own_page(o, request));
                (!allowed).then(|| refuse(CROSS_ORIGIN))
            }
            _ => None,
        }
    }

    /// Whether the page of that origin came from this server: from the host that is asked, or
    /// from the one that a proxy says was asked. That host has to be an address or be named in
    /// the list: where every host is served, a page of another site can make its own name lead
    /// here. A page of another site cannot send the proxy's header without asking first.
    fn is_own_page(&self, origin: &str, request: &ServiceRequest) -> bool {
        let asked = request.connection_info_host();
        let forwarded = header_text(request, FORWARDED_HOST);
        let forwarded = forwarded.and_then(|hosts| hosts.split(',').next());
        [Some(asked.as_str()), forwarded.map(str::trim)]
            .into_iter()
            .flatten()
            .any(|host| is_origin_of(origin, host) && self.names_host(host))
    }

    /// Whether nobody else can give the host's name to this server.
    fn names_host(&self, host: &str) -> bool {
        let names = |pattern: &&String| !pattern.starts_with('*') || pattern.starts_with("*.");
        let named = self.hosts.iter().filter(names).any(|p| matches(p, host));
        named || (address_of(host).is_some() && self.allows_host(host))
    }

    fn allows_host(&self, host: &str) -> bool {
        !host.is_empty() && self.hosts.iter().any(|pattern| matches(pattern, host))
    }

    fn allows_origin(&self, origin: &str) -> bool {
        is_this_machine(origin) || self.origins.iter().any(|pattern| matches(pattern, origin))
    }

    fn allows_all_origins(&self) -> bool {
        self.origins.iter().any(|origin| origin == "*")
    }

    /// Answers the question of a browser whether it may send a request.
    fn preflight(&self, request: &ServiceRequest) -> HttpResponse {
        let mut response = HttpResponse::NoContent();
        let allowed = header_text(request, header::ORIGIN).is_some_and(|o| self.allows_origin(o));
        if allowed {
            response.insert_header((
                header::ACCESS_CONTROL_ALLOW_METHODS,
                "GET, POST, PUT, DELETE, OPTIONS, PATCH",
            ));
            if let Some(wanted) = request
                .headers()
                .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
            {
                response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
            }
        }
        response.finish()
    }

    /// Lets a page of `origin` read the answer; with credentials only if origins are named.
    fn allow(&self, headers: &mut header::HeaderMap, origin: &str) {
        let all = self.allows_all_origins();
        let value = if all { "*" } else { origin };
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        }
        if !all {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
}

trait HostOf {
    fn connection_info_host(&self) -> String;
}

impl HostOf for ServiceRequest {
    /// The `Host` header, or the authority of HTTP/2. Forwarding headers are not believed.
    fn connection_info_host(&self) -> String {
        header_text(self, header::HOST)
            .map(str::to_owned)
            .or_else(|| self.uri().authority().map(ToString::to_string))
            .unwrap_or_default()
    }
}

fn header_text(request: &ServiceRequest, name: HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

fn is_probe(path: &str, prefix: &str) -> bool {
    let path = path.strip_prefix(prefix).unwrap_or(path);
    PROBES.contains(&path)
}

fn refuse(message: &'static str) -> HttpResponse {
    HttpResponse::build(StatusCode::FORBIDDEN)
        .content_type("text/plain")
        .body(message)
}

/// Origins of this machine, whatever the port.
fn is_this_machine(origin: &str) -> bool {
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// This machine by its names, and private addresses. Address patterns end in digits or dots
/// only, so that `10.evil.com` is not one.
fn default_hosts() -> Vec<String> {
    let mut hosts = Vec::new();
    for name in ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"] {
        hosts.push(name.to_owned());
        hosts.push(format!("{name}:*"));
    }
    hosts.push(PRIVATE_ADDRESSES.to_owned());
    hosts
}

/// Stands for every private address in the list of hosts.
const PRIVATE_ADDRESSES: &str = "(private addresses)";

fn matches(pattern: &str, text: &str) -> bool {
    if pattern == PRIVATE_ADDRESSES {
        return is_private_address(text);
    }
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|text| tail_matches(rest, text)),
    }
}

/// Whether some end of `text` matches `pattern`, the part after a `*`.
fn tail_matches(pattern: &str, text: &str) -> bool {
    match pattern.rsplit_once('*') {
        None => text.ends_with(pattern),
        Some((middle, end)) => {
            let Some(mut text) = text.strip_suffix(end) else {
                return false;
            };
            for part in middle.split('*') {
                match text.find(part) {
                    Some(at) => text = &text[at + part.len()..],
                    None => return false,
                }
            }
            true
        }
    }
}

/// Whether pages of the host have this origin; browsers leave out the port that a scheme has
/// by itself, some proxies do not.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let Some((scheme, page_host)) = origin.split_once("://") else {
        return false;
    };
    let usual_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    page_host == host.strip_suffix(usual_port).unwrap_or(host)
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| host.trim_matches(['[', ']']).parse::<IpAddr>())
        .ok()
}

fn is_private_address(host: &str) -> bool {
    match address_of(host) {
        Some(IpAddr::V4(address)) => address.is_private(),
        Some(IpAddr::V6(address)) => address.is_unique_local(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(hosts: &[&str], origins: &[&str]) -> Policy {
        let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
        Guard::new(own(hosts), own(origins), "SAMEORIGIN")
            .policy
            .unwrap()
    }

    #[test]
    fn only_this_machine_and_private_addresses_are_served_by_default() {
        let policy = policy(&[], &[]);
        for host in [
            "localhost:5000",
            "127.0.0.1",
            "[::1]:5000",
            "10.1.2.3:80",
            "192.168.0.9",
        ] {
            assert!(policy.allows_host(host), "{host}");
        }
        for host in [
            "",
            "evil.com",
            "10.evil.com",
            "192.168.1.1.evil.com",
            "localhost.evil.com",
        ] {
            assert!(!policy.allows_host(host), "{host}");
        }
    }

    #[test]
    fn patterns_may_have_stars_anywhere() {
        let policy = policy(&["*.example.com", "a*c*e"], &[]);
        assert!(policy.allows_host("ml.example.com"));
        assert!(!policy.allows_host("example.com"));
        assert!(policy.allows_host("abcde"));
        assert!(!policy.allows_host("abde"));
    }

    fn is_own(policy: &Policy, origin: &str, host: &str, forwarded: &str) -> bool {
        let request = actix_web::test::TestRequest::post()
            .insert_header((header::HOST, host.to_owned()))
            .insert_header((FORWARDED_HOST, forwarded.to_owned()));
        policy.is_own_page(origin, &request.to_srv_request())
    }

    #[test]
    fn a_page_that_came_from_here_may_write() {
        let policy = policy(
            &["ml.example.com", "ml.example.com:*", "10.0.0.5:5000"],
            &[],
        );
        for (origin, host, forwarded) in [
            ("http://10.0.0.5:5000", "10.0.0.5:5000", ""),
            ("https://ml.example.com", "ml.example.com:443", ""),
            ("https://ml.example.com", "10.0.0.5:5000", "ml.example.com"),
            ("https://ml.example.com", "b", "ml.example.com, inner"),
        ] {
            assert!(is_own(&policy, origin, host, forwarded), "{origin} {host}");
        }
        for (origin, host, forwarded) in [
            ("https://evil.com", "10.0.0.5:5000", "evil.com"),
            ("https://evil.com", "ml.example.com", ""),
            ("null", "ml.example.com", ""),
        ] {
            assert!(!is_own(&policy, origin, host, forwarded), "{origin} {host}");
        }
    }

    #[test]
    fn a_name_that_anybody_can_give_here_is_not_ours() {
        let policy = policy(&["*"], &[]);
        assert!(policy.allows_host("evil.com:5000"));
        assert!(!is_own(
            &policy,
            "http://evil.com:5000",
            "evil.com:5000",
            ""
        ));
        assert!(is_own(
            &policy,
            "http://192.0.2.7:5000",
            "192.0.2.7:5000",
            ""
        ));
    }

    #[test]
    fn foreign_and_null_origins_may_not_write() {
        let policy = policy(&[], &["https://ml.example.com"]);
        for origin in [
            "http://localhost:3000",
            "https://ml.example.com",
            "http://[::1]",
        ] {
            assert!(policy.allows_origin(origin), "{origin}");
        }
        for origin in ["https://evil", "null", "http://localhost.evil", ""] {
            assert!(!policy.allows_origin(origin), "{origin}");
        }
    }
}
