//! Purging what was deleted, by the command and by the route.

mod command;
mod places;
mod route;
mod site;
mod stopped;
