//! Answers that are one long list, written while they are sent.
//!
//! A page of runs or a metric's history takes megabytes as text. Whole in memory, once for
//! each client that reads slowly, that would be most of what the server needs.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use tidemill_proto::JsonWriter;

use crate::reply::json;

/// How many bytes are written at a time. Shorter answers say their length.
const PIECE: usize = 64 * 1024;

/// Answers `{"<name>": [<items>], "next_page_token": "…"}`, where `write` writes an item. As in
/// MLflow's answers, an empty list is left out.
pub(crate) fn listing<T>(
    name: &'static str,
    items: impl Iterator<Item = T> + 'static,
    mut write: impl FnMut(&mut JsonWriter, T) + 'static,
    next_page_token: Option<String>,
) -> HttpResponse {
    let mut items = items.peekable();
    let mut listing = Listing {
        out: JsonWriter::with_capacity(PIECE + PIECE / 4),
        has_items: items.peek().is_some(),
        write_item: Box::new(move |out| items.next().map(|item| write(out, item)).is_some()),
        next_page_token,
        is_over: false,
    };
    listing.begin(name);
    let first = listing.piece();
    match listing.is_over {
        true => json(first),
        false => HttpResponse::Ok()
            .content_type("application/json")
            .body(Body { first, listing }),
    }
}

struct Listing {
    out: JsonWriter,
    has_items: bool,
    /// Writes the next item, and says whether there was one.
    write_item: Box<dyn FnMut(&mut JsonWriter) -> bool>,
    next_page_token: Option<String>,
    is_over: bool,
}

impl Listing {
    fn begin(&mut self, name: &'static str) {
        self.out.begin_object();
        if self.has_items {
            self.out.key(name).begin_array();
        }
    }

    /// The next bytes; the last ones are not empty.
    fn piece(&mut self) -> Vec<u8> {
        while self.out.len() < PIECE {
            if !(self.write_item)(&mut self.out) {
                self.end();
                break;
            }
        }
        match self.is_over {
            true => std::mem::take(&mut self.out).into_bytes(),
            false => self.out.take_written(),
        }
    }

    fn end(&mut self) {
        if self.has_items {
            self.out.end_array();
        }
        if let Some(token) = &self.next_page_token {
            self.out.key("next_page_token").string(token);
        }
        self.out.end_object();
        self.is_over = true;
    }
}

/// What is still to be sent.
struct Body {
    first: Vec<u8>,
    listing: Listing,
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let first = std::mem::take(&mut self.first);
        let piece = match (first.is_empty(), self.listing.is_over) {
            (false, _) => Some(first),
            (true, false) => Some(self.listing.piece()),
            (true, true) => None,
        };
        Poll::Ready(piece.map(|piece| Ok(Bytes::from(piece))))
    }
}
