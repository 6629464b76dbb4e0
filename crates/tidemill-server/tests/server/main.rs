//! The binary as its users meet it: started, spoken to over HTTP, stopped and killed.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod backup;
mod bad_storage;
mod copying;
mod durability;
mod gc;
mod graphql;
mod hostile;
mod load;
mod long_answers;
mod modes;
mod outages;
mod protobuf;
mod proxy;
mod routes;
mod security;
mod starting;
mod storage_outages;
mod support;
mod telemetry;
mod transfer;
mod ui;
mod writes;
