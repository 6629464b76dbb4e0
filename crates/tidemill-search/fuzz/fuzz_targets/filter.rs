//! No text makes a parser panic or dawdle, and what was parsed can be printed and parsed again.
#![no_main]

#[path = "../body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|text: &str| body::parse_everything(text));
