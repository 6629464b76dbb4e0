//! How much one query may ask, checked before anything runs.

use std::collections::{HashMap, VecDeque};

use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::types::{
    ExecutableDocument, FragmentDefinition, Selection, SelectionSet,
};
use tidemill_core::{Error, Result};

/// Fields inside each other.
const DEPTH: usize = 10;
/// Fields and fragments, each counted as often as it is used.
const SELECTIONS: usize = 1000;
/// Brackets that open in the text, wherever: the parser calls itself for each that is inside
/// another, and which ones are, only a parser knows. The UI's longest query has forty.
const BRACKETS: usize = 200;
/// The longest text, in bytes. The UI's longest query has 4 KiB; what is long are variables.
const TEXT: usize = 16 << 10;
/// Fragments, also those that nothing uses: the library compares each with all it spreads.
const FRAGMENTS: usize = 50;

/// The limits that an operator may raise.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// Fields at the root, of all operations together.
    pub root_fields: usize,
    /// Aliases among the fields of one object.
    pub aliases: usize,
}

/// Refuses a text that could exhaust the parser.
pub(super) fn check_text(query: &str) -> Result<()> {
    let opened = query.bytes().filter(|b| matches!(b, b'{' | b'[' | b'('));
    match (query.len() > TEXT, opened.count() > BRACKETS) {
        (true, _) => Err(Error::invalid_parameter(format!(
            "Query exceeds the length of {TEXT} bytes"
        ))),
        (_, true) => Err(Error::invalid_parameter(format!(
            "Query exceeds {BRACKETS} brackets"
        ))),
        _ => Ok(()),
    }
}

/// Why the query is too large, in MLflow's words.
pub(super) fn check(query: &ExecutableDocument, limits: QueryLimits) -> Result<(), String> {
    let mut scan = Scan {
        fragments: &query.fragments,
        selections: 0,
        aliases: 0,
    };
    if query.fragments.len() > FRAGMENTS {
        return Err(format!(
            "Query exceeds maximum number of {FRAGMENTS} fragments"
        ));
    }
    for fragment in query.fragments.values() {
        scan.walk(&fragment.node.selection_set.node)?;
    }
    let mut root_fields = 0;
    for (_, operation) in query.operations.iter() {
        root_fields += scan.walk(&operation.node.selection_set.node)?;
    }
    within(
        root_fields,
        limits.root_fields,
        "root fields",
        "ROOT_FIELDS",
    )?;
    within(scan.aliases, limits.aliases, "aliases", "ALIASES")
}

fn within(got: usize, most: usize, what: &str, variable: &str) -> Result<(), String> {
    match got > most {
        true => Err(format!(
            "GraphQL queries should have at most {most} {what}, got {got} {what}. To increase \
             the limit, set the MLFLOW_SERVER_GRAPHQL_MAX_{variable} environment variable."
        )),
        false => Ok(()),
    }
}

struct Scan<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    selections: usize,
    /// The most aliases of any object.
    aliases: usize,
}

impl<'a> Scan<'a> {
    /// Walks an operation and counts the fields at its root.
    fn walk(&mut self, root: &'a SelectionSet) -> Result<usize, String> {
        let mut root_fields = None;
        let mut objects = VecDeque::from([(root, 1)]);
        while let Some((object, depth)) = objects.pop_front() {
            if depth > DEPTH {
                return Err(format!("Query exceeds maximum depth of {DEPTH}"));
            }
            let fields = self.fields(object)?;
            root_fields.get_or_insert(fields.len());
            let inner = fields.into_iter().filter(|fields| !fields.items.is_empty());
            objects.extend(inner.map(|fields| (fields, depth + 1)));
        }
        Ok(root_fields.unwrap_or_default())
    }

