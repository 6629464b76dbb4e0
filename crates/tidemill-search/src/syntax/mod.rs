//! The part of the language that all entities share: from text to a tree of clauses.
//!
//! MLflow hands filters to a general SQL tokenizer and then accepts a list of comparisons.
//! What is here accepts the same lists, with the same oddities, and in addition `OR`, `NOT`,
//! parentheses and `BETWEEN`. Which fields exist and what they may be compared with is the
//! business of each entity's module.

pub(crate) mod clause;
mod lexer;
mod list;
pub(crate) mod name;
pub(crate) mod order;
mod parser;
pub(crate) mod python;
pub(crate) mod refusals;
pub(crate) mod test;
pub(crate) mod wording;

pub(crate) use clause::{Clause, Operand, OperandKind, Operator};
pub(crate) use lexer::{Lexer, TokenKind};
pub(crate) use parser::{check_text, parse};
pub(crate) use wording::Wording;
