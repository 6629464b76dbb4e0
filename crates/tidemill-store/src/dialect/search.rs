//! Where searches differ: matching patterns, and forcing the way a query is run.

use crate::connection::DbConnection;
use crate::search::sql::Sql;

/// Which database a piece of SQL is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    Mysql,
}

impl Dialect {
    pub(crate) fn of(db: &DbConnection) -> Self {
        match db {
            DbConnection::Sqlite(_) => Self::Sqlite,
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => Self::Postgres,
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(_) => Self::Mysql,
        }
    }
}

/// `LIKE` in which case matters: by a setting of the connection on SQLite, by the columns'
/// collation elsewhere.
pub(crate) fn write_like(sql: &mut Sql, dialect: Dialect, column: &'static str, pattern: &str) {
    sql.push(column);
    write_pattern(sql, dialect, pattern.to_owned());
}

/// `LIKE` that takes A to Z for a to z. `lower` does just that on SQLite and under
/// PostgreSQL's collation "C"; MySQL's folds every alphabet.
pub(crate) fn write_ilike(sql: &mut Sql, dialect: Dialect, column: &'static str, pattern: &str) {
    match dialect {
        Dialect::Sqlite => sql.push("lower(").push(column).push(")"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => sql.push("lower(").push(column).push(")"),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => mysql::write_lower(sql, column),
    };
    write_pattern(sql, dialect, pattern.to_ascii_lowercase());
}

/// A backslash in a pattern is itself. SQLite takes it so, PostgreSQL when it is told that
/// nothing escapes, and MySQL when something else does.
fn write_pattern(sql: &mut Sql, dialect: Dialect, pattern: String) {
    sql.push(" LIKE ");
    match dialect {
        Dialect::Sqlite => sql.text(pattern),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => sql.text(pattern).push(" ESCAPE ''"),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => sql.text(pattern.replace('|', "||")).push(" ESCAPE '|'"),
    };
}

#[cfg(feature = "mysql")]
mod mysql {
    use crate::search::sql::Sql;

    const FOLDS: [&str; 26] = [
        ", 'A', 'a')",
        ", 'B', 'b')",
        ", 'C', 'c')",
        ", 'D', 'd')",
        ", 'E', 'e')",
        ", 'F', 'f')",
        ", 'G', 'g')",
        ", 'H', 'h')",
        ", 'I', 'i')",
        ", 'J', 'j')",
        ", 'K', 'k')",
        ", 'L', 'l')",
        ", 'M', 'm')",
        ", 'N', 'n')",
        ", 'O', 'o')",
        ", 'P', 'p')",
        ", 'Q', 'q')",
        ", 'R', 'r')",
        ", 'S', 's')",
        ", 'T', 't')",
        ", 'U', 'u')",
        ", 'V', 'v')",
        ", 'W', 'w')",
        ", 'X', 'x')",
        ", 'Y', 'y')",
        ", 'Z', 'z')",
    ];

    /// Replaces one letter after the other, for want of a function that leaves É alone.
    pub(super) fn write_lower<'s>(sql: &'s mut Sql, column: &'static str) -> &'s mut Sql {
        for _ in FOLDS {
            sql.push("replace(");
        }
        sql.push(column);
        for fold in FOLDS {
            sql.push(fold);
        }
        sql
    }
}

/// How many characters of a value are in its index; a long one would not fit.
pub(crate) const INDEXED: usize = 120;

/// The value as it is in its index; `None` where a test of the whole value finds the index.
pub(crate) fn indexed_value(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Sqlite => Some("substr(d.value, 1, 120)"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Some("left(d.value, 120)"),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => None,
    }
}

/// The whole value. SQLite would put the constant that a plain column is equal to into the
/// indexed expression, and then not find the index.
pub(crate) fn whole_value(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "+d.value",
        #[cfg(feature = "postgres")]
        Dialect::Postgres => "d.value",
        #[cfg(feature = "mysql")]
        Dialect::Mysql => "d.value",
    }
}

/// `FROM run r`, to be read in the order of the index on start times, and a condition on `r`
/// that is looked at run by run.
pub(crate) fn walk_starts(dialect: Dialect, condition: Sql) -> Walk {
    let mut from = Sql::default();
    match dialect {
        Dialect::Sqlite => drop(from.push(" FROM run r INDEXED BY run_by_start")),
        #[cfg(feature = "postgres")]
        Dialect::Postgres if condition.is_empty() => drop(from.push(" FROM run r")),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            from.push(" FROM run r CROSS JOIN LATERAL (SELECT 1 WHERE ")
                .append(condition);
            from.push(" OFFSET 0) p");
            return Walk {
                from,
                condition: Sql::default(),
            };
        }
        #[cfg(feature = "mysql")]
        Dialect::Mysql => drop(from.push(" FROM run r FORCE INDEX (run_by_start)")),
    }
    Walk { from, condition }
}

/// `FROM metric_latest m` joined with its run `r`, to be read in the order of the index on
/// values. For each value `probes`, which know only `m`, are looked at first, then `on_run`.
pub(crate) fn walk_values(dialect: Dialect, probes: Sql, on_run: Sql) -> Walk {
    let mut from = Sql::default();
    match dialect {
        Dialect::Sqlite => {
            from.push(" FROM metric_latest m INDEXED BY metric_latest_by_value");
            from.push(" CROSS JOIN run r ON (r.id = m.run_id AND ");
            from.append(on_run).push(")");
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            from.push(" FROM metric_latest m");
            if !probes.is_empty() {
                from.push(" CROSS JOIN LATERAL (SELECT 1 WHERE ");
                from.append(probes).push(" OFFSET 0) p");
            }
            from.push(" CROSS JOIN LATERAL (SELECT r.id, r.start_time, r.uuid FROM run r WHERE r.id = m.run_id AND ");
            from.append(on_run).push(" OFFSET 0) r");
            return Walk {
                from,
                condition: Sql::default(),
            };
        }
        #[cfg(feature = "mysql")]
        Dialect::Mysql => {
            from.push(" FROM metric_latest m FORCE INDEX (metric_latest_by_value)");
            from.push(" STRAIGHT_JOIN run r ON (r.id = m.run_id AND ");
            from.append(on_run).push(")");
        }
    }
    Walk {
        from,
        condition: probes,
    }
}

/// `FROM run r` for the runs whose numbers `driver` selects as `run_id`, each once. The
/// driver is few rows; it must not be turned into a test of every run.
pub(crate) fn drive(dialect: Dialect, driver: Sql) -> Sql {
    let mut from = Sql::default();
    let close = match dialect {
        Dialect::Sqlite => {
            from.push(" FROM (");
            ") d CROSS JOIN run r ON r.id = d.run_id"
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            from.push(" FROM (");
            " OFFSET 0) d CROSS JOIN LATERAL (SELECT * FROM run WHERE run.id = d.run_id OFFSET 0) r"
        }
        #[cfg(feature = "mysql")]
        Dialect::Mysql => {
            from.push(" FROM (");
            ") d STRAIGHT_JOIN run r ON r.id = d.run_id"
        }
    };
    from.append(driver).push(close);
    from
}

/// A `FROM` clause, and what of its condition is left for the `WHERE` clause.
pub(crate) struct Walk {
    pub(crate) from: Sql,
    pub(crate) condition: Sql,
}
