//! One span and one count a request.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Upper bounds of the duration classes, in seconds.
const CLASSES: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Counts of requests by method, route and status, with their durations.
#[derive(Debug, Default)]
pub struct RequestLog {
    routes: Mutex<BTreeMap<Route, Tally>>,
    under_way: AtomicUsize,
    /// When requests that are still under way are cut off.
    end: OnceLock<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    /// The pattern, not the path, so that there are few.
    pattern: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Default)]
struct Tally {
    classes: [u64; CLASSES.len()],
    count: u64,
    seconds: f64,
}

impl RequestLog {
    /// The middleware.
    pub(crate) async fn record<B: MessageBody>(
        &self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let started = Instant::now();
        let mut under_way = UnderWay::enter(self);
        let id = request_id(&request);
        let method = method_name(&request);
        let span = tracing::info_span!(
            "request",
            id = id.to_str().unwrap_or_default(),
            method,
            path = request.path(),
            status = tracing::field::Empty,
        );
        let response = next.call(request).instrument(span.clone()).await;
        under_way.is_answered = true;
        let mut response = response?;
        let status = response.status().as_u16();
        let took = started.elapsed();
        span.record("status", status);
        span.in_scope(|| match status {
            500.. => tracing::warn!(ms = took.as_millis() as u64, "request failed"),
            _ => tracing::debug!(us = took.as_micros() as u64, "request answered"),
        });
        response.headers_mut().insert(REQUEST_ID, id);
        let pattern = response.request().match_pattern();
        self.count(
            pattern.unwrap_or_else(|| "(none)".into()),
            method,
            status,
            took,
        );
        Ok(response)
    }

    /// Says when requests that are still under way will be cut off.
    pub fn ends_at(&self, end: Instant) {
        // Only the first signal to stop counts.
        let _ = self.end.set(end);
    }

    /// How many requests are under way, or were when they were cut off.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }

    fn count(&self, pattern: String, method: &'static str, status: u16, took: Duration) {
        let seconds = took.as_secs_f64();
        let mut routes = self
            .routes
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let tally = routes
            .entry(Route {
                pattern,
                method,
                status,
            })
            .or_default();
        tally.count += 1;
        tally.seconds += seconds;
        if let Some(class) = CLASSES.iter().position(|bound| seconds <= *bound) {
            tally.classes[class] += 1;
        }
    }

    /// The counts in Prometheus' text format.
    pub(crate) fn write_prometheus(&self, out: &mut String) {
        let routes = self
            .routes
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        out.push_str(
            "# HELP tidemill_request_duration_seconds Requests by route, method and status.\n\
             # TYPE tidemill_request_duration_seconds histogram\n",
        );
        for (route, tally) in routes.iter() {
            tally.write_prometheus(route, out);
        }
    }
}

/// A request that is not answered yet.
struct UnderWay<'a> {
    log: &'a RequestLog,
    is_answered: bool,
}

impl<'a> UnderWay<'a> {
    fn enter(log: &'a RequestLog) -> Self {
        log.under_way.fetch_add(1, Ordering::AcqRel);
        Self {
            log,
            is_answered: false,
        }
    }
}

impl Drop for UnderWay<'_> {
    /// Whoever hung up has given up by itself; whoever is cut off at the end is still counted.
    fn drop(&mut self) {
        let end = self.log.end.get();
        if self.is_answered || end.is_none_or(|end| Instant::now() < *end) {
            self.log.under_way.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Tally {
    fn write_prometheus(&self, route: &Route, out: &mut String) {
        const NAME: &str = "tidemill_request_duration_seconds";
        let Route {
            pattern,
            method,
            status,
        } = route;
        let labels = format!("route=\"{pattern}\",method=\"{method}\",status=\"{status}\"");
        let mut below = 0;
        for (bound, n) in CLASSES.iter().zip(self.classes) {
            below += n;
            let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(out, "{NAME}_sum{{{labels}}} {}", self.seconds);
        let _ = writeln!(out, "{NAME}_count{{{labels}}} {}", self.count);
    }
}

/// The caller's id if it is short and plain, otherwise a fresh one.
fn request_id(request: &ServiceRequest) -> HeaderValue {
    request
        .headers()
        .get(&REQUEST_ID)
        .filter(|id| {
            id.len() <= 128
                && id
                    .as_bytes()
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        })
        .cloned()
        .unwrap_or_else(|| {
            let mut text = [0; 36];
            let id = uuid::Uuid::new_v4();
            HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))
                .unwrap_or_else(|_| HeaderValue::from_static("none"))
        })
}

/// Only the methods there are, so that nobody can make up labels.
fn method_name(request: &ServiceRequest) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
