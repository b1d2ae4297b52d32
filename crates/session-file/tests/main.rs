//! A session file as a service meets it: its paths, its modules, and what is wrong with it.

mod file;
