//! Lists of values. MLflow reads them as Python literals, so texts in lists, unlike texts
//! elsewhere, know escapes, and two texts side by side are one.

/// What stands between the parentheses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
    /// Whether there is a comma; without one, `(x)` is just `x`.
    pub(crate) has_comma: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Text(String),
    /// A number as written.
    Number(String),
}

/// Reads a list from its opening to its closing parenthesis; `None` if Python could not.
pub(crate) fn read(text: &str) -> Option<List> {
    let mut reader = Reader {
        rest: text.strip_prefix('(')?.strip_suffix(')')?,
    };
    let mut list = List {
        items: Vec::new(),
        has_comma: false,
    };
    while let Some(item) = reader.item()? {
        list.items.push(item);
        if !reader.comma() {
            return reader.rest.is_empty().then_some(list);
        }
        list.has_comma = true;
    }
    reader.rest.is_empty().then_some(list)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn comma(&mut self) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(',') {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The next item; `Some(None)` if nothing that starts an item follows.
    fn item(&mut self) -> Option<Option<Item>> {
        self.skip_blanks();
        match self.rest.bytes().next() {
            Some(b'\'' | b'"') => self.texts().map(|text| Some(Item::Text(text))),
            Some(b'-' | b'.' | b'0'..=b'9') => self.number().map(Some),
            _ => Some(None),
        }
    }

    /// Texts side by side.
    fn texts(&mut self) -> Option<String> {
        let mut text = String::new();
        while self.rest.starts_with(['\'', '"']) {
            self.text(&mut text)?;
            self.skip_blanks();
        }
        Some(text)
    }

    fn text(&mut self, out: &mut String) -> Option<()> {
        let mut chars = self.rest.chars();
        let quote = chars.next()?;
        loop {
            match chars.next()? {
                '\n' | '\r' | '\0' => return None,
                '\\' => escape(&mut chars, out)?,
                c if c == quote => break,
                c => out.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(())
    }

    fn number(&mut self) -> Option<Item> {
        let is_part = |c: char| matches!(c, '-' | '+' | '.' | 'e' | 'E') || c.is_ascii_digit();
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        number.parse::<f64>().ok()?;
        self.rest = rest;
        Some(Item::Number(number.to_owned()))
    }
}

/// What follows a backslash. An unknown escape stays as it is, backslash included.
fn escape(chars: &mut std::str::Chars<'_>, out: &mut String) -> Option<()> {
    let c = chars.next()?;
    let meant = match c {
        '\n' => return Some(()),
        '\\' | '\'' | '"' => c,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => code_point(chars, 2)?,
        'u' => code_point(chars, 4)?,
        'U' => code_point(chars, 8)?,
        'N' => return None,
        '0'..='7' => octal(c, chars)?,
        other => {
            out.push('\\');
            other
        }
    };
    out.push(meant);
    (meant != '\0').then_some(())
}

fn code_point(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let mut code = 0_u32;
    for _ in 0..digits {
        code = code.checked_mul(16)? + chars.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

/// Up to three octal digits, the first of which has been read.
fn octal(first: char, chars: &mut std::str::Chars<'_>) -> Option<char> {
    let mut code = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = chars.clone().next().and_then(|c| c.to_digit(8)) else {
            break;
        };
        chars.next();
        code = code * 8 + digit;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Option<Vec<String>> {
        let only_text = |item| match item {
            Item::Text(text) => Some(text),
            Item::Number(_) => None,
        };
        read(text)?.items.into_iter().map(only_text).collect()
    }

    #[test]
    fn texts_are_python_literals() {
        assert_eq!(texts("('a', \"b\",)").unwrap(), ["a", "b"]);
        assert_eq!(texts("('a' 'b')").unwrap(), ["ab"]);
        assert_eq!(texts("('it''s')").unwrap(), ["its"]);
        assert_eq!(texts(r"('it\'s\x41\u00e9\101\q')").unwrap(), [r"it'sAéA\q"]);
    }

    #[test]
    fn what_python_could_not_read_is_no_list() {
        for text in [
            "('a'",
            "('a)",
            "('a',,'b')",
            "(,)",
            "(a)",
            r"('\x4')",
            r"('\ud800')",
            "('a'b)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_in_a_list_has_no_nul() {
        assert_eq!(read(r"('\0')"), None);
        assert_eq!(read(r"('\x00')"), None);
    }

    #[test]
    fn a_comma_makes_a_list_of_one_value() {
        assert!(!read("(1)").unwrap().has_comma);
        assert!(read("(1,)").unwrap().has_comma);
        assert_eq!(read("( )").unwrap().items, []);
    }
}
