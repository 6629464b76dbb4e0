//! Which of MLflow's tables and columns there are, and statements over those.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Binary, Nullable};
use tidemill_core::Error;
use tidemill_core::transfer::Fault;

use crate::connection::DbConnection;
use crate::dialect::{Dialect, OTHER_TYPE, Shape, catalogue, write_column, write_missing};
use crate::error::DbResult;
use crate::search::sql::Sql;

/// A text as it is read.
pub(super) type Bytes = Option<Vec<u8>>;
/// Keys with values.
pub(super) type Pairs = Vec<(Bytes, Bytes)>;
/// What SQL has for a text that is read as bytes.
pub(super) type Text = Nullable<Binary>;
/// What SQL has for a number.
pub(super) type Whole = Nullable<BigInt>;

/// Tables that every version since 1.30 has.
const ALWAYS: [&str; 9] = [
    "experiments",
    "experiment_tags",
    "runs",
    "params",
    "tags",
    "metrics",
    "registered_models",
    "registered_model_tags",
    "model_versions",
];
/// Tables that came later.
const SINCE: [&str; 11] = [
    "latest_metrics",
    "model_version_tags",
    "registered_model_aliases",
    "datasets",
    "inputs",
    "input_tags",
    "logged_models",
    "logged_model_params",
    "logged_model_tags",
    "logged_model_metrics",
    "alembic_version",
];
/// What an upgrade leaves behind when it stops between copying a table and renaming the copy.
const HALF_WAY: &str = "_alembic_tmp_";

/// Tables with their columns.
pub(super) struct Tables(BTreeMap<String, BTreeSet<String>>);

impl Tables {
    /// Those of a database, if they are MLflow's.
    pub(super) fn of(db: &mut DbConnection) -> DbResult<Option<Self>> {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (table, column) in catalogue(db)? {
            tables.entry(table).or_default().insert(column);
        }
        let tables = Self(tables);
        if !tables.has("experiments", "experiment_id") || !tables.has("runs", "run_uuid") {
            return Ok(None);
        }
        tables.check_whole()?;
        Ok(Some(tables))
    }

    fn check_whole(&self) -> DbResult<()> {
        let missing: Vec<&str> = ALWAYS
            .into_iter()
            .filter(|table| !self.0.contains_key(*table))
            .collect();
        let half_way = self.0.keys().find(|table| table.starts_with(HALF_WAY));
        let why = match (&missing[..], half_way) {
            ([], None) => return Ok(()),
            ([], Some(table)) => format!("the table {table} is left of an upgrade that stopped"),
            (missing, _) => format!("these tables are missing: {}", missing.join(", ")),
        };
        Err(Error::invalid_state(format!(
            "The database is not whole: {why}. Finish `mlflow db upgrade` with the MLflow that \
             began it, or restore a backup."
        ))
        .into())
    }

    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        self.0
            .get(table)
            .is_some_and(|columns| columns.contains(column))
    }

    /// The table of this name, if it is there.
    pub(super) fn named(&self, table: &'static str) -> Option<&'static str> {
        self.0.contains_key(table).then_some(table)
    }

    /// All tables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Tables that are not read here.
    pub(super) fn others(&self) -> Vec<String> {
        let read = |table: &str| ALWAYS.contains(&table) || SINCE.contains(&table);
        let others = self.0.keys().filter(|table| !read(table));
        others.cloned().collect()
    }

    /// A statement that reads columns of a table.
    pub(super) fn select(&self, dialect: Dialect, table: &'static str) -> Select<'_> {
        Select {
            tables: self,
            dialect,
            table,
            sql: Sql::default(),
        }
    }
}

/// A list of columns to read. A column that is not there is NULL.
pub(super) struct Select<'t> {
    tables: &'t Tables,
    dialect: Dialect,
    table: &'static str,
    sql: Sql,
}

