//! Hot statements: constant SQL text that each connection prepares once.
//!
//! Diesel caches a statement only if its type has a static id. `sql_query`, upserts and
//! multi-row inserts have none and are parsed by the database every time, which costs up to
//! half of a small write. A type made by [`statement!`] has one.

/// Declares a statement for one backend: its binds in the order of the `?` marks in its
/// text, and the SQL types of its columns when it returns rows.
///
/// ```ignore
/// statement! {
///     /// Finds a run's row by the id that clients know.
///     Sqlite FindRun { uuid: Text = &'a str } -> (BigInt, BigInt)
///     "SELECT id, experiment_id FROM run WHERE uuid = ?"
/// }
/// let row: (i64, i64) = FindRun { uuid }.get_result(db)?;
/// ```
macro_rules! statement {
    ($(#[$doc:meta])* $backend:ident $name:ident { $($field:ident: $sql:ty = $rust:ty),* $(,)? } $(-> $row:ty)? , $text:expr) => {
        $(#[$doc])*
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $rust,)*
            pub(crate) _lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> $name<'a> {
            #[allow(clippy::too_many_arguments, reason = "one argument for each bind")]
            pub(crate) fn new($($field: $rust),*) -> Self {
                Self { $($field,)* _lifetime: std::marker::PhantomData }
            }
        }

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<$crate::statement::backend::$backend> for $name<'_> {
            #[allow(unused_mut, unused_variables, unused_assignments, reason = "statements without binds")]
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $crate::statement::backend::$backend>,
            ) -> diesel::QueryResult<()> {
                static PIECES: std::sync::LazyLock<Vec<&str>> =
                    std::sync::LazyLock::new(|| $text.split('?').collect());
                let mut pieces = PIECES.iter();
                out.push_sql(pieces.next().copied().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    out.push_sql(pieces.next().copied().unwrap_or_default());
                )*
                debug_assert!(pieces.next().is_none(), "more marks than binds");
                Ok(())
            }
        }

        impl<C: diesel::Connection> diesel::RunQueryDsl<C> for $name<'_> {}

        $(
            impl diesel::query_builder::Query for $name<'_> {
                type SqlType = $row;
            }
        )?
    };
}

pub(crate) use statement;

/// Short names for the backends, for [`statement!`].
pub(crate) mod backend {
    #[cfg(feature = "postgres")]
    pub(crate) use diesel::pg::Pg;
    pub(crate) use diesel::sqlite::Sqlite;
}
