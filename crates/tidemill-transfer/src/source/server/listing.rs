//! Lists that come in pages, and the place that a reader has reached in them.

use std::collections::{HashSet, VecDeque};

use serde_json::value::RawValue;
use tidemill_core::transfer::Fault;

use super::client::Client;
use super::failure::Failure;
use crate::Result;

/// The largest page that is asked for; older servers refuse larger ones.
pub(super) const MAX_PAGE: usize = 1000;
/// How many things of a kind that is listed as a whole a server may have.
const MAX_LISTED: usize = 1_000_000;
/// How many pages in a row may be empty.
const MAX_EMPTY: u32 = 100;

/// A page as the server gives it: its things are read one by one, so that one that makes no
/// sense spoils no other.
#[derive(Default)]
pub(super) struct Page {
    pub(super) items: Vec<Box<RawValue>>,
    pub(super) next: Option<String>,
}

/// The page tokens of one list; notices when they go in circles.
#[derive(Default)]
pub(super) struct Tokens {
    seen: HashSet<String>,
    empty: u32,
    current: Option<String>,
}

impl Tokens {
    /// The token of the page to ask for; none for the first one.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Moves on to the page after one with `items` things. Whether there is one.
    pub(super) fn advance(&mut self, next: Option<String>, items: usize) -> Result<bool, Failure> {
        self.current = next.filter(|token| !token.is_empty());
        self.empty = if items == 0 { self.empty + 1 } else { 0 };
        let Some(token) = &self.current else {
            return Ok(false);
        };
        if self.empty > MAX_EMPTY || !self.seen.insert(token.clone()) {
            return Err(Failure::Broken(
                "the server's list does not end: its page tokens go in circles".into(),
            ));
        }
        Ok(true)
    }
}

/// Everything in a list that is short enough to be held.
pub(super) fn all(
    mut ask: impl FnMut(Option<&str>) -> Result<Page, Failure>,
) -> Result<Vec<Box<RawValue>>, Failure> {
    let mut tokens = Tokens::default();
    let mut items = Vec::new();
    loop {
        let page = ask(tokens.current())?;
        let count = page.items.len();
        items.extend(page.items);
        if items.len() > MAX_LISTED {
            return Err(Failure::Broken(format!(
                "the server lists more than {MAX_LISTED} things of one kind"
            )));
        }
        if !tokens.advance(page.next, count)? {
            return Ok(items);
        }
    }
}

/// What is read in pages over several lists, one after the other.
pub(super) trait Listed: Sized {
    /// Which list.
    type List;

    /// The lists there are now.
    fn lists(client: &Client) -> Result<Vec<Self::List>>;

    /// A page of at most `size` of them.
    fn ask(
        client: &Client,
        list: &Self::List,
        token: Option<&str>,
        size: usize,
    ) -> Result<Page, Failure>;

    /// One of them.
    fn read(list: &Self::List, raw: &RawValue) -> Result<Self, Fault>;

    /// By what it is known.
    fn id(&self) -> &str;
}

/// The place that a reader has reached in all lists.
pub(super) struct Walk<T: Listed> {
    lists: VecDeque<T::List>,
    tokens: Tokens,
    /// Read, and not given out yet.
    pending: VecDeque<T>,
    /// The last one that was given out.
    last: Option<String>,
}

impl<T: Listed> Default for Walk<T> {
    fn default() -> Self {
        Self {
            lists: VecDeque::new(),
            tokens: Tokens::default(),
            pending: VecDeque::new(),
            last: None,
        }
    }
}

impl<T: Listed> Walk<T> {
    /// At most `limit` things from the one after `after` on. If `after` is not the last one that
    /// was given out, it is looked for from the start; if it is no longer there, everything is
    /// given out again.
    pub(super) fn page(
        &mut self,
        client: &Client,
        after: Option<&str>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<T>> {
        if after.is_none() || after != self.last.as_deref() {
            self.go_behind(client, after, limit)?;
        }
        let mut page: Vec<T> = Vec::new();
        while page.len() < limit
            && let Some(next) = self.next(client, limit, faults)?
        {
            page.push(next);
        }
        let last = page.last().map(|last| last.id().to_owned());
        self.last = last.or_else(|| after.map(str::to_owned));
        Ok(page)
    }

    fn go_behind(&mut self, client: &Client, after: Option<&str>, limit: usize) -> Result<()> {
        self.restart(client)?;
        let Some(after) = after else { return Ok(()) };
        // What is broken on the way was reported when it was passed for the first time.
        let mut known = Vec::new();
        while let Some(passed) = self.next(client, limit, &mut known)? {
            known.clear();
            if passed.id() == after {
                return Ok(());
            }
        }
        self.restart(client)
    }

    fn restart(&mut self, client: &Client) -> Result<()> {
        *self = Self {
            lists: T::lists(client)?.into(),
            ..Self::default()
        };
        Ok(())
    }

    fn next(&mut self, client: &Client, size: usize, faults: &mut Vec<Fault>) -> Result<Option<T>> {
        while self.pending.is_empty() {
            let Some(list) = self.lists.front() else {
                return Ok(None);
            };
            let page = smaller_if_too_large(size, |size| {
                T::ask(client, list, self.tokens.current(), size)
            })?;
            for raw in &page.items {
                match T::read(list, raw) {
                    Ok(item) => self.pending.push_back(item),
                    Err(fault) => faults.push(fault),
                }
            }
            if !self.tokens.advance(page.next, page.items.len())? {
                self.lists.pop_front();
                self.tokens = Tokens::default();
            }
        }
        Ok(self.pending.pop_front())
    }
}

/// Asks for smaller pages until one fits.
fn smaller_if_too_large(
    size: usize,
    mut ask: impl FnMut(usize) -> Result<Page, Failure>,
) -> Result<Page> {
    let mut size = size.clamp(1, MAX_PAGE);
    loop {
        match ask(size) {
            Err(Failure::TooLarge(_)) if size > 1 => size /= 2,
            answer => return Ok(answer?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_go_in_circles_are_noticed() {
        let mut tokens = Tokens::default();
        assert!(tokens.advance(Some("a".into()), 1).unwrap());
        assert!(tokens.advance(Some("b".into()), 1).unwrap());
        assert!(tokens.advance(Some("a".into()), 1).is_err());
    }

    #[test]
    fn empty_pages_without_end_are_noticed() {
        let mut tokens = Tokens::default();
        let last = (0..1000).find(|page| tokens.advance(Some(page.to_string()), 0).is_err());
        assert_eq!(last, Some(100));
        assert!(!Tokens::default().advance(Some(String::new()), 0).unwrap());
    }

    #[test]
    fn a_page_that_is_too_large_is_asked_for_in_parts() {
        let mut asked = Vec::new();
        let page = smaller_if_too_large(5000, |size| {
            asked.push(size);
            match size {
                0..=300 => Ok(Page::default()),
                _ => Err(Failure::TooLarge("too large".into())),
            }
        });
        assert!(page.is_ok());
        assert_eq!(asked, [1000, 500, 250]);
    }
}