impl Select<'_> {
    pub(super) fn text(&mut self, column: &'static str) -> &mut Self {
        self.column(column, Shape::Text)
    }

    pub(super) fn whole(&mut self, column: &'static str) -> &mut Self {
        self.column(column, Shape::Whole)
    }

    pub(super) fn flag(&mut self, column: &'static str) -> &mut Self {
        self.column(column, Shape::Bool)
    }

    pub(super) fn real(&mut self, column: &'static str) -> &mut Self {
        self.column(column, Shape::Real)
    }

    fn column(&mut self, column: &'static str, shape: Shape) -> &mut Self {
        if !self.sql.is_empty() {
            self.sql.push(", ");
        }
        match self.tables.has(self.table, column) {
            true => write_column(&mut self.sql, self.dialect, (self.table, column), shape),
            false => write_missing(&mut self.sql, self.dialect, shape),
        }
        self
    }

    /// The list by itself.
    pub(super) fn columns(&mut self) -> Sql {
        std::mem::take(&mut self.sql)
    }

    /// The list, to go behind that of another table.
    pub(super) fn further_columns(&mut self) -> Sql {
        let mut sql = Sql::default();
        sql.push(", ").append(self.columns());
        sql
    }

    /// The statement up to its conditions.
    pub(super) fn all(&mut self) -> Sql {
        let mut sql = Sql::default();
        sql.push("SELECT ").append(self.columns());
        sql.push(" FROM ").push(self.table);
        sql
    }

    /// The statement for the rows of the default workspace, up to further conditions.
    pub(super) fn here(&mut self) -> Sql {
        let by_workspace = self.tables.has(self.table, "workspace");
        let mut sql = self.all();
        sql.push(match by_workspace {
            true => " WHERE workspace = 'default'",
            false => " WHERE 1 = 1",
        });
        sql
    }
}

/// A text as it was read; an error says what is wrong with it.
pub(super) fn text(bytes: Bytes) -> Result<Option<String>, String> {
    match bytes.map(String::from_utf8).transpose() {
        Err(_) => Err(String::from("a text in it is not UTF-8")),
        Ok(Some(text)) if text.contains('\0') => {
            Err(String::from("a text in it has a NUL character"))
        }
        Ok(text) => Ok(text),
    }
}

/// A text that has to be there.
pub(super) fn required(bytes: Bytes, column: &str) -> Result<String, String> {
    text(bytes)?.ok_or_else(|| missing(column))
}

/// The first and the last id of a page of rows that were read after `after`, or nothing when
/// nothing follows. Ids that cannot be read, or that SQLite keeps as something else than text and
/// sorts after everything, end the list: that is a fault.
pub(super) fn span<'r>(
    what: &str,
    ids: impl Iterator<Item = &'r Bytes>,
    after: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Option<(String, String)> {
    let ids: Vec<Option<String>> = ids.map(|id| text(id.clone()).ok().flatten()).collect();
    let mut readable = ids.iter().flatten();
    let first = readable.next();
    let last = readable.next_back().or(first);
    match (first, last) {
        (Some(first), Some(last)) if Some(last.as_str()) != after => {
            Some((first.clone(), last.clone()))
        }
        _ => {
            if !ids.is_empty() {
                let why = "their ids are no texts, so that nothing after them is found";
                faults.push(Fault::new(format!("{} {what}", ids.len()), why));
            }
            None
        }
    }
}

/// A number as it was read; an error says what is wrong with it.
pub(super) fn whole(number: Option<i64>) -> Result<Option<i64>, String> {
    match number {
        Some(OTHER_TYPE) => Err(String::from("a number in it is of another type")),
        number => Ok(number),
    }
}

/// A number that has to be there.
pub(super) fn required_whole(number: Option<i64>, column: &str) -> Result<i64, String> {
    whole(number)?.ok_or_else(|| missing(column))
}

/// A number that is 0 when it is not there.
pub(super) fn whole_or_0(number: Option<i64>) -> Result<i64, String> {
    Ok(whole(number)?.unwrap_or_default())
}

/// A value that is not there, or not of the type that its column has.
pub(super) fn missing(column: &str) -> String {
    format!("its {column} is missing or of another type")
}
