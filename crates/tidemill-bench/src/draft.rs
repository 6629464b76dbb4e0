//! Requests as bytes, written into buffers that are used again.
//!
//! The headers are those that MLflow's Python client sends.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// A request in the making.
pub(crate) struct Draft {
    headers: Arc<str>,
    body: Vec<u8>,
    wire: Vec<u8>,
}

impl Draft {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let headers = format!(
            "Host: {address}\r\nUser-Agent: mlflow-python-client/3.17.2\r\n\
             Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
        );
        Self {
            headers: headers.into(),
            body: Vec::new(),
            wire: Vec::new(),
        }
    }

    /// The whole request.
    pub(crate) fn wire(&self) -> &[u8] {
        &self.wire
    }

    pub(crate) fn get(&mut self, path: &str) {
        self.start("GET", path);
        self.wire.extend_from_slice(b"\r\n");
    }

    /// A JSON body, written by `write`.
    pub(crate) fn post(&mut self, path: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.body.clear();
        write(&mut self.body);
        self.start("POST", path);
        self.length(self.body.len());
        self.wire
            .extend_from_slice(b"Content-Type: application/json\r\n\r\n");
        self.wire.extend_from_slice(&self.body);
    }

    pub(crate) fn put(&mut self, path: &str, body: &[u8]) {
        self.put_head(path, body.len());
        self.wire.extend_from_slice(body);
    }

    /// Everything of an upload but its `length` bytes.
    pub(crate) fn put_head(&mut self, path: &str, length: usize) {
        self.start("PUT", path);
        self.length(length);
        self.wire.extend_from_slice(b"\r\n");
    }

    fn start(&mut self, method: &str, path: &str) {
        self.wire.clear();
        for part in [method, " ", path, " HTTP/1.1\r\n", &self.headers] {
            self.wire.extend_from_slice(part.as_bytes());
        }
    }

    fn length(&mut self, length: usize) {
        // Writing to a vector cannot fail.
        let _ = write!(self.wire, "Content-Length: {length}\r\n");
    }
}

/// Appends a metric as an element of `metrics`. Hand-written: a batch has a thousand.
pub(crate) fn metric(body: &mut Vec<u8>, key: &str, value: u64, timestamp: i64, step: u64) {
    let mut digits = itoa::Buffer::new();
    body.extend_from_slice(b"{\"key\": \"");
    body.extend_from_slice(key.as_bytes());
    body.extend_from_slice(b"\", \"value\": ");
    body.extend_from_slice(digits.format(value).as_bytes());
    body.extend_from_slice(b".5, \"timestamp\": ");
    body.extend_from_slice(digits.format(timestamp).as_bytes());
    body.extend_from_slice(b", \"step\": ");
    body.extend_from_slice(digits.format(step).as_bytes());
    body.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft::new(SocketAddr::from(([127, 0, 0, 1], 5000)))
    }

    #[test]
    fn a_post_says_how_long_its_body_is() {
        let mut draft = draft();
        draft.post("/x", |body| body.extend_from_slice(b"{\"a\": 1}"));
        let text = String::from_utf8(draft.wire().to_vec()).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n"));
        assert!(text.contains("\r\nContent-Length: 8\r\n"));
        assert!(text.ends_with("\r\n\r\n{\"a\": 1}"));
    }

    #[test]
    fn a_draft_holds_only_the_last_request() {
        let mut draft = draft();
        draft.put("/first", b"bytes");
        draft.get("/second");
        let text = String::from_utf8(draft.wire().to_vec()).unwrap();
        assert!(text.starts_with("GET /second ") && !text.contains("first"));
    }

    #[test]
    fn a_metric_is_json() {
        let mut body = Vec::new();
        metric(&mut body, "loss", 3, 1_700_000_000_000, 7);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"key": "loss", "value": 3.5, "timestamp": 1_700_000_000_000_i64, "step": 7})
        );
    }
}
