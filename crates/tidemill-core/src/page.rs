//! One page of a search.

/// The items of one page, and the token that asks for the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items, in the order of the search.
    pub items: Vec<T>,
    /// Opaque to clients; `None` when nothing follows.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// A page with nothing in it and nothing after it.
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            next_page_token: None,
        }
    }
}
