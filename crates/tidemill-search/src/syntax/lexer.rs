//! Text to tokens, one at a time.

/// One piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    /// Where it starts, in bytes.
    pub(crate) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or keyword.
    Word,
    /// A name in backticks.
    Backticked,
    /// In double quotes: a name or a value.
    DoubleQuoted,
    /// In single quotes.
    SingleQuoted,
    Int,
    Float,
    /// A run of the characters `<>=~!`.
    Symbol,
    Open,
    Close,
    Dot,
    Semicolon,
    Other,
    End,
}

impl Token<'_> {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Reads tokens; a copy looks ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// How far it has read, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn next(&mut self) -> Token<'a> {
        let rest = &self.text[self.position..];
        let start = self.position + (rest.len() - rest.trim_start().len());
        let (kind, length) = scan(&self.text[start..]);
        self.position = start + length;
        Token {
            kind,
            text: &self.text[start..self.position],
            start,
        }
    }

    pub(crate) fn peek(&self) -> Token<'a> {
        let mut ahead = *self;
        ahead.next()
    }
}

/// What `rest` starts with, and its length in bytes.
fn scan(rest: &str) -> (TokenKind, usize) {
    let Some(first) = rest.chars().next() else {
        return (TokenKind::End, 0);
    };
    match first {
        '(' => (TokenKind::Open, 1),
        ')' => (TokenKind::Close, 1),
        ';' => (TokenKind::Semicolon, 1),
        '`' => quoted(rest, TokenKind::Backticked, b'`', false),
        '"' => quoted(rest, TokenKind::DoubleQuoted, b'"', true),
        '\'' => quoted(rest, TokenKind::SingleQuoted, b'\'', true),
        '<' | '>' | '=' | '~' | '!' => (
            TokenKind::Symbol,
            length_while(rest, |c| matches!(c, '<' | '>' | '=' | '~' | '!')),
        ),
        '.' => dot(rest),
        '-' => number(rest).unwrap_or((TokenKind::Other, 1)),
        c if is_word_char(c) => {
            number(rest).unwrap_or_else(|| (TokenKind::Word, length_while(rest, is_word_char)))
        }
        c => (TokenKind::Other, c.len_utf8()),
    }
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn length_while(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

/// A quoted piece. A doubled quote, and where `backslash` is set a quote behind a backslash,
/// does not end it, unless the text would then end without a closing quote: in that case the
/// last such pair is where it ends. Nothing is un-escaped.
fn quoted(rest: &str, kind: TokenKind, quote: u8, backslash: bool) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let mut last_pair = None;
    let mut at = 1;
    while at < bytes.len() {
        let next_is_quote = bytes.get(at + 1) == Some(&quote);
        if backslash && bytes[at] == b'\\' && next_is_quote {
            last_pair = Some(at + 1);
            at += 2;
        } else if bytes[at] == quote && next_is_quote {
            last_pair = Some(at);
            at += 2;
        } else if bytes[at] == quote {
            return (kind, at + 1);
        } else {
            at += 1;
        }
    }
    last_pair.map_or((TokenKind::Other, 1), |pair| (kind, pair + 1))
}

/// A dot between names, or a number such as `.5`. A name behind a dot may start with one
/// digit (`metrics.1st`) but not with more: MLflow's tokenizer reads `.10th` as a number first.
fn dot(rest: &str) -> (TokenKind, usize) {
    if let Some(number) = number(rest) {
        return number;
    }
    let digits = length_while(&rest[1..], |c| c.is_ascii_digit());
    (
        if digits > 1 {
            TokenKind::Other
        } else {
            TokenKind::Dot
        },
        1,
    )
}

/// A number, if `rest` starts with one that does not run on into a word.
fn number(rest: &str) -> Option<(TokenKind, usize)> {
    let digits = |at: usize| length_while(&rest[at..], |c| c.is_ascii_digit());
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut kind = TokenKind::Int;
    let mut decimals = 0;
    if rest[end..].starts_with('.') {
        decimals = digits(end + 1);
        end += 1 + decimals;
        kind = TokenKind::Float;
    }
    if whole == 0 && decimals == 0 {
        return None;
    }
    let exponent_may_follow = whole > 0 && (kind == TokenKind::Int || decimals > 0);
    if exponent_may_follow && rest[end..].starts_with(['e', 'E']) {
        let minus = usize::from(rest[end + 1..].starts_with('-'));
        let exponent = digits(end + 1 + minus);
        if exponent > 0 {
            end += 1 + minus + exponent;
            kind = TokenKind::Float;
        }
    }
    let runs_on = rest[end..].starts_with(is_word_char);
    (!runs_on).then_some((kind, end))
}

#[cfg(test)]
mod tests {
    use super::TokenKind::*;
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        let mut lexer = Lexer::new(text);
        std::iter::from_fn(|| {
            let token = lexer.next();
            (token.kind != End).then_some((token.kind, token.text))
        })
        .collect()
    }

    #[test]
    fn numbers_have_the_forms_that_mlflow_reads() {
        for float in ["1.5", "1.", ".5", "-.5", "1e5", "1e-1", "-1.5E-3"] {
            assert_eq!(kinds(float), [(Float, float)]);
        }
        assert_eq!(kinds("-12"), [(Int, "-12")]);
        assert_eq!(kinds("0x1"), [(Word, "0x1")]);
        assert_eq!(kinds("1AND"), [(Word, "1AND")]);
        assert_eq!(kinds(".5e3")[0], (Dot, "."));
    }

    #[test]
    fn a_doubled_or_backslashed_quote_does_not_end_a_text_that_ends_later() {
        assert_eq!(kinds("'it''s'"), [(SingleQuoted, "'it''s'")]);
        assert_eq!(kinds(r"'it\'s'"), [(SingleQuoted, r"'it\'s'")]);
        assert_eq!(kinds(r"'C:\' x"), [(SingleQuoted, r"'C:\'"), (Word, "x")]);
        assert_eq!(kinds("'open"), [(Other, "'"), (Word, "open")]);
    }

    #[test]
    fn a_name_behind_a_dot_may_start_with_one_digit() {
        assert_eq!(kinds("m.1st"), [(Word, "m"), (Dot, "."), (Word, "1st")]);
        assert_eq!(kinds("m.10th")[1], (Other, "."));
        assert_eq!(kinds("m.1"), [(Word, "m"), (Float, ".1")]);
    }
}
