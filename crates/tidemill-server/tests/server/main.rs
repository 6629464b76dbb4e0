//! The binary as its users meet it: started, spoken to over HTTP, stopped and killed.

mod starting;
mod support;
