//! Tokens to a tree of clauses.
//!
//! ```text
//! any    = all { OR all }
//! all    = unit { AND unit }
//! unit   = NOT unit | "(" any ")" | clause
//! clause = name ( symbol | LIKE | ILIKE ) value
//!        | name [ NOT ] IN list
//!        | name BETWEEN number AND number
//!        | name IS [ NOT ] NULL
//! ```
//!
//! MLflow also takes an `AND` too many or too few. So do we, in filters that MLflow would take.

use tidemill_core::{Error, Result};

use super::lexer::{Lexer, Token, TokenKind};
use super::{Clause, Operand, OperandKind, Operator, Wording};
use crate::expr::{Comparison, Expr, Test};
use crate::limits::{MAX_BYTES, MAX_COMPARISONS, MAX_DEPTH, MAX_LIST_VALUES};

/// Words that MLflow's tokenizer never takes for a name, not even behind a dot.
const NEVER_NAMES: [&str; 6] = ["CASE", "IN", "VALUES", "USING", "FROM", "AS"];

/// Parses `filter` and has `resolve` give each clause its meaning. The whole syntax comes first:
/// MLflow complains about it before it looks at any name.
pub(crate) fn parse<F>(
    filter: &str,
    wording: Wording,
    resolve: impl Fn(&Clause<'_>) -> Result<Comparison<F>>,
) -> Result<Expr<F>> {
    if filter.is_empty() {
        return Ok(Expr::All(Vec::new()));
    }
    check_text(filter)?;
    if filter.trim().is_empty() {
        return Err(wording.blank(filter));
    }
    let tree = Parser::new(filter, wording).filter()?.resolve(&resolve)?;
    if count_list_values(&tree) > MAX_LIST_VALUES {
        return Err(too_many(MAX_LIST_VALUES, "values in lists"));
    }
    Ok(tree)
}

fn count_list_values<F>(tree: &Expr<F>) -> usize {
    match tree {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().map(count_list_values).sum(),
        Expr::Not(part) => count_list_values(part),
        Expr::Compare(comparison) => match &comparison.test {
            Test::In(values) | Test::NotIn(values) => values.len(),
            _ => 0,
        },
    }
}

/// Refuses what no text of ours may be: too long, or with a NUL, which databases refuse.
pub(crate) fn check_text(text: &str) -> Result<()> {
    if text.len() > MAX_BYTES {
        return Err(Error::invalid_parameter(format!(
            "Search expression is too long: {} bytes, at most {MAX_BYTES} are allowed",
            text.len()
        )));
    }
    if text.contains('\0') {
        return Err(Error::invalid_parameter(
            "Search expression contains a NUL character",
        ));
    }
    Ok(())
}

/// A filter whose clauses have no meaning yet.
enum Tree<'a> {
    All(Vec<Tree<'a>>),
    Any(Vec<Tree<'a>>),
    Not(Box<Tree<'a>>),
    Clause(Clause<'a>),
}

impl Tree<'_> {
    fn resolve<F>(self, clause: &impl Fn(&Clause<'_>) -> Result<Comparison<F>>) -> Result<Expr<F>> {
        let each = |parts: Vec<Self>| -> Result<Vec<_>> {
            parts.into_iter().map(|part| part.resolve(clause)).collect()
        };
        Ok(match self {
            Self::All(parts) => Expr::All(each(parts)?),
            Self::Any(parts) => Expr::Any(each(parts)?),
            Self::Not(part) => Expr::Not(Box::new(part.resolve(clause)?)),
            Self::Clause(written) => Expr::Compare(clause(&written)?),
        })
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    wording: Wording,
    depth: usize,
    comparisons: usize,
    /// The first token at which an `AND` was missing or one too many.
    oddity: Option<Token<'a>>,
    /// Whether the filter has `OR`, `NOT` or parentheses, and so is none of MLflow's.
    extended: bool,
}

impl<'a> Parser<'a> {
    fn new(filter: &'a str, wording: Wording) -> Self {
        Self {
            lexer: Lexer::new(filter),
            wording,
            depth: 0,
            comparisons: 0,
            oddity: None,
            extended: false,
        }
    }

    fn filter(mut self) -> Result<Tree<'a>> {
        let tree = self.any()?;
        let rest = self.lexer.next();
        match (rest.kind, self.oddity) {
            (TokenKind::End, Some(oddity)) if self.extended => Err(self.unexpected(oddity)),
            (TokenKind::End, _) => Ok(tree),
            (TokenKind::Semicolon, _) if self.lexer.peek().kind != TokenKind::End => {
                Err(self.wording.several(self.lexer.text()))
            }
            _ => Err(self.unexpected(rest)),
        }
    }

    fn any(&mut self) -> Result<Tree<'a>> {
        let mut parts = vec![self.all()?];
        while self.take("OR") {
            self.extended = true;
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Tree::Any))
    }

    fn all(&mut self) -> Result<Tree<'a>> {
        let mut parts = Vec::new();
        loop {
            let next = self.lexer.peek();
            let ands = self.ands();
            let last = self.lexer.peek();
            let ends = matches!(
                last.kind,
                TokenKind::End | TokenKind::Close | TokenKind::Semicolon
            ) || last.is_word("OR");
            if ands != usize::from(!parts.is_empty() && !ends) {
                self.oddity = self.oddity.or(Some(next));
            }
            if ends {
                break;
            }
            parts.push(self.unit(ands == 0 && !parts.is_empty())?);
        }
        if parts.is_empty() {
            self.oddity = self.oddity.or(Some(self.lexer.peek()));
        }
        Ok(one_or(parts, Tree::All))
    }

    fn ands(&mut self) -> usize {
        let mut count = 0;
        while self.take("AND") {
            count += 1;
        }
        count
    }

    fn unit(&mut self, follows_directly: bool) -> Result<Tree<'a>> {
        let first = self.lexer.peek();
        let nested: fn(&mut Self) -> Result<Tree<'a>> = if self.take("NOT") {
            |parser| Ok(Tree::Not(Box::new(parser.unit(false)?)))
        } else if first.kind == TokenKind::Open {
            self.lexer.next();
            Self::group
        } else {
            return self.clause(follows_directly).map(Tree::Clause);
        };
        self.extended = true;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_many(MAX_DEPTH, "levels of NOT and parentheses"));
        }
        let tree = nested(self)?;
        self.depth -= 1;
        Ok(tree)
    }

    fn group(&mut self) -> Result<Tree<'a>> {
        let tree = self.any()?;
        self.expect(|token| token.kind == TokenKind::Close)?;
        Ok(tree)
    }

    /// A clause. One that follows another without `AND` has to have a symbol as its operator,
    /// because MLflow takes a name behind a comparison for an alias of it.
    fn clause(&mut self, follows_directly: bool) -> Result<Clause<'a>> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(too_many(MAX_COMPARISONS, "comparisons"));
        }
        let first = self.lexer.peek();
        let left = self.operand()?;
        let mut clause = Clause {
            left: left.text,
            operator: Operator::Unknown,
            written: "",
            right: Operand::NOTHING,
            upper: Operand::NOTHING,
        };
        self.rest_of_clause(&mut clause)?;
        if left.kind != OperandKind::Name {
            return Err(self.wording.left_is_no_name(left.text));
        }
        let joined = matches!(
            clause.operator,
            Operator::In | Operator::NotIn | Operator::IsNull | Operator::IsNotNull
        );
        if follows_directly && (joined || clause.operator == Operator::Between) {
            return Err(self.unexpected(first));
        }
        Ok(clause)
    }

    fn rest_of_clause(&mut self, clause: &mut Clause<'a>) -> Result<()> {
        let token = self.lexer.next();
        clause.written = token.text;
        if token.kind == TokenKind::Symbol {
            clause.operator = Operator::from_symbol(token.text);
            clause.right = self.operand()?;
        } else if let Some(operator) = pattern_operator(&token) {
            clause.operator = operator;
            clause.right = self.operand()?;
        } else if token.is_word("IN") {
            clause.operator = Operator::In;
            clause.right = self.list()?;
        } else if token.is_word("NOT") {
            self.rest_of_negated(clause, token)?;
        } else if token.is_word("BETWEEN") {
            clause.operator = Operator::Between;
            clause.right = self.operand()?;
            self.expect(|token| token.is_word("AND"))?;
            clause.upper = self.operand()?;
        } else if token.is_word("IS") {
            let not = self.take("NOT");
            clause.operator = if not {
                Operator::IsNotNull
            } else {
                Operator::IsNull
            };
            self.expect(|token| token.is_word("NULL"))?;
        } else {
            return Err(self.unexpected(token));
        }
        Ok(())
    }

    /// `NOT IN`, or `NOT LIKE`, which is refused later, like any operator unknown to MLflow.
    fn rest_of_negated(&mut self, clause: &mut Clause<'a>, not: Token<'a>) -> Result<()> {
        let token = self.lexer.next();
        clause.written = &self.lexer.text()[not.start..token.end()];
        if token.is_word("IN") {
            clause.operator = Operator::NotIn;
            clause.right = self.list()?;
        } else if pattern_operator(&token).is_some() {
            clause.right = self.operand()?;
        } else {
            return Err(self.unexpected(token));
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<Operand<'a>> {
        let token = self.lexer.peek();
        let kind = match token.kind {
            TokenKind::Int => OperandKind::Int,
            TokenKind::Float => OperandKind::Float,
            TokenKind::SingleQuoted => OperandKind::SingleQuoted,
            TokenKind::Open => return self.list(),
            TokenKind::Word if token.is_word("NULL") => OperandKind::Null,
            _ => return self.name(),
        };
        self.lexer.next();
        Ok(Operand {
            kind,
            text: token.text,
        })
    }

    fn name(&mut self) -> Result<Operand<'a>> {
        let first = self.lexer.peek();
        let text = name(&mut self.lexer).ok_or_else(|| self.unexpected(first))?;
        Ok(Operand {
            kind: OperandKind::Name,
            text,
        })
    }

    /// From an opening to its closing parenthesis; what is between is looked at later.
    fn list(&mut self) -> Result<Operand<'a>> {
        let open = self.expect(|token| token.kind == TokenKind::Open)?;
        let mut depth = 1;
        while depth > 0 {
            let token = self.lexer.next();
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth -= 1,
                TokenKind::End => return Err(self.unexpected(open)),
                _ => {}
            }
        }
        let end = self.lexer.position();
        let text = &self.lexer.text()[open.start..end];
        Ok(Operand {
            kind: OperandKind::List,
            text,
        })
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.lexer.peek().is_word(word);
        if found {
            self.lexer.next();
        }
        found
    }

    fn expect(&mut self, wanted: impl Fn(&Token<'a>) -> bool) -> Result<Token<'a>> {
        let token = self.lexer.next();
        if wanted(&token) {
            Ok(token)
        } else {
            Err(self.unexpected(token))
        }
    }

    /// Refuses `token`, or at the end of the text whatever stands last.
    fn unexpected(&self, token: Token<'a>) -> Error {
        let filter = self.lexer.text();
        let piece = match token.kind {
            TokenKind::End => filter.split_whitespace().next_back().unwrap_or(filter),
            _ => token.text,
        };
        self.wording.unexpected(filter, piece)
    }
}

fn one_or<'a>(mut parts: Vec<Tree<'a>>, join: fn(Vec<Tree<'a>>) -> Tree<'a>) -> Tree<'a> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// Reads names joined by dots; blanks around the dots belong to the whole.
pub(crate) fn name<'a>(lexer: &mut Lexer<'a>) -> Option<&'a str> {
    let first = lexer.next();
    let mut last = first;
    if !starts_name(&first) {
        return None;
    }
    while lexer.peek().kind == TokenKind::Dot {
        lexer.next();
        last = lexer.next();
        if !continues_name(&last) {
            return None;
        }
    }
    Some(&lexer.text()[first.start..last.end()])
}

fn starts_name(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => !is_keyword(token),
        kind => matches!(kind, TokenKind::Backticked | TokenKind::DoubleQuoted),
    }
}

fn continues_name(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => !NEVER_NAMES.iter().any(|word| token.is_word(word)),
        kind => matches!(
            kind,
            TokenKind::Backticked | TokenKind::DoubleQuoted | TokenKind::SingleQuoted
        ),
    }
}

/// `LIKE` and its kin; those that MLflow's tokenizer knows but MLflow does not are unknown.
fn pattern_operator(token: &Token<'_>) -> Option<Operator> {
    [
        ("LIKE", Operator::Like),
        ("ILIKE", Operator::ILike),
        ("RLIKE", Operator::Unknown),
        ("REGEXP", Operator::Unknown),
    ]
    .into_iter()
    .find_map(|(word, operator)| token.is_word(word).then_some(operator))
}

fn is_keyword(token: &Token<'_>) -> bool {
    [
        "AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP",
    ]
    .iter()
    .any(|word| token.is_word(word))
}

fn too_many(limit: usize, what: &str) -> Error {
    Error::invalid_parameter(format!(
        "Search expression is too complex: at most {limit} {what} are allowed"
    ))
}
