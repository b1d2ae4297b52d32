//! Who answers which path: one file for each thing that can be asked for.

pub(crate) mod about;
pub(crate) mod bars;
pub(crate) mod body;
pub(crate) mod commands;
pub(crate) mod events;
pub(crate) mod facts;
pub(crate) mod health;
pub(crate) mod place;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod symbols;
pub(crate) mod why;
