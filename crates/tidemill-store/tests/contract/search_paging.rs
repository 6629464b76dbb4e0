//! Reading a search page by page.

use tidemill_core::Result;
use tidemill_core::page::Page;

/// Every item, read in pages of `size`; all of them but the last are full.
pub(crate) async fn every_page<T, F>(size: i64, search: impl Fn(Option<String>) -> F) -> Vec<T>
where
    F: Future<Output = Result<Page<T>>>,
{
    let mut items = Vec::new();
    let mut token = None;
    loop {
        let page = search(token).await.expect("the search is valid");
        assert!(page.items.len() as i64 <= size);
        assert!(page.next_page_token.is_none() || page.items.len() as i64 == size);
        items.extend(page.items);
        token = page.next_page_token;
        if token.is_none() {
            return items;
        }
    }
}
