//! One comparison as written, before anyone has looked at what it compares.

/// A comparison as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clause<'a> {
    pub(crate) left: &'a str,
    pub(crate) operator: Operator,
    /// The operator as written, such as `like` or `==`.
    pub(crate) written: &'a str,
    /// Nothing for the null tests.
    pub(crate) right: Operand<'a>,
    /// The upper bound of `BETWEEN`, otherwise nothing.
    pub(crate) upper: Operand<'a>,
}

impl Clause<'_> {
    /// Whether the operator is `name`, in any case and with any blanks.
    pub(crate) fn is_written(&self, name: &str) -> bool {
        let words = self.written.split_whitespace().map(str::to_ascii_uppercase);
        words.eq(name.split(' '))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
    ILike,
    In,
    NotIn,
    Between,
    IsNull,
    IsNotNull,
    /// Reads like an operator, but there is none of that name.
    Unknown,
}

impl Operator {
    /// The operator that a run of symbols is.
    pub(crate) fn from_symbol(symbol: &str) -> Self {
        match symbol {
            "=" => Self::Eq,
            "!=" => Self::Ne,
            "<" => Self::Lt,
            "<=" => Self::Le,
            ">" => Self::Gt,
            ">=" => Self::Ge,
            _ => Self::Unknown,
        }
    }
}

/// One side of a comparison as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand<'a> {
    pub(crate) kind: OperandKind,
    pub(crate) text: &'a str,
}

impl Operand<'_> {
    pub(crate) const NOTHING: Self = Self {
        kind: OperandKind::Nothing,
        text: "",
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperandKind {
    Int,
    Float,
    /// In single quotes.
    SingleQuoted,
    /// Names joined by dots, some perhaps in backticks or double quotes; also a single text
    /// in double quotes.
    Name,
    /// From an opening to its closing parenthesis.
    List,
    Null,
    Nothing,
}
