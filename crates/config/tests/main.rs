//! Session files as a user meets them: what is refused and how, what is the same again, and the
//! files of the repository.

mod bad_values;
mod files;
mod keys;
mod laws;
mod live;
mod rules;
mod support;
