//! `meta.yaml` files.
//!
//! Scalars are taken by what they would be to PyYAML, which writes the files. To a parser of
//! YAML 1.2 the digest `1234e567` would be a number and the name `0o17` would be 15; here both are
//! texts, and a number is whatever text a field of numbers holds. Aliases are refused: MLflow
//! writes none, and a few of them can stand for gigabytes.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use super::root::{Readable, Root, join};

/// Enough for a dataset with the longest profile and schema that MLflow takes.
const MAX_BYTES: u64 = 32 << 20;
/// How many scalars, lists and mappings a file may have.
const MAX_NODES: usize = 100_000;
/// How deep they may lie in each other.
const MAX_DEPTH: usize = 32;
/// What the file of a thing is called.
pub(super) const META: &str = "meta.yaml";

/// The fields of a mapping in the order of the file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields(Vec<(String, Node)>);

#[derive(Debug, PartialEq)]
enum Node {
    Null,
    Text(String),
    Mapping(Fields),
    List,
}

impl Fields {
    /// The `meta.yaml` in this folder.
    pub(super) fn of_folder(root: &Root, folder: &str) -> Readable<Self> {
        let text = root
            .text(&join(folder, META), MAX_BYTES)
            .map_err(|why| format!("its {META} cannot be read: {why}"))?;
        Self::parse(&text).map_err(|why| format!("its {META} cannot be understood: {why}"))
    }

    /// One document whose top is a mapping.
    pub(super) fn parse(text: &str) -> Readable<Self> {
        let mut reader = Reader {
            events: Parser::new_from_str(text),
            nodes: 0,
        };
        match reader.document()? {
            Node::Mapping(fields) => Ok(fields),
            Node::Null => Err(String::from("it is empty")),
            Node::Text(_) | Node::List => Err(String::from("it is not a mapping")),
        }
    }

    /// A field that may be missing or null.
    pub(super) fn text(&self, key: &str) -> Readable<Option<&str>> {
        match self.get(key) {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(_) => Err(format!("its field '{key}' is not a text")),
        }
    }

    /// A field that must be there.
    pub(super) fn required(&self, key: &str) -> Readable<&str> {
        self.text(key)?
            .ok_or_else(|| format!("its field '{key}' is missing"))
    }

    /// A field that may be missing, null or empty, which is all the same.
    pub(super) fn filled(&self, key: &str) -> Readable<Option<String>> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        Ok(text.map(str::to_owned))
    }

    /// A whole number that may be missing or null.
    pub(super) fn number(&self, key: &str) -> Readable<Option<i64>> {
        self.text(key)?
            .map(|text| {
                text.parse()
                    .map_err(|_| format!("its field '{key}' is '{text}' and not a number"))
            })
            .transpose()
    }

    /// The texts of a mapping, which may be missing or null. A null in it is an empty text.
    pub(super) fn texts(&self, key: &str) -> Readable<Vec<(&str, &str)>> {
        let fields = match self.get(key) {
            None | Some(Node::Null) => return Ok(Vec::new()),
            Some(Node::Mapping(fields)) => fields,
            Some(_) => return Err(format!("its field '{key}' is not a mapping")),
        };
        fields
            .0
            .iter()
            .map(|(name, _)| Ok((name.as_str(), fields.text(name)?.unwrap_or_default())))
            .collect()
    }

    /// Of a repeated key the last one counts.
    fn get(&self, key: &str) -> Option<&Node> {
        let mut fields = self.0.iter().rev();
        fields.find(|(name, _)| name == key).map(|(_, node)| node)
    }
}

