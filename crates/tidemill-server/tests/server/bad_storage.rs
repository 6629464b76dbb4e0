//! An object store that misbehaves as a test wants it to. It speaks just enough of S3.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tidemill_testkit::http::{Asked, Connection};

/// What it does about requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Reads a request and says nothing.
    Silent,
    /// Answers 500 to everything.
    Failing,
    /// Sends half of an object and closes the connection, and hangs up on whoever asks for the
    /// other half.
    CutsBodies,
    /// Sends half of an object and no more, over a connection that stays open.
    StopsInBodies,
    /// Takes the first part of a multipart upload and fails at the second.
    FailsAtPartTwo,
    /// Takes every part, and fails to put them together, with the status of success.
    FailsAtCompletion,
}

/// How large it says its objects are.
pub(crate) const OBJECT: usize = 1 << 20;

pub(crate) struct BadStorage {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl BadStorage {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        // It ends with the test process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(client, mood, &log));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Methods and targets of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no thread panicked").clone()
    }
}

/// Answers requests until the client or the mood closes the connection.
fn serve(client: TcpStream, mood: Mood, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut client = Connection::accepted(client)?;
    loop {
        let request = client.asked()?;
        let line = format!("{} {}", request.method, request.target);
        let earlier = {
            let mut log = log.lock().expect("no thread panicked");
            log.push(line);
            log.len() - 1
        };
        if mood == Mood::CutsBodies && earlier > 0 {
            return Ok(());
        }
        match answer(mood, &request) {
            Some(answer) => client.send(&answer)?,
            None => thread::sleep(Duration::from_secs(600)),
        }
        if mood == Mood::CutsBodies {
            return Ok(());
        }
        if mood == Mood::StopsInBodies {
            thread::sleep(Duration::from_secs(600));
        }
    }
}

fn answer(mood: Mood, request: &Asked) -> Option<Vec<u8>> {
    let target = request.target.as_str();
    Some(match (mood, request.method.as_str()) {
        (Mood::Silent, _) => return None,
        (Mood::CutsBodies | Mood::StopsInBodies, "GET") => half_an_object(),
        (Mood::FailsAtPartTwo | Mood::FailsAtCompletion, "POST") if target.contains("uploads") => {
            said(
                200,
                "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>id</UploadId></InitiateMultipartUploadResult>",
            )
        }
        (Mood::FailsAtPartTwo, "PUT") if target.contains("partNumber=1") => said(200, ""),
        (Mood::FailsAtCompletion, "PUT") => said(200, ""),
        (Mood::FailsAtCompletion, "POST") => said(
            200,
            "<Error><Code>InternalError</Code><Message>try again</Message></Error>",
        ),
        (_, "DELETE") => said(204, ""),
        _ => said(500, "<Error><Code>InternalError</Code></Error>"),
    })
}

fn said(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\nETag: \"e\"\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

fn half_an_object() -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n\
         Content-Length: {OBJECT}\r\n\r\n"
    );
    [head.as_bytes(), &[b'x'; OBJECT / 2]].concat()
}
