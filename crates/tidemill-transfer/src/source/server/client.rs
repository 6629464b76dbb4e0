//! Questions to the server: bounded in time and size, and asked again when the server is only
//! busy. Every question only reads, so asking again is always safe.

use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::{Attempt, Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::failure::{Failure, shown, words};
use super::json;
use crate::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// How long one whole answer may take.
const ANSWER: Duration = Duration::from_secs(600);
/// How often a question is asked at most.
const TRIES: u32 = 5;
/// After this time it is not asked again.
const PATIENCE: Duration = Duration::from_secs(180);
/// The first pause; each one after it is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: u64 = 256 << 20;
/// How much of an error's body is read, in bytes.
const MAX_REFUSAL: u64 = 64 << 10;
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

/// Asks one server.
pub(super) struct Client {
    http: reqwest::blocking::Client,
    address: Address,
    pause: Duration,
    max_answer: u64,
}

/// What is asked.
struct Question<'q> {
    path: &'q str,
    query: &'q [(&'q str, &'q str)],
    /// A `POST` has a body, a `GET` has none.
    body: Option<Vec<u8>>,
}

/// A try that failed.
struct Missed {
    failure: Failure,
    /// Whether the next one may go better, and how long the server wants us to wait.
    again: Option<Duration>,
}

impl Client {
    pub(super) fn new(address: Address) -> Result<Self> {
        let http = reqwest::blocking::Client::builder()
            .user_agent(concat!("tidemill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(SILENCE)
            .redirect(Policy::custom(follow_on_the_same_host))
            .build()
            .map_err(|error| Error::Source(format!("no HTTP client: {}", chain(error))))?;
        Ok(Self {
            http,
            address,
            pause: PAUSE,
            max_answer: MAX_ANSWER,
        })
    }

    /// With short pauses and small answers, for tests.
    #[cfg(test)]
    pub(super) fn hurried(address: Address) -> Self {
        Self {
            pause: Duration::from_millis(1),
            max_answer: 10_000,
            ..Self::new(address).unwrap()
        }
    }

    /// What people and notes call the server.
    pub(super) fn name(&self) -> String {
        self.address.name().to_owned()
    }

    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        self.ask(&Question {
            path,
            query,
            body: None,
        })
    }

    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        self.ask(&Question {
            path,
            query: &[],
            body: Some(body.to_string().into_bytes()),
        })
    }

    fn ask<T: DeserializeOwned>(&self, question: &Question<'_>) -> Result<T, Failure> {
        let body = self.answer(question)?;
        json::read(&body).map_err(|error| {
            let words = self.safe(&error.to_string());
            Failure::Broken(format!(
                "{question}: not what a tracking server answers: {words}"
            ))
        })
    }

    /// A file, as it comes.
    pub(super) fn open(&self, path: &str) -> Result<Response, Failure> {
        let question = Question {
            path,
            query: &[],
            body: None,
        };
        self.tried(|| self.response(&question))
    }

    fn answer(&self, question: &Question<'_>) -> Result<Vec<u8>, Failure> {
        self.tried(|| self.body(question, self.response(question)?))
    }

    /// What comes first within a few tries.
    fn tried<T>(&self, once: impl Fn() -> Result<T, Missed>) -> Result<T, Failure> {
        let started = Instant::now();
        let mut pause = self.pause;
        for _ in 1..TRIES {
            match once() {
                Ok(answer) => return Ok(answer),
                Err(Missed {
                    failure,
                    again: Some(wished),
                }) => {
                    let wait = pause.max(wished.min(LONGEST_PAUSE));
                    if started.elapsed() + wait > PATIENCE {
                        return Err(failure);
                    }
                    sleep(wait);
                    pause *= 2;
                }
                Err(missed) => return Err(missed.failure),
            }
        }
        once().map_err(|missed| missed.failure)
    }

    fn response(&self, question: &Question<'_>) -> Result<Response, Missed> {
        let response = self.request(question).send();
        let response = response.map_err(|error| self.unreached(question, error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.refused(question, response)),
        }
    }

