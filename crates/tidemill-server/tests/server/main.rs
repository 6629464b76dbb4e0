//! The binary as its users meet it: started, spoken to over HTTP, stopped and killed.

mod durability;
mod load;
mod starting;
mod support;
mod writes;
