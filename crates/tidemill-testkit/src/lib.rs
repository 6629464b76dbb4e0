//! Test support: a database of its own for each test, on every database there is, and a
//! server to talk to.
//!
//! SQLite is always there. PostgreSQL and MySQL join in when `TIDEMILL_TEST_POSTGRES_URL` or
//! `TIDEMILL_TEST_MYSQL_URL` names a server on which databases may be made and dropped.

pub mod database;
pub mod http;
pub mod server;

pub use database::TestDatabase;
pub use server::{Launch, TestServer};

/// Registers test functions of the shape `async fn name(store: Store)` to run on every database.
///
/// ```ignore
/// async fn a_new_store_is_ready(store: Store) {
///     assert!(store.is_ready().await.unwrap());
/// }
/// on_every_database!(a_new_store_is_ready);
/// ```
#[macro_export]
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            #[test]
            fn sqlite() {
                $crate::database::run($crate::TestDatabase::sqlite(), super::$test);
            }

            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() {
                if let Some(database) = $crate::TestDatabase::postgres() {
                    $crate::database::run(database, super::$test);
                }
            }

            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() {
                if let Some(database) = $crate::TestDatabase::mysql() {
                    $crate::database::run(database, super::$test);
                }
            }
        })+
    };
}
