//! Requests that nobody sends by mistake. They get an answer below 500, soon, and cost the
//! server little; others are served meanwhile.

mod bodies;
mod flood;
mod heads;
mod messages;
mod queries;
mod searches;
mod slow;

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use crate::support::{launch, postgres, server};

/// For one request, in debug mode on a machine full of other tests.
const SOON: Duration = Duration::from_secs(10);

/// The answer, which has to come soon.
fn soon(what: &str, ask: impl FnOnce() -> Answer) -> Answer {
    let began = Instant::now();
    let answer = ask();
    assert!(began.elapsed() < SOON, "{what} took {:?}", began.elapsed());
    answer
}

/// The answer says that the request is wrong.
fn assert_refused(what: &str, answer: &Answer) {
    let is_refusal = (400..500).contains(&answer.status);
    assert!(is_refusal, "{what}: {} {}", answer.status, answer.text());
}

/// Refused or done, but no failure of the server. Uploads in parts and signed links answer 501
/// where artifacts are in a folder.
fn assert_no_failure(what: &str, answer: &Answer) {
    let is_failure = answer.status >= 500 && answer.status != 501;
    assert!(!is_failure, "{what}: {} {}", answer.status, answer.text());
}

/// On SQLite, and on PostgreSQL where there is one.
fn on_every_database(test: impl Fn(&TestServer)) {
    let (sqlite, _folder) = server(&[]);
    test(&sqlite);
    if let Some(database) = postgres() {
        let folder: TempDir = tempfile::tempdir().unwrap();
        let uri = database.uri();
        test(
            &launch(folder.path())
                .args(&["--backend-store-uri", &uri])
                .start(),
        );
    }
}
