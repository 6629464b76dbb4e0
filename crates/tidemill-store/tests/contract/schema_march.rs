//! The migrations of the three databases march in step: the same tables, columns, keys and
//! indexes.
//!
//! `<part>` stands for an index on the first characters of a column, which each database
//! writes in its own way. SQLite's indexes end in the row's id by themselves.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use tidemill_store::DatabaseUrl;
use tidemill_testkit::TestDatabase;

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = Text)]
    fact: String,
}

const SQLITE: &str = "
    WITH t AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'),
    i AS (SELECT t.name AS t, l.name AS i, l.\"unique\" AS u, l.origin AS o,
          (SELECT group_concat(coalesce(c.name, '<part>')) FROM pragma_index_info(l.name) c) AS c
          FROM t JOIN pragma_index_list(t.name) l)
    SELECT 'column ' || t.name || '.' || c.name
           || iif(c.\"notnull\" OR c.pk, '', ' or null') AS fact
    FROM t JOIN pragma_table_info(t.name) c
    UNION ALL SELECT 'key ' || t.name || '(' || (SELECT group_concat(k.name) FROM
           (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk) k) || ')' FROM t
    UNION ALL SELECT 'unique ' || t || '(' || c || ')' FROM i WHERE u AND o <> 'pk'
    UNION ALL SELECT 'index ' || i || ' on ' || t || '(' || c || ')' FROM i WHERE NOT u";

/// What there is in a database, each as a line: `column run.uuid`.
pub(crate) fn facts(database: &TestDatabase) -> BTreeSet<String> {
    let uri = database.uri();
    let facts: Vec<Fact> = match database.url() {
        DatabaseUrl::Sqlite(path) => {
            let mut db = diesel::SqliteConnection::establish(&path.to_string_lossy()).unwrap();
            diesel::sql_query(SQLITE).load(&mut db).unwrap()
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => {
            let mut db = diesel::PgConnection::establish(&uri).unwrap();
            diesel::sql_query(POSTGRES).load(&mut db).unwrap()
        }
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(_) => {
            let mut db = diesel::MysqlConnection::establish(&uri).unwrap();
            diesel::sql_query(MYSQL).load(&mut db).unwrap()
        }
    };
    let facts: BTreeSet<String> = facts.into_iter().map(|fact| fact.fact).collect();
    assert!(facts.len() > 100, "{facts:#?}");
    facts
}

fn assert_same(other: &TestDatabase) {
    let sqlite = TestDatabase::sqlite();
    let [sqlite, other] = [&sqlite, other].map(|database| {
        drop(database.open());
        facts(database)
    });
    let only_sqlite: Vec<&String> = sqlite.difference(&other).collect();
    let only_other: Vec<&String> = other.difference(&sqlite).collect();
    assert!(
        only_sqlite.is_empty() && only_other.is_empty(),
        "only on SQLite: {only_sqlite:#?}\nonly there: {only_other:#?}"
    );
}

#[cfg(feature = "postgres")]
const POSTGRES: &str = "
    WITH i AS (SELECT t.relname AS t, n.relname AS i, x.indisunique AS u, x.indisprimary AS p,
          (SELECT string_agg(coalesce(a.attname, '<part>'), ',' ORDER BY k.place)
           FROM unnest(x.indkey) WITH ORDINALITY k (number, place)
           LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
               AND k.number > 0) AS c
          FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class n
          ON n.oid = x.indexrelid WHERE t.relnamespace = 'public'::regnamespace)
    SELECT 'column ' || table_name || '.' || column_name
           || CASE is_nullable WHEN 'YES' THEN ' or null' ELSE '' END AS fact
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'key ' || t || '(' || c || ')' FROM i WHERE p
    UNION ALL SELECT 'unique ' || t || '(' || c || ')' FROM i WHERE u AND NOT p
    UNION ALL SELECT 'index ' || i || ' on ' || t || '(' || regexp_replace(c, ',id$', '') || ')'
    FROM i WHERE NOT u";

#[cfg(feature = "postgres")]
#[test]
fn postgres_has_what_sqlite_has() {
    if let Some(database) = TestDatabase::postgres() {
        assert_same(&database);
    }
}

/// Foreign keys bring indexes of their own there.
#[cfg(feature = "mysql")]
const MYSQL: &str = "
    WITH i AS (SELECT s.table_name AS t, s.index_name AS i, s.non_unique = 0 AS u,
          group_concat(if(s.sub_part IS NULL, s.column_name, '<part>')
                       ORDER BY s.seq_in_index) AS c
          FROM information_schema.statistics s WHERE s.table_schema = database()
          AND s.index_name NOT IN (SELECT f.constraint_name
              FROM information_schema.table_constraints f
              WHERE f.table_schema = database() AND f.constraint_type = 'FOREIGN KEY')
          GROUP BY s.table_name, s.index_name, s.non_unique)
    SELECT concat('column ', table_name, '.', column_name,
                  if(is_nullable = 'YES', ' or null', '')) AS fact
    FROM information_schema.columns WHERE table_schema = database()
    UNION ALL SELECT concat('key ', t, '(', c, ')') FROM i WHERE i = 'PRIMARY'
    UNION ALL SELECT concat('unique ', t, '(', c, ')') FROM i WHERE u AND i <> 'PRIMARY'
    UNION ALL SELECT concat('index ', i, ' on ', t, '(', regexp_replace(c, ',id$', ''), ')')
    FROM i WHERE NOT u";

#[cfg(feature = "mysql")]
#[test]
fn mysql_has_what_sqlite_has() {
    if let Some(database) = TestDatabase::mysql() {
        assert_same(&database);
    }
}
