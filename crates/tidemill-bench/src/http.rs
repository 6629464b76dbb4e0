//! The least HTTP/1.1 that a load generator needs: one connection, one request at a time, an
//! answer read into buffers that are used again.
//!
//! A client library would do, and would cost more for each request than the server measured.

use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers with a longer head are not HTTP that these servers speak.
const LONGEST_HEAD: usize = 64 * 1024;
const READ_AT_LEAST: usize = 64 * 1024;

/// One connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    reader: Reader,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            reader: Reader::default(),
        })
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.send(request).await?;
        self.answer().await
    }

    /// Sends a part of a request.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(crate) async fn answer(&mut self) -> io::Result<Answer<'_>> {
        let head = self.reader.read(&mut self.stream).await?;
        Ok(Answer {
            status: head.status,
            gzip: head.gzip,
            closing: head.closing,
            body: &self.reader.body,
        })
    }
}

/// A whole answer; the body is as it was sent, compressed or not.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) gzip: bool,
    /// Whether the server will close the connection.
    pub(crate) closing: bool,
    pub(crate) body: &'a [u8],
}

#[derive(Default)]
struct Reader {
    received: Vec<u8>,
    body: Vec<u8>,
}

impl Reader {
    async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Head> {
        self.received.clear();
        self.body.clear();
        let head = self.read_head(stream).await?;
        match head.framing {
            Framing::Length(length) => self.read_length(stream, &head, length).await?,
            Framing::Chunked => self.read_chunks(stream, &head).await?,
            Framing::UntilClose => {
                self.body.extend_from_slice(&self.received[head.length..]);
                stream.read_to_end(&mut self.body).await?;
            }
        }
        Ok(head)
    }

    async fn read_head(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Head> {
        loop {
            if let Some(head) = Head::parse(&self.received)? {
                return Ok(head);
            }
            if self.received.len() > LONGEST_HEAD {
                return Err(invalid("the head of the answer is too long"));
            }
            receive(stream, &mut self.received).await?;
        }
    }

    async fn read_length(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        head: &Head,
        length: usize,
    ) -> io::Result<()> {
        self.body.extend_from_slice(&self.received[head.length..]);
        self.body.reserve(length.saturating_sub(self.body.len()));
        while self.body.len() < length {
            receive(stream, &mut self.body).await?;
        }
        if self.body.len() > length {
            return Err(invalid("the answer is longer than it says"));
        }
        Ok(())
    }

    async fn read_chunks(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        head: &Head,
    ) -> io::Result<()> {
        let mut chunks = Chunks::default();
        let mut taken = head.length;
        loop {
            chunks.take(&self.received[taken..], &mut self.body)?;
            if chunks.state == ChunkState::Done {
                return Ok(());
            }
            self.received.clear();
            taken = 0;
            receive(stream, &mut self.received).await?;
        }
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> io::Result<()> {
    if into.capacity() - into.len() < READ_AT_LEAST / 4 {
        into.reserve(READ_AT_LEAST);
    }
    match stream.read_buf(into).await? {
        0 => Err(Error::new(
            ErrorKind::UnexpectedEof,
            "the connection was closed within an answer",
        )),
        _ => Ok(()),
    }
}

#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    framing: Framing,
    gzip: bool,
    closing: bool,
    /// Bytes up to the body.
    length: usize,
}

#[derive(Debug, PartialEq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Head {
    /// The head at the start of `received`, once it is complete.
    fn parse(received: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&received[..end])
            .map_err(|_| invalid("the head of the answer is not text"))?;
        let mut lines = text.split("\r\n");
        let mut head = Self {
            status: status(lines.next().unwrap_or_default())?,
            framing: Framing::UntilClose,
            gzip: false,
            closing: false,
            length: end + 4,
        };
        if head.status == 204 || head.status == 304 {
            head.framing = Framing::Length(0);
        }
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| invalid("a header has no value"))?;
            head.header(name, value.trim())?;
        }
        Ok(Some(head))
    }

    fn header(&mut self, name: &str, value: &str) -> io::Result<()> {
        if name.eq_ignore_ascii_case("content-length") && self.framing != Framing::Chunked {
            let length = value
                .parse()
                .map_err(|_| invalid("the content length is not a number"))?;
            self.framing = Framing::Length(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(invalid("the transfer encoding is unknown"));
            }
            self.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("content-encoding") {
            self.gzip = value.eq_ignore_ascii_case("gzip");
        } else if name.eq_ignore_ascii_case("connection") {
            self.closing = value.eq_ignore_ascii_case("close");
        }
        Ok(())
    }
}

fn status(line: &str) -> io::Result<u16> {
    line.strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| invalid("the answer does not start with a status line"))
}

/// A chunked body, taken apart as it comes.
#[derive(Default)]
struct Chunks {
    state: ChunkState,
    /// Of a line that is not complete yet.
    line: Vec<u8>,
}