    fn request(&self, question: &Question<'_>) -> RequestBuilder {
        let url = self.address.of(question.path);
        let request = match &question.body {
            None => self.http.get(url).query(question.query),
            Some(body) => self
                .http
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone()),
        };
        self.address.signed(request)
    }

    fn unreached(&self, question: &Question<'_>, error: reqwest::Error) -> Missed {
        let again = !(error.is_builder() || error.is_redirect());
        let words = self.safe(&chain(error));
        Missed {
            failure: Failure::Broken(format!("{}: {question}: {words}", self.address.name())),
            again: again.then_some(Duration::ZERO),
        }
    }

    fn refused(&self, question: &Question<'_>, response: Response) -> Missed {
        let status = response.status();
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504).then(|| wished(&response));
        let mut body = Vec::new();
        // What cannot be read of an error is not worth another one.
        let _ = response.take(MAX_REFUSAL).read_to_end(&mut body);
        let words = self.safe(&words(&body));
        let text = format!("{question}: {status} {words}");
        Missed {
            failure: Failure::from_status(status.as_u16(), text.trim_end().to_owned()),
            again,
        }
    }

    fn body(&self, question: &Question<'_>, mut response: Response) -> Result<Vec<u8>, Missed> {
        let deadline = Instant::now() + ANSWER;
        let mut body = Vec::new();
        loop {
            let told = response.content_length().unwrap_or(0);
            if told.max(body.len() as u64) > self.max_answer {
                return Err(self.too_large(question));
            }
            let mut part = (&mut response).take(1 << 16);
            match part.read_to_end(&mut body) {
                Ok(0) => return Ok(body),
                Ok(_) if Instant::now() < deadline => {}
                Ok(_) => return Err(interrupted(question, "the answer takes too long")),
                Err(_) => return Err(interrupted(question, "the answer broke off")),
            }
        }
    }

    fn too_large(&self, question: &Question<'_>) -> Missed {
        let text = format!(
            "{question}: the answer is larger than {} bytes",
            self.max_answer
        );
        Missed {
            failure: Failure::TooLarge(text),
            again: None,
        }
    }

    fn safe(&self, text: &str) -> String {
        shown(&self.address.hide_secret(text))
    }
}

impl std::fmt::Display for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        write!(f, "{method} {}", self.path)
    }
}

fn interrupted(question: &Question<'_>, why: &str) -> Missed {
    Missed {
        failure: Failure::Broken(format!("{question}: {why}")),
        again: Some(Duration::ZERO),
    }
}

/// How long the server asks us to wait.
fn wished(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// Another host, or the same one without encryption, would get to see the credentials.
fn follow_on_the_same_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let Some(first) = attempt.previous().first() else {
        return attempt.follow();
    };
    let next = attempt.url();
    let is_downgrade = first.scheme() == "https" && next.scheme() != "https";
    if first.host() != next.host() || is_downgrade {
        return attempt.error("a redirect to another host, which is not followed");
    }
    match attempt.previous().len() > MAX_REDIRECTS {
        true => attempt.error("too many redirects"),
        false => attempt.follow(),
    }
}

