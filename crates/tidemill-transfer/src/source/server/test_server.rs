//! A server for tests: answers what a function says, one connection per request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Server;
use super::address::{Address, Credentials};
use super::client::Client;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Method, path and query.
    pub(super) line: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

impl Asked {
    /// Whether it is about this path.
    pub(super) fn is(&self, path: &str) -> bool {
        let target = self.line.split(' ').nth(1).unwrap_or_default();
        target.split('?').next() == Some(path)
    }

    /// Whether the body or the query has this text.
    pub(super) fn says(&self, text: &str) -> bool {
        self.line.contains(text) || self.body.contains(text)
    }
}

/// A whole answer: status line, headers and body.
pub(super) struct Answer(String);

impl Answer {
    pub(super) fn json(body: impl AsRef<str>) -> Self {
        Self::new("200 OK", "", body.as_ref())
    }

    /// `headers` end their lines themselves.
    pub(super) fn new(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self(format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n\
             {body}"
        ))
    }

    /// Exactly these bytes.
    pub(super) fn raw(text: String) -> Self {
        Self(text)
    }

    /// What MLflow says to a path it does not know.
    pub(super) fn not_found() -> Self {
        Self::new("404 NOT FOUND", "", "<!doctype html><h1>Not Found</h1>")
    }
}

/// A running server. Its thread ends with the test.
pub(super) struct TestServer {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl TestServer {
    pub(super) fn new(answer: impl Fn(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(question) = read(&mut stream) else {
                    continue;
                };
                noted.lock().unwrap().push(question.clone());
                let _ = stream.write_all(answer(&question).0.as_bytes());
            }
        });
        Self { url, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The source that reads from it.
    pub(super) fn source(&self) -> Server {
        Server::asking(self.client(Credentials::None))
    }

    pub(super) fn client(&self, credentials: Credentials) -> Client {
        Client::hurried(Address::new(&self.url, credentials).unwrap())
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: line.trim().to_owned(),
        authorization,
        body: String::from_utf8(body).ok()?,
    })
}
