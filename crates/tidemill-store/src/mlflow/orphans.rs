//! Rows that belong to nothing: what they belonged to was removed past MLflow.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidemill_core::Result;
use tidemill_core::transfer::Fault;

use super::{MlflowDatabase, fault};
use crate::search::sql::Sql;

/// A table whose rows belong to those of another, by a column of each.
struct Belonging {
    table: &'static str,
    column: &'static str,
    owner: &'static str,
    key: &'static str,
    /// What the rows are, and of what.
    what: [&'static str; 2],
}

const fn belonging(
    [table, column]: [&'static str; 2],
    [owner, key]: [&'static str; 2],
    what: [&'static str; 2],
) -> Belonging {
    Belonging {
        table,
        column,
        owner,
        key,
        what,
    }
}

const RUN: [&str; 2] = ["runs", "run_uuid"];
const MODEL: [&str; 2] = ["logged_models", "model_id"];
const REGISTERED: [&str; 2] = ["registered_models", "name"];

const BELONGING: [Belonging; 12] = [
    belonging(
        ["experiment_tags", "experiment_id"],
        ["experiments", "experiment_id"],
        ["tags", "experiments"],
    ),
    belonging(["params", "run_uuid"], RUN, ["params", "runs"]),
    belonging(["tags", "run_uuid"], RUN, ["tags", "runs"]),
    belonging(["metrics", "run_uuid"], RUN, ["metric points", "runs"]),
    belonging(
        ["inputs", "source_id"],
        ["datasets", "dataset_uuid"],
        ["inputs", "datasets"],
    ),
    belonging(
        ["logged_model_params", "model_id"],
        MODEL,
        ["params", "logged models"],
    ),
    belonging(
        ["logged_model_tags", "model_id"],
        MODEL,
        ["tags", "logged models"],
    ),
    belonging(
        ["logged_model_metrics", "model_id"],
        MODEL,
        ["metric points", "logged models"],
    ),
    belonging(
        ["registered_model_tags", "name"],
        REGISTERED,
        ["tags", "registered models"],
    ),
    belonging(
        ["registered_model_aliases", "name"],
        REGISTERED,
        ["aliases", "registered models"],
    ),
    belonging(
        ["model_versions", "name"],
        REGISTERED,
        ["versions", "registered models"],
    ),
    belonging(
        ["model_version_tags", "name"],
        REGISTERED,
        ["tags of versions", "registered models"],
    ),
];

impl MlflowDatabase {
    /// Rows that belong to what is not there, by what they are: they cannot be carried.
    pub fn orphans(&mut self) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for belonging in &BELONGING {
            let tables = [belonging.table, belonging.owner];
            if tables
                .iter()
                .any(|table| self.tables.named(table).is_none())
            {
                continue;
            }
            let missing: i64 = belonging
                .missing_owners()
                .query::<BigInt>()
                .get_result(&mut self.db)
                .map_err(fault)?;
            if missing > 0 {
                let [what, whose] = belonging.what;
                let what = format!("{what} of {missing} {whose}");
                faults.push(Fault::new(what, "what they belong to is not there"));
            }
        }
        Ok(faults)
    }
}

impl Belonging {
    /// How many owners are missing, found in the index of the column: looking at each row would
    /// take as long as carrying it.
    fn missing_owners(&self) -> Sql {
        let mut sql = Sql::default();
        sql.push("SELECT COUNT(*) FROM (SELECT DISTINCT ")
            .push(self.column);
        sql.push(" FROM ").push(self.table);
        if self.table == "inputs" {
            sql.push(" WHERE source_type = 'DATASET'");
        }
        sql.push(") t WHERE NOT EXISTS (SELECT 1 FROM ")
            .push(self.owner);
        sql.push(" o WHERE o.").push(self.key);
        sql.push(" = t.").push(self.column).push(")");
        sql
    }
}
