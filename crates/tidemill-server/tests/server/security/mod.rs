//! Published holes of MLflow's server and their kin, as requests to the running binary.
//!
//! A case is one request and its safe answer, under the id of the hole. Every case runs on a
//! server with and one without a static prefix, under `/api` and `/ajax-api`. After it nothing
//! outside the server's folder has changed, the answer tells nothing about the inside, and
//! nobody has been called.
//!
//! Not here, because what they need is not served: user accounts (CVE-2026-2635, the time that
//! a login takes, the brake on wrong passwords, and everything about permissions of others),
//! archives that the server unpacks (CVE-2025-15031, CVE-2025-15036), files that it fetches
//! from other servers (CVE-2024-0520, CVE-2023-6974's datasets), and a page that renders what
//! is stored (CVE-2026-33865's second half).

mod browser;
mod content;
mod detours;
mod egress;
mod limits;
mod links;
mod site;
mod traversal;
