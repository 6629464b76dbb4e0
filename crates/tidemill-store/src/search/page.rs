//! Cutting a page from rows of which one more than asked was read.

use tidemill_core::page::Page;

use super::token::{self, Mark};
use crate::error::DbResult;

/// The page of the first `limit` rows. A token is given only when another row exists.
pub(crate) fn cut<R, T>(
    mut rows: Vec<R>,
    limit: i64,
    load: impl FnOnce(Vec<R>) -> DbResult<Vec<T>>,
    place: impl FnOnce(&T) -> Vec<Mark>,
) -> DbResult<Page<T>> {
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let items = load(rows)?;
    let next_page_token = match items.last() {
        Some(last) if more => Some(token::encode(&place(last))?),
        _ => None,
    };
    Ok(Page {
        items,
        next_page_token,
    })
}
