//! HTTP/1.1 as plainly as it goes: what a test writes is what is sent.
//!
//! An ordinary client tidies paths, headers and encodings up; hostile requests must reach the
//! server as they are.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer may take longer; a hanging server is a failed test, not a hanging one.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server said.
#[derive(Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer encoding.
    pub body: Vec<u8>,
}

/// As much as helps to see why a test failed.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.text().chars().take(300).collect();
        write!(f, "{} {start:?}", self.status)
    }
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is not JSON: {error}", self.text()))
    }

    /// The field `error_code` of an error answer; empty when there is none.
    pub fn error_code(&self) -> String {
        serde_json::from_slice::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|body| Some(body.get("error_code")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }
}

/// What a client asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body, without its transfer encoding.
    pub body: Vec<u8>,
}

/// A connection that is kept between requests.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::accepted(TcpStream::connect(address)?)
    }

    /// The server's side of a connection.
    pub fn accepted(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends bytes without waiting for anything.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// A request with a JSON body, and its answer.
    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> io::Result<Answer> {
        let body = body.map(serde_json::Value::to_string).unwrap_or_default();
        let headers = [("Content-Type", "application/json")];
        self.send(&request(method, path, &headers, body.as_bytes()))?;
        self.answer()
    }

    /// Reads one answer, which has to begin within `patience`.
    pub fn answer_within(&mut self, patience: Duration) -> io::Result<Answer> {
        self.stream.get_ref().set_read_timeout(Some(patience))?;
        let begun = self.stream.fill_buf().map(drop);
        self.stream.get_ref().set_read_timeout(Some(PATIENCE))?;
        begun.and_then(|()| self.answer())
    }

    /// Reads one answer to a HEAD, which has no body whatever its headers announce.
    pub fn answer_to_head(&mut self) -> io::Result<Answer> {
        let (status, headers) = self.head()?;
        let body = Vec::new();
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let (status, headers) = self.head()?;
        let body = self.body(&headers)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Reads one request, on the server's side.
    pub fn asked(&mut self) -> io::Result<Asked> {
        let first = self.line()?;
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(io::Error::other(format!("not HTTP: {first:?}")));
        };
        let headers = self.headers()?;
        let body = self.body(&headers)?;
        Ok(Asked {
            method,
            target,
            body,
        })
    }

    fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("not HTTP: {first:?}")))?;
        Ok((status, self.headers()?))
    }

    fn headers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn body(&mut self, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
        let find = |name: &str| {
            let found = headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let mut body = Vec::new();
        if find("transfer-encoding") == Some("chunked") {
            self.chunks(&mut body)?;
        } else if let Some(length) = find("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            body.resize(length, 0);
            self.stream.read_exact(&mut body)?;
        }
        Ok(body)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let size = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..])?;
            self.line()?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.pop_if(|last| *last == b'\r');
        String::from_utf8(line).map_err(io::Error::other)
    }
}

/// The bytes of a request. `Host` and `Content-Length` are added unless they are given.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let given = |name: &str| {
        headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !given("host") {
        head += "Host: localhost\r\n";
    }
    if !given("content-length") && !given("transfer-encoding") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}