/// An error with its reasons, without the address.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut reason = std::error::Error::source(&error);
    while let Some(next) = reason {
        text.push_str(&format!(": {next}"));
        reason = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::address::Credentials;
    use super::super::test_server::{Answer, TestServer};
    use super::*;

    fn failing_times(times: u32, status: &'static str) -> TestServer {
        let count = AtomicU32::new(0);
        TestServer::new(
            move |_| match count.fetch_add(1, Ordering::Relaxed) < times {
                true => Answer::new(status, "", "busy"),
                false => Answer::json("{}"),
            },
        )
    }

    fn ask(server: &TestServer, credentials: Credentials) -> Result<Value, Failure> {
        server.client(credentials).get("/p", &[("q", "hush")])
    }

    fn text(failure: Failure) -> String {
        Error::from(failure).to_string()
    }

    #[test]
    fn a_busy_server_is_asked_again() {
        for status in ["429 X", "502 X", "503 X", "504 X"] {
            let server = failing_times(4, status);
            assert!(ask(&server, Credentials::None).is_ok(), "{status}");
            assert_eq!(server.asked().len(), 5);
        }
    }

    #[test]
    fn nobody_is_asked_for_ever() {
        let server = failing_times(99, "503 Service Unavailable");
        let failure = ask(&server, Credentials::None).unwrap_err();
        assert_eq!(text(failure), "GET /p: 503 Service Unavailable busy");
        assert_eq!(server.asked().len(), 5);
    }

    #[test]
    fn a_refusal_is_final() {
        for status in ["400 X", "401 X", "404 X", "500 X"] {
            let server = failing_times(1, status);
            assert!(ask(&server, Credentials::None).is_err(), "{status}");
            assert_eq!(server.asked().len(), 1);
        }
    }

    #[test]
    fn secrets_are_sent_and_never_shown() {
        let server = TestServer::new(|asked| {
            let body = format!("{} s3cret", asked.line);
            Answer::new("403 Forbidden", "", &body)
        });
        let user = |password: &str| Credentials::Basic {
            user: "me".into(),
            password: password.into(),
        };
        for (credentials, sent) in [
            (user("s3cret"), "Basic bWU6czNjcmV0"),
            (Credentials::Bearer("s3cret".into()), "Bearer s3cret"),
        ] {
            let words = text(ask(&server, credentials).unwrap_err());
            assert!(!words.contains("s3cret"), "{words}");
            let asked = server.asked().pop().unwrap();
            assert_eq!(asked.authorization.as_deref(), Some(sent));
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_an_error_without_its_secrets() {
        let address = Address::new("http://me:s3cret@127.0.0.1:1/", Credentials::None).unwrap();
        let client = Client::hurried(address);
        let words = text(client.get::<Value>("/p", &[("q", "hush")]).unwrap_err());
        assert!(words.starts_with("http://127.0.0.1:1: GET /p: "), "{words}");
        assert!(
            !words.contains("s3cret") && !words.contains("hush"),
            "{words}"
        );
    }

    #[test]
    fn an_answer_that_is_too_large_is_refused_at_once() {
        let server = TestServer::new(|_| Answer::json(format!("\"{}\"", "x".repeat(10_000))));
        let failure = ask(&server, Credentials::None).unwrap_err();
        assert!(matches!(failure, Failure::TooLarge(_)));
        assert_eq!(server.asked().len(), 1);
    }

    #[test]
    fn an_endless_answer_is_cut_off() {
        let server = TestServer::new(|_| {
            let chunk = format!("ffff\r\n{}\r\n", "x".repeat(0xffff));
            Answer::raw(format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}",
                chunk.repeat(3)
            ))
        });
        let failure = ask(&server, Credentials::None).unwrap_err();
        assert!(matches!(failure, Failure::TooLarge(_)), "{failure:?}");
    }

    #[test]
    fn an_answer_that_breaks_off_is_asked_for_again() {
        let count = AtomicU32::new(0);
        let server = TestServer::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into()),
            _ => Answer::json("{}"),
        });
        assert!(ask(&server, Credentials::None).is_ok());
        assert_eq!(server.asked().len(), 2);
    }

    #[test]
    fn redirects_are_followed_on_the_same_host_only() {
        let server = TestServer::new(|asked| match asked.is("/p") {
            true => Answer::new("308 X", "location: /other\r\n", ""),
            false => Answer::json("{}"),
        });
        assert!(ask(&server, Credentials::None).is_ok());
        let away = TestServer::new(|_| {
            Answer::new("308 X", "location: http://elsewhere.invalid/s3cret\r\n", "")
        });
        let words = text(ask(&away, Credentials::None).unwrap_err());
        assert!(words.contains("another host"), "{words}");
        assert!(!words.contains("s3cret"), "{words}");
        assert_eq!(away.asked().len(), 1);
    }

    #[test]
    fn a_page_instead_of_json_is_an_error_that_says_so() {
        let server = TestServer::new(|_| Answer::json("<html>log in</html>"));
        let words = text(ask(&server, Credentials::None).unwrap_err());
        assert!(
            words.contains("not what a tracking server answers"),
            "{words}"
        );
    }
}
