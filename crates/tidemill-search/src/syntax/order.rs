//! Sort keys as text: a name, then perhaps `ASC` or `DESC`.

use std::borrow::Cow;
use std::hash::Hash;

use tidemill_core::{Error, Result};

use super::{Lexer, TokenKind, check_text, parser, python};
use crate::limits::MAX_SORT_KEYS;
use crate::order::OrderBy;

/// Reads each of `clauses`; `field` makes a field of the name in one.
pub(crate) fn parse<F>(
    clauses: &[String],
    field: impl Fn(&str) -> Result<F>,
) -> Result<Vec<OrderBy<F>>> {
    check_count(clauses.len())?;
    let read = |clause: &String| {
        let key = sort_key(clause)?;
        Ok(OrderBy {
            field: field(key.name.trim())?,
            ascending: key.ascending,
        })
    };
    clauses.iter().map(read).collect()
}

pub(crate) fn check_count(keys: usize) -> Result<()> {
    if keys > MAX_SORT_KEYS {
        return Err(Error::invalid_parameter(format!(
            "At most {MAX_SORT_KEYS} order_by clauses are allowed, but got {keys}"
        )));
    }
    Ok(())
}

/// Refuses orderings that have a field twice.
pub(crate) fn refuse_repeats<F: Eq + Hash>(order: &[OrderBy<F>], clauses: &[String]) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    if order.iter().all(|key| seen.insert(&key.field)) {
        return Ok(());
    }
    Err(Error::invalid_parameter(format!(
        "`order_by` contains duplicate fields: {}",
        python::list(clauses)
    )))
}

/// Adds the keys in `ties` whose field does not occur yet.
pub(crate) fn break_ties<F: PartialEq>(
    mut order: Vec<OrderBy<F>>,
    ties: impl IntoIterator<Item = OrderBy<F>>,
) -> Vec<OrderBy<F>> {
    for tie in ties {
        if order.iter().all(|key| key.field != tie.field) {
            order.push(tie);
        }
    }
    order
}

struct SortKey<'a> {
    name: Cow<'a, str>,
    ascending: bool,
}

fn sort_key(clause: &str) -> Result<SortKey<'_>> {
    check_text(clause)?;
    let refused = || {
        Error::invalid_parameter(format!(
            "Invalid order_by clause '{}'. Could not be parsed.",
            python::clip(clause)
        ))
    };
    if clause.trim() != clause {
        return Err(refused());
    }
    let mut lexer = Lexer::new(clause);
    let name = parser::name(&mut lexer).ok_or_else(refused)?;
    let direction = lexer.next();
    match (direction.kind, lexer.next().kind) {
        (TokenKind::End, _) => Ok(SortKey {
            name: Cow::Borrowed(name),
            ascending: true,
        }),
        (TokenKind::Word, TokenKind::End) => {
            let ascending = direction.is_word("ASC");
            if !ascending && !direction.is_word("DESC") {
                return Err(Error::invalid_parameter(format!(
                    "Invalid ordering key in order_by clause '{}'.",
                    python::clip(clause)
                )));
            }
            let name = without_quotes(name).ok_or_else(refused)?;
            Ok(SortKey {
                name: Cow::Owned(name),
                ascending,
            })
        }
        _ => Err(refused()),
    }
}

/// `name` as a shell reads it: MLflow turns backticks into double quotes and splits the clause
/// into words. A blank outside quotes would make two words of it.
fn without_quotes(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut quote = None;
    let mut chars = name
        .chars()
        .map(|c| if c == '`' { '"' } else { c })
        .peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', Some('"')) if matches!(chars.peek(), Some('"' | '\\')) => {
                out.extend(chars.next())
            }
            ('\\', None) => out.push(chars.next()?),
            (c, None) if c.is_whitespace() => return None,
            (c, _) => out.push(c),
        }
    }
    quote.is_none().then_some(out)
}