    /// What the fields of an object select in turn; fragments count as part of the object.
    fn fields(&mut self, object: &'a SelectionSet) -> Result<Vec<&'a SelectionSet>, String> {
        let mut fields = Vec::new();
        let mut aliases = 0;
        let mut spread: Vec<&str> = Vec::new();
        let mut sets = VecDeque::from([object]);
        while let Some(set) = sets.pop_front() {
            for selection in &set.items {
                self.selections += 1;
                if self.selections > SELECTIONS {
                    return Err(format!(
                        "Query exceeds maximum total selections of {SELECTIONS}"
                    ));
                }
                match &selection.node {
                    Selection::Field(field) => {
                        aliases += usize::from(field.node.alias.is_some());
                        fields.push(&field.node.selection_set.node);
                    }
                    Selection::InlineFragment(fragment) => {
                        sets.push_back(&fragment.node.selection_set.node);
                    }
                    Selection::FragmentSpread(name) => {
                        let name = name.node.fragment_name.node.as_str();
                        let fragment = self.fragments.get(name);
                        if let Some(fragment) = fragment.filter(|_| !spread.contains(&name)) {
                            spread.push(name);
                            sets.push_back(&fragment.node.selection_set.node);
                        }
                    }
                }
            }
        }
        self.aliases = self.aliases.max(aliases);
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const LIMITS: QueryLimits = QueryLimits {
        root_fields: 10,
        aliases: 10,
    };

    fn refusal(query: &str) -> String {
        check(&parse_query(query).unwrap(), LIMITS).unwrap_err()
    }

    fn nested(depth: usize) -> String {
        "{a".repeat(depth) + &"}".repeat(depth)
    }

    #[test]
    fn ten_levels_are_enough() {
        assert_eq!(check(&parse_query(nested(10)).unwrap(), LIMITS), Ok(()));
        assert_eq!(refusal(&nested(11)), "Query exceeds maximum depth of 10");
    }

    #[test]
    fn aliases_are_counted_across_fragments() {
        let one = |name: char| format!("... {{ {name}1: a {name}2: a {name}3: a {name}4: a }}");
        let query = format!("{{ test {{ {} {} {} }} }}", one('x'), one('y'), one('z'));
        assert_eq!(
            refusal(&query),
            "GraphQL queries should have at most 10 aliases, got 12 aliases. To increase the \
             limit, set the MLFLOW_SERVER_GRAPHQL_MAX_ALIASES environment variable."
        );
    }

    #[test]
    fn root_fields_of_every_operation_count() {
        let six = "a b c d e f";
        let query = format!("query A {{ {six} }} query B {{ {six} }}");
        assert!(refusal(&query).contains("got 12 root fields"));
    }

    #[test]
    fn fragments_that_multiply_are_counted_as_often_as_they_are_used() {
        let mut query = "{ x { ...F0 } }".to_owned();
        for level in 0..8 {
            let next = level + 1;
            query += &format!(
                " fragment F{level} on T {{ a {{ ...F{next} }} b {{ ...F{next} }} c {{ ...F{next} }} d {{ ...F{next} }} }}"
            );
        }
        query += " fragment F8 on T { a }";
        assert_eq!(
            refusal(&query),
            "Query exceeds maximum total selections of 1000"
        );
    }

    #[test]
    fn a_fragment_inside_itself_ends() {
        let query = "{ ...A } fragment A on Query { ...A a { ...A } }";
        assert_eq!(refusal(query), "Query exceeds maximum depth of 10");
    }

    #[test]
    fn fragments_that_nothing_uses_count_too() {
        let chain = |length: usize| {
            let fragment = |n| format!(" fragment F{n} on Query {{ ...F{} }}", n + 1);
            let all: String = (0..length).map(fragment).collect();
            format!("{{ a }}{all} fragment F{length} on Query {{ a }}")
        };
        let short = parse_query(chain(20)).unwrap();
        assert_eq!(check(&short, LIMITS), Ok(()));
        assert!(refusal(&chain(60)).contains("50 fragments"));
    }

    #[test]
    fn brackets_are_counted_wherever_they_are() {
        assert!(check_text(&"[".repeat(200)).is_ok());
        assert!(check_text(&"[#]\n".repeat(201)).is_err());
        assert!(check_text(&"[\"]\"".repeat(201)).is_err());
        assert!(check_text(&" ".repeat(17 << 10)).is_err());
    }

    #[test]
    fn the_parser_stands_as_many_brackets_as_are_allowed() {
        for (open, close) in [("[", "]"), ("{a:", "}")] {
            let value = [open.repeat(198), "1".into(), close.repeat(198)].concat();
            let query = format!("{{a(b:{value})}}");
            assert!(check_text(&query).is_ok());
            std::thread::Builder::new()
                .stack_size(1 << 20)
                .spawn(move || parse_query(query).is_ok())
                .unwrap()
                .join()
                .unwrap();
        }
    }
}
