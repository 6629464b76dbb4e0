//! One suite, run on every storage: local folders, memory, S3 and Google Cloud Storage on a
//! server in this process always; another S3 server and Azure when `TIDEMILL_TEST_S3_URL` and
//! `TIDEMILL_TEST_AZURE_URL` name one (see `emulators/start.sh`).
//!
//! Google's emulators speak its JSON API; `object_store` speaks the XML one, of which they have
//! neither uploads nor listings that it could use. So Google is an S3 server here, which looks
//! at signed links by Google's rules.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod data_lake;
mod faults;
mod google_links;
mod local;
mod s3_server;
mod signed;
mod storage;
mod suite;
mod unfinished;
