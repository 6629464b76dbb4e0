//! Filters as trees: what every entity's filter has in common.

/// A condition on things whose searchable fields are `F`.
///
/// Every node is true or false for a thing, never unknown: a comparison with something
/// that is missing is false, and [`Expr::Not`] of it is true.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr<F> {
    /// True if all are; true when empty, which is what an absent filter parses to.
    All(Vec<Expr<F>>),
    /// True if at least one is; false when empty, which the parser never makes.
    Any(Vec<Expr<F>>),
    /// True if the inner one is false.
    Not(Box<Expr<F>>),
    /// True if some value of the field passes the test.
    Compare(Comparison<F>),
}

/// A test of one field.
///
/// It holds if at least one of the field's values passes: a tag has one value or none, the
/// names of a run's datasets are many. So `!=` never holds for a thing that lacks the field.
/// Only [`Test::IsNull`] holds for a field without values.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<F> {
    /// What is tested.
    pub field: F,
    /// What it has to pass.
    pub test: Test,
}

/// What a field's value has to pass. Numeric fields are only given [`Test::Number`] and
/// [`Test::Between`], text fields the rest; the two null tests suit both.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Compare as numbers. NaN differs from every number and is in no other relation.
    Number(NumberOp, Number),
    /// At least the first and at most the second number.
    Between(Number, Number),
    /// Compare as text.
    Text(TextOp, String),
    /// Equal to one of these texts; never empty, except in logged models' filters.
    In(Vec<String>),
    /// Equal to none of these texts.
    NotIn(Vec<String>),
    /// There is no value.
    IsNull,
    /// There is a value.
    IsNotNull,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOp {
    /// `=`: the same characters, whatever the database's collation says.
    Eq,
    /// `!=`
    Ne,
    /// `LIKE`: `%` stands for any characters, `_` for one, every other character, also a
    /// backslash, for itself. Case matters.
    Like,
    /// `ILIKE`: like `LIKE`, but the letters A to Z equal a to z. Other letters are not
    /// folded, because databases disagree about them.
    ILike,
}

/// A number in a filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Written as an integer, compared with an integer field.
    Int(i64),
    /// Written with a decimal point or exponent, or compared with a metric. Always finite.
    Float(f64),
}