#[derive(Debug, Default, PartialEq)]
enum ChunkState {
    #[default]
    Size,
    Data(usize),
    /// The line end after the data.
    DataEnd,
    Trailer,
    Done,
}

impl Chunks {
    fn take(&mut self, mut input: &[u8], body: &mut Vec<u8>) -> io::Result<()> {
        while !input.is_empty() && self.state != ChunkState::Done {
            if let ChunkState::Data(left) = self.state {
                let here = left.min(input.len());
                body.extend_from_slice(&input[..here]);
                input = &input[here..];
                self.state = if here == left {
                    ChunkState::DataEnd
                } else {
                    ChunkState::Data(left - here)
                };
                continue;
            }
            let byte = input[0];
            input = &input[1..];
            self.line_byte(byte)?;
        }
        Ok(())
    }

    fn line_byte(&mut self, byte: u8) -> io::Result<()> {
        if byte != b'\n' {
            self.line.push(byte);
            return if self.line.len() > LONGEST_HEAD {
                Err(invalid("a line between chunks is too long"))
            } else {
                Ok(())
            };
        }
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        self.state = match self.state {
            ChunkState::Size => match chunk_size(line)? {
                0 => ChunkState::Trailer,
                size => ChunkState::Data(size),
            },
            ChunkState::Trailer if line.is_empty() => ChunkState::Done,
            ChunkState::Trailer => ChunkState::Trailer,
            ChunkState::DataEnd if line.is_empty() => ChunkState::Size,
            _ => return Err(invalid("a chunk is longer than it says")),
        };
        Ok(())
    }
}

fn chunk_size(line: &[u8]) -> io::Result<usize> {
    std::str::from_utf8(line)
        .ok()
        .and_then(|line| line.split(';').next())
        .and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok())
        .ok_or_else(|| invalid("the size of a chunk is not a number"))
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time, as a network does at its worst.
    async fn read_in_pieces(answer: &str, piece: usize) -> io::Result<(Head, String)> {
        let (mut near, mut far) = tokio::io::duplex(piece);
        let bytes = answer.as_bytes().to_vec();
        let sender = tokio::spawn(async move {
            let _ = far.write_all(&bytes).await;
        });
        let mut reader = Reader::default();
        let head = reader.read(&mut near).await;
        sender.abort();
        Ok((head?, String::from_utf8(reader.body).expect("text")))
    }

    #[tokio::test]
    async fn a_body_of_known_length_is_read_whole_however_it_arrives() {
        for piece in [1, 2, 7, 4096] {
            let (head, body) =
                read_in_pieces("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", piece)
                    .await
                    .unwrap();
            assert_eq!((head.status, body.as_str()), (200, "hello"));
        }
    }

    #[tokio::test]
    async fn chunks_are_joined_however_they_arrive() {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                      5\r\nhello\r\nA;x=1\r\n, 8 worlds\r\n0\r\nTrailer: 1\r\n\r\n";
        for piece in [1, 3, 4096] {
            let (_, body) = read_in_pieces(answer, piece).await.unwrap();
            assert_eq!(body, "hello, 8 worlds");
        }
    }

    #[tokio::test]
    async fn an_empty_body_ends_at_once() {
        let (head, body) =
            read_in_pieces("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 64)
                .await
                .unwrap();
        assert_eq!((head.status, body.as_str()), (404, ""));
    }

    #[tokio::test]
    async fn a_second_answer_does_not_see_the_first() {
        let mut reader = Reader::default();
        let mut first: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
        let mut second: &[u8] = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno";
        reader.read(&mut first).await.unwrap();
        assert_eq!(reader.read(&mut second).await.unwrap().status, 500);
        assert_eq!(reader.body, b"no");
    }

    #[tokio::test]
    async fn a_body_without_a_length_ends_with_the_connection() {
        let mut reader = Reader::default();
        let mut answer: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nuntil the end";
        reader.read(&mut answer).await.unwrap();
        assert_eq!(reader.body, b"until the end");
    }

    #[tokio::test]
    async fn an_answer_cut_short_is_an_error() {
        let mut reader = Reader::default();
        let mut answer: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
        let error = reader.read(&mut answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn something_that_is_not_http_is_an_error() {
        let mut reader = Reader::default();
        let mut answer: &[u8] = b"SSH-2.0-OpenSSH\r\n\r\n";
        let error = reader.read(&mut answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn compression_and_closing_are_noticed() {
        let head =
            Head::parse(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
                .unwrap()
                .unwrap();
        assert!(head.gzip && head.closing);
    }

    #[test]
    fn a_chunk_that_is_longer_than_it_says_is_an_error() {
        let mut body = Vec::new();
        assert!(Chunks::default().take(b"2\r\nabc\r\n", &mut body).is_err());
    }
}
