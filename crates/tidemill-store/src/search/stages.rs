//! Limiting a search to the lifecycle stages that a view shows.

use tidemill_core::lifecycle::ViewType;

use super::sql::Sql;

/// The numbers of the stages that `view` shows.
pub(crate) fn shown(view: ViewType) -> impl Iterator<Item = i64> {
    view.stages().iter().map(|stage| *stage as i64)
}

/// The condition that `column` holds a stage that `view` shows.
pub(crate) fn write(sql: &mut Sql, column: &'static str, view: ViewType) {
    sql.push(column)
        .push(" IN (")
        .numbers(shown(view))
        .push(")");
}