/// Makes nodes of events.
struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Readable<Node> {
        let node = loop {
            match self.next()? {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => return Ok(Node::Null),
                event => break self.node(event, 0)?,
            }
        };
        loop {
            match self.next()? {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(node),
                _ => return Err(String::from("it has more than one document")),
            }
        }
    }

    fn next(&mut self) -> Readable<Event<'t>> {
        match self.events.next() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Readable<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(String::from("it has too many fields"));
        }
        match event {
            Event::Scalar(text, style, ..) => Ok(scalar(text, style)),
            Event::SequenceStart(..) => self.list(depth),
            Event::MappingStart(..) => self.mapping(depth).map(Node::Mapping),
            Event::Alias(_) => Err(String::from("it has an alias, which MLflow never writes")),
            event => Err(format!("{event:?} has no place in it")),
        }
    }

    fn list(&mut self, depth: usize) -> Readable<Node> {
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Node::List),
                event => drop(self.node(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Readable<Fields> {
        let mut fields = Vec::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Fields(fields)),
                event => self.node(event, depth + 1)?,
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            match key {
                Node::Text(key) => fields.push((key, value)),
                _ => return Err(String::from("a key in it is not a text")),
            }
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Node {
    let is_null = matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    if is_null && style == ScalarStyle::Plain {
        return Node::Null;
    }
    if style == ScalarStyle::SingleQuoted && text.contains(OLD_BREAKS) {
        return Node::Text(without_indents(&text));
    }
    Node::Text(text.into_owned())
}

/// Line breaks of YAML 1.1 that are none in YAML 1.2. PyYAML ends a line with them in single
/// quotes and indents the next one. Beside a newline they still come out wrong, or are a fault.
const OLD_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

fn without_indents(text: &str) -> String {
    let mut lines = text.split_inclusive(OLD_BREAKS);
    let first = lines.next().unwrap_or_default();
    lines.fold(first.to_owned(), |text, line| {
        text + line.trim_start_matches(' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_texts_and_numbers() {
        let fields = Fields::parse(
            "a: 1e5\nb: '7'\nc: null\nd: ''\ne: \"x\\n\\u2603 \\\n  y\"\nf: -12\ntags: {k: 1, l: null}\ng: []\n",
        )
        .unwrap();
        assert_eq!(fields.text("a"), Ok(Some("1e5")));
        assert_eq!(fields.number("b"), Ok(Some(7)));
        assert_eq!(fields.text("c"), Ok(None));
        assert_eq!(fields.text("d"), Ok(Some("")));
        assert_eq!(fields.filled("d"), Ok(None));
        assert_eq!(fields.text("e"), Ok(Some("x\n\u{2603} y")));
        assert_eq!(fields.number("f"), Ok(Some(-12)));
        assert_eq!(fields.texts("tags"), Ok(vec![("k", "1"), ("l", "")]));
        assert!(fields.text("g").is_err());
        assert_eq!(fields.text("nowhere"), Ok(None));
        assert_eq!(
            fields.required("c"),
            Err(String::from("its field 'c' is missing"))
        );
        assert_eq!(
            fields.number("a"),
            Err(String::from("its field 'a' is '1e5' and not a number"))
        );
    }

    #[test]
    fn old_line_breaks_lose_the_indentation_after_them() {
        let fields =
            Fields::parse("a: 'x\u{2028}  y\u{2028}  \u{2028}  '\nb: \"x\\L  y\"\n").unwrap();
        assert_eq!(fields.text("a"), Ok(Some("x\u{2028}y\u{2028}\u{2028}")));
        assert_eq!(fields.text("b"), Ok(Some("x\u{2028}  y")));
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        let fields = Fields::parse("a: 1\na: 2\n").unwrap();
        assert_eq!(fields.text("a"), Ok(Some("2")));
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for text in [
            "",
            "~",
            "# nothing",
            "text",
            "- a",
            "a: b\n---\nc: d",
            "[a: {",
        ] {
            assert!(Fields::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_alias_is_refused() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert_eq!(
            Fields::parse(bomb),
            Err(String::from("it has an alias, which MLflow never writes"))
        );
    }

    #[test]
    fn deep_and_wide_files_are_refused() {
        let deep = format!("a: {}", "[".repeat(1_000_000));
        assert!(Fields::parse(&deep).is_err());
        let wide = format!("a: [{}]", "b,".repeat(200_000));
        assert_eq!(
            Fields::parse(&wide),
            Err(String::from("it has too many fields"))
        );
    }
}
